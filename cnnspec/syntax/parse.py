"""From text to tree: LALR(1), every mistake in the user's words."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from cnnspec.collector import undisturbed
from cnnspec.diagnostics import Diagnostic, SpecError, error
from cnnspec.source import Source, Span
from cnnspec.syntax import tree
from cnnspec.syntax.build import Builder
from cnnspec.syntax.lex import Stuck, TooLong
from cnnspec.syntax.reduce import MOST_WORDS, Recovery, reduce

#: Of texts of more characters than this the last two alone are kept after they were used.
REMEMBERED: Final = 100_000
#: In a text of more characters than this the first mistake is the only one that is looked for.
SEARCHED: Final = 500_000


def parse(source: Source) -> tree.File:
    """Parse a file; raises SpecError with every independent mistake."""
    parsed, mistakes = parse_what_can_be(source)
    if mistakes:
        raise SpecError(mistakes)
    return parsed


def parse_what_can_be(source: Source) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """Parse a file, and give its mistakes; what they are in is `Lost` in the tree.

    Raises SpecError where a text is too large to be read. A text is parsed once, of large ones the
    last two: who tries many settings of a network pays for it once, and so does who holds two
    against each other.
    """
    known = _parsed_large if len(source.text) > REMEMBERED else _parsed
    return known(source.name, source.text)


@lru_cache(maxsize=32)
def _parsed(name: str, text: str) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    return _parse(name, text)


@lru_cache(maxsize=2)
def _parsed_large(name: str, text: str) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    return _parse(name, text)


def _parse(name: str, text: str) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    source = Source(name, text)
    if len(text) > SEARCHED:
        return parse_alone(source)
    with undisturbed():
        whole = _whole(source)
        return (whole, ()) if isinstance(whole, tree.File) else _in_pieces(source)


def _whole(source: Source) -> tree.File | Stuck | SpecError:
    """Parse a text in which nothing is wrong, or give the first mistake.

    Raises SpecError for a text of too many words: it would be read to the same place again.
    """
    try:
        return _file(source, None)
    except (Stuck, SpecError) as first:
        if isinstance(first, SpecError) and first.diagnostics[0].code == "budget-exceeded":
            raise
        return first


def _in_pieces(source: Source) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """Parse a broken text piece by piece."""
    from cnnspec.syntax.pieces import cut, read

    items: list[tree.Item] = []
    mistakes: list[Diagnostic] = []
    lines = words = 0
    for start, own, following in cut(source.text):
        found = read(source.name, own, following)
        found.piece.stands(start, lines, source)
        items += found.items(len(own))
        mistakes += [each.whole() for each in found.mistakes]
        words += found.parsed.words if found.parsed is not None else 0
        lines += own.count("\n")
    span = Span(source, 0, len(source.text))
    return tree.File(source_span=span, items=tuple(items), words=words), tuple(mistakes)


def parse_alone(source: Source) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """Parse a text as one piece, whether or not it was before.

    Raises SpecError where it is so broken that no tree can be made.
    """
    with undisturbed():
        whole = _whole(source)
        if isinstance(whole, tree.File):
            return whole, ()
        from cnnspec.syntax import recovery as going_on

        most = 1 if len(source.text) > SEARCHED else going_on.MOST_MISTAKES
        recovery = going_on.Recovery(source, most)
        try:
            parsed = _file(source, recovery)
        except (Stuck, SpecError) as last:
            mistakes = last.diagnostics if isinstance(last, SpecError) else ()
            raise SpecError(recovery.mistakes or mistakes) from None
    return parsed, tuple(recovery.mistakes)


def _file(source: Source, recovery: Recovery | None) -> tree.File:
    """Parse a whole text; raises `Stuck` and SpecError."""
    builder = Builder(source, parse_expression_at)
    try:
        parsed, words = reduce(source.text, 0, len(source.text), "start", builder, recovery)
    except TooLong as long:
        raise error(
            "budget-exceeded",
            f"the spec has over {MOST_WORDS:,} words and signs",
            Span(source, long.at, long.at + 1),
            "a text may go as far as this",
            help="write what repeats once: a `for`, `step * n`, a block",
        ) from None
    file: tree.File = replace(parsed, words=words)
    return file


def parse_expression(source: Source) -> tree.Expr:
    """Parse a whole source as one expression; raises SpecError."""
    return parse_expression_at(source, 0, len(source.text))


def parse_expression_at(source: Source, start: int, stop: int) -> tree.Expr:
    """Parse a stretch of a source as one expression; raises SpecError."""
    builder = Builder(source, parse_expression_at)
    try:
        expr: tree.Expr = reduce(source.text, start, stop, "expr", builder)[0]
    except Stuck as stuck:
        from cnnspec.syntax.mistakes import explain

        raise SpecError([explain(source, start, stuck.at, stuck.expected)]) from None
    return expr
