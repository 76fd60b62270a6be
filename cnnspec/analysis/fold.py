"""Structure folded exactly: small steps under the layer that they follow, equal neighbours as one.

Two members of a scope are equal if they are instances of one definition with equal members inside,
down to every operator's arguments, weights, shapes, names and wiring; but for how much is dropped
in training, which rises from block to block in some networks and costs nothing. Equal neighbours,
or equal groups of up to three neighbours, are one part if each takes the one before it in the same
way and nothing else looks inside the run. A dense block's layers grow: they are equal but for the
channels that come in, and each adds equally many to what flows on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import Final, NamedTuple

from cnnspec.analysis.macs import node_macs
from cnnspec.analysis.parameters import kept, trainable
from cnnspec.graph import Graph, Node, Port, Scope
from cnnspec.op import Op
from cnnspec.shapes import Shape

#: Families whose steps go with the layer before them.
SMALL: Final = ("normalization", "activation", "noise")
#: Groups of so many neighbours are looked for as repeats.
LONGEST_GROUP: Final = 3


class Cost(NamedTuple):
    """Exact counts: trained numbers, kept numbers, multiply-adds, and numbers that are written.

    MACs and what is written are of one inference for one example: none for what only training runs.
    """

    params: int = 0
    state: int = 0
    macs: int = 0
    written: int = 0

    def plus(self, other: Cost) -> Cost:
        """Add, count by count."""
        return Cost._make(map(add, self, other))


@dataclass(slots=True, eq=False)
class Part:
    """A layer with the small steps behind it, or a scope; `times` equal ones in a row are one part.

    `members` and `parts` are the first one's, `last` are the last one's members; `cost` is of all;
    `shape` is what comes out; `trains` says that only training needs it. Where a group of
    neighbours repeats, `members` are all of the group's and `parts` are the group. `grows` is how
    many channels each adds to what flows on, 0 where all are equal; `each` are then all of them.
    `outs` are the shapes of the values that come out, each once, where there are several.
    `heads` are the first members of all, in order.
    """

    members: tuple[Node | Scope, ...]
    times: int
    cost: Cost
    shape: Shape
    parts: tuple[Part, ...]
    last: tuple[Node | Scope, ...]
    trains: bool
    grows: int = 0
    each: tuple[Part, ...] = ()
    outs: tuple[Shape, ...] = ()
    heads: tuple[Node | Scope, ...] = ()

    @property
    def head(self) -> Node | Scope:
        """The layer or the scope."""
        return self.members[0]

    @property
    def params(self) -> int:
        """Trainable numbers of all."""
        return self.cost.params

    @property
    def macs(self) -> int:
        """Multiply-adds of all, in inference."""
        return self.cost.macs


class _Source(NamedTuple):
    """An output that a member takes: its node's position in the walk of the tree, its number."""

    position: int
    port: int


@dataclass(slots=True, eq=False)
class _Unit:
    """A part together with its identity, where it stands, and what is wired to it.

    Units of one `key` are equal, of one `loose` key equal but for channels. `start` to `stop` are
    its nodes' positions, `given` those of the nodes whose values may leave it; `first_use` and
    `last_use` bound its consumers'.
    """

    part: Part
    key: int
    loose: int
    start: int
    stop: int
    sources: tuple[_Source, ...]
    first_use: int
    last_use: int
    given: tuple[int, ...]


def fold(
    graph: Graph, *, repeats: bool = True, apart: Mapping[int, str] | None = None
) -> tuple[Part, ...]:
    """Fold a network: the parts of its top level, in the order in which they were written.

    Without `repeats` neighbours stay apart, however equal. `apart` are marks of nodes, by their
    indices, that others must have too to be equal.
    """
    walk = _Walk(graph, repeats=repeats, apart=apart or {})
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
    return walk.runs_of(folded[id(graph.root)])


