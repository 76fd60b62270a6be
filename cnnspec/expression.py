"""How a number was written: its value in one block instance, and how the block's text says it.

Inside a block a number is carried as `Written(value, expression)`, where the expression speaks of
the block's own parameters (`4 * width`) and of its inputs' channels (`x.channels`). Emitters merge
the instances of a block by it; nothing trusts it unchecked: it is evaluated again in every instance
and dropped where it does not give the value that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import ceil, floor
from typing import Any, Final

#: An expression of more operators than this is not worth reading; a plain value takes its place.
LONGEST: Final = 12
#: A decimal of more characters than this is clearer as what it was computed from.
LONG: Final = 8

NO_NAMES: Final[frozenset[str]] = frozenset()
#: The types of a spec's numbers and truth values, and of all its values that are no lists.
NUMBERS: Final = frozenset((bool, int, float))
SCALARS: Final = NUMBERS | {str}


class Expression:
    """A variable, a literal, or an operation on expressions: immutable, compared by content."""

    __slots__ = ("_key", "_names", "operands", "operator", "size", "value")

    def __init__(
        self, operator: str, operands: tuple[Expression, ...] = (), value: Any = None
    ) -> None:
        self.operator = operator
        self.operands = operands
        self.value = value
        self.size = 0
        if operands:
            self.size = 1 + sum([each.size for each in operands])
        self._names: frozenset[str] | None = None
        self._key: tuple[object, ...] | None = None

    @property
    def names(self) -> frozenset[str]:
        """The variables that it speaks of."""
        if self._names is None:
            if self.operator == "name":
                self._names = frozenset((self.value,))
            else:
                self._names = NO_NAMES.union(*[each.names for each in self.operands])
        return self._names

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two expressions the same."""
        if self._key is None:
            kind = type(self.value).__name__
            operands = tuple(each.key for each in self.operands)
            self._key = (self.operator, kind, self.value, operands)
        return self._key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        if self.operator in ("name", "literal"):
            return str(self.value)
        return f"({f' {self.operator} '.join(map(repr, self.operands))})"


@lru_cache(maxsize=4096)
def name(word: str) -> Expression:
    """Make a variable."""
    return Expression("name", value=word)


@lru_cache(maxsize=4096, typed=True)
def literal(value: object) -> Expression:
    """Make a literal."""
    return Expression("literal", value=value)


class Written:
    """A number or truth value of one block instance, with how the block's text says it."""

    __slots__ = ("expression", "value")

    def __init__(self, value: Any, expression: Expression) -> None:
        self.value = value
        self.expression = expression

    def __repr__(self) -> str:
        return f"{self.value!r} written {self.expression!r}"


class Holder:
    """What holds values and is itself no data: a step that waits for its input."""

    __slots__ = ()

    @property
    def held(self) -> Iterable[Any]:
        """Give the values that it was given."""
        raise NotImplementedError


def plain(value: Any) -> Any:
    """Drop how a value was written, in lists too."""
    kind = value.__class__
    if kind is Written:
        return value.value
    if kind in SCALARS or not isinstance(value, tuple):
        return value
    return tuple([plain(each) for each in value])


def spoken(value: Any) -> Expression | None:
    """Say a scalar as an expression: its own, or a literal; None for anything else."""
    kind = value.__class__
    if kind is Written:
        said: Expression = value.expression
        return said
    return literal(value) if kind in NUMBERS else None


def written(value: Any, operator: str, *operands: Any) -> Any:
    """Carry how `value` came from `operands`, if any of them is written and it stays readable."""
    for each in operands:
        if each.__class__ is Written:
            break
    else:
        return value
    parts = [part for part in map(spoken, operands) if part is not None]
    if len(parts) < len(operands):
        return value
    expression = Expression(operator, tuple(parts))
    return Written(value, expression) if expression.size <= LONGEST else value


def worked_out(value: Any, operator: str, *literals: Any) -> Any:
    """Carry how a number came from literals if it is longer than they are: `1 / 3`."""
    if type(value) is float and len(repr(value)) > LONG:
        return Written(value, Expression(operator, tuple(map(literal, literals))))
    return value


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
    "negate": lambda a: -a,
    "if": lambda test, yes, no: yes if test else no,
    "min": min,
    "max": max,
    "abs": abs,
    "ceil": ceil,
    "floor": floor,
    "round": round,
}


def evaluate(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Compute an expression; raises KeyError for a variable without a value, ArithmeticError."""
    if expression.operator == "name":
        return values[expression.value]
    if expression.operator == "literal":
        return expression.value
    operands = [evaluate(each, values) for each in expression.operands]
    return OPERATIONS[expression.operator](*operands)


def substitute(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """Replace variables by expressions."""
    if expression.operator == "name":
        return values.get(expression.value, expression)
    if not expression.operands:
        return expression
    parts = tuple(substitute(each, values) for each in expression.operands)
    return Expression(expression.operator, parts)


def translate(value: Any, words: Mapping[str, Expression]) -> Any:
    """Say a callee's value in its caller's words; a plain value where that cannot be."""
    if not isinstance(value, Written) or not value.expression.names <= words.keys():
        return plain(value)
    expression = substitute(value.expression, words)
    if not expression.names or expression.size > LONGEST:
        return value.value
    return Written(value.value, expression)
