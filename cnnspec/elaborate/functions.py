"""The pure functions of the language: on numbers and lists, total, exact on whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, floor, isfinite
from typing import Any, Final

from cnnspec.elaborate.values import describe
from cnnspec.expression import OPERATIONS, plain, written
from cnnspec.kinds import Refusal


def _number(value: Any) -> int | float:
    bare = plain(value)
    if isinstance(bare, bool) or not isinstance(bare, int | float):
        raise Refusal(f"expected a number, not {describe(value)}")
    return bare


def _whole(value: Any) -> int:
    bare = plain(value)
    if isinstance(bare, bool) or not isinstance(bare, int):
        raise Refusal(f"expected a whole number, not {describe(value)}")
    return bare


def _list(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise Refusal(f"expected a list, not {describe(value)}")
    return value


def _extreme(operator: str) -> Callable[..., Any]:
    def extreme(*values: Any) -> Any:
        items = _list(values[0]) if len(values) == 1 else values
        if not items:
            raise Refusal(f"{operator} of an empty list")
        numbers = [_number(each) for each in items]
        return written(OPERATIONS[operator](numbers), operator, *items)

    return extreme


class Range(tuple[int, ...]):
    """What `range` gives, with its length as the block's text says it."""

    length: Any


def _range(*bounds: Any) -> Range:
    numbers = [_whole(each) for each in bounds]
    if len(numbers) == 3 and numbers[2] == 0:
        raise Refusal("range cannot go in steps of 0")
    span = range(*numbers)
    if len(span) > 1_000_000:
        raise Refusal("a range of over 1,000,000 numbers")
    result = Range(span)
    result.length = bounds[0] if len(bounds) == 1 and numbers[0] >= 0 else len(span)
    return result


def _sum(values: Any) -> Any:
    items = _list(values)
    total = sum(_number(each) for each in items)
    return written(total, "+", *items) if 1 < len(items) <= 6 else total


def _rounded(operator: str, rule: Callable[[float], int]) -> Callable[..., Any]:
    def rounded(value: Any) -> Any:
        number = _number(value)
        if not isfinite(number):
            raise Refusal(f"cannot take the {operator} of {describe(value)}")
        return written(rule(number), operator, value)

    return rounded


def _round_to(value: Any, divisor: Any = 8) -> int:
    """Round to a multiple of `divisor`, to the nearest, never more than 10% down.

    The rule by which MobileNet and EfficientNet round their numbers of filters.
    """
    number, step = _number(value), _whole(divisor)
    if step < 1 or not isfinite(number):
        raise Refusal(f"round_to needs a number and a whole divisor of at least 1, not {step}")
    result = max(step, int(number + step / 2) // step * step)
    return result + step if result < 0.9 * number else result


def _zip(*lists: Any) -> tuple[Any, ...]:
    lengths = [len(_list(each)) for each in lists]
    if len(set(lengths)) > 1:
        said = f"{', '.join(map(str, lengths[:-1]))} and {lengths[-1]} values"
        raise Refusal(
            f"zip goes over lists of one length, not over {said}",
            help="make them as long as each other; `take(v, n)` gives the first n of one",
            code="wrong-arity",
        )
    return tuple(zip(*lists, strict=True))


def _take(values: Any, count: Any) -> tuple[Any, ...]:
    return _list(values)[: max(_whole(count), 0)]


def _drop(values: Any, count: Any) -> tuple[Any, ...]:
    return _list(values)[max(_whole(count), 0) :]


#: Every function by name: how it computes, and how many arguments it takes (least, most).
FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Any], int, int]]] = {
    "len": (lambda values: len(_list(values)), 1, 1),
    "min": (_extreme("min"), 1, 64),
    "max": (_extreme("max"), 1, 64),
    "range": (_range, 1, 3),
    "enumerate": (lambda values: tuple(enumerate(_list(values))), 1, 1),
    "zip": (_zip, 2, 16),
    "sum": (_sum, 1, 1),
    "abs": (lambda value: written(abs(_number(value)), "abs", value), 1, 1),
    "take": (_take, 2, 2),
    "drop": (_drop, 2, 2),
    "ceil": (_rounded("ceil", ceil), 1, 1),
    "floor": (_rounded("floor", floor), 1, 1),
    "round": (_rounded("round", round), 1, 1),
    "round_to": (_round_to, 1, 2),
}


def call_function(name: str, arguments: list[Any]) -> Any:
    """Call a function; raises Refusal for arguments that it does not take."""
    function, least, most = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        count = str(least) if least == most else f"{least} to {most}"
        raise Refusal(f"{name} takes {count} arguments, not {len(arguments)}", code="wrong-arity")
    return function(*arguments)
