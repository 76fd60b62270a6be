"""Places in a text as the protocol counts them: lines by its ends of lines, units by agreement."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]
_END: Final = re.compile(r"\r\n|\n|\r")


class Units:
    r"""Turns offsets of a text into lines and units, both from 0, and back.

    >>> units = Units("a\r\n\U0001d518b", "utf-16")
    >>> units.position(4), units.offset(1, 2)
    ((1, 2), 4)
    """

    def __init__(self, text: str, encoding: Encoding = "utf-16") -> None:
        self.text = text
        self._encoding = encoding
        ends = list(_END.finditer(text))
        self._starts = [0, *(each.end() for each in ends)]
        self._stops = [*(each.start() for each in ends), len(text)]

    def position(self, offset: int) -> tuple[int, int]:
        """Give the line and the units before an offset on it."""
        line = bisect_right(self._starts, offset) - 1
        start = self._starts[line]
        return line, self._length(self.text[start : min(offset, self._stops[line])])

    def offset(self, line: int, units: int) -> int:
        """Give the offset of a place; what lies beyond a line or the text is its end."""
        if line >= len(self._starts):
            return len(self.text)
        start, stop = self._starts[line], self._stops[line]
        words = self.text[start:stop]
        if words.isascii() or self._encoding == "utf-32":
            return min(start + units, stop)
        for place, character in enumerate(words):
            if units <= 0:
                return start + place
            units -= self._length(character)
        return stop

    def _length(self, words: str) -> int:
        if words.isascii() or self._encoding == "utf-32":
            return len(words)
        if self._encoding == "utf-8":
            return len(words.encode(errors="surrogatepass"))
        return len(words.encode("utf-16-le", "surrogatepass")) // 2
