"""A syntax mistake's surroundings: what stands there, what stands before it, what is open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from cnnspec.diagnostics import Diagnostic, Label
from cnnspec.source import Source, Span

_RESERVED: Final = (
    "use default block network recurs on if else then when for in and or not return output train "
    "expect meta true false share"
)
RESERVED: Final = frozenset(_RESERVED.split())
#: Words with which an item of a file, and a statement of a body, begins.
ITEMS: Final = frozenset(("use", "default", "block", "network"))
STATEMENTS: Final = frozenset(("if", "else", "for", "return", "output", "train", "expect", "meta"))
#: No rule looks further back than this many characters, save for open brackets.
NEAR: Final = 4_000
_WORD: Final = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|\S", re.ASCII)
_TOKEN: Final = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|->|[=!<>]=|\*\*|//|[A-Za-z_]\w*|\d[\w.]*|\S', re.ASCII
)
BRACKET: Final = re.compile(r'#[^\n]*|"[^"\\\n]*(?:\\.[^"\\\n]*)*+"?|[()\[\]{}]')
PAIRS: Final = {"(": ")", "[": "]", "{": "}"}


class Piece(NamedTuple):
    """A word or sign before the mistake, and where it starts."""

    text: str
    start: int

    @property
    def is_word(self) -> bool:
        return self.text[0].isalpha() or self.text[0] == "_"

    @property
    def is_value(self) -> bool:
        """Whether a value may end here."""
        return self.text[0].isalnum() or self.text[0] in '_)]"'


@dataclass(frozen=True)
class Slip:
    """A mistake's surroundings; `expected` are the names of the terminals that could follow."""

    source: Source
    start: int
    at: int
    expected: frozenset[str]

    @cached_property
    def here(self) -> str:
        """What stands at the mistake; empty at the end of the text."""
        word = _WORD.match(self.source.text, self.at)
        return word[0][:60] if word else ""

    @property
    def span(self) -> Span:
        return Span(self.source, self.at, self.at + max(len(self.here), 1))

    @cached_property
    def before(self) -> list[Piece]:
        """What stands before it, nearest last."""
        text = self.source.text
        near = max(self.start, self.at - NEAR)
        line = text.find("\n", near, self.at) + 1 if near > self.start else near
        found = _TOKEN.finditer(text, line or near, self.at)
        return [Piece(match[0], match.start()) for match in found if match[0][0] != "#"]

    @property
    def previous(self) -> Piece:
        return self.before[-1] if self.before else Piece(" ", self.start)

    @cached_property
    def line(self) -> list[Piece]:
        """What stands before it on its line."""
        begin = self.source.text.rfind("\n", 0, self.at) + 1
        return [piece for piece in self.before if piece.start >= begin]

    @property
    def begins_line(self) -> bool:
        return not self.line

    @cached_property
    def opened(self) -> list[int]:
        """Where the brackets stand that are open, outermost first."""
        opened: list[int] = []
        for match in BRACKET.finditer(self.source.text, self.start, self.at):
            if match[0] in PAIRS:
                opened.append(match.start())
            elif match[0] in ")]}" and opened:
                opened.pop()
        return opened

    @property
    def innermost(self) -> str:
        """The bracket that the mistake stands in."""
        return self.source.text[self.opened[-1]] if self.opened else ""

    def piece(self, piece: Piece) -> Span:
        return Span(self.source, piece.start, piece.start + len(piece.text))

    def say(
        self, code: str, title: str, help: str | None = None, *more: Label, at: Span | None = None
    ) -> Diagnostic:
        return Diagnostic(code, title, (Label(at or self.span, "here"), *more), help=help)
