"""Conditions on points, in the language's own expressions: `macs < 600M and params < 5M`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cnnspec.diagnostics import SpecError, error, nearest
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.functions import FUNCTIONS
from cnnspec.elaborate.limits import Limits
from cnnspec.elaborate.session import Session
from cnnspec.expression import plain
from cnnspec.ops import operators
from cnnspec.source import Source
from cnnspec.syntax import tree
from cnnspec.syntax.files import FileNames
from cnnspec.syntax.parse import parse_expression


class Condition:
    """An expression that is true or false for a point; raises SpecError for a wrong one.

    One that does not ask anything may be a number, and speak of nothing.
    """

    def __init__(self, text: str, known: Collection[str], *, asks: bool = True) -> None:
        self.text = text
        self.expression = parse_expression(Source("--where", text))
        self.names = frozenset(_names(self.expression))
        self._session = Session(operators(), Limits())
        self._file = FileNames(self.expression.span.source)
        for name, span in _spans(self.expression):
            if name not in known and name not in FUNCTIONS:
                guess = nearest(name, known)
                raise error(
                    "unknown-name",
                    f"nothing here is called `{name}`",
                    span,
                    help=f"did you mean `{guess}`?"
                    if guess
                    else f"a condition may speak of {', '.join(sorted(known))}",
                )
        if asks and not self.names & set(known):
            raise error(
                "idle-condition",
                "this condition says nothing of a point",
                self.expression.span,
                help="name a figure or a parameter: `macs < 600M`",
            )

    def value(self, values: Mapping[str, Any]) -> Any:
        """Work the expression out; raises SpecError."""
        self._session.spent = 0
        frame = Frame(self._file, 0, None, None)
        frame.names.update(values)
        return plain(self._session.evaluator.evaluate(self.expression, frame))

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether a point meets it; raises SpecError where it is neither true nor false."""
        found = self.value(values)
        if not isinstance(found, bool):
            raise error(
                "wrong-type",
                "a condition must be true or false",
                self.expression.span,
                help="compare it with something: `macs < 600M`",
            )
        return found


def holds(conditions: Sequence[Condition], values: Mapping[str, Any]) -> bool:
    """Whether a point meets all conditions."""
    return all(each.holds(values) for each in conditions)


def _spans(expr: tree.Expr) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    pending: list[Any] = [expr]
    while pending:
        each = pending.pop()
        if isinstance(each, tree.Name):
            found.append((each.id, each.span))
        elif isinstance(each, tuple):
            pending.extend(reversed(each))
        elif isinstance(each, tree.Node):
            pending.extend(getattr(each, name, ()) for name in reversed(_FIELDS))
    return found


#: The attributes under which a tree holds expressions.
_FIELDS = (
    "first", "rest", "left", "right", "operand", "test", "yes", "no", "value", "index", "callee",
    "arguments", "inner", "items", "steps", "step",
)  # fmt: skip


def _names(expr: tree.Expr) -> list[str]:
    return [name for name, _ in _spans(expr)]


__all__ = ["Condition", "SpecError", "holds"]
