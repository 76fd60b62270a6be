"""Filters that slide over an image, and the dense layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from cnnspec_numpy.meanings.arrays import (
    Array,
    Meaning,
    Pair,
    Weights,
    by_channel,
    frame,
    padding,
    windows,
)


def slide(x: Array, kernel: Array, stride: Pair, dilation: Pair, groups: int) -> Array:
    """Slide filters over an image that is padded already.

    y[f, r, c] = sum over channels k of f's group and places i, j of the window:
    kernel[f, k, i, j] * x[k, r * stride + i * dilation, c * stride + j * dilation]
    """
    batch, channels, height, width = x.shape
    filters, _, *size = kernel.shape
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    rows = (height - spans[0]) // stride[0] + 1
    columns = (width - spans[1]) // stride[1] + 1
    grouped = kernel.reshape(groups, filters // groups, channels // groups, *size)
    y = np.zeros((batch, groups, filters // groups, rows * columns))
    for i, j, seen in windows(x, (size[0], size[1]), stride, dilation, (rows, columns)):
        values = seen.reshape(batch, groups, channels // groups, rows * columns)
        y += grouped[:, :, :, i, j] @ values
    return y.reshape(batch, filters, rows, columns)


def biased(y: Array, weights: Weights) -> Array:
    """Add each output channel's bias, if there is one."""
    return y + by_channel(weights["bias"], y) if "bias" in weights else y


def conv(op: Any, weights: Weights, x: Array) -> Array:
    """Zeros around the image, then filters over it, then the bias."""
    sides = padding(op.pad, op.size, op.stride, op.dilation, x.shape[2:])
    y = slide(frame(x, sides), weights["weight"], op.stride, op.dilation, op.groups)
    return biased(y, weights)


def depthwise(op: Any, weights: Weights, x: Array) -> Array:
    """Channel i gives the output channels i * multiplier up to (i + 1) * multiplier."""
    sides = padding(op.pad, op.size, op.stride, op.dilation, x.shape[2:])
    y = slide(frame(x, sides), weights["weight"], op.stride, op.dilation, x.shape[1])
    return biased(y, weights)


def transposed(op: Any, weights: Weights, x: Array) -> Array:
    """Every place of the image adds itself, times the kernel, to a window of a larger image.

    full[f, r * stride + i * dilation, c * stride + j * dilation] +=
    sum over channels k of f's group: kernel[k, f, i, j] * x[k, r, c]; then `pad` is cropped.
    """
    batch, channels, height, width = x.shape
    kernel = weights["weight"]
    groups, filters = op.groups, op.filters
    place = [
        (length - 1) * s + (k - 1) * d + 1
        for length, s, k, d in zip((height, width), op.stride, op.size, op.dilation, strict=True)
    ]
    if op.pad == "same":
        wanted = [length * s for length, s in zip((height, width), op.stride, strict=True)]
        starts = [max(0, (full - want) // 2) for full, want in zip(place, wanted, strict=True)]
    else:
        top, bottom, left, right = op.pad
        lost, more = (top + bottom, left + right), op.output_pad
        wanted = [place[a] - lost[a] + more[a] for a in (0, 1)]
        starts = [top, left]
    room = [max(place[a], starts[a] + wanted[a]) for a in (0, 1)]
    full = np.zeros((batch, filters, room[0], room[1]))
    grouped = kernel.reshape(groups, channels // groups, filters // groups, *op.size)
    values = x.reshape(batch, groups, channels // groups, height * width)
    for i, j, seen in windows(full, op.size, op.stride, op.dilation, (height, width)):
        spread = grouped[:, :, :, i, j].transpose(0, 2, 1) @ values
        seen += spread.reshape(batch, filters, height, width)  # `seen` is a view of `full`
    rows = slice(starts[0], starts[0] + wanted[0])
    columns = slice(starts[1], starts[1] + wanted[1])
    return biased(full[:, :, rows, columns], weights)


def dense(op: Any, weights: Weights, x: Array) -> Array:
    """y[u] = bias[u] + sum over channels k: weight[u, k] * x[k], at each place of an image."""
    flat = x.reshape(*x.shape[:2], -1)
    y = (weights["weight"] @ flat).reshape(x.shape[0], op.units, *x.shape[2:])
    return biased(y, weights)


MEANINGS: Final[Mapping[str, Meaning]] = {
    "conv": conv,
    "dwconv": depthwise,
    "conv_transpose": transposed,
    "dense": dense,
}
