"""The pieces of a text from edit to edit: what an edit leaves as it was is not read again."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from cnnspec.diagnostics import Diagnostic
from cnnspec.elaborate.lint import flows_after_else, unused_parameters
from cnnspec.source import Piece, Source
from cnnspec.syntax import tree
from cnnspec.syntax.pieces import Reading, cut, read


@dataclass(eq=False)
class Read:
    """A piece that was read, and of how many characters it is."""

    reading: Reading
    length: int
    names: dict[tree.Item, frozenset[str]] = field(default_factory=dict)

    @property
    def piece(self) -> Piece:
        """Its text, and where it stands."""
        return self.reading.piece

    @property
    def parsed(self) -> tree.File | None:
        """Its tree, if it has one."""
        return self.reading.parsed

    @property
    def mistakes(self) -> tuple[Diagnostic, ...]:
        """What is wrong in it."""
        return self.reading.mistakes

    @cached_property
    def items(self) -> tuple[tree.Item, ...]:
        """What it declares."""
        return self.reading.items(self.length)

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

    def take(self, source: Source) -> list[Read]:
        """Read a text; the pieces that it shares with the one before are the same."""
        known, self._read = self._read, {}
        result: list[Read] = []
        lines = 0
        for start, own, following in cut(source.text):
            found = self._known(known, own, following)
            if found is None:
                found = Read(read(self.name, own, following), len(own))
            found.piece.stands(start, lines, source)
            self._read.setdefault(own, []).append(found)
            result.append(found)
            lines += own.count("\n")
        return result

    def _known(self, known: dict[str, list[Read]], own: str, following: str) -> Read | None:
        for each in known.get(own, ()):
            if not each.mistakes or each.reading.following == following:
                known[own].remove(each)
                return each
        return None
