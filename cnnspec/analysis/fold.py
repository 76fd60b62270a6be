"""Structure folded exactly: small steps under the layer that they follow, equal neighbours as one.

Two members of a scope are equal if they are instances of one definition with equal members inside,
down to every operator's arguments, weights, shapes, names and wiring. Equal neighbours are one part
if each takes the one before it in the same way and nothing else looks inside the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from cnnspec.analysis.macs import node_macs
from cnnspec.analysis.parameters import trainable
from cnnspec.graph import Graph, Node, Port, Scope
from cnnspec.shapes import Shape

#: Families whose steps go with the layer before them.
SMALL: Final = ("normalization", "activation", "noise")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A layer with the small steps behind it, or a scope; `times` equal ones in a row are one part.

    `members` and `parts` are the first one's, `last` are the last one's members; `params` and
    `macs` are of all; `shape` is what comes out; `trains` says that only training needs it.
    """

    members: tuple[Node, ...] | tuple[Scope]
    times: int
    params: int
    macs: int
    shape: Shape
    parts: tuple[Part, ...]
    last: tuple[Node, ...] | tuple[Scope]
    trains: bool

    @property
    def head(self) -> Node | Scope:
        """The layer or the scope."""
        return self.members[0]


class _Source(NamedTuple):
    """An output that a member takes: its node's position in the walk of the tree, its number."""

    position: int
    port: int


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """A part together with its identity, where it stands, and what is wired to it.

    `start` to `stop` are its nodes' positions; `first_use` and `last_use` bound its consumers'.
    """

    part: Part
    key: int
    start: int
    stop: int
    sources: tuple[_Source, ...]
    first_use: int
    last_use: int


def fold(graph: Graph) -> tuple[Part, ...]:
    """Fold a network: the parts of its top level, in the order in which they were written."""
    walk = _Walk(graph)
    folded: dict[int, tuple[_Unit, ...]] = {}
    for scope in walk.leaving:
        units: list[_Unit] = []
        for member in scope.members:
            if isinstance(member, Scope):
                if folded[id(member)]:
                    units.append(walk.scope_unit(member, folded[id(member)]))
            elif member.index in walk.position:
                unit = walk.node_unit(member)
                if units and walk.joins(units[-1], member):
                    units[-1] = walk.joined(units[-1], unit)
                else:
                    units.append(unit)
        folded[id(scope)] = tuple(units)
    return _runs(folded[id(graph.root)])


