"""What emitted functions use of NumPy: rows of numbers, a few at a time, without NumPy."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any, Final

inf: Final = math.inf
#: What emitted source may use.
NAMES: Final = ("all", "any", "broadcast_to", "inf", "max", "multiply", "repeat", "subtract")


class Array:
    """Numbers in rows."""

    __slots__ = ("flat", "shape")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, shape: tuple[int, ...], flat: list[Any]) -> None:
        self.shape = shape
        self.flat = flat

    def __iter__(self) -> Iterator[Any]:
        return iter([self[each] for each in range(self.shape[0])])

    def __getitem__(self, index: int) -> Any:
        size = math.prod(self.shape[1:])
        if not self.shape[1:]:
            return self.flat[index]
        return Array(self.shape[1:], self.flat[index * size : (index + 1) * size])

    def tolist(self) -> Any:
        """Give lists in lists."""
        if not self.shape:
            return self.flat[0]
        return [each.tolist() if isinstance(each, Array) else each for each in self]

    def reshape(self, *shape: int) -> Array:
        """Read the same numbers as other rows."""
        return Array(shape, self.flat)

    def __add__(self, other: Any) -> Any:
        return _each(operator.add, self, other)

    def __sub__(self, other: Any) -> Any:
        return _each(operator.sub, self, other)

    def __eq__(self, other: object) -> Any:
        return _each(operator.eq, self, other)


def _array(value: Any) -> Array:
    if isinstance(value, Array):
        return value
    if isinstance(value, list | tuple):
        parts = [_array(each) for each in value]
        shape = parts[0].shape if parts else ()
        if builtins.any(each.shape != shape for each in parts):
            raise ValueError("rows of several lengths")
        return Array((len(parts), *shape), [x for each in parts for x in each.flat])
    return Array((), [value])


def broadcast_to(value: Any, shape: int | tuple[int, ...]) -> Array:
    """Repeat numbers along axes that they have not, or once."""
    found = _array(value)
    wanted = (shape,) if isinstance(shape, int) else shape
    own = (1,) * (len(wanted) - len(found.shape)) + found.shape
    if len(own) != len(wanted) or builtins.any(
        a not in (1, b) for a, b in zip(own, wanted, strict=True)
    ):
        raise ValueError(f"{found.shape} does not spread over {wanted}")
    flat = []
    for place in range(math.prod(wanted)):
        index, step, rest = 0, 1, place
        for mine, length in zip(reversed(own), reversed(wanted), strict=True):
            index += (rest % length if mine > 1 else 0) * step
            step *= mine
            rest //= length
        flat.append(found.flat[index])
    return Array(wanted, flat)


def _each(what: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    first, second = _array(one), _array(other)
    longer = builtins.max(first.shape, second.shape, key=len)
    left, right = broadcast_to(first, longer), broadcast_to(second, longer)
    flat = [what(a, b) for a, b in zip(left.flat, right.flat, strict=True)]
    return Array(longer, flat) if longer else flat[0]


def multiply(one: Any, other: Any) -> Any:
    """Multiply number by number."""
    return _each(operator.mul, one, other)


def subtract(one: Any, other: Any) -> Any:
    """Subtract number by number."""
    return _each(operator.sub, one, other)


def all(value: Any) -> bool:
    """Whether all are true."""
    return builtins.all(_array(value).flat)


def any(value: Any) -> bool:
    """Whether one is true."""
    return builtins.any(_array(value).flat)


def max(value: Any) -> Any:
    """Give the largest."""
    return builtins.max(_array(value).flat)


def repeat(value: Any, times: int) -> Array:
    """Give each number several times."""
    flat = [each for each in _array(value).flat for _ in range(times)]
    return Array((len(flat),), flat)
