"""Calls of a network's blocks that nobody has compiled: drawn at random, among those that compile.

A backend holds what it emitted for the network, called like that, against the spec with that call
in it. Numbers are drawn around those that the network's own calls have, steps from what stands in
its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from cnnspec.diagnostics import SpecError
from cnnspec.elaborate.values import BlockValue, CallStep, Operator
from cnnspec.emit.bodies import read_program
from cnnspec.emit.program import BlockStep, Body, Name, OperatorStep
from cnnspec.emit.reach import Reach
from cnnspec.graph import Graph, Scope, walk_scopes
from cnnspec.kinds import show
from cnnspec.source import ZOO
from cnnspec.syntax import tree

#: The largest number of channels, rows and columns of what flows into a block that is tried.
MOST_CHANNELS = 24
MOST_PLACES = 12


@dataclass(frozen=True, slots=True)
class Step:
    """An operator or block without arguments, as a value that is given."""

    name: str
    is_block: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """One call of a block: its arguments, what flows into it, and a spec with that call in it.

    The spec's one network has the input `image` and the block under the label `b`.
    """

    block: str
    arguments: Mapping[str, Any]
    shape: tuple[int, ...]
    text: str

    def __str__(self) -> str:
        words = ", ".join(f"{key} = {_said(value)}" for key, value in self.arguments.items())
        return f"{' x '.join(map(str, self.shape))} -> {self.block}({words})"


@dataclass(slots=True)
class Calls:
    """Draws calls of the blocks of one network that take one node: a seed, the same calls."""

    graph: Graph
    random: Random
    _bodies: list[Body] = field(default_factory=list)
    _scopes: dict[str, list[Scope]] = field(default_factory=dict)
    _reach: Reach | None = None

    def __post_init__(self) -> None:
        program = read_program(self.graph)
        self._reach = Reach(program)
        for scope in walk_scopes(self.graph.root):
            if scope.block is not None and scope.kind == "block":
                self._scopes.setdefault(scope.block, []).append(scope)
        self._bodies = [
            each
            for each in program.blocks
            if each.name in self._scopes
            and [parameter.kind for parameter in each.parameters[:1]] == ["node"]
            and len(each.nodes) == 1
            and each.result == "node"
        ]

    def draw(self, tries: int = 8) -> Iterator[Drawn]:
        """Draw a call of each block that compiles, as far as so many tries find one."""
        from cnnspec.api import loads

        for body in self._bodies:
            for _ in range(tries):
                drawn = self._call(body)
                try:
                    loads(drawn.text)
                except SpecError:
                    continue
                yield drawn
                break

    def _call(self, body: Body) -> Drawn:
        scope = self.random.choice(self._scopes[body.name])
        ((_, (port, *_)), *_) = scope.inputs
        channels = self._number(min(port.shape.channels, MOST_CHANNELS))
        shape: tuple[int, ...] = (channels,)
        if port.shape.is_image:
            shape = (channels, *(self.random.randint(5, MOST_PLACES) for _ in range(2)))
        arguments = {}
        for parameter in body.data:
            samples = [each.values.get(parameter.name) for each in self._scopes[body.name]]
            if parameter.default is not None and self.random.random() < 0.3:
                continue
            arguments[parameter.name] = self._value(body, parameter.name, samples)
        words = ", ".join(f"{key} = {_said(value)}" for key, value in arguments.items())
        lengths = ", ".join(map(str, shape))
        network = (
            f"network probe {{\n    image = input({lengths})\n"
            f"    output result = image -> b: {body.name}({words})\n}}\n"
        )
        return Drawn(body.name, arguments, shape, self._around(body) + network)

    def _around(self, body: Body) -> str:
        """The text in which a block is known: its file without networks, or a `use` of it."""
        file = body.definition.file
        if file.source.name.startswith(ZOO):
            return f'use "{file.source.name.removeprefix(ZOO)}"\n'
        text = file.source.text
        cuts = [
            (entry.item.span.start, entry.item.span.stop)
            for entry in file.entries.values()
            if isinstance(entry.item, tree.NetworkDef | tree.Variant) and entry.home is file
        ]
        for start, stop in sorted(cuts, reverse=True):
            text = text[:start] + text[stop:]
        return text + "\n"

    def _value(self, body: Body, parameter: str, samples: list[Any]) -> Any:
        value = self.random.choice(samples)
        if isinstance(value, bool):
            return self.random.random() < 0.5
        if isinstance(value, int):
            return self._number(value)
        if isinstance(value, float):
            return self.random.choice([value, value / 2, 0.0, 0.25])
        if isinstance(value, str):
            return value
        if isinstance(value, tuple):
            return self._list(value)
        if isinstance(value, Operator | BlockValue | CallStep):
            assert self._reach is not None
            found = [
                Step(each.op.name, is_block=False)
                if isinstance(each, OperatorStep)
                else Step(each.block.name, is_block=True)
                for each in self._reach.of(body, Name(parameter))
                if isinstance(each, OperatorStep | BlockStep) and not each.arguments
            ]
            return self.random.choice(found) if found else value
        return value

    def _list(self, value: tuple[Any, ...]) -> tuple[Any, ...]:
        """Draw a list of fewer members, numbers as they come."""
        kept = value[: self.random.randint(1, min(len(value), 3))]
        if all(type(each) is int for each in kept):
            return tuple(map(self._number, kept))
        return tuple(map(_step, kept))

    def _number(self, value: int) -> int:
        """Draw a number around another, small enough to be computed with."""
        near = [value, value + 1, 2 * value, max(value // 2, 1), self.random.randint(1, 6)]
        return min(self.random.choice(near), MOST_CHANNELS) if value else self.random.choice([0, 1])


def _step(value: Any) -> Any:
    """Name the operators and blocks in a list."""
    if isinstance(value, tuple):
        return tuple(map(_step, value))
    if isinstance(value, Operator):
        return Step(value.op.name, is_block=False)
    return Step(value.name, is_block=True) if isinstance(value, BlockValue) else value


def _said(value: Any) -> str:
    if isinstance(value, Step):
        return value.name
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_said, value)) + "]"
    if isinstance(value, Operator):
        return value.op.name
    if isinstance(value, CallStep):
        words = [
            f"{each.keyword} = {_said(each.value)}" if each.keyword else _said(each.value)
            for each in value.given
        ]
        return f"{_said(value.callee)}({', '.join(words)})"
    return value.name if isinstance(value, BlockValue) else show(value)
