"""The concrete tree of a text: every token kept, and the comments and line ends between them.

It comes from the parser that all else uses, with a builder that keeps a rule's parts as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from cnnspec.syntax.lex import Token
from cnnspec.syntax.reduce import reduce

_COMMENT: Final = re.compile(r"#[^\n]*")


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One rule that was reduced, and its parts in the order of the text."""

    rule: str
    parts: tuple[Part, ...]


Part = Branch | Token


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment: `own` if it stands on a line of its own, `blank` if an empty line is before."""

    text: str
    own: bool
    blank: bool


@dataclass(slots=True)
class Gap:
    """What stands between a token and the one before it."""

    comments: list[Comment] = field(default_factory=list)
    #: Whether a line ends there, and whether an empty line stands right before the token.
    newline: bool = False
    blank: bool = False


class _Keeper:
    """A builder that makes a branch for every rule."""

    def __getattr__(self, rule: str) -> Callable[[list[Any]], Branch]:
        return lambda parts: Branch(rule, tuple(parts))


@dataclass(frozen=True, slots=True)
class Concrete:
    """A text's concrete tree. `gaps` are keyed by where a token starts; the text's end has one."""

    text: str
    root: Branch
    gaps: dict[int, Gap]


def concrete(text: str) -> Concrete:
    """Read a text that parses; raises `Stuck` where it does not."""
    root: Branch = reduce(text, 0, len(text), "start", _Keeper())[0]
    gaps: dict[int, Gap] = {}
    stop = 0
    for token in tokens(root):
        if token.start not in gaps:
            gaps[token.start] = _gap(text, stop, token.start)
        stop = max(stop, token.stop)
    gaps[len(text)] = _gap(text, stop, len(text))
    return Concrete(text, root, gaps)


def tokens(part: Part) -> Iterator[Token]:
    """Walk the tokens of a part in the order of the text."""
    pending: list[Part] = [part]
    while pending:
        each = pending.pop()
        if isinstance(each, Token):
            if each.kind != "$END":
                yield each
        else:
            pending.extend(reversed(each.parts))


def first(part: Part) -> Token:
    """Give the first token of a part."""
    while isinstance(part, Branch):
        part = part.parts[0]
    return part


def last(part: Part) -> Token:
    """Give the last token of a part."""
    while isinstance(part, Branch):
        part = part.parts[-1]
    return part


def _gap(text: str, start: int, stop: int) -> Gap:
    gap = Gap()
    at = start
    for match in _COMMENT.finditer(text, start, stop):
        between = text[at : match.start()]
        own = "\n" in between or start == 0
        gap.comments.append(Comment(match[0].rstrip(), own, between.count("\n") > 1))
        at = match.end()
    between = text[at:stop]
    gap.newline = "\n" in text[start:stop]
    gap.blank = between.count("\n") > 1
    return gap
