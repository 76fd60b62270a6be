"""From text to tree: LALR(1), every mistake in the user's words."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from cnnspec.collector import undisturbed
from cnnspec.diagnostics import Diagnostic, SpecError, error
from cnnspec.source import Source, Span
from cnnspec.syntax import tree
from cnnspec.syntax.build import Builder
from cnnspec.syntax.lex import Stuck, TooLong
from cnnspec.syntax.reduce import MOST_WORDS, reduce

#: Of texts of more characters than this the last alone is kept after it was used.
REMEMBERED: Final = 100_000
#: In a text of more characters than this the first mistake is the only one that is looked for.
SEARCHED: Final = 500_000
_ITEM = re.compile(r"^(?:block|network|use|default)\b", re.MULTILINE)


def _run(source: Source, start: int, stop: int, rule: str) -> tuple[Any, int]:
    """Parse a stretch of a source; raises SpecError with one mistake."""
    try:
        return reduce(source.text, start, stop, rule, Builder(source, parse_expression_at))
    except Stuck as stuck:
        from cnnspec.syntax.mistakes import explain

        raise SpecError([explain(source, start, stuck.at, stuck.expected)]) from None
    except TooLong as long:
        raise error(
            "budget-exceeded",
            f"the spec has over {MOST_WORDS:,} words and signs",
            Span(source, long.at, long.at + 1),
            "a text may go as far as this",
            help="write what repeats once: a `for`, `step * n`, a block",
        ) from None


def parse(source: Source) -> tree.File:
    """Parse a file; raises SpecError with every independent mistake.

    After a mistake parsing goes on at the next line that begins with `block`, `network`, `use` or
    `default`. A text is parsed once, of large ones the last alone: who tries many settings of a
    network pays for it once.
    """
    known = _parsed_large if len(source.text) > REMEMBERED else _parsed
    return known(source.name, source.text)


@lru_cache(maxsize=32)
def _parsed(name: str, text: str) -> tree.File:
    return _parse(name, text)


@lru_cache(maxsize=1)
def _parsed_large(name: str, text: str) -> tree.File:
    return _parse(name, text)


def _parse(name: str, text: str) -> tree.File:
    source = Source(name, text)
    mistakes: list[Diagnostic] = []
    start = 0
    first: tree.File | None = None
    while True:
        try:
            with undisturbed():
                parsed, words = _run(source, start, len(source.text), "start")
        except SpecError as wrong:
            mistakes += wrong.diagnostics
            at = max((label.span.start for label in wrong.diagnostics[0].labels[:1]), default=0)
            following = _ITEM.search(source.text, max(at, start) + 1)
            long = len(source.text) > SEARCHED
            if following is None or len(mistakes) >= 20 or long:
                break
            start = following.start()
        else:
            first = replace(parsed, words=words)
            break
    if mistakes or first is None:
        raise SpecError(mistakes)
    return first


def parse_expression(source: Source) -> tree.Expr:
    """Parse a whole source as one expression; raises SpecError."""
    return parse_expression_at(source, 0, len(source.text))


def parse_expression_at(source: Source, start: int, stop: int) -> tree.Expr:
    """Parse a stretch of a source as one expression; raises SpecError."""
    expr: tree.Expr = _run(source, start, stop, "expr")[0]
    return expr
