"""The table that people read: rows, totals, and the convention below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from cnnspec.analysis.figures import Figures, Meter
from cnnspec.analysis.wording import size
from cnnspec.meta import title
from cnnspec.report.columns import COLUMNS, Row
from cnnspec.report.fit import cut
from cnnspec.report.ink import PLAIN, Ink
from cnnspec.report.rows import totals
from cnnspec.sinks import line

#: The bar that stands for all MACs, in characters: at least, and at most in a table so wide.
BAR: Final = (6, 20)
USUAL_WIDTH: Final = 92
#: Columns whose sum is written below them.
ADD_UP: Final = frozenset(
    ("nodes", "params", "state", "macs", "flops", "all_flops", "activations", "moved", "time")
)
PERCENT: Final = len("100.0%")
LAYER: Final = 20


class Cell(NamedTuple):
    """What stands in a place of the table: as it is counted, and as it is shown."""

    text: str
    shown: str


def table(
    meter: Meter, rows: Sequence[Row], columns: Sequence[str], *, width: int, ink: Ink = PLAIN
) -> str:
    """Write a table; bars take what is left of `width`. What does not fit makes it wider."""
    total = meter.total
    texts = [[line(COLUMNS[key].text(row, total)) for key in columns] for row in rows]
    indents = ink.indents([row.depth for row in rows])
    sums = _sums(meter, columns)
    widths, bar = _widths(columns, texts, indents, sums, width)
    name, how = title(meter.graph), settings(meter)
    between = "  " if len(name) + 2 + len(how) <= width else "\n"
    lines = [
        f"{ink.strong(name)}{between}{how}",
        "",
        _line(columns, [_head(key, ink) for key in columns], widths),
        ink.faint(ink.rule * (sum(widths) + 2 * (len(widths) - 1))),
    ]
    for row, indent, cells in zip(rows, indents, texts, strict=True):
        drawn = (
            _cell(key, text, row, _Around(ink, indent, bar, total))
            for key, text in zip(columns, cells, strict=True)
        )
        lines.append(_line(columns, list(drawn), widths))
    lines.append("")
    lines += [
        _line(columns, [Cell(text, ink.strong(text)) for text in each], widths) for each in sums
    ]
    return "".join(f"{each.rstrip()}\n" for each in lines)


def width(rows: Sequence[Row], columns: Sequence[str], meter: Meter, ink: Ink = PLAIN) -> int:
    """Say how wide the table is at least."""
    texts = [[line(COLUMNS[key].text(row, meter.total)) for key in columns] for row in rows]
    indents = ink.indents([row.depth for row in rows])
    widths, _ = _widths(columns, texts, indents, _sums(meter, columns), 0)
    return sum(widths) + 2 * (len(widths) - 1)


def fitted(
    meter: Meter, rows: Sequence[Row], columns: Sequence[str], room: int, ink: Ink
) -> tuple[list[Row], tuple[str, ...]]:
    """Cut rows, and leave out their lines in the spec if need be, until they fit into the room."""
    kept = tuple(columns)
    for shown in (kept, tuple(key for key in kept if key != "line")):
        over = width(rows, shown, meter, ink) - room
        if over <= 0:
            return list(rows), shown
        indents = ink.indents([row.depth for row in rows])
        longest = max(
            (len(indent) + len(row.layer) for row, indent in zip(rows, indents, strict=True)),
            default=0,
        )
        if "layer" in shown and longest - over >= LAYER:
            return cut(rows, indents, longest - over), shown
        kept = shown
    return list(rows), kept


def settings(meter: Meter) -> str:
    """Say how the network is run."""
    inputs = ", ".join(size(node.shape) for node in meter.graph.inputs)
    words = f"input {inputs}  batch {meter.run.batch}  {meter.run.dtype}"
    return words if meter.device is None else f"{words}  on {meter.device.title}"


class _Around(NamedTuple):
    """What a cell is drawn with."""

    ink: Ink
    indent: str
    bar: int
    total: Figures


def _head(key: str, ink: Ink) -> Cell:
    head = COLUMNS[key].head
    return Cell(head, ink.strong(head))


def _cell(key: str, text: str, row: Row, around: _Around) -> Cell:
    ink = around.ink
    if key == "line":
        return Cell(text, ink.faint(text))
    if key == "layer":
        rest = text[len(row.name) :]
        return Cell(around.indent + text, ink.faint(around.indent) + ink.strong(row.name) + rest)
    if key == "share" and text:
        plain = f"{'#' * around.bar} {text:>{PERCENT}}"
        share = row.figures.macs / around.total.macs
        return Cell(plain, f"{ink.bar(share, around.bar)} {text:>{PERCENT}}")
    if key in ("output", "field"):
        return Cell(text, text.replace("x", ink.times))
    return Cell(text, text)


def _widths(
    columns: Sequence[str],
    texts: Sequence[Sequence[str]],
    indents: Sequence[str],
    sums: Sequence[Sequence[str]],
    width: int,
) -> tuple[list[int], int]:
    """Give each column's width, and the bar's."""
    widths = []
    for place, key in enumerate(columns):
        cells = [line[place] for line in texts]
        if key == "layer":
            cells = [indent + cell for indent, cell in zip(indents, cells, strict=True)]
        words = [COLUMNS[key].head, *cells, *(line[place] for line in sums)]
        widths.append(max([LAYER if key == "layer" else 0, *map(len, words)]))
    if "share" not in columns:
        return widths, 0
    place = columns.index("share")
    room = width - sum(widths) + widths[place] - 2 * (len(widths) - 1) - PERCENT - 1
    bar = min(BAR[1] + max(0, width - USUAL_WIDTH), max(BAR[0], room))
    widths[place] = max(widths[place], bar + 1 + PERCENT)
    return widths, bar


def _line(columns: Sequence[str], cells: Sequence[Cell], widths: Sequence[int]) -> str:
    parts = []
    for key, cell, width in zip(columns, cells, widths, strict=True):
        pad = " " * (width - len(cell.text))
        left = COLUMNS[key].left or key == "share"
        parts.append(cell.shown + pad if left else pad + cell.shown)
    return "  ".join(parts)


def _sums(meter: Meter, columns: Sequence[str]) -> list[list[str]]:
    """Give the last rows: the total, or one for inference and one for training with its heads."""
    shown = ADD_UP | {"layer"}
    return [
        [COLUMNS[key].text(row, row.figures) if key in shown else "" for key in columns]
        for row in totals(meter)
    ]
