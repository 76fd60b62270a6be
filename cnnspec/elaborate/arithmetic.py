"""Arithmetic and comparisons on values: exact on whole numbers, bounded, or a diagnostic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cnnspec.diagnostics import SpecError, error
from cnnspec.elaborate import limits
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.values import STEPS, BlockValue, CallStep, Given, Operator, describe
from cnnspec.expression import OPERATIONS, Written, plain, written
from cnnspec.graph import Port
from cnnspec.ops import OPERATORS
from cnnspec.source import Span

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session

INFINITE: Final = float("inf")
#: What is always defined, and exact, on whole numbers.
EXACT: Final = frozenset(("+", "-", "*", "==", "!=", "<", ">", "<=", ">="))
#: What compares numbers.
COMPARING: Final = frozenset(("<", ">", "<=", ">="))
#: The operators that signs between nodes are.
SIGNS: Final = {each.sign: each for each in OPERATORS.values() if each.sign is not None}
#: What numbers of any kind have a result of, unless it is too large.
SMOOTH: Final = frozenset(("+", "-", "*"))


class Arithmetic:
    """Computes; keeps with each result how it was written."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def operate(self, operator: str, left: Any, right: Any, span: Span, frame: Frame) -> Any:
        a, b = plain(left), plain(right)
        if a.__class__ is int and b.__class__ is int and operator in EXACT:
            result = OPERATIONS[operator](a, b)
            if left.__class__ is int and right.__class__ is int:
                return self.bounded(result, span)
            return self._carried(result, operator, left, right, span, frame)
        if operator in SMOOTH and is_number(a) and is_number(b):
            try:
                result = OPERATIONS[operator](a, b)
            except OverflowError:
                raise error("bad-arithmetic", f"`{operator}` has no result here", span) from None
            return self._carried(result, operator, left, right, span, frame)
        if operator in ("==", "!="):
            self.session.weigh(left, span)
            self.session.weigh(right, span)
            if isinstance(left, Operator) and isinstance(right, Operator):
                a, b = left.op, right.op
            elif isinstance(left, BlockValue) and isinstance(right, BlockValue):
                a, b = left.definition, right.definition
            elif isinstance(a, bool) != isinstance(b, bool):
                a, b = (True, a), (False, b)
            return written(OPERATIONS[operator](a, b), operator, left, right)
        if operator == "+" and isinstance(left, tuple) and isinstance(right, tuple):
            joined = left + right
            self.session.weigh(joined, span)
            return joined
        if not (is_number(a) and is_number(b)):
            wrong = left if not is_number(a) else right
            what = "adds numbers or joins two lists" if operator == "+" else "is for numbers"
            raise error("wrong-type", f"`{operator}` {what}, not {describe(wrong)}", span)
        whole = isinstance(a, int) and isinstance(b, int) and operator == "**"
        if whole and abs(a) > 1 and b * a.bit_length() > 4 * self.session.limits.integer:
            raise limits.exceeded(
                "integer", self.session.limits.integer, "computes a huge number", span
            )
        try:
            result = OPERATIONS[operator](a, b)
        except ZeroDivisionError:
            raise error("bad-arithmetic", "division by zero", span, "the divisor is 0") from None
        except (ArithmeticError, ValueError):
            raise error("bad-arithmetic", f"`{operator}` has no result here", span) from None
        if not isinstance(result, bool | int | float):
            raise error("bad-arithmetic", f"`{operator}` has no real result here", span)
        carried = written(result, operator, left, right)
        if not isinstance(carried, Written):
            frame.consume(left, right)
        return self.bounded(carried, span)

    def on_nodes(
        self,
        sign: str,
        left: Any,
        right: Any,
        span: Span,
        frame: Frame,
        segments: tuple[str, ...] | None = None,
    ) -> Any:
        """Apply the operator that a sign between two values is, one of them a node at least."""
        op = SIGNS.get(sign)
        fits = all(isinstance(each, Port) or is_number(plain(each)) for each in (left, right))
        if op is not None and not op.takes_number:
            fits = isinstance(left, Port) and is_number(plain(right))
        if op is None or not fits:
            raise self._no_sign(sign, left, right, span)
        given = tuple(Given(None, each, span) for each in (left, right))
        step = CallStep(self.session.names.operator(op, frame), given, span)
        return self.session.applier.apply(step, None, frame, segments)

    def _no_sign(self, sign: str, left: Any, right: Any, span: Span) -> SpecError:
        """Say why a sign does not stand between these."""
        other = right if isinstance(left, Port) else left
        both = isinstance(left, Port) and isinstance(right, Port)
        between = "nodes" if both else f"{describe(left)} and {describe(right)}"
        said = f"`{sign}` does not stand between {between}"
        help_: str | None = None
        if sign in COMPARING:
            said = f"`{sign}` compares numbers, not {describe(other if both else left)}"
            steps = isinstance(other, STEPS)
            help_ = "a flow has arrows, to the right: `x -> relu`" if steps else None
        elif sign == "**":
            said = "`**` raises a node to a number, and nothing to a node"
            help_ = "`x ** 2`; e to the power of x is `exp(x)`"
        elif isinstance(other, tuple):
            help_ = "lists are joined with lists: `[x]`" if sign == "+" else None
        elif sign in SIGNS and isinstance(other, STEPS):
            help_ = "a flow stands in parentheses there: `x + (x -> conv(8, 3))`"
        elif sign in ("//", "%"):
            help_ = "`/` divides nodes"
        return error("wrong-type", said, span, help=help_)

    def _carried(
        self, result: Any, operator: str, left: Any, right: Any, span: Span, frame: Frame
    ) -> Any:
        """Carry how what numbers gave came about."""
        carried = written(result, operator, left, right)
        if carried is result and operator not in ("==", "!="):
            frame.consume(left, right)
        return self.bounded(carried, span)

    def bounded(self, value: Any, span: Span) -> Any:
        bare = value.value if value.__class__ is Written else value
        if bare.__class__ is int:
            if bare.bit_length() > self.session.limits.integer:
                bits = self.session.limits.integer
                raise limits.exceeded("integer", bits, "computes a huge number", span)
        elif bare.__class__ is float and not abs(bare) < INFINITE:
            raise error("bad-arithmetic", "the result is not a finite number", span)
        return value


def is_number(value: Any) -> bool:
    """Whether a plain value is a number."""
    return value.__class__ is int or value.__class__ is float
