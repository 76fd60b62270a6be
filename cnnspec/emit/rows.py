"""Groups whose members form a chain, gathered: a backend can write them as one container."""

from __future__ import annotations

from collections import Counter

from cnnspec.emit.code import THROUGH
from cnnspec.emit.units import (
    Decision,
    LoopUnit,
    OpUnit,
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
    if isinstance(unit, Decision):
        inner = unit.body
    elif isinstance(unit, LoopUnit):
        inner = [each for turn in unit.turns for each in turn]
    else:
        return frozenset((unit.path[depth] if len(unit.path) > depth + 1 else None,))
    if not inner:  # it stands where it would have put something
        return frozenset(unit.home[depth : depth + 1])
    return frozenset().union(*(_groups(each, depth) for each in inner))


def _gather(units: list[Unit], depth: int, uses: Counter[int], elsewhere: Groups) -> list[Unit]:
    """Gather below one prefix; groups that are `elsewhere`, too, are not whole here."""
    result: list[Unit] = []
    position = 0
    homes = [_groups(unit, depth) for unit in units]
    counts = Counter(group for home in homes for group in home)
    while position < len(units):
        home = homes[position]
        group = next(iter(home)) if len(home) == 1 else None
        stop = position + 1
        if group is None:
            others = {each for each in home if counts[each] > 1}
            result.append(_inside(units[position], depth, uses, elsewhere | others))
        else:
            while stop < len(units) and homes[stop] <= {group}:
                stop += 1
            while stop > position + 1 and not homes[stop - 1]:
                stop -= 1
            if group in elsewhere:
                result += units[position:stop]
            else:
                outside = [
                    _groups(unit, depth + 1)
                    for number, unit in enumerate(units)
                    if group in homes[number] and not position <= number < stop
                ]
                result += _row(units[position:stop], group, depth, uses, outside)
        position = stop
    return result


def _inside(unit: Unit, depth: int, uses: Counter[int], elsewhere: Groups) -> Unit:
    if isinstance(unit, Decision):
        unit.body = _gather(unit.body, depth, uses, elsewhere)
    elif isinstance(unit, LoopUnit):
        homes = [frozenset().union(*(_groups(u, depth) for u in turn)) for turn in unit.turns]
        counts = Counter(group for home in homes for group in home)
        unit.turns = [
            _gather(turn, depth, uses, elsewhere | {each for each in home if counts[each] > 1})
            for turn, home in zip(unit.turns, homes, strict=True)
        ]
    return unit


def _row(
    units: list[Unit], group: str, depth: int, uses: Counter[int], outside: list[Groups]
) -> list[Unit]:
    members = _gather(units, depth + 1, uses, frozenset().union(*outside))
    present = flatten(members)
    direct = all(len(unit.path) == depth + 2 for unit in present)
    fits = all(
        not isinstance(unit, OpUnit)
        or unit.lowered.standalone is not None
        or (unit.lowered.module is not None and unit.lowered.flow == THROUGH)
        for unit in present
    )
    stateful = any(not is_stateless(unit) for unit in present)
    if outside or not (direct and fits and stateful and is_chain(present, uses)):
        return members
    path = (*present[0].path[:depth], group)
    one = len(units) == 1 and isinstance(units[0], Decision)
    numbered = all(unit.path[-1] == str(number) for number, unit in enumerate(present))
    row = Row(path, members, present[0].inputs, present[-1].outputs, present[-1].target, numbered)
    if one and len(members) == 1 and isinstance(members[0], Decision):
        decision = members[0]
        row.members = decision.body
        decision.body = [row]
        return [decision]
    return [row]
