"""Format a whole text: item by item, then what stands between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Final, NamedTuple

from cnnspec.collector import undisturbed
from cnnspec.formatter.concrete import (
    Branch,
    Comment,
    Concrete,
    Part,
    concrete,
    first,
    last,
    tokens,
)
from cnnspec.formatter.document import render
from cnnspec.formatter.rules import Layout
from cnnspec.source import Source
from cnnspec.syntax.parse import parse

WIDTH: Final = 100


class _Piece(NamedTuple):
    """Some lines of the result; `head` is how long a one-line variant is before its braces."""

    text: str
    head: int = 0


def format_text(source: Source) -> str:
    """Give the text of a spec in the one style; tokens, comments and their order stay.

    Lines end as the text's first does. Raises SpecError where the text does not parse.
    """
    with undisturbed():
        return _formatted(source)


def _formatted(source: Source) -> str:
    parse(source)
    crlf = "\r\n" in source.text[: source.text.find("\n") + 1]
    text = source.text.replace("\r\n", "\n").removeprefix("\ufeff")
    tree = concrete(text)
    result = _laid_out(tree)
    found = concrete(result)
    if _words(found) != _words(tree) or _comments(found) != _comments(tree):
        raise AssertionError("the formatter changed more than the layout")
    return result.replace("\n", "\r\n") if crlf else result


def _laid_out(tree: Concrete) -> str:
    layout = Layout(tree)
    pieces: list[_Piece] = []
    for item in _items(tree.root):
        blank = layout.gap(item).blank
        before, above = layout.take(first(item).start)
        inside = [c.text for at in _starts(item) for c in tree.gaps[at].comments]
        _, moved, doc = layout.member(item)
        text = render(doc, WIDTH)
        if inside and [c.text for c in moved] + _comments(concrete(text)) != inside:
            # Comments stand where nobody would look for one: the item stays as it is.
            moved, text = [], tree.text[first(item).start : last(item).stop]
        pieces += _between(pieces, before, [*above, *moved], blank=blank)
        pieces.append(_Piece(text, _head(item, text)))
    before, above = layout.take(len(tree.text))
    pieces += _between(pieces, before, above, blank=False)
    return "".join(f"{text}\n" for text in _aligned(pieces))


def _starts(item: Part) -> Iterator[int]:
    """Give the places of an item's tokens but the first."""
    return islice((token.start for token in tokens(item)), 1, None)


def _between(
    pieces: list[_Piece], before: Sequence[Comment], above: Sequence[Comment], *, blank: bool
) -> Iterator[_Piece]:
    """Give comments above an item, and empty lines; a comment that ends a line joins it."""
    for comment in before:
        if pieces:
            text, head = pieces[-1]
            pieces[-1] = _Piece(f"{text}  {comment.text}", head)
        else:
            yield _Piece(comment.text)
    for comment in above:
        if comment.blank and pieces:
            yield _Piece("")
        yield _Piece(comment.text)
    if blank and (pieces or above):
        yield _Piece("")


def _head(item: Part, text: str) -> int:
    """Give the length of what stands before the braces of a variant on one line, else 0."""
    if not isinstance(item, Branch) or item.rule != "variant" or "\n" in text:
        return 0
    at = 0
    for word in tokens(item):
        if word == "{":
            return at
        if word != ",":  # one before a bracket is not there any more
            at = text.index(word, at) + len(word)
    return 0


def _aligned(pieces: Sequence[_Piece]) -> Iterator[str]:
    """Align the braces of one-line variants that stand together."""
    for in_family, family in groupby(pieces, key=lambda piece: piece.head > 0):
        members = list(family)
        widest = max(head for _, head in members)
        fits = all(len(text) + widest - head <= WIDTH for text, head in members)
        for text, head in members:
            yield text[:head].ljust(widest) + text[head:] if in_family and fits else text


def _items(root: Branch) -> Iterator[Part]:
    return (part for part in root.parts if isinstance(part, Branch))


def _words(tree: Concrete) -> list[str]:
    """Give a text's tokens, without commas before closing brackets."""
    words = [str(token) for token in tokens(tree.root)]
    return [
        word
        for word, following in zip(words, [*words[1:], ""], strict=True)
        if not (word == "," and following in (")", "]"))
    ]


def _comments(tree: Concrete) -> list[str]:
    return [comment.text for at in sorted(tree.gaps) for comment in tree.gaps[at].comments]
