"""What the rows of a table of costs are: folded parts, single layers in order of a cost, groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from cnnspec.analysis.figures import Meter
from cnnspec.analysis.fold import Part
from cnnspec.analysis.receptive_field import receptive_fields
from cnnspec.analysis.shares import shares
from cnnspec.analysis.wording import LONGEST, content, is_automatic, layer, numbers
from cnnspec.graph import Node, Scope
from cnnspec.report.columns import COLUMNS, Row

#: Rows that fit a screen, with what stands around them.
SCREEN: Final = 30


def folded(
    meter: Meter, *, depth: int = 1, longest: int = LONGEST, fields: bool = False
) -> list[Row]:
    """Give a row a folded part, `depth` levels of scopes (0: none); fields are its last layer's.

    `longest` cuts the arguments of calls.
    """
    seen = receptive_fields(meter.graph) if fields else {}

    def walk(parts: Sequence[Part], level: int) -> Iterator[Row]:
        for part in parts:
            yield Row(
                _name(part),
                _words(part, longest),
                meter.part(part),
                part.head.span.line,
                level,
                part.shape,
                seen.get(_end(part).path),
                part.outs,
            )
            if level + 1 < depth and part.parts:
                yield from walk(part.parts, level + 1)

    return list(walk(meter.parts, 0)) if depth else []


def fitting(parts: Sequence[Part]) -> int:
    """Give the depth to which all scopes can be opened so that the rows fit a screen, or 1."""
    depth = 1
    while _lines(parts, depth) < _lines(parts, depth + 1) <= SCREEN:
        depth += 1
    return depth


def _lines(parts: Sequence[Part], depth: int) -> int:
    inside = (_lines(part.parts, depth - 1) for part in parts) if depth > 1 else ()
    return len(parts) + sum(inside)


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


def _words(part: Part, longest: int) -> str:
    """Say what a part is, how often it is there, and whether its repeats grow."""
    if not part.parts:
        words = layer(part)
    elif len(part.members) > 1:
        words = "(" + ", ".join(_words(inner, longest) for inner in part.parts) + ")"
    else:
        words = content(part, longest=longest)
    words += f" x {part.times}" if part.times > 1 else ""
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
