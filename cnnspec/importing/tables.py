"""Calls whose rate grows step by step become a table of stages, and a loop over it.

Stochastic depth drops more the deeper a block stands, so no two calls are equal; a person writes
the rule of the rate, and what else differs a row a stage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from cnnspec.importing.fold import same
from cnnspec.importing.items import Given, Item, Kind
from cnnspec.importing.template import Slot, Source, Template
from cnnspec.importing.words import literal, unique

#: So few calls are written one by one.
FEW: Final = 4
_NUMBERED: Final = re.compile(r"(.*?)(\d+)\.(\d+)")


class _Rule(NamedTuple):
    """A rate that is `largest * done / count`, where `done` is the call's place."""

    largest: float
    steps: int
    first: int


class _Call(NamedTuple):
    """A call in the row of all that have a rate: its place, and where its label puts it."""

    slot: Slot
    place: int
    prefix: str
    stage: int
    position: int


class _Stage(NamedTuple):
    """Calls of one stage: what the first is given, what the others are, how many there are."""

    number: int
    first: Mapping[str, Given]
    rest: Mapping[str, Given] | None
    calls: int


def tabulate(whole: Template) -> None:
    """Put tables into a network's template, in place."""
    calls = [slot for slot in whole.slots if _rate(slot) is not None]
    if len(calls) < FEW or any(slot.any.times > 1 for slot in calls):
        return
    rule = _rule([_rated(slot) for slot in calls])
    if rule is None:
        return
    taken = {"i", "j", "n", "done", "x"}
    for segment in _segments(whole, calls):
        lines = _lines(segment, rule, taken)
        if lines is not None:
            _replace(whole, [call.slot for call in segment], lines)


def _rate(slot: Slot) -> str | None:
    """Give the parameter of a call that is a rate."""
    if slot.kind.sort != "block" or slot.any.template is None:
        return None
    names = (each.name for each in slot.any.template.parameters if each.sense == "rate")
    return next(names, None)


def _rated(slot: Slot) -> float | None:
    """Give a call's rate; None: it has no use for one."""
    name = _rate(slot)
    assert name is not None
    value = slot.any.arguments[name]
    free = name in slot.any.free
    return float(value) if isinstance(value, int | float) and not free else None


def _rule(rates: Sequence[float | None]) -> _Rule | None:
    """Find the rule whose rates are these to the last bit; None: there is none."""
    known = [(place, rate) for place, rate in enumerate(rates) if rate is not None]
    if len(known) < FEW - 1:
        return None
    (one, low), (other, high) = known[0], known[-1]
    slope = (high - low) / (other - one)
    if slope <= 0:
        return None
    first = round(low / slope - one)
    total = len(rates)
    for count in (total, total - 1, total + 1, total + first, total + first - 1):
        for digits in (2, 3, 4, 6):
            largest = round(slope * count, digits)
            if first >= 0 and all(rate == largest * (p + first) / count for p, rate in known):
                return _Rule(largest, count, first)
    return None


def _segments(whole: Template, calls: Sequence[Slot]) -> list[list[_Call]]:
    """Part calls into rows of one block that follow one another under numbered labels."""
    readers = whole.readers()
    result: list[list[_Call]] = []
    for place, slot in enumerate(calls):
        found = _NUMBERED.fullmatch(".".join(slot.any.label))
        if found is None:
            result.append([])
            continue
        call = _Call(slot, place, found[1], int(found[2]), int(found[3]))
        before = result[-1][-1] if result and result[-1] else None
        if (
            before is not None
            and before.slot.kind == slot.kind
            and slot.inputs == [(before.slot, 0)]
            and len(readers[before.slot, 0]) == 1
            and before.prefix == call.prefix
            and (call.stage, call.position)
            in ((before.stage, before.position + 1), (before.stage + 1, 0))
        ):
            result[-1].append(call)
        elif call.position == 0:
            result.append([call])
        else:
            result.append([])
    return [each for each in result if len(each) >= FEW - 1]


