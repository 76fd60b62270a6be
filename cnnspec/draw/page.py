"""How much of a network one page holds: one A4 page at a size of text that is readable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from cnnspec.draw.boxes import Frame, Picture, within
from cnnspec.draw.wires import Wire

#: An upright A4 less a margin of 10 mm on each side, in points.
PAGE: Final = (595.28 - 56.7, 841.89 - 56.7)
#: Text is at least so large when the picture is fitted to the page, in points.
READABLE: Final = 6.0
#: The size of text in a picture, and the least that a row of a box and a line take, in points.
TEXT: Final = 11
ROW: Final = 17
GAP: Final = 9
#: No engine is asked for more `effort` in all.
MOST_EFFORT: Final = 15_000


def smallest_text(width: float, height: float, size: float, *, across: bool = False) -> float:
    """Give the size of the smallest text when a picture is fitted to the page, upright or across.

    >>> smallest_text(200, 300, 11), smallest_text(300, 1600, 11) < 6
    (11.0, True)
    """
    long, high = reversed(PAGE) if across else PAGE
    return size * min(1.0, long / width, high / height)


def fits(width: float, height: float, size: float, *, across: bool) -> bool:
    """Whether a picture can be read on one page."""
    return smallest_text(width, height, size, across=across) >= READABLE


def effort(drawn: Picture, found: Sequence[Wire]) -> int:
    """Say how much an engine has to do for a picture, in boxes that follow each other.

    A line that passes boxes by takes a place in each row between, and the order in a row is
    searched: such places cost more, the more there are; and so do frames. Some 3,000 are a second.
    """
    row = [0] * len(drawn.boxes)
    for wire in found:
        here = wire.target.order
        row[here] = max(row[here], row[wire.source.order] + 1)
    passed = sum(max(0, abs(row[w.target.order] - row[w.source.order]) - 1) for w in found)
    return len(drawn.boxes) + _frames(drawn) ** 2 // 400 + int(math.pow(passed, 4 / 3) / 12)


def _frames(drawn: Picture) -> int:
    """Count the frames."""
    found, pending = 0, list(drawn.inner)
    while pending:
        each = pending.pop()
        if isinstance(each, Frame):
            found += 1
            pending.extend(each.inner)
    return found


def is_hopeless(drawn: Picture, found: Sequence[Wire]) -> bool:
    """Whether a picture cannot fit however it is laid out: its longest way down is too long."""
    heights = [ROW * (2 if any(box.cost) else 1) + GAP for box in drawn.boxes]
    pending = list(drawn.inner)
    while pending:
        each = pending.pop()
        if isinstance(each, Frame):
            heights[next(within(each)).order] += ROW + 2 * GAP
            pending.extend(each.inner)
    longest = list(heights)
    for wire in found:
        here = wire.target.order
        longest[here] = max(longest[here], longest[wire.source.order] + heights[here])
    return max(longest, default=0) > PAGE[1] * TEXT / READABLE
