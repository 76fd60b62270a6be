"""Arithmetic and comparisons on values: exact on whole numbers, bounded, or a diagnostic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from cnnspec.diagnostics import SpecError, error, write
from cnnspec.elaborate import limits
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.values import BlockValue, Operator, describe
from cnnspec.expression import OPERATIONS, Written, plain, written
from cnnspec.graph import Port
from cnnspec.kinds import show
from cnnspec.ops import OPERATORS
from cnnspec.source import Span

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session

INFINITE: Final = float("inf")
#: What is always defined, and exact, on whole numbers.
EXACT: Final = frozenset(("+", "-", "*", "==", "!=", "<", ">", "<=", ">="))
#: What stands between numbers, and between nodes is an operator.
SIGNS: Final = ("+", "-", "*")
#: A call is written for texts of so many characters at most.
LONGEST: Final = 60


def together(operator: str, texts: Sequence[str], span: Span, *, put: bool = False) -> SpecError:
    """Refuse a sign between nodes, and say the call that does it; `put`: of these very texts."""
    word = next(each for each in OPERATORS.values() if each.sign == operator).name
    call = f"{word}({', '.join(texts)})"
    title = f"nodes are not put together with `{operator}`"
    return error("wrong-type", title, span, help=write(call) if put else f"write `{call}`")


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
            if isinstance(wrong, Port) and (is_number(a) or is_number(b)):
                raise self._scaled(operator, a, b, span)
            if isinstance(wrong, Port) and operator in SIGNS:
                raise together(operator, ("a", "b"), span)
            if isinstance(wrong, Port) and operator in (">", "<") and not isinstance(right, Port):
                raise error(
                    "wrong-type",
                    f"`{operator}` compares numbers",
                    span,
                    help="a flow has arrows: `->`",
                )
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

    def _scaled(self, operator: str, left: Any, right: Any, span: Span) -> SpecError:
        """Explain `image / 255`: a number and a node."""
        node, number = (left, right) if isinstance(left, Port) else (right, left)
        title = f"`{operator}` is for two numbers, and one of these is {describe(node)}"
        help_ = "no operator adds a number to every value; `bn` and biases learn one a channel"
        if operator == "*" or (operator == "/" and isinstance(left, Port)):
            factor = f"1 / {show(number)}" if operator == "/" else show(number)
            help_ = f"write `x -> scale({factor})`, where `x` is the node"
        elif operator not in ("+", "-"):
            help_ = "a number scales a node: `x -> scale(0.5)`"
        return error("wrong-type", title, span, help=help_)

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
