"""What moves, adds or drops values without computing with them; and upsampling."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor
from typing import Any, Final

import numpy as np

from cnnspec_numpy.meanings.arrays import Array, Meaning, Weights, frame, places


def identity(_: Any, __: Weights, x: Array) -> Array:
    """The input."""
    return x


def flatten(_: Any, __: Weights, x: Array) -> Array:
    """Channel by channel, row by row."""
    return x.reshape(x.shape[0], -1)


def reshape(op: Any, _: Weights, x: Array) -> Array:
    """The same values in the same order, C, H, W."""
    return x.reshape(x.shape[0], *op.to)


def permute(op: Any, _: Weights, x: Array) -> Array:
    """Axis i of the output is axis axes[i] of the input; the batch stays first."""
    return x.transpose(0, *(axis + 1 for axis in op.axes))


def pad(op: Any, _: Weights, x: Array) -> Array:
    """Zeros around the image, and as channels before and after."""
    around = frame(x, op.sides)
    before, after = op.channels
    batch, _, height, width = around.shape
    zeros = [np.zeros((batch, count, height, width)) for count in (before, after)]
    return np.concatenate([zeros[0], around, zeros[1]], axis=1)


def crop(op: Any, _: Weights, x: Array) -> Array:
    """Rows and columns cut off."""
    top, bottom, left, right = op.sides
    return x[:, :, top : x.shape[2] - bottom, left : x.shape[3] - right]


def upsample(op: Any, _: Weights, x: Array) -> Array:
    """Row r of R has its centre at (r + 1/2) * n / R of the image's n rows; columns alike.

    `nearest` takes the row in which that lies, the later one at a border; `bilinear` weighs the two
    rows whose centres are nearest, and only the first or last beyond their centres.
    """
    for axis in (2, 3):
        length = x.shape[axis]
        count = floor(length * op.factor)
        doubled = [(2 * r + 1) * length for r in range(count)]  # of 2 * count a row: exact
        if op.mode == "nearest":
            x = x.take([each // (2 * count) for each in doubled], axis)
            continue
        places = [min(max(each / (2 * count) - 0.5, 0), length - 1) for each in doubled]
        lower = [floor(place) for place in places]
        upper = [min(each + 1, length - 1) for each in lower]
        share = np.array([place - low for place, low in zip(places, lower, strict=True)])
        share = share.reshape((-1, 1) if axis == 2 else (-1,))
        x = x.take(lower, axis) * (1 - share) + x.take(upper, axis) * share
    return x


def channel_shuffle(op: Any, _: Weights, x: Array) -> Array:
    """The first channel of every group, then the second of every group, and so on."""
    size = x.shape[1] // op.groups
    order = [group * size + member for member in range(size) for group in range(op.groups)]
    return x[:, order]


def pixel_shuffle(op: Any, _: Weights, x: Array) -> Array:
    """Channel c * f * f + i * f + j at (h, w) goes to channel c at (h * f + i, w * f + j)."""
    f: int = op.factor
    batch, channels, height, width = x.shape
    y = np.empty((batch, channels // f**2, height * f, width * f))
    for i in range(f):
        for j in range(f):
            y[:, :, i::f, j::f] = x[:, i * f + j :: f * f]
    return y


def split(op: Any, _: Weights, x: Array) -> tuple[Array, ...]:
    """Parts of an axis, in order: of equal lengths, or of those that are said."""
    (axis,) = places(op)
    if isinstance(op.n, int):
        return tuple(np.split(x, op.n, axis))
    ends = np.cumsum(op.n)[:-1]
    return tuple(np.split(x, ends, axis))


MEANINGS: Final[Mapping[str, Meaning]] = {
    "identity": identity,
    "flatten": flatten,
    "reshape": reshape,
    "permute": permute,
    "pad": pad,
    "crop": crop,
    "upsample": upsample,
    "channel_shuffle": channel_shuffle,
    "pixel_shuffle": pixel_shuffle,
    "split": split,
}