class _Walk:
    """The graph in the order of its tree of scopes."""

    def __init__(self, graph: Graph, *, repeats: bool, apart: Mapping[int, str]) -> None:
        self.repeats, self.apart = repeats, apart
        alive = {node.index for node in graph.nodes}
        self.runs = {node.index for node in graph.inference_nodes}
        self.leaving: list[Scope] = []
        self.position: dict[int, int] = {}
        self.shapes: list[Shape] = []
        pending: list[tuple[Node | Scope, bool]] = [(graph.root, False)]
        while pending:
            member, left = pending.pop()
            if isinstance(member, Node):
                if member.index in alive:
                    self.position[member.index] = len(self.position)
                    self.shapes.append(member.shape)
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
        self._alike: dict[tuple[object, ...], tuple[int, int, Cost]] = {}

    def _used(self, port: Port, by: int) -> None:
        source = self.position[port.node.index]
        self.first_use[source] = min(self.first_use[source], by)
        self.last_use[source] = max(self.last_use[source], by)

    def _key(self, what: object) -> int:
        return self._keys.setdefault(what, len(self._keys))

    def _source(self, port: Port) -> _Source:
        return _Source(self.position[port.node.index], port.index)

    def node_unit(self, node: Node) -> _Unit:
        runs = node.index in self.runs
        mark = self.apart.get(node.index)
        alike = id(node.op), node.input_shapes, runs, mark
        known = self._alike.get(alike)
        if known is None:
            known = self._alike[alike] = self._identity(node, mark, runs=runs)
        key, loose, cost = known
        part = Part((node,), 1, cost, node.shape, (), (node,), not runs, heads=(node,))
        here = self.position[node.index]
        sources = tuple(map(self._source, node.inputs))
        uses = self.first_use[here], self.last_use[here]
        return _Unit(part, key, loose, here, here + 1, sources, *uses, (here,))

    def _identity(self, node: Node, mark: str | None, *, runs: bool) -> tuple[int, int, Cost]:
        """Give a node's keys, close and loose, and its cost: all of them follow from what it is."""
        op = self._key((type(node.op), _said(node.op)))
        key = self._key((op, node.input_shapes, node.shapes, node.weights, runs, mark))
        places = tuple(shape[1:] for shape in node.shapes)
        loose = self._key((op, len(node.inputs), places, runs, mark))
        written = sum(shape.size for shape in node.shapes) if runs else 0
        cost = Cost(trainable([node]), kept([node]), node_macs(node) if runs else 0, written)
        return key, loose, cost

    def joins(self, unit: _Unit, node: Node) -> bool:
        """Whether a small step goes with what stands before it: nothing else takes that."""
        if node.op.family not in SMALL or len(node.inputs) != 1:
            return False
        before, here = unit.stop - 1, self.position[node.index]
        alone = self.last_use[before] == here and self._source(node.inputs[0]) == (before, 0)
        held = [member for member in unit.part.members if isinstance(member, Node)]
        kinds = [member.kind for member in held]
        return alone and bool(held) and not held[0].op.is_input and node.kind not in kinds

    def joined(self, unit: _Unit, small: _Unit) -> _Unit:
        first, second = unit.part, small.part
        members = first.members + second.members
        cost = first.cost.plus(second.cost)
        part = Part(members, 1, cost, second.shape, (), members, first.trains, heads=first.heads)
        keys = self._key((unit.key, small.key)), self._key((unit.loose, small.loose))
        uses = min(unit.first_use, small.first_use), max(unit.last_use, small.last_use)
        return _Unit(part, *keys, unit.start, small.stop, unit.sources, *uses, small.given)

    def scope_unit(self, scope: Scope, units: tuple[_Unit, ...]) -> _Unit:
        parts = self.runs_of(units)
        # A result that nothing takes may be left out of the graph.
        given = [port for port in scope.results if port.node.index in self.position]
        shape = given[0].shape if given else parts[-1].shape
        results = tuple(map(self._source, given))
        members, identity = (scope,), (id(scope.definition), scope.kind)
        return self._around(units, members, parts, shape, identity, results)

    def group_unit(self, units: Sequence[_Unit]) -> _Unit:
        """Take neighbours as one, to see whether as a group they repeat."""
        parts = tuple(unit.part for unit in units)
        members = tuple(member for part in parts for member in part.members)
        return self._around(units, members, parts, parts[-1].shape, ("neighbours",), ())

    def _around(
        self,
        units: Sequence[_Unit],
        members: tuple[Node | Scope, ...],
        parts: tuple[Part, ...],
        shape: Shape,
        identity: tuple[object, ...],
        results: tuple[_Source, ...],
    ) -> _Unit:
        start, stop = units[0].start, units[-1].stop
        outside: dict[_Source, int] = {}
        inside: list[object] = list(identity)
        loosely: list[object] = list(identity)
        for unit in units:
            wires = tuple(
                (True, each.position - start, each.port)
                if start <= each.position < stop
                else (False, outside.setdefault(each, len(outside)), 0)
                for each in unit.sources
            )
            names = tuple(member.segment for member in unit.part.members)
            inside.append((unit.key, wires, names if identity[0] != "neighbours" else ()))
            loosely.append((unit.loose, wires))
        out = tuple((position - start, port) for position, port in results)
        cost = Cost()
        for each in parts:
            cost = cost.plus(each.cost)
        trains = all(part.trains for part in parts)
        given = tuple(p for unit in units for p in unit.given if self.last_use[p] >= stop)
        leaving = [position for position, _ in results] or given
        shapes = dict.fromkeys(self.shapes[position] for position in leaving)
        outs = tuple(shapes) if len(shapes) > 1 else ()
        part = Part(members, 1, cost, shape, parts, members, trains, outs=outs, heads=members[:1])
        keys = self._key((*inside, out)), self._key((*loosely, out))
        first_use = min(unit.first_use for unit in units)
        last_use = max(unit.last_use for unit in units)
        return _Unit(part, *keys, start, stop, tuple(outside), first_use, last_use, given)

    def runs_of(self, units: Sequence[_Unit]) -> tuple[Part, ...]:
        """Take equal neighbours, or groups of neighbours, as one part each."""
        if not self.repeats:
            return tuple(unit.part for unit in units)
        return tuple(self._runs(units))

    def _runs(self, units: Sequence[_Unit]) -> Iterator[Part]:
        at = 0
        while at < len(units):
            run = [units[at]]
            for length in range(1, LONGEST_GROUP + 1):
                found = self._run_from(units, at, length)
                if len(found) > 1:
                    run = found
                    at += (length - 1) * len(found)
                    break
            at += len(run)
            yield _run(run)

    def _run_from(self, units: Sequence[_Unit], at: int, length: int) -> list[_Unit]:
        """Give the longest run from here of groups of so many neighbours: one if none repeats."""
        run: list[_Unit] = []
        before: _Continued | None = None
        for start in range(at, len(units) - length + 1, length):
            group = units[start : start + length]
            if length > 1 and (len({u.loose for u in group}) == 1 or not _is_scope(group[0])):
                break
            if run and group[0].loose != units[at].loose:
                break
            unit = group[0] if length == 1 else self.group_unit(group)
            how = _continues(run[-1], unit) if run else None
            if run and (how is None or (before is not None and how != before)):
                break
            run.append(unit)
            before = how
        return run


