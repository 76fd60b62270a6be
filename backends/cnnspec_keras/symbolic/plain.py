"""The layers of Keras that have no weights."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cnnspec.emit.values import Lengths
from cnnspec_keras.symbolic.building import (
    NONE,
    Built,
    Does,
    Size,
    activated,
    around,
    image,
    pair,
    window,
)
from cnnspec_keras.symbolic.tensors import KerasTensor

# --- activations


def activation(own: Built, x: KerasTensor, activation: str) -> KerasTensor:
    """Do what a word says."""
    return activated(own, x, activation)


def relu(
    own: Built,
    x: KerasTensor,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> KerasTensor:
    """Cut off below zero, or above something."""
    if (max_value, negative_slope, threshold) == (6, 0, 0):
        return x.made("relu6", (), x.lengths)
    arguments = (max_value, float(negative_slope), float(threshold))
    return x.made("relu", () if arguments == (None, 0.0, 0.0) else arguments, x.lengths)


def leaky_relu(own: Built, x: KerasTensor, negative_slope: float = 0.3) -> KerasTensor:
    """Go on less steeply below zero."""
    if negative_slope < 0:
        raise ValueError("a slope below zero")
    return x.made("leaky_relu", float(negative_slope), x.lengths)


def elu(own: Built, x: KerasTensor, alpha: float = 1.0) -> KerasTensor:
    """Bend below zero."""
    return x.made("elu", float(alpha), x.lengths)


def softmax(own: Built, x: KerasTensor, axis: int = -1) -> KerasTensor:
    """Make shares of the whole along an axis."""
    return x.made("softmax", () if axis == -1 else axis, x.lengths)


def identity(own: Built, x: KerasTensor) -> KerasTensor:
    """Do nothing."""
    return x


def rescaling(own: Built, x: KerasTensor, scale: float, offset: float = 0.0) -> KerasTensor:
    """Multiply by a constant."""
    arguments = float(scale) if offset == 0 else (float(scale), float(offset))
    return x.made("rescale", arguments, x.lengths)


# --- windows and places


def zero_padding(own: Built, x: KerasTensor, padding: Any = 1) -> KerasTensor:
    """Put zeros around an image."""
    sides = around(padding)
    height, width, channels = image(x)
    lengths = (height + sum(sides[0]), width + sum(sides[1]), channels)
    return x.made("pad", (sides, 0.0), lengths)


def cropping(own: Built, x: KerasTensor, cropping: Any = 0) -> KerasTensor:
    """Take rows and columns away."""
    sides = around(cropping)
    height, width, channels = image(x)
    lengths = (height - sum(sides[0]), width - sum(sides[1]), channels)
    if min(lengths) < 1:
        raise ValueError("nothing is left of an image")
    return x.made("crop", sides, lengths)


def max_pool(
    own: Built,
    x: KerasTensor,
    pool_size: Size = 2,
    strides: Size | None = None,
    padding: str = "valid",
) -> KerasTensor:
    """Take the largest of a window."""
    size = pair(pool_size)
    moves = size if strides is None else pair(strides)
    sides, lengths = window(x, size, moves, (1, 1), padding)
    return x.made("max_pool", (size, moves, sides), (*lengths, image(x)[2]))


def average_pool(
    own: Built, x: KerasTensor, pool_size: Size, strides: Size | None = None, padding: str = "valid"
) -> KerasTensor:
    """Take the mean of a window."""
    size = pair(pool_size)
    moves = size if strides is None else pair(strides)
    sides, lengths = window(x, size, moves, (1, 1), padding)
    lengths_ = (*lengths, image(x)[2])
    if sides != NONE:
        return x.made("padded_average", (size, moves, sides, (0, 0), False), lengths_)
    return x.made("average_pool", (size, moves), lengths_)


def over_all(what: str) -> Does:
    """Give what makes one number of each channel."""

    def done(
        own: Built, x: KerasTensor, data_format: None = None, keepdims: bool = False
    ) -> KerasTensor:
        channels = image(x)[2]
        return x.made(what, bool(keepdims), (1, 1, channels) if keepdims else (channels,))

    return done


def adaptive_average(own: Built, x: KerasTensor, output_size: Size) -> KerasTensor:
    """Take means of so many windows."""
    size = pair(output_size)
    return x.made("adaptive_average", size, (*size, image(x)[2]))


def upsampling(
    own: Built,
    x: KerasTensor,
    size: Size = 2,
    data_format: None = None,
    interpolation: str = "nearest",
) -> KerasTensor:
    """Repeat rows and columns."""
    height, width, _ = image(x)
    rows, columns = pair(size)
    return resizing(own, x, height * rows, width * columns, interpolation)


def resizing(
    own: Built, x: KerasTensor, height: int, width: int, interpolation: str = "bilinear"
) -> KerasTensor:
    """Make an image of a size."""
    return x.made("resize", (height, width, interpolation), (height, width, image(x)[2]))


def flatten(own: Built, x: KerasTensor) -> KerasTensor:
    """Put all values in a row."""
    lengths = (prod(x.lengths),)
    return x.made("reshape", lengths, lengths)


def reshape(own: Built, x: KerasTensor, target_shape: Sequence[int]) -> KerasTensor:
    """Read the same values as another shape."""
    size, lengths = prod(x.lengths), tuple(map(int, target_shape))
    known = prod(each for each in lengths if each != -1)
    lengths = tuple(size // known if each == -1 else each for each in lengths)
    if prod(lengths) != size:
        raise ValueError(f"{size} values are no {lengths}")
    return x.made("reshape", lengths, lengths)


def permute(own: Built, x: KerasTensor, dims: Sequence[int]) -> KerasTensor:
    """Put the axes in another order; they are counted from one."""
    lengths = tuple(x.lengths[each - 1] for each in dims)
    if sorted(dims) != list(range(1, len(x.lengths) + 1)):
        raise ValueError(f"{tuple(dims)} is no order of axes")
    return x.made("permute", tuple(dims), lengths)


# --- noise


def dropout(
    own: Built, x: KerasTensor, rate: float, noise_shape: Sequence[int | None] | None = None
) -> KerasTensor:
    """Drop values in training."""
    shape = None if noise_shape is None else tuple(noise_shape)
    return x.made("dropout", (float(rate), shape), x.lengths)


def spatial_dropout(own: Built, x: KerasTensor, rate: float) -> KerasTensor:
    """Drop whole channels in training."""
    return x.made("spatial_dropout", float(rate), x.lengths)


# --- several


def join(what: str) -> Does:
    """Give what makes one tensor of several."""

    def done(own: Built, given: list[KerasTensor]) -> KerasTensor:
        first, *others = given
        if not others:
            raise ValueError(f"{type(own).__name__} takes several tensors")
        return first.made(what, (), spread([each.lengths for each in given]), *others)

    return done


def spread(several: list[Lengths]) -> Lengths:
    """Give the shape of values that are lined up: a vector spreads over an image's places."""
    count = max(map(len, several))
    rows = [(1,) * (count - len(each)) + tuple(each) for each in several]
    result = tuple(map(max, zip(*rows, strict=True)))
    for each in rows:
        if any(a not in (1, b) for a, b in zip(each, result, strict=True)):
            raise ValueError(f"shapes do not go together: {several}")
    return result


def concatenate(own: Built, given: list[KerasTensor], axis: int = -1) -> KerasTensor:
    """Put values side by side."""
    first, *others = given
    lengths = list(first.lengths)
    place = axis if axis < 0 else axis - 1
    lengths[place] = sum(each.lengths[place] for each in given)
    if not others:
        return first
    return first.made("concatenate", place, tuple(lengths), *others)
