"""Windows that keep the largest value or the mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from cnnspec_numpy.meanings.arrays import (
    Array,
    Meaning,
    Pair,
    Sides,
    Weights,
    frame,
    padding,
    windows,
)


def layout(op: Any, image: Pair) -> tuple[Sides, Sides, Pair, Pair]:
    """Give the padding, what hangs over the end beyond it, the stride, and how many windows.

    With `ceil` a last window may hang over the end, if it starts on the image or the padding before
    it.
    """
    stride = op.size if op.stride is None else op.stride
    sides = padding(op.pad, op.size, stride, (1, 1), image)
    places, over = [], []
    for axis in (0, 1):
        before, after = sides[2 * axis], sides[2 * axis + 1]
        room = before + image[axis] + after - op.size[axis]
        count = room // stride[axis] + 1
        hanging = room % stride[axis] != 0
        if op.ceil and hanging and count * stride[axis] < before + image[axis]:
            count += 1
        places.append(count)
        over.append(max(0, (count - 1) * stride[axis] - room))
    return sides, (0, over[0], 0, over[1]), stride, (places[0], places[1])


def maxpool(op: Any, _: Weights, x: Array) -> Array:
    """The largest value of each window; what is not image counts as minus infinity."""
    sides, over, stride, places = layout(op, (x.shape[2], x.shape[3]))
    around = frame(frame(x, sides, -np.inf), over, -np.inf)
    y = np.full((*x.shape[:2], *places), -np.inf)
    for *_place, seen in windows(around, op.size, stride, (1, 1), places):
        y = np.maximum(y, seen)
    return y


def avgpool(op: Any, _: Weights, x: Array) -> Array:
    """The sum of each window over the number of places in it that count."""
    sides, over, stride, places = layout(op, (x.shape[2], x.shape[3]))
    around = frame(frame(x, sides), over)
    padded = frame(np.ones((1, 1, *x.shape[2:])), sides, 1.0 if op.count_pad else 0.0)
    counts = frame(padded, over)
    total = sum(seen for *_place, seen in windows(around, op.size, stride, (1, 1), places))
    count = sum(seen for *_place, seen in windows(counts, op.size, stride, (1, 1), places))
    y: Array = np.asarray(total) / np.asarray(count)
    return y


def adaptive(op: Any, _: Weights, x: Array) -> Array:
    """Place (r, c) is the mean over rows floor(r * h / H) up to ceil((r + 1) * h / H), so columns.

    h is the image's height and H the output's.
    """
    batch, channels, height, width = x.shape
    rows, columns = op.size
    y = np.empty((batch, channels, rows, columns))
    for r in range(rows):
        for c in range(columns):
            top, bottom = r * height // rows, -(-(r + 1) * height // rows)
            left, right = c * width // columns, -(-(c + 1) * width // columns)
            y[:, :, r, c] = x[:, :, top:bottom, left:right].mean((2, 3))
    return y


def gap(op: Any, _: Weights, x: Array) -> Array:
    """The mean of each channel."""
    y: Array = x.mean((2, 3), keepdims=op.keep)
    return y


def gmp(op: Any, _: Weights, x: Array) -> Array:
    """The largest value of each channel."""
    y: Array = x.max((2, 3), keepdims=op.keep)
    return y


MEANINGS: Final[Mapping[str, Meaning]] = {
    "maxpool": maxpool,
    "avgpool": avgpool,
    "adaptive_avgpool": adaptive,
    "gap": gap,
    "gmp": gmp,
}