class _Continued(NamedTuple):
    """How a unit takes the one before it, and how many channels it adds to what comes out."""

    wires: tuple[tuple[bool, int, int], ...]
    grows: int


def _said(op: Op) -> str:
    """Say what makes an operator another one: its arguments, but for how often it drops."""
    drops = op.noise.rate if op.noise else None
    return repr([(key, value) for key, value in op.values.items() if key != drops])


def _is_scope(unit: _Unit) -> bool:
    return isinstance(unit.part.head, Scope)


def _continues(last: _Unit, unit: _Unit) -> _Continued | None:
    """Say how a unit takes the equal one before it; None if it is not equal or does not."""
    inner = last.start <= last.first_use and last.last_use < unit.stop
    first, second = last.part.shape, unit.part.shape
    grows = 0 if last.key == unit.key else second.channels - first.channels
    if not inner or last.loose != unit.loose or (last.key != unit.key and grows <= 0):
        return None
    wires = tuple(
        (True, each.position - last.start, each.port)
        if last.start <= each.position < last.stop
        else (False, each.position, each.port)
        for each in unit.sources
    )
    # What comes from elsewhere comes to the first one, too: its lines are all that are drawn.
    alike = all(
        wire[0] or each == before
        for wire, each, before in zip(wires, unit.sources, last.sources, strict=True)
    )
    return _Continued(wires, grows) if alike and any(wire[0] for wire in wires) else None


def _run(units: Sequence[_Unit]) -> Part:
    first, last = units[0].part, units[-1].part
    if len(units) == 1:
        return first
    cost = Cost()
    for unit in units:
        cost = cost.plus(unit.part.cost)
    grows = 0 if units[0].key == units[1].key else units[1].part.shape[0] - first.shape[0]
    each = tuple(unit.part for unit in units) if grows else ()
    taken = first.members, len(units), cost, last.shape, first.parts, last.last, first.trains
    heads = tuple(unit.part.head for unit in units)
    return Part(*taken, grows, each, last.outs, heads)
