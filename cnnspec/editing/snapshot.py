"""A text at one moment: its tree, its mistakes, and the networks of it that elaborate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cnnspec.api import loaded_from
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.elaborate import network_names
from cnnspec.graph import Node, Port, Scope
from cnnspec.network import Network
from cnnspec.source import Source
from cnnspec.syntax import tree
from cnnspec.syntax.parse import parse_what_can_be


@dataclass(frozen=True)
class Snapshot:
    """A text, and the folder that `use` may read (None: what ships alone)."""

    source: Source
    root: Path | None

    @cached_property
    def parsed(self) -> tree.File | None:
        """The tree, broken parts lost; None if there is none."""
        try:
            return parse_what_can_be(self.source)[0]
        except SpecError:
            return None

    @cached_property
    def items(self) -> tuple[tree.Item, ...]:
        """What the file declares."""
        return self.parsed.items if self.parsed is not None else ()

    @cached_property
    def _loaded(self) -> tuple[dict[str, Network], tuple[Diagnostic, ...]]:
        names: list[str | None] = [*network_names(self.parsed)] if self.parsed else []
        networks: dict[str, Network] = {}
        found: dict[object, Diagnostic] = {}
        for name in names or [None]:
            try:
                network = loaded_from(self.source, name, self.root)
            except SpecError as mistakes:
                told: tuple[Diagnostic, ...] = mistakes.diagnostics
            else:
                told = network.warnings
                networks[network.name] = network
            found.update((each.key, each) for each in told)
        if not names:  # a file of blocks alone declares no network, and need not
            found = {key: each for key, each in found.items() if each.code != "no-network"}
        return networks, tuple(found.values())

    @property
    def networks(self) -> dict[str, Network]:
        """The networks of the file that elaborate, by name, in the order of the text."""
        return self._loaded[0]

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The mistakes and doubts of all networks, each once."""
        return self._loaded[1]

    @cached_property
    def instances(self) -> dict[int, tuple[Network, Scope]]:
        """The first instance of each block and network of this text, by where its name stands."""
        found: dict[int, tuple[Network, Scope]] = {}
        for network in self.networks.values():
            pending = [network.elaborated.root]
            while pending:
                scope = pending.pop()
                if scope.definition is not None:
                    name = scope.definition.item.name.span
                    if name.source.name == self.source.name:
                        found.setdefault(name.start, (network, scope))
                inner = (each for each in reversed(scope.members) if isinstance(each, Scope))
                pending.extend(inner)
        return found


@dataclass(frozen=True, slots=True)
class Made:
    """What one step makes in an instance: the node or block, and what comes out."""

    start: int
    stop: int
    made: Node | Scope
    results: tuple[Port, ...]


def steps(scope: Scope) -> list[Made]:
    """Give the steps of an instance in the order in which they were made, groups looked into."""
    result: list[Made] = []
    pending: list[Node | Scope] = list(reversed(scope.members))
    while pending:
        each = pending.pop()
        if isinstance(each, Scope) and each.kind == "group":
            pending.extend(reversed(each.members))
        elif isinstance(each, Scope):
            result.append(Made(each.span.start, each.span.stop, each, each.results))
        else:
            result.append(Made(each.span.start, each.span.stop, each, each.ports))
    return result


def nodes_of(made: Node | Scope) -> list[Node]:
    """Give the nodes that a step is made of."""
    result: list[Node] = []
    pending: list[Node | Scope] = [made]
    while pending:
        each = pending.pop()
        if isinstance(each, Scope):
            pending.extend(reversed(each.members))
        else:
            result.append(each)
    return result