class _Walk:
    """The graph in the order of its tree of scopes."""

    def __init__(self, graph: Graph) -> None:
        alive = {node.index for node in graph.nodes}
        self.runs = {node.index for node in graph.inference_nodes}
        self.leaving: list[Scope] = []
        self.position: dict[int, int] = {}
        pending: list[tuple[Node | Scope, bool]] = [(graph.root, False)]
        while pending:
            member, left = pending.pop()
            if isinstance(member, Node):
                if member.index in alive:
                    self.position[member.index] = len(self.position)
            elif left:
                self.leaving.append(member)
            else:
                pending.append((member, True))
                pending.extend((each, False) for each in reversed(member.members))
        self.first_use = list(range(len(alive)))
        self.last_use = list(self.first_use)
        for node in graph.nodes:
            here = self.position[node.index]
            for port in node.inputs:
                self._used(port, here)
        for output in graph.outputs:
            self._used(output.port, len(alive))
        self._keys: dict[object, int] = {}
        self._ops: dict[int, int] = {}

    def _used(self, port: Port, by: int) -> None:
        source = self.position[port.node.index]
        self.first_use[source] = min(self.first_use[source], by)
        self.last_use[source] = max(self.last_use[source], by)

    def _key(self, what: object) -> int:
        return self._keys.setdefault(what, len(self._keys))

    def _source(self, port: Port) -> _Source:
        return _Source(self.position[port.node.index], port.index)

    def node_unit(self, node: Node) -> _Unit:
        op = self._ops.get(id(node.op))
        if op is None:
            op = self._ops[id(node.op)] = self._key((type(node.op), repr(node.op)))
        runs = node.index in self.runs
        key = self._key((op, node.input_shapes, node.shapes, node.weights, runs))
        cost = node_macs(node) if runs else 0
        part = Part((node,), 1, trainable([node]), cost, node.shape, (), (node,), not runs)
        here = self.position[node.index]
        sources = tuple(map(self._source, node.inputs))
        return _Unit(part, key, here, here + 1, sources, self.first_use[here], self.last_use[here])

    def joins(self, unit: _Unit, node: Node) -> bool:
        """Whether a small step goes with what stands before it: nothing else takes that."""
        if node.op.family not in SMALL or len(node.inputs) != 1:
            return False
        before, here = unit.stop - 1, self.position[node.index]
        alone = self.last_use[before] == here and self._source(node.inputs[0]) == (before, 0)
        kinds = [member.kind for member in unit.part.members if isinstance(member, Node)]
        return alone and bool(kinds) and kinds[0] != "input" and node.kind not in kinds

    def joined(self, unit: _Unit, small: _Unit) -> _Unit:
        first, second = unit.part, small.part
        members = tuple(m for part in (first, second) for m in part.members if isinstance(m, Node))
        params, macs = first.params + second.params, first.macs + second.macs
        part = Part(members, 1, params, macs, second.shape, (), members, first.trains)
        key = self._key((unit.key, small.key))
        bounds = min(unit.first_use, small.first_use), max(unit.last_use, small.last_use)
        return _Unit(part, key, unit.start, small.stop, unit.sources, *bounds)

    def scope_unit(self, scope: Scope, units: tuple[_Unit, ...]) -> _Unit:
        start, stop = units[0].start, units[-1].stop
        outside: dict[_Source, int] = {}
        inside: list[object] = [id(scope.definition), scope.kind]
        for unit in units:
            wires = tuple(
                (True, each.position - start, each.port)
                if start <= each.position < stop
                else (False, outside.setdefault(each, len(outside)), 0)
                for each in unit.sources
            )
            names = tuple(member.segment for member in unit.part.members)
            inside.append((unit.key, names, wires))
        results = map(self._source, scope.results)
        inside.append(tuple((position - start, port) for position, port in results))
        parts = _runs(units)
        shape = scope.results[0].shape if scope.results else parts[-1].shape
        params, macs = sum(part.params for part in parts), sum(part.macs for part in parts)
        trains = all(part.trains for part in parts)
        part = Part((scope,), 1, params, macs, shape, parts, (scope,), trains)
        first_use = min(unit.first_use for unit in units)
        last_use = max(unit.last_use for unit in units)
        key = self._key(tuple(inside))
        return _Unit(part, key, start, stop, tuple(outside), first_use, last_use)


def _runs(units: tuple[_Unit, ...]) -> tuple[Part, ...]:
    return tuple(_run(*bounds, units) for bounds in _bounds(units))


def _bounds(units: tuple[_Unit, ...]) -> Iterator[tuple[int, int]]:
    """Give where each run of equal units begins and ends."""
    start, before = 0, None
    for index in range(1, len(units)):
        wires = _continues(units[index - 1], units[index])
        if wires is None or (before is not None and wires != before):
            yield start, index
            start, before = index, None
        else:
            before = wires
    if units:
        yield start, len(units)


def _continues(last: _Unit, unit: _Unit) -> tuple[tuple[bool, int, int], ...] | None:
    """Say how a unit takes the equal one before it; None if it is not equal or does not."""
    inner = last.start <= last.first_use and last.last_use < unit.stop
    if last.key != unit.key or not inner:
        return None
    wires = tuple(
        (True, each.position - last.start, each.port)
        if last.start <= each.position < last.stop
        else (False, each.position, each.port)
        for each in unit.sources
    )
    return wires if any(wire[0] for wire in wires) else None


def _run(start: int, stop: int, units: tuple[_Unit, ...]) -> Part:
    first, last, times = units[start].part, units[stop - 1].part, stop - start
    if times == 1:
        return first
    costs = times * first.params, times * first.macs
    return Part(first.members, times, *costs, last.shape, first.parts, last.members, first.trains)
