"""How wide text is: Arial's and Helvetica's advance widths, in thousandths of the size.

From Adobe's published metrics of Helvetica and Helvetica-Bold, whose widths Arial, Arimo and
Liberation Sans share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_REGULAR: Final = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 "
    "556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 "
    "722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 "
    "556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 "
    "260 334 584"
)
_BOLD: Final = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 "
    "556 556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 "
    "722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 556 611 556 611 "
    "556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 "
    "280 389 584"
)
_OTHER: Final = {"\N{MULTIPLICATION SIGN}": 584, "\N{MIDDLE DOT}": 278, "\xa0": 278}


def _table(widths: str) -> Mapping[str, int]:
    listed = {chr(32 + place): int(each) for place, each in enumerate(widths.split())}
    return {**listed, **_OTHER, "\N{RIGHTWARDS ARROW}": 1000}


_WIDTHS: Final = {False: _table(_REGULAR), True: _table(_BOLD)}


def width(text: str, size: float, *, bold: bool = False) -> float | None:
    """Give the width of a text in the unit of `size`; None if a character's width is not known.

    >>> width("64x56", 10)
    27.24
    """
    table = _WIDTHS[bold]
    known = [table.get(each) for each in text]
    total = sum(each or 0 for each in known)
    return None if None in known else round(total * size / 1000, 2)
