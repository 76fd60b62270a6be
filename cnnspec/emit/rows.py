"""Groups whose members form a chain, gathered: a backend can write them as one container."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from cnnspec.emit.code import THROUGH
from cnnspec.emit.units import (
    Decision,
    LoopUnit,
    OpUnit,
    Path,
    Row,
    Unit,
    flatten,
    is_chain,
    is_stateless,
)

#: The segment of a group's members in their paths; None: some are in no group.
Groups = frozenset[str | None]


def gather(units: list[Unit], uses: Counter[int]) -> list[Unit]:
    """Gather groups that are chains into rows, inner groups first."""
    return _gather(units, 0, uses, frozenset())


def _groups(unit: Unit, depth: int) -> Groups:
    if isinstance(unit, Decision | LoopUnit):
        inner = _below(unit)
        if not inner:  # it stands where it would have put something
            return frozenset(unit.home[depth : depth + 1])
        return frozenset().union(*(_groups(each, depth) for each in inner))
    return frozenset((unit.path[depth] if len(unit.path) > depth + 1 else None,))


def _prefixes(unit: Unit) -> frozenset[Path]:
    """The paths of all groups in which a unit puts something, or would."""
    if isinstance(unit, Decision | LoopUnit):
        inner = _below(unit)
        if inner:
            return frozenset().union(*map(_prefixes, inner))
        groups = unit.home
    else:
        groups = unit.path[:-1]
    return frozenset(groups[: depth + 1] for depth in range(len(groups)))


def _below(unit: Decision | LoopUnit) -> list[Unit]:
    if isinstance(unit, Decision):
        return unit.body
    return [each for turn in unit.turns for each in turn]


def _gather(
    units: list[Unit], depth: int, uses: Counter[int], elsewhere: frozenset[Path]
) -> list[Unit]:
    """Gather below one prefix; groups that are `elsewhere`, too, are not whole here."""
    result: list[Unit] = []
    position = 0
    homes = [_groups(unit, depth) for unit in units]
    shared = _shared([_prefixes(unit) for unit in units])
    while position < len(units):
        home = homes[position]
        group = next(iter(home)) if len(home) == 1 else None
        stop = position + 1
        if group is None:
            others = elsewhere | shared(position, stop)
            result.append(_inside(units[position], depth, uses, others))
        else:
            while stop < len(units) and homes[stop] <= {group}:
                stop += 1
            while stop > position + 1 and not homes[stop - 1]:
                stop -= 1
            others = elsewhere | shared(position, stop)
            result += _row(units[position:stop], group, depth, uses, others)
        position = stop
    return result


def _shared(prefixes: list[frozenset[Path]]) -> Callable[[int, int], frozenset[Path]]:
    """Give what finds the groups of some neighbours that others have something in, too."""
    counts = Counter(path for each in prefixes for path in each)

    def shared(start: int, stop: int) -> frozenset[Path]:
        inside = Counter(path for each in prefixes[start:stop] for path in each)
        return frozenset(path for path, count in inside.items() if counts[path] > count)

    return shared


def _inside(unit: Unit, depth: int, uses: Counter[int], elsewhere: frozenset[Path]) -> Unit:
    if isinstance(unit, Decision):
        unit.body = _gather(unit.body, depth, uses, elsewhere)
    elif isinstance(unit, LoopUnit):
        turns = [frozenset().union(*map(_prefixes, turn)) for turn in unit.turns]
        shared = _shared(turns)
        unit.turns = [
            _gather(turn, depth, uses, elsewhere | shared(number, number + 1))
            for number, turn in enumerate(unit.turns)
        ]
    return unit


def _row(
    units: list[Unit], group: str, depth: int, uses: Counter[int], elsewhere: frozenset[Path]
) -> list[Unit]:
    members = _gather(units, depth + 1, uses, elsewhere)
    present = flatten(members)
    if not present:
        return members
    path = (*present[0].path[:depth], group)
    direct = all(len(unit.path) == depth + 2 for unit in present)
    fits = all(
        not isinstance(unit, OpUnit)
        or unit.lowered.standalone is not None
        or (unit.lowered.module is not None and unit.lowered.flow == THROUGH)
        for unit in present
    )
    stateful = any(not is_stateless(unit) for unit in present)
    if path in elsewhere or not (direct and fits and stateful and is_chain(present, uses)):
        return members
    one = len(units) == 1 and isinstance(units[0], Decision)
    numbered = all(unit.path[-1] == str(number) for number, unit in enumerate(present))
    row = Row(path, members, present[0].inputs, present[-1].outputs, present[-1].target, numbered)
    if one and len(members) == 1 and isinstance(members[0], Decision):
        decision = members[0]
        row.members = decision.body
        decision.body = [row]
        return [decision]
    return [row]
