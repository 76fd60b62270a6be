"""A text and the stretches of it that everything else points back to."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from io import StringIO
from itertools import accumulate
from typing import Final, NamedTuple

#: What stands before a shipped file's name, so that it is never taken for a local file.
ZOO: Final = "<zoo>/"
#: What standard input is called.
STANDARD_INPUT: Final = "<stdin>"


class Source:
    r"""A spec's text under the name that diagnostics show.

    >>> source = Source("a.cnn", "one\ntwo")
    >>> source.position(5)
    (2, 2)
    """

    #: Where it begins in the whole text, in characters and in lines, if it is a stretch of one.
    offset: int = 0
    before: int = 0
    #: The whole text, if it is a stretch of one that is known.
    whole: Source | None = None

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.text)} characters)"

    @property
    def base(self) -> str:
        """The file's name without its folder: what is written says no more of where it lies."""
        return self.name.removeprefix(ZOO).replace("\\", "/").rpartition("/")[2]

    @cached_property
    def _starts(self) -> list[int]:
        lines = StringIO(self.text, newline="\n")  # a line ends where `\n` stands, nowhere else
        starts = [0, *accumulate(map(len, lines))]
        if self.text and not self.text.endswith("\n"):
            starts.pop()
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Turn an offset into a line and a column, both counted from 1 in characters."""
        line = bisect_right(self._starts, offset)
        return self.before + line, offset - self._starts[line - 1] + 1

    def utf16_column(self, offset: int) -> int:
        """Count the UTF-16 units before an offset on its line, as editors do, from 0."""
        line, column = self.position(offset)
        before = self.text[self._starts[line - 1 - self.before] :][: column - 1]
        return len(before.encode("utf-16-le")) // 2

    def bounds(self, number: int) -> tuple[int, int]:
        """Give where a line begins and ends, counted from 1, without its end of line."""
        number -= self.before
        start = self._starts[number - 1]
        last = number >= len(self._starts)
        stop = len(self.text) if last else self._starts[number] - 1
        while stop > start and self.text[stop - 1] == "\r":
            stop -= 1
        return start, stop

    def line(self, number: int) -> str:
        """Give a line's text, counted from 1, without its end of line."""
        start, stop = self.bounds(number)
        return self.text[start:stop]


class Piece(Source):
    r"""A stretch of a text that is read by itself; its spans follow it to where it stands.

    >>> piece = Piece("a.cnn", "one\ntwo")
    >>> piece.stands(100, 7)
    >>> Span(piece, 4, 7).where
    'a.cnn:9:1'
    """

    def stands(self, offset: int, before: int, whole: Source | None = None) -> None:
        """Say where it begins: behind so many characters and lines, of which text."""
        self.offset, self.before, self.whole = offset, before, whole


class Span(NamedTuple):
    """The stretch `start <= offset < stop` of a source."""

    source: Source
    start: int
    stop: int

    @property
    def begin(self) -> int:
        """Where it begins in the whole text."""
        return self.source.offset + self.start

    @property
    def end(self) -> int:
        """Where it ends in the whole text."""
        return self.source.offset + self.stop

    @property
    def place(self) -> tuple[str, int, int]:
        """Say where it is, in which file, whoever read that."""
        return self.source.name, self.begin, self.end

    @property
    def in_whole(self) -> Span:
        """The same stretch, of the whole text where that is known."""
        whole = self.source.whole
        return self if whole is None else Span(whole, self.begin, self.end)

    @property
    def text(self) -> str:
        """The characters that the span covers."""
        return self.source.text[self.start : self.stop]

    @property
    def line(self) -> int:
        """The line on which the span begins, counted from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """The column at which the span begins, counted from 1 in characters."""
        return self.source.position(self.start)[1]

    @property
    def where(self) -> str:
        """`file:line:column`, as diagnostics print it."""
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"
