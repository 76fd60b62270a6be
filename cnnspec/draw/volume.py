"""One map of the classic picture: how large it is drawn, what it says, where lines end at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2, sqrt
from typing import Final

from cnnspec.draw import words
from cnnspec.draw.boxes import Box
from cnnspec.draw.escape import printable
from cnnspec.draw.metrics import width
from cnnspec.draw.options import Look

#: Lengths in points: the thickest stack of channels, text, space around things.
THICKEST: Final = 46.0
TEXT: Final = 9.0
SPACE: Final = 12.0
#: How a map's depth is drawn: so far to the right and up, as shares of its width.
ASKEW: Final = (0.30, 0.22)
#: A line of a map's text has about so many characters.
LONGEST_LINE: Final = 15


@dataclass(slots=True, eq=False)
class Volume:
    """A map that is drawn: sizes of its front, its depth, its words, and where it stands."""

    box: Box
    thick: float
    high: float
    deep: float
    lines: tuple[str, ...]
    said: str
    x: float = 0.0
    y: float = 0.0

    @property
    def room(self) -> float:
        """How much of its row it takes."""
        texts = [width(line, TEXT) or len(line) * TEXT for line in (*self.lines, self.said)]
        return max(self.thick + self.deep * ASKEW[0], *texts)

    @property
    def over(self) -> float:
        """How far its back stands to the right of its front."""
        return self.deep * ASKEW[0]

    @property
    def tall(self) -> float:
        """How much of its column it takes."""
        return self.high + self.deep * ASKEW[1] + TEXT * 1.3 * (len(self.lines) + 1) + SPACE

    @property
    def above(self) -> float:
        """How much of that is above the middle of its front."""
        return self.high / 2 + self.deep * ASKEW[1] + TEXT * 1.3

    @property
    def left(self) -> float:
        """Where lines meet its left side, at the height of the middle of its front."""
        return self.x - self.thick / 2

    @property
    def right(self) -> float:
        """Where lines meet its right side, at the height of the middle of its front."""
        over, up = self.deep * ASKEW[0], self.deep * ASKEW[1]
        share = 1.0 if up <= self.high / 2 else self.high / 2 / up
        return self.x + self.thick / 2 + over * share


def sized(boxes: Sequence[Box], look: Look, highest: float) -> list[Volume]:
    """Size maps, the largest of them `highest`, by the roots of their sides and channels' logs."""
    images = [box.shape for box in boxes if box.shape.is_image]
    largest = max((max(s.height, s.width) for s in images), default=1)
    most = max(box.shape.channels for box in boxes)
    result = []
    for box in boxes:
        shape = box.shape
        share = log2(1 + shape.channels) / log2(1 + most)
        if shape.is_image:
            high, deep = (highest * sqrt(each / largest) for each in (shape.height, shape.width))
            thick = 3 + THICKEST * share * share
        else:
            high, deep, thick = 20 + 0.6 * highest * share * share, 8.0, 8.0
        said = words.size(shape, look.layout)
        lines = _wrapped(words.title(box, look))
        result.append(Volume(box, thick, max(high, 6.0), max(deep, 6.0), lines, said))
    return result


def _wrapped(title: str) -> tuple[str, ...]:
    """Break a header into at most four short lines."""
    lines: list[str] = [""]
    for word in words.pieces(printable(title)):
        together = f"{lines[-1]} {word}".strip()
        if len(together) <= LONGEST_LINE or not lines[-1]:
            lines[-1] = together
        else:
            lines.append(word)
    cut = [
        line if len(line) <= 2 * LONGEST_LINE else f"{line[: 2 * LONGEST_LINE - 3]}..."
        for line in lines
    ]
    return tuple(cut if len(cut) <= 4 else [*cut[:3], f"{cut[3]} ..."])
