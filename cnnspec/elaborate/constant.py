"""Steps that are the same wherever a body reads them: they name nothing that it binds itself.

Most of the text in a loop is of that kind (`conv(8, 3, pad = 1) -> bn -> relu`): it is read once,
and every later turn, and every later instance of its block, takes what was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from cnnspec.elaborate.frame import Frame
from cnnspec.syntax import tree

Names = frozenset[str]
NONE: Final[Names] = frozenset()


class Constants:
    """Knows what was read, from the second time on: most texts are read once only."""

    def __init__(self) -> None:
        self._met: set[tree.Expr] = set()
        #: The names that a step speaks of; None where what it gives may differ without them.
        self._names: dict[tree.Expr, Names | None] = {}
        self._read: dict[tree.Expr, tuple[Names, Any, int]] = {}

    def find(self, expr: tree.Expr, frame: Frame) -> tuple[Any, int] | None:
        """Give the step that was read, and what reading it took of the budget."""
        known = self._read.get(expr)
        if known is None:
            return None
        names, step, spent = known
        return (step, spent) if frame.names.keys().isdisjoint(names) else None

    def keep(self, expr: tree.Expr, step: Any, spent: int, frame: Frame) -> None:
        """Note what was read, if it is constant."""
        if expr not in self._met:
            self._met.add(expr)
            return
        names = self._step(expr)
        if names is not None and frame.names.keys().isdisjoint(names):
            self._read[expr] = names, step, spent

    def _step(self, expr: tree.Expr) -> Names | None:
        if expr not in self._names:
            self._names[expr] = self._of_step(expr)
        return self._names[expr]

    def _of_step(self, expr: tree.Expr) -> Names | None:
        if isinstance(expr, tree.Name):
            return frozenset((expr.id,))
        if isinstance(expr, tree.Call) and isinstance(expr.callee, tree.Name):
            values = (_of_value(each.value) for each in expr.arguments)
            return _all((frozenset((expr.callee.id,)), *values))
        if isinstance(expr, tree.Paren):
            return self._step(expr.inner)
        if isinstance(expr, tree.Flow):
            return _all(map(self._step, expr.steps))
        if isinstance(expr, tree.Labelled):
            pieces = [each for segment in expr.label.segments for each in segment]
            return self._step(expr.step) if all(isinstance(each, str) for each in pieces) else None
        return None


def _of_value(expr: tree.Expr) -> Names | None:
    """Give the names in an argument that is a number, a word, or a list of such."""
    if isinstance(expr, tree.Number | tree.Text | tree.Truth):
        return NONE
    if isinstance(expr, tree.Name):
        return frozenset((expr.id,))
    if isinstance(expr, tree.Unary):
        return _of_value(expr.operand)
    if isinstance(expr, tree.ListOf):
        return _all(map(_of_value, expr.items))
    return None


def _all(parts: Iterable[Names | None]) -> Names | None:
    found: set[str] = set()
    for each in parts:
        if each is None:
            return None
        found |= each
    return frozenset(found)
