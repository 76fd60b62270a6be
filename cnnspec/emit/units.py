"""One block instance as an emitter sees it: steps, calls, rows, decisions and loops, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cnnspec.emit.lowering import Lowered
from cnnspec.graph import Node, Port, Scope
from cnnspec.source import Span

Path = tuple[str, ...]


@dataclass(slots=True, eq=False)
class OpUnit:
    """One operator applied."""

    path: Path
    node: Node
    lowered: Lowered
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    target: str | None


@dataclass(slots=True, eq=False)
class CallUnit:
    """One block called."""

    path: Path
    scope: Scope
    arguments: Mapping[str, Any]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    target: str | None


@dataclass(slots=True, eq=False)
class Row:
    """A group whose members form a chain from one input to one output."""

    path: Path
    members: list[Unit]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    target: str | None
    #: Whether the members are called by their positions, 0, 1, 2 and so on.
    numbered: bool


@dataclass(slots=True, eq=False)
class LoopUnit:
    """A loop, turn by turn; `count` is how many turns there are, as the block's text says it."""

    #: Where its units go, or would go: the path of a group, empty for the block itself.
    home: Path
    count: Any
    turns: list[list[Unit]]


@dataclass(slots=True, eq=False)
class Decision:
    """A condition, with what was elaborated because of it in this instance."""

    site: Span
    #: Where its units go, or would go: the path of a group, empty for the block itself.
    home: Path
    tests: tuple[Any, ...]
    taken: int
    body: list[Unit]


Unit = OpUnit | CallUnit | Row | Decision | LoopUnit


@dataclass(slots=True, eq=False)
class Instance:
    """One instance of a block or network, ready to be held beside the others."""

    scope: Scope
    units: list[Unit]
    inputs: tuple[Port, ...]
    results: tuple[Port, ...]
    names: Mapping[int, str]
    #: Values of the parameters and of the inputs' channels, by the names that expressions use.
    values: Mapping[str, Any]

    @property
    def is_row(self) -> bool:
        """Whether the whole body is one chain, its members numbered from 0."""
        units = flatten(self.units)
        whole = len(self.inputs) == 1 and len(self.results) == 1 and bool(units)
        numbered = all(
            (len(unit.path) == 1 and unit.path[0] == str(number)) or is_stateless(unit)
            for number, unit in enumerate(units)
        )
        has_state = any(not is_stateless(unit) for unit in units)
        chained = whole and numbered and has_state and is_chain(units, self._uses())
        return (
            chained and units[0].inputs == self.inputs and units[-1].outputs[0] is self.results[0]
        )

    def _uses(self) -> Counter[int]:
        return count_uses(self.units, self.results)


def distinct_inputs(instances: list[Instance]) -> tuple[int, ...]:
    """The positions of inputs, without those that are one node with one before everywhere."""
    columns = zip(*(map(id, each.inputs) for each in instances), strict=True)
    first: dict[tuple[int, ...], int] = {}
    for position, column in enumerate(columns):
        first.setdefault(column, position)
    return tuple(first.values())


def is_stateless(unit: OpUnit | CallUnit | Row) -> bool:
    """Whether a unit has no module of its own."""
    return isinstance(unit, OpUnit) and unit.lowered.module is None


def flatten(units: list[Unit]) -> list[OpUnit | CallUnit | Row]:
    """Give the units that are there in this instance, decisions and loops opened."""
    result: list[OpUnit | CallUnit | Row] = []
    for unit in units:
        if isinstance(unit, Decision):
            result += flatten(unit.body)
        elif isinstance(unit, LoopUnit):
            for turn in unit.turns:
                result += flatten(turn)
        else:
            result.append(unit)
    return result


def count_uses(units: list[Unit], results: tuple[Port, ...]) -> Counter[int]:
    """Count how often each port is used by units and results."""
    uses: Counter[int] = Counter(id(port) for port in results)
    for unit in flatten(units):
        uses.update(id(port) for port in unit.inputs)
    return uses


def is_chain(units: list[OpUnit | CallUnit | Row], uses: Counter[int]) -> bool:
    """Whether each unit takes only what the one before gives, and is the only one to take it."""
    for before, after in pairwise(units):
        if len(before.outputs) != 1 or after.inputs != before.outputs:
            return False
        if uses[id(before.outputs[0])] != 1:
            return False
    return bool(units) and len(units[0].inputs) == 1 and len(units[-1].outputs) == 1
