"""How names and shapes from outside are shown: in one line, whatever is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LONGEST: Final = 120


def shown(name: object) -> str:
    """Write a name that somebody else chose, whatever is in it.

    >>> shown("layer1.0.conv1.weight"), shown(chr(233) + chr(7)).isascii()
    ('layer1.0.conv1.weight', True)
    """
    text = str(name)
    if not text.isprintable():
        text = ascii(text)[1:-1]
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def size(shape: Sequence[int]) -> str:
    """Write a tensor's shape; one without axes is a number.

    >>> size((64, 3, 7, 7)), size(())
    ('64 x 3 x 7 x 7', 'one number')
    """
    return " x ".join(map(str, shape)) or "one number"
