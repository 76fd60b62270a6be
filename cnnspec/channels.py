"""What an operator does to channels, as a formula that is declared and can be read by anyone.

A formula speaks of the inputs' channels, of the operator's arguments and of how many places an
image has. `express` works it out over whatever its reader has for those: numbers, or the code that
stands for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

Sign = Literal["+", "*", "//", "max"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OfInput:
    """The channels of the first input."""


@dataclass(frozen=True, slots=True)
class SumOfInputs:
    """The channels of all inputs together."""


@dataclass(frozen=True, slots=True)
class WidestInput:
    """The channels of the input that has most: others have as many, or 1 that spreads."""


@dataclass(frozen=True, slots=True)
class One:
    """One channel, whatever comes in."""


@dataclass(frozen=True, slots=True)
class Places:
    """How many places the first input has, height times width; left out for a vector."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument's value, or one number of it where it is a list."""

    name: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """Two formulas and what joins them; `//` leaves no rest, for the operator refuses one."""

    sign: Sign
    left: Formula
    right: Formula


Formula = OfInput | SumOfInputs | WidestInput | One | Places | Argument | Joined


@dataclass(frozen=True, slots=True)
class ByArguments:
    """A formula for each way in which arguments are given; None where they do not say which."""

    formula: Callable[[Mapping[str, object]], Formula | None]


SAME: Final = OfInput()
SUM: Final = SumOfInputs()
WIDEST: Final = WidestInput()
ONE: Final = One()


def times(left: Formula, right: Formula) -> Joined:
    """Multiply."""
    return Joined("*", left, right)


def over(left: Formula, right: Formula) -> Joined:
    """Divide."""
    return Joined("//", left, right)


def plus(left: Formula, right: Formula) -> Joined:
    """Add."""
    return Joined("+", left, right)


def arguments(formula: Formula | None) -> frozenset[str]:
    """Name the arguments that a formula speaks of.

    >>> sorted(arguments(times(SAME, Argument("multiplier"))))
    ['multiplier']
    """
    if isinstance(formula, Joined):
        return arguments(formula.left) | arguments(formula.right)
    return frozenset((formula.name,)) if isinstance(formula, Argument) else frozenset()


def express(
    formula: Formula,
    *,
    inputs: Sequence[T],
    argument: Callable[[Argument], T],
    places: T | None,
    join: Callable[[Sign, T, T], T],
    one: T,
) -> T:
    """Work a formula out over numbers, or over code.

    `inputs` are the inputs' channels, `places` is None where the first input is a vector.

    >>> names = dict(inputs=["x.shape[1]"], argument=lambda each: each.name, places=None, one="1")
    >>> express(times(SAME, Argument("multiplier")), **names, join="{1} {0} {2}".format)
    'x.shape[1] * multiplier'
    """
    if isinstance(formula, One):
        return one
    # no function of its own in here: one that calls itself is a cycle, kept until it is looked for
    result = _value(formula, inputs, argument, places, join)
    assert result is not None, "a formula is more than a vector's places"
    return result


def _value(
    formula: Formula,
    inputs: Sequence[T],
    argument: Callable[[Argument], T],
    places: T | None,
    join: Callable[[Sign, T, T], T],
) -> T | None:
    match formula:
        case OfInput():
            return inputs[0]
        case SumOfInputs() | WidestInput():
            total = inputs[0]
            for one in inputs[1:]:
                total = join("+" if isinstance(formula, SumOfInputs) else "max", total, one)
            return total
        case Places() | One():
            return places
        case Argument():
            return argument(formula)
        case Joined(sign, left, right):
            first = _value(left, inputs, argument, places, join)
            second = _value(right, inputs, argument, places, join)
            if first is None or second is None:
                return second if first is None else first
            return join(sign, first, second)
