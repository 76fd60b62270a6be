"""Tables of literals: rows of as many cells, set in columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_NUMBER: Final = re.compile(r"-?\d[\d_.eE+-]*[KMG]?")


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Give rows as lists with their columns aligned: numbers to the right, all else to the left.

    Nothing is given for rows of different lengths, nor for fewer than two.

    >>> list(aligned([["1", "relu", "16"], ["1", "hardswish", "8"]]))
    ['[1, relu,      16]', '[1, hardswish,  8]']
    """
    if len(rows) < 2 or len({len(row) for row in rows}) > 1:
        return
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(_NUMBER.fullmatch(cell) for cell in column) for column in columns]
    for row in rows:
        pieces: list[str] = []
        for at, cell in enumerate(row):
            comma = "," if at + 1 < len(row) else ""
            if numeric[at]:
                pieces.append(cell.rjust(widths[at]) + comma)
            else:
                pieces.append((cell + comma).ljust(widths[at] + len(comma)) if comma else cell)
        yield f"[{' '.join(pieces)}]"
