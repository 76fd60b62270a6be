"""A broken text in pieces, one or few items each: a mistake spoils none but its own.

A piece begins at each line that begins with a word of the language that begins an item: no other
line can. Trees and all that is made of them keep their spans in a piece, which knows where it
stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.source import Piece
from cnnspec.syntax import tree
from cnnspec.syntax.parse import parse_alone

_HEAD: Final = re.compile(r"^(?:block|network|use|default)\b", re.MULTILINE)
#: The line that follows a broken piece shows how it is broken, if it is not longer than this.
FOLLOWING: Final = 400


class Cut(NamedTuple):
    """A stretch of a text: where it begins, what it is, and the line that follows it."""

    start: int
    text: str
    following: str


class Reading(NamedTuple):
    """A piece with its tree, if it has one, and what is wrong in it.

    `following` is what of the next piece was looked at, where it is broken.
    """

    piece: Piece
    parsed: tree.File | None
    mistakes: tuple[Diagnostic, ...]
    following: str

    def items(self, length: int) -> tuple[tree.Item, ...]:
        """Give what the piece itself declares, of so many characters."""
        items = self.parsed.items if self.parsed is not None else ()
        return tuple(each for each in items if each.span.start < length)


def cut(text: str) -> Iterator[Cut]:
    """Cut a text where items begin."""
    starts = [0, *(match.start() for match in _HEAD.finditer(text) if match.start())]
    for start, stop in zip(starts, [*starts[1:], len(text)], strict=True):
        after = text[stop : text.find("\n", stop, stop + FOLLOWING) + 1]
        yield Cut(start, text[start:stop], after)


def read(name: str, own: str, following: str) -> Reading:
    """Read a piece, and again with what follows it if it is broken."""
    reading = _read(name, own, "", len(own) + 1)
    if reading.mistakes and following:
        return _read(name, own, following, max(len(own), 1))
    return reading


def _read(name: str, own: str, following: str, last: int) -> Reading:
    piece = Piece(name, own + following)
    try:
        parsed, mistakes = parse_alone(piece)
    except SpecError as wrong:
        parsed, mistakes = None, wrong.diagnostics
    inside = (each for each in mistakes if not each.labels or each.labels[0].span.start < last)
    return Reading(piece, parsed, tuple(inside), following)
