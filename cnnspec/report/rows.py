"""What the rows of a table of costs are: folded parts, single layers in order of a cost, groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from cnnspec.analysis.figures import Figures, Meter
from cnnspec.analysis.fold import Part
from cnnspec.analysis.receptive_field import receptive_fields
from cnnspec.analysis.shares import shares
from cnnspec.analysis.wording import (
    LONGEST,
    content,
    is_automatic,
    layer,
    numbers,
    only,
    only_of_each,
    repeated,
)
from cnnspec.graph import Node, Scope
from cnnspec.report.columns import COLUMNS, Row

#: Rows that fit a screen, with what stands around them.
SCREEN: Final = 30


def folded(
    meter: Meter, *, depth: int = 1, longest: int = LONGEST, fields: bool = False
) -> list[Row]:
    """Give a row a folded part, `depth` levels of scopes (0: none); fields are its last layer's.

    Rows add up: one inside a part that is there several times is of all of them. `longest` cuts
    the arguments of calls.
    """
    seen = receptive_fields(meter.graph) if fields else {}

    def walk(alike: Iterable[Sequence[Part]], level: int, left: int, many: int) -> Iterator[Row]:
        for outer in alike:
            through = [_through(each) for each in outer]
            first, copies = through[0], [each.part for each in through]
            part, last, times = copies[0], copies[-1], many * first.times
            yield Row(
                first.name,
                _words(part, longest, times * len(copies)),
                Figures.sum(map(meter.part, copies), times),
                outer[0].head.span.line,
                level,
                last.shape,
                seen.get(_end(last).path) if times == 1 else None,
                last.outs,
            )
            if left > first.levels and part.parts:
                inside = times if part.grows else times * part.times
                yield from walk(_inside(copies), level + 1, left - first.levels, inside)

    return list(walk(((part,) for part in meter.parts), 0, depth, 1)) if depth else []


def _inside(copies: Sequence[Part]) -> Iterator[Sequence[Part]]:
    """Give what copies of one part hold, what stands at one place in each of them together.

    Repeats that grow cost differently each; equal ones are read once.
    """
    each = [one for copy in copies for one in copy.each or (copy,)]
    return zip(*(one.parts for one in each), strict=True)


class _Through(NamedTuple):
    """What a group of one part is a row of: that part, so many levels below, so many times."""

    name: str
    part: Part
    levels: int
    times: int


def _through(part: Part) -> _Through:
    """Look through groups of one part, which would be two rows of one cost.

    The part goes by the group's name, with its own behind if it was given one.
    """
    names, levels, times = [_name(part)], 1, 1
    while (inner := only(part) or only_of_each(part)) is not None:
        levels, times, part = levels + 1, times * part.times, inner
        if not part.head.segment.isdigit():
            names.append(_name(part))
    return _Through(".".join(filter(None, names)), part, levels, times)


def fitting(parts: Sequence[Part]) -> int:
    """Give the depth to which all scopes can be opened so that the rows fit a screen, or 1."""
    depth = 1
    while _is_closed(parts, depth) and _lines(parts, depth + 1) <= SCREEN:
        depth += 1
    return depth


def _is_closed(parts: Sequence[Part], depth: int) -> bool:
    """Whether a scope is still closed at this depth."""
    found = (_through(part) for part in parts)
    return any(
        _is_closed(each.part.parts, depth - each.levels)
        if depth > each.levels
        else bool(each.part.parts)
        for each in found
    )


def _lines(parts: Sequence[Part], depth: int) -> int:
    found = [_through(part) for part in parts]
    opened = (each for each in found if depth > each.levels)
    return len(parts) + sum(_lines(each.part.parts, depth - each.levels) for each in opened)


def single(meter: Meter) -> list[Row]:
    """Give a row a node, by its path."""
    fields = receptive_fields(meter.graph)
    return [
        Row(
            node.path,
            f"{node.kind} {numbers(node)}".strip() + _only_trains(meter, node),
            meter.node(node),
            node.span.line,
            0,
            node.shape,
            fields[node.path],
            kind=node.kind,
        )
        for node in meter.graph.nodes
    ]


def grouped(meter: Meter, by: str) -> list[Row]:
    """Give a row a kind, block or stage, the one with the most multiply-adds first."""
    found = [Row("", name, figures) for name, figures in shares(meter, by).items()]
    return sorted(found, key=lambda row: (-row.figures.macs, -row.figures.params))


def totals(meter: Meter) -> list[Row]:
    """Give the last row, or one for inference and one for training where that has heads."""
    if meter.inference.nodes == meter.total.nodes:
        return [Row("total", "", meter.total)]
    named = {"total at inference": meter.inference, "total in training": meter.training}
    return [Row(name, "", figures) for name, figures in named.items()]


def ordered(rows: Sequence[Row], meter: Meter, by: str) -> list[Row]:
    """Sort by a column: the largest first, words from A to Z; rows with nothing there last."""

    def key(row: Row) -> tuple[bool, Any]:
        value = COLUMNS[by].value(row, meter.total)
        if value is None:
            return True, 0
        return False, value if isinstance(value, str) else _negated(value)

    words = [row for row in rows if COLUMNS[by].value(row, meter.total) is not None]
    rest = [row for row in rows if COLUMNS[by].value(row, meter.total) is None]
    return sorted(words, key=key) + rest


def _negated(value: Any) -> Any:
    return tuple(-each for each in value) if isinstance(value, tuple) else -value


def _words(part: Part, longest: int, many: int = 1) -> str:
    """Say what a part is, how often it is there if it is so in `many`, whether repeats grow."""
    words = content(part, longest=longest) if part.parts else layer(part)
    words = repeated(words, part.times * many)
    words += f", each {part.grows} channels more" if part.grows else ""
    return words + (" (training only)" if part.trains else "")


def _only_trains(meter: Meter, node: Node) -> str:
    return "" if meter.runs(node) else " (training only)"


def _end(part: Part) -> Node:
    """Give the node that a part's output comes from."""
    member = part.last[-1]
    while isinstance(member, Scope):
        member = member.results[0].node if member.results else member.members[-1]
    return member


def _name(part: Part) -> str:
    """Say what was written as its name: for a run the first and the last, `1-5`."""
    first, last = part.head.segment, part.last[0].segment
    if is_automatic(part.head) and not first.isdigit():
        return ""
    if part.times == 1:
        return first
    return f"{first}-{last}" if first.isdigit() else f"{first}..{last}"
