"""One block instance as an emitter sees it: steps, calls, sequences and decisions, in order.

Groups whose members form a chain are gathered into a `Row`: a backend can write them as one
sequential container. Nodes that no wanted output needs are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec.expression import Written
from cnnspec.graph import Node, Port, Scope
from cnnspec.source import Span
from cnnspec.trace import Binding, BlockCall, Choice, Item, Loop, Step

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


@dataclass(slots=True, eq=False)
class Decision:
    """A condition, with what was elaborated because of it in this instance."""

    site: Span
    tests: tuple[Any, ...]
    taken: int
    body: list[Unit]


Unit = OpUnit | CallUnit | Row | Decision


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
            (len(unit.path) == 1 and unit.path[0] == str(number)) or _stateless(unit)
            for number, unit in enumerate(units)
        )
        has_state = any(not _stateless(unit) for unit in units)
        chained = whole and numbered and has_state and is_chain(units, self._uses())
        return (
            chained and units[0].inputs == self.inputs and units[-1].outputs[0] is self.results[0]
        )

    def _uses(self) -> Counter[int]:
        return count_uses(self.units, self.results)


def _stateless(unit: OpUnit | CallUnit | Row) -> bool:
    return isinstance(unit, OpUnit) and unit.lowered.module is None


def flatten(units: list[Unit]) -> list[OpUnit | CallUnit | Row]:
    """Give the units that are there in this instance, decisions opened."""
    result: list[OpUnit | CallUnit | Row] = []
    for unit in units:
        if isinstance(unit, Decision):
            result += flatten(unit.body)
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


class Reader:
    """Turns traces into units, for the nodes that are wanted."""

    def __init__(
        self,
        wanted: frozenset[int],
        lower: Mapping[str, Lowering],
        hints: Mapping[int, frozenset[str]],
    ) -> None:
        self.wanted = wanted
        self.lower = lower
        self.hints = hints

    def instance(self, scope: Scope, results: tuple[Port, ...]) -> Instance:
        """Read one instance; `results` are the ports that it gives back."""
        names: dict[int, str] = {}
        units = self._units(scope.trace, scope, names)
        inputs = tuple(port for _, ports in scope.inputs for port in ports)
        values = dict(scope.values)
        for word, ports in scope.inputs:
            if len(ports) == 1:
                values[f"{word}.channels"] = ports[0].shape.channels
        uses = count_uses(units, results)
        return Instance(scope, _rows(units, 0, uses), inputs, results, names, values)

    def _units(self, items: list[Item], scope: Scope, names: dict[int, str]) -> list[Unit]:
        result: list[Unit] = []
        for item in items:
            if isinstance(item, Step):
                if item.node.index in self.wanted and item.node.op.name != "input":
                    result.append(self._op(item, scope))
            elif isinstance(item, BlockCall):
                if self._alive(item):
                    result.append(self._call(item, scope))
            elif isinstance(item, Choice):
                body = self._units(item.body, scope, names)
                result.append(Decision(item.site, item.tests, item.taken, body))
            elif isinstance(item, Loop):
                for turn in item.turns:
                    result += self._units(turn, scope, names)
            elif isinstance(item, Binding):
                names.setdefault(id(item.port), item.name)
        return result

    def _alive(self, call: BlockCall) -> bool:
        inside = {id(port) for port in call.inputs}
        return any(
            port.node.index in self.wanted for port in call.results if id(port) not in inside
        )

    def _op(self, step: Step, scope: Scope) -> OpUnit:
        node = step.node
        spoken = [c.expression if isinstance(c, Written) else None for c in step.channels]
        hints = self.hints.get(node.index, frozenset())
        applied = Applied(
            node.op, node.input_shapes, node.shapes, step.written, tuple(spoken), hints
        )
        lowered = self.lower[node.op.name](applied)
        path = relative(node.path, scope)
        return OpUnit(path, node, lowered, node.inputs, node.ports, step.target)

    def _call(self, call: BlockCall, scope: Scope) -> CallUnit:
        path = relative(call.scope.path, scope)
        return CallUnit(path, call.scope, call.arguments, call.inputs, call.results, call.target)


def relative(path: str, scope: Scope) -> Path:
    """Give a path's segments below a scope."""
    prefix = len(scope.path) + 1 if scope.path else 0
    return tuple(path[prefix:].split("."))


def _prefixes(unit: Unit, depth: int) -> set[str | None]:
    if isinstance(unit, Decision):
        inner = [_prefixes(each, depth) for each in unit.body]
        return set().union(*inner) if inner else set()
    return {unit.path[depth] if len(unit.path) > depth + 1 else None}


def _rows(units: list[Unit], depth: int, uses: Counter[int]) -> list[Unit]:
    """Gather groups that are chains into rows, inner groups first."""
    result: list[Unit] = []
    position = 0
    homes = [_prefixes(unit, depth) for unit in units]
    while position < len(units):
        prefix = homes[position]
        group = next(iter(prefix)) if len(prefix) == 1 else None
        stop = position + 1
        if group is None:
            unit = units[position]
            if isinstance(unit, Decision):
                unit.body = _rows(unit.body, depth, uses)
            result.append(unit)
        else:
            while stop < len(units) and homes[stop] <= {group}:
                stop += 1
            while stop > position + 1 and not homes[stop - 1]:
                stop -= 1
            alone = not any(group in home for home in (*homes[:position], *homes[stop:]))
            result += _row(units[position:stop], group, depth, uses, alone=alone)
        position = stop
    return result


def _row(
    units: list[Unit], group: str, depth: int, uses: Counter[int], *, alone: bool
) -> list[Unit]:
    members = _rows(units, depth + 1, uses)
    present = flatten(members)
    direct = all(len(unit.path) == depth + 2 for unit in present)
    fits = all(
        not isinstance(unit, OpUnit)
        or unit.lowered.standalone is not None
        or (unit.lowered.module is not None and len(unit.inputs) == 1)
        for unit in present
    )
    stateful = any(not _stateless(unit) for unit in present)
    if not (alone and direct and fits and stateful and is_chain(present, uses)):
        return members
    path = (*present[0].path[:depth], group)
    one = len(units) == 1 and isinstance(units[0], Decision)
    row = Row(path, members, present[0].inputs, present[-1].outputs, present[-1].target)
    if one and len(members) == 1 and isinstance(members[0], Decision):
        decision = members[0]
        row.members = decision.body
        decision.body = [row]
        return [decision]
    return [row]
