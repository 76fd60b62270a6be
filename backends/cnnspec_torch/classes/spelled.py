"""What rewrites of ready statements share: statements with parts put into them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from cnnspec.emit import pytree as py

Statements = list[ast.stmt]


def rewritten(statement: ast.stmt, change: Callable[[ast.AST], ast.AST | None]) -> ast.stmt:
    """Rewrite a statement: where `change` gives a node, this takes the place of what was there."""
    result = py.rewritten(statement, change)
    assert isinstance(result, ast.stmt)
    return result


def substituted(statement: ast.stmt, parts: Mapping[str, ast.expr]) -> ast.stmt:
    """Put expressions for variables in a statement."""

    def change(part: ast.AST) -> ast.AST | None:
        if isinstance(part, ast.Name) and py.is_load(part):
            return parts.get(part.id)
        return None

    result = py.rewritten(statement, change)
    assert isinstance(result, ast.stmt)
    return result


def loaded(target: ast.expr) -> ast.expr:
    """Read what a statement assigns to."""
    match target:
        case ast.Attribute(value, word):
            return py.member(value, word)
        case ast.Subscript(value, key):
            return ast.Subscript(value, key, py.LOAD)
        case ast.Name(word):
            return py.name(word)
    raise TypeError(type(target).__name__)
