"""How much of a network one page holds: one portrait A4 page at a size of text that is readable."""

from __future__ import annotations

from typing import Final

#: A4 less a margin of 10 mm on each side, in points.
PAGE: Final = (595.28 - 56.7, 841.89 - 56.7)
#: Text is at least so large when the picture is fitted to the page, in points.
READABLE: Final = 6.0


def smallest_text(width: float, height: float, size: float) -> float:
    """Give the size of the smallest text when a picture of this size is fitted to the page.

    >>> smallest_text(200, 300, 11), smallest_text(300, 1600, 11) < 6
    (11.0, True)
    """
    return size * min(1.0, PAGE[0] / width, PAGE[1] / height)


def fits(width: float, height: float, size: float) -> bool:
    """Whether a picture can be read on one page."""
    return smallest_text(width, height, size) >= READABLE
