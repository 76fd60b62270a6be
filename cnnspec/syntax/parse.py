"""From text to tree: LALR(1) by Lark, every mistake in the user's words."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.source import Source
from cnnspec.syntax import tree
from cnnspec.syntax.mistakes import explain

if TYPE_CHECKING:
    from lark import Lark

_ITEM = re.compile(r"^(?:block|network|use|default)\b", re.MULTILINE)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark

    grammar = (files("cnnspec.syntax") / "grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        start=["start", "expr"],
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


def _run(source: Source, start: int, stop: int, rule: str) -> Any:
    """Parse a stretch of a source; raises SpecError with one mistake."""
    from lark.exceptions import UnexpectedInput, VisitError

    from cnnspec.syntax.build import Builder
    from cnnspec.syntax.reduce import reduce

    text = source.text[start:stop]
    builder = Builder(source, parse_expression_at)
    builder.offset = start
    try:
        return reduce(_parser(), text, rule, builder)
    except UnexpectedInput as wrong:
        raise SpecError([explain(source, start, stop, wrong)]) from None
    except VisitError as wrong:
        raise wrong.orig_exc from None


def parse(source: Source) -> tree.File:
    """Parse a file; raises SpecError with every independent mistake.

    After a mistake parsing goes on at the next line that begins with `block`, `network`, `use` or
    `default`.
    """
    mistakes: list[Diagnostic] = []
    start = 0
    first: tree.File | None = None
    while True:
        try:
            parsed: tree.File = _run(source, start, len(source.text), "start")
        except SpecError as wrong:
            mistakes += wrong.diagnostics
            at = max((label.span.start for label in wrong.diagnostics[0].labels[:1]), default=0)
            following = _ITEM.search(source.text, max(at, start) + 1)
            if following is None or len(mistakes) >= 20:
                break
            start = following.start()
        else:
            first = parsed
            break
    if mistakes or first is None:
        raise SpecError(mistakes)
    return first


def parse_expression(source: Source) -> tree.Expr:
    """Parse a whole source as one expression; raises SpecError."""
    return parse_expression_at(source, 0, len(source.text))


def parse_expression_at(source: Source, start: int, stop: int) -> tree.Expr:
    """Parse a stretch of a source as one expression; raises SpecError."""
    expr: tree.Expr = _run(source, start, stop, "expr")
    return expr
