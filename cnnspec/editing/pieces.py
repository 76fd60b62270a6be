"""A text in pieces, one or few items each: what an edit leaves as it was is not read again.

A piece begins at each line that begins with a word of the language that begins an item: no other
line can. Trees and all that is made of them keep their spans in a piece, which moves with the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.elaborate.lint import flows_after_else, unused_parameters
from cnnspec.source import Piece
from cnnspec.syntax import tree
from cnnspec.syntax.parse import parse_anew

_HEAD: Final = re.compile(r"^(?:block|network|use|default)\b", re.MULTILINE)
#: The line that follows a broken piece shows how it is broken, if it is not longer than this.
FOLLOWING: Final = 400


@dataclass(eq=False)
class Read:
    """A piece that was read: its tree, and what is wrong in it.

    `following` is what of the next piece was looked at, where it is broken.
    """

    piece: Piece
    length: int
    following: str
    parsed: tree.File | None
    mistakes: tuple[Diagnostic, ...]
    names: dict[tree.Item, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def items(self) -> tuple[tree.Item, ...]:
        """What it declares."""
        items = self.parsed.items if self.parsed is not None else ()
        return tuple(each for each in items if each.span.start < self.length)

    @cached_property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is odd about it, whatever else the file has."""
        if self.parsed is None or self.mistakes:
            return ()
        return (*unused_parameters(self.parsed), *flows_after_else(self.parsed))


class Pieces:
    """The pieces of one text after another."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._read: dict[str, list[Read]] = {}

    def take(self, text: str) -> list[Read]:
        """Read a text; the pieces that it shares with the one before are the same."""
        starts = [0, *(match.start() for match in _HEAD.finditer(text) if match.start())]
        known, self._read = self._read, {}
        result: list[Read] = []
        lines = 0
        for start, stop in zip(starts, [*starts[1:], len(text)], strict=True):
            own, following = text[start:stop], _beginning(text, stop)
            read = self._known(known, own, following) or self._new(own, following)
            read.piece.stands(start, lines)
            self._read.setdefault(own, []).append(read)
            result.append(read)
            lines += own.count("\n")
        return result

    def _known(self, known: dict[str, list[Read]], own: str, following: str) -> Read | None:
        for read in known.get(own, ()):
            if not read.mistakes or read.following == following:
                known[own].remove(read)
                return read
        return None

    def _new(self, own: str, following: str) -> Read:
        read = self._parsed(own, own, "")
        if read.mistakes and following:
            read = self._parsed(own, own + following, following)
        return read

    def _parsed(self, own: str, text: str, following: str) -> Read:
        piece, length = Piece(self.name, text), len(own)
        try:
            parsed, mistakes = parse_anew(piece)
        except SpecError as wrong:
            parsed, mistakes = None, wrong.diagnostics
        last = max(length, 1) if following else len(text) + 1
        inside = (each for each in mistakes if not each.labels or each.labels[0].span.start < last)
        return Read(piece, length, following, parsed, tuple(inside))


def _beginning(text: str, start: int) -> str:
    """Give the line with which a piece begins."""
    return text[start : text.find("\n", start, start + FOLLOWING) + 1]
