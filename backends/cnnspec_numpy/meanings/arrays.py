"""What the meanings share: arrays, frames around images, and windows that slide over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.kinds import AXES

Array = NDArray[np.float64]
Weights = Mapping[str, Array]
#: `(op, weights, *inputs)` to the output, or to a tuple of outputs.
Meaning = Callable[..., Any]
Pair = tuple[int, int]
Sides = tuple[int, int, int, int]


def padding(pad: Any, size: Pair, stride: Pair, dilation: Pair, image: Pair) -> Sides:
    """Give top, bottom, left, right.

    With `same`, as many output places as strides begin in the image: ceil(n / s). The zeros that
    this takes are halved; the odd one comes after, with `same_lower` before.
    """
    if isinstance(pad, tuple):
        top, bottom, left, right = pad
        return top, bottom, left, right
    result = []
    for length, k, s, d in zip(image, size, stride, dilation, strict=True):
        places = (length + s - 1) // s
        covered = (places - 1) * s + (k - 1) * d + 1
        zeros = max(0, covered - length)
        small, large = zeros // 2, (zeros + 1) // 2
        result += [small, large] if pad == "same" else [large, small]
    return result[0], result[1], result[2], result[3]


def frame(x: Array, sides: Sides, value: float = 0.0) -> Array:
    """Put `value` around an image."""
    top, bottom, left, right = sides
    batch, channels, height, width = x.shape
    result = np.full((batch, channels, top + height + bottom, left + width + right), value)
    result[:, :, top : top + height, left : left + width] = x
    return result


def windows(
    x: Array, size: Pair, stride: Pair, dilation: Pair, places: Pair
) -> Iterator[tuple[int, int, Array]]:
    """For each place (i, j) in a window, give the values that the windows have there.

    Window (r, c) begins at (r * stride, c * stride) of x; the array that is given holds at (r, c)
    the value of x at (r * stride + i * dilation, c * stride + j * dilation).
    """
    for i in range(size[0]):
        for j in range(size[1]):
            top, left = i * dilation[0], j * dilation[1]
            rows = slice(top, top + (places[0] - 1) * stride[0] + 1, stride[0])
            columns = slice(left, left + (places[1] - 1) * stride[1] + 1, stride[1])
            yield i, j, x[:, :, rows, columns]


def places(op: Any) -> tuple[int, ...]:
    """Give the axes of an array that an operator's `axis` names; the batch is the first."""
    return tuple(1 + AXES.index(each) for each in op.axis)


def by_channel(values: Array, x: Array) -> Array:
    """Shape one number a channel such that it spreads over x."""
    return values.reshape((1, -1) + (1,) * (x.ndim - 2))