def _stages(segment: Sequence[_Call], rate: str) -> list[_Stage] | None:
    """Part a segment into its stages; None: the later calls of one differ."""
    grouped: dict[int, list[Item]] = {}
    for call in segment:
        grouped.setdefault(call.stage, []).append(call.slot.any)
    stages = []
    for number, items in grouped.items():
        rows = [{k: v for k, v in item.arguments.items() if k != rate} for item in items]
        if any(
            not _equal(row, rows[1], item) for row, item in zip(rows[1:], items[1:], strict=True)
        ):
            return None
        stages.append(_Stage(number, rows[0], rows[1] if len(rows) > 1 else None, len(rows)))
    return stages


def _equal(one: Mapping[str, Given], other: Mapping[str, Given], item: Item) -> bool:
    return all(name in item.free or same(value, other[name]) for name, value in one.items())


def _lines(segment: Sequence[_Call], rule: _Rule, taken: set[str]) -> list[str] | None:
    """Write a segment as a loop over `{}`, which stands for the value's name."""
    slot = segment[0].slot
    template, rate = slot.any.template, _rate(slot)
    assert template is not None
    assert rate is not None
    stages = _stages(segment, rate)
    if stages is None:
        return None
    names = [each.name for each in template.parameters if each.name != rate]
    columns, given = _columns(stages, names)
    if len(stages) == 1 and columns:
        return None
    done = segment[0].place + rule.first

    def call(progress: str) -> str:
        parts = []
        for parameter in template.parameters:
            name = parameter.name
            if name == rate:
                text = f"{literal(rule.largest)} * {progress} / {rule.steps}"
            else:
                text = given[name]
                usual = literal(parameter.default) if parameter.has_default else None
                if text == usual and name not in columns:
                    continue
            parts.append(f"{name} = {text}" if parameter.has_default else text)
        return f"{template.name}({', '.join(parts)})"

    prefix = segment[0].prefix
    if len(stages) == 1:
        own = f"(j + {done})" if done else "j"
        label = f"{prefix}{stages[0].number}.{{j}}"
        return [f"for j in range({stages[0].calls}) {{ {{}} = {{}} -> {label}: {call(own)} }}"]
    table = unique("stages", taken)
    taken.add(table)
    heads = [*columns, "n"]
    rows = [
        f"[{', '.join([*(row[at] for row in columns.values()), str(stage.calls)])}],"
        for at, stage in enumerate(stages)
    ]
    first = stages[0].number
    label = f"{prefix}{{i + {first}}}.{{j}}" if first else f"{prefix}{{i}}.{{j}}"
    return [
        f"{table} = [  # {', '.join(heads)}",
        *rows,
        "]",
        f"done = {done}",
        f"for i, [{', '.join(heads)}] in enumerate({table}) {{",
        "for j in range(n) {",
        f"{{}} = {{}} -> {label}: {call('done')}",
        "done = done + 1",
        "}",
        "}",
    ]


def _columns(
    stages: Sequence[_Stage], names: Sequence[str]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Give the table's columns by name, and what each argument is written as."""
    columns: dict[str, list[str]] = {}
    given: dict[str, str] = {}
    for name in names:
        first = [stage.first[name] for stage in stages]
        rest = [None if stage.rest is None else stage.rest[name] for stage in stages]
        later = [value for value in rest if value is not None]
        if all(same(value, first[0]) for value in (*first, *later)):
            given[name] = literal(first[0])
            continue
        columns[name] = [literal(value) for value in first]
        if all(b is None or same(a, b) for a, b in zip(first, rest, strict=True)):
            given[name] = name
        elif all(same(value, later[0]) for value in later):
            given[name] = f"if j == 0 then {name} else {literal(later[0])}"
        else:
            after = f"{name}_after"
            columns[after] = [
                literal(a if b is None else b) for a, b in zip(first, rest, strict=True)
            ]
            given[name] = f"if j == 0 then {name} else {after}"
    return columns, given


def _replace(whole: Template, slots: Sequence[Slot], lines: list[str]) -> None:
    """Put one slot that writes lines in place of calls."""
    first, last = slots[0], slots[-1]
    made = Slot(Kind("table", first.kind.name), first.items, list(first.inputs))
    made.lines = lines
    at = whole.slots.index(first)
    gone = set(slots)
    whole.slots = [slot for slot in whole.slots if slot not in gone]
    whole.slots.insert(at, made)

    def turned(source: Source) -> Source:
        return (made, 0) if source[0] is last else source

    for slot in whole.slots:
        slot.inputs = [turned(source) for source in slot.inputs]
    whole.results = [turned(source) for source in whole.results]
