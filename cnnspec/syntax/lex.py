"""From text to tokens, one at a time: which one a stretch of text is depends on what may follow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from cnnspec.syntax.table import END, Table, table


class Token(str):
    """A word, number, string or sign: its text, and where it stands."""

    __slots__ = ("kind", "start", "stop")

    #: How deep a token is nested in itself, beside the tree's nodes.
    depth = 0
    kind: str
    start: int
    stop: int


class Stuck(Exception):
    """No token at `at` may stand there; `expected` are the terminals that may."""

    def __init__(self, at: int, expected: frozenset[str]) -> None:
        super().__init__(at)
        self.at = at
        self.expected = expected


class TooLong(Exception):
    """A text has more words and signs than a spec may have: the first too many stands at `at`."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def admitted(row: Mapping[str, int]) -> frozenset[str]:
    """Name the terminals that may stand in a state."""
    return frozenset(name for name in row if name.isupper())


#: Give the token at a place of a text, before its end, of those that a state's row admits.
Lexer = Callable[[str, int, int, Mapping[str, int]], Token]


@lru_cache(maxsize=1)
def lexer() -> Lexer:
    """Make the lexer of the grammar."""
    return _made(table())


def _made(known: Table) -> Lexer:
    label, path = known.patterns["LABEL"], known.patterns["PATH"]
    # possessive: what was skipped is not remembered, or a file of comments would fill the memory
    skip = re.compile(rf"(?:{known.patterns['WHITE']}|{known.patterns['COMMENT']})*+").match
    label_at, path_at = re.compile(label).match, re.compile(path).match
    signs = "|".join(re.escape(sign) for sign in sorted(known.signs, key=len, reverse=True))
    kinds = {name: known.patterns[name] for name in ("NAME", "NUMBER", "STRING")}
    either = "|".join(f"(?P<{name}>{pattern})" for name, pattern in kinds.items())
    token_at = re.compile(f"{either}|(?P<SIGN>{signs})").match
    words, admits = known.words, known.signs

    def token(text: str, at: int, end: int, row: Mapping[str, int]) -> Token:
        at = skip(text, at, end).end()  # type: ignore[union-attr]
        kind: str | None = None
        if at == end:
            kind, match = END, None
        elif "LABEL" in row and (match := label_at(text, at, end)):
            kind = "LABEL"
        elif "PATH" in row and (match := path_at(text, at, end)):
            kind = "PATH"
        elif (match := token_at(text, at, end)) is not None:
            kind = match.lastgroup
            word = match[0]
            if kind == "NAME":
                kind = words[word] if words.get(word) in row else "NAME"
            elif kind == "SIGN":
                first, *others = admits[word]
                kind = first if first in row else next((o for o in others if o in row), None)
        if kind not in row:
            raise Stuck(at, admitted(row))
        made = Token(match[0] if match else "")
        made.kind, made.start, made.stop = str(kind), at, match.end() if match else at
        return made

    return token
