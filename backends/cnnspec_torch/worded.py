"""Which arguments stand in words in a text: what is lowered by itself is lowered as that is."""

from __future__ import annotations

from cnnspec.emit.program import ListOf, Literal, OperatorStep, Program, parts
from cnnspec.source import Span


def worded(program: Program) -> dict[Span, frozenset[str]]:
    """Find, by place in the text, the arguments of operators that are said in words there."""
    found: dict[Span, frozenset[str]] = {}
    bodies = (*program.blocks, program.network)
    for each in parts(tuple(body.statements for body in bodies)):
        if isinstance(each, OperatorStep):
            words = {key for key, value in each.arguments if not _is_plain(value)}
            found[each.site] = found.get(each.site, frozenset()) | words
    return found


def _is_plain(value: object) -> bool:
    return all(isinstance(each, Literal | ListOf) for each in parts(value))
