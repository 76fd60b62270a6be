"""The same rows as CSV, as a table of Markdown, as a table of LaTeX (package booktabs)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from cnnspec import sinks
from cnnspec.analysis.figures import Meter
from cnnspec.report.columns import COLUMNS, Row
from cnnspec.report.rows import totals

#: Columns whose cells are sizes, `64x56x56`.
SIZES: Final = frozenset(("output", "field", "stride", "input"))
_SIZES: Final = re.compile(r"\d+(?:x\d+)+")
_TIMES: Final = r" \times "


def as_csv(meter: Meter, rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Write a line a row with values as they are: whole numbers, shares of 1, bytes, seconds."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = (_plain(COLUMNS[key].value(row, meter.total)) for key in columns)
        writer.writerow([sinks.spreadsheet(value) for value in values])
    return out.getvalue()


def as_markdown(meter: Meter, rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Write a table of Markdown; scopes are set in with dots."""
    marks = [":--" if COLUMNS[key].left else "--:" for key in columns]
    lines = [[COLUMNS[key].head for key in columns], marks]
    lines += _texts(meter, rows, columns, "· ")
    safe = ([sinks.markdown(cell) for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in safe)


def as_latex(meter: Meter, rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Write a `tabular` with the lines of booktabs, to be put into a `table`."""
    kinds = "".join("l" if COLUMNS[key].left else "r" for key in columns)
    texts = _texts(meter, rows, columns, "~~")
    listed = [
        _row([in_latex(cell, sizes=key in SIZES) for key, cell in zip(columns, line, strict=True)])
        for line in texts
    ]
    head = [escaped(COLUMNS[key].head) for key in columns]
    lines = [rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", _row(head), r"\midrule"]
    body, sums = listed[: len(rows)], listed[len(rows) :]
    lines += [*body, r"\midrule", *sums, r"\bottomrule", r"\end{tabular}"]
    return "".join(f"{line}\n" for line in lines)


def _texts(
    meter: Meter, rows: Sequence[Row], columns: Sequence[str], indent: str
) -> list[list[str]]:
    """Give the rows as they are shown, and the totals last."""
    result = []
    listed = [(row, meter.total) for row in rows]
    listed += [(row, row.figures) for row in totals(meter)]
    for row, whole in listed:
        cells = [COLUMNS[key].text(row, whole) for key in columns]
        if "layer" in columns:
            at = columns.index("layer")
            cells[at] = indent * row.depth + cells[at]
        result.append(cells)
    return result


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def escaped(text: str) -> str:
    """Write text for LaTeX; leading ties stay."""
    bare = text.lstrip("~")
    return "~" * (len(text) - len(bare)) + sinks.latex(bare)


def in_latex(cell: str, *, sizes: bool) -> str:
    """Write a cell for LaTeX; a size in it is a formula, with times signs."""
    if not sizes:
        return escaped(cell)
    return _SIZES.sub(lambda found: f"${found[0].replace('x', _TIMES)}$", escaped(cell))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return str(value) if isinstance(value, Fraction) else value
