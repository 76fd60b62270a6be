"""The layers of Keras that have weights: their arguments, and the weights' shapes."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec_keras.symbolic.building import Built, Size, activated, image, pair, window
from cnnspec_keras.symbolic.tensors import KerasTensor


def conv(
    own: Built,
    x: KerasTensor,
    filters: int,
    kernel_size: Size,
    strides: Size = 1,
    padding: str = "valid",
    data_format: None = None,
    dilation_rate: Size = 1,
    groups: int = 1,
    activation: str | None = None,
    use_bias: bool = True,
) -> KerasTensor:
    """Convolve."""
    size, moves, dilations = pair(kernel_size), pair(strides), pair(dilation_rate)
    sides, lengths = window(x, size, moves, dilations, padding)
    channels = image(x)[2]
    if channels % groups or filters % groups:
        raise ValueError(f"{channels} and {filters} channels are no {groups} groups")
    if max(moves) > 1 and max(dilations) > 1:
        raise ValueError("a convolution has strides or dilation, not both")
    kernel = own.weight(x.run, "kernel", (*size, channels // groups, filters))
    bias = own.weight(x.run, "bias", (filters,)) if use_bias else None
    arguments = (moves, sides, dilations, groups)
    return activated(own, x.made("conv", arguments, (*lengths, filters), kernel, bias), activation)


def depthwise(
    own: Built,
    x: KerasTensor,
    kernel_size: Size,
    strides: Size = 1,
    padding: str = "valid",
    depth_multiplier: int = 1,
    data_format: None = None,
    dilation_rate: Size = 1,
    activation: str | None = None,
    use_bias: bool = True,
) -> KerasTensor:
    """Convolve each channel by itself."""
    size, moves, dilations = pair(kernel_size), pair(strides), pair(dilation_rate)
    sides, lengths = window(x, size, moves, dilations, padding)
    channels = image(x)[2]
    if moves[0] != moves[1]:
        raise ValueError("a depthwise convolution has one stride for both axes")
    kernel = own.weight(x.run, "kernel", (*size, channels, depth_multiplier))
    filters = channels * depth_multiplier
    bias = own.weight(x.run, "bias", (filters,)) if use_bias else None
    made = x.made("depthwise", (moves, sides, dilations), (*lengths, filters), kernel, bias)
    return activated(own, made, activation)


def conv_transpose(
    own: Built,
    x: KerasTensor,
    filters: int,
    kernel_size: Size,
    strides: Size = 1,
    padding: str = "valid",
    output_padding: Size | None = None,
    data_format: None = None,
    dilation_rate: Size = 1,
    activation: str | None = None,
    use_bias: bool = True,
) -> KerasTensor:
    """Spread an image's values."""
    size, moves, dilations = pair(kernel_size), pair(strides), pair(dilation_rate)
    height, width, channels = image(x)
    more: tuple[int, ...] | None = None if output_padding is None else pair(output_padding)
    lengths = []
    for axis, length in enumerate((height, width)):
        cover = (size[axis] - 1) * dilations[axis] + 1
        if padding == "same" and more is None:
            lengths.append(length * moves[axis])
        elif padding == "valid":
            over = max(moves[axis] - cover, 0) if more is None else more[axis]
            lengths.append((length - 1) * moves[axis] + cover + over)
        else:
            raise ValueError(f"padding is {padding!r}, with {more} more")
    if padding == "valid":
        more = tuple(
            n - (old - 1) * move - (k - 1) * d - 1
            for n, old, move, k, d in zip(
                lengths, (height, width), moves, size, dilations, strict=True
            )
        )
    kernel = own.weight(x.run, "kernel", (*size, filters, channels))
    bias = own.weight(x.run, "bias", (filters,)) if use_bias else None
    arguments = (moves, padding, more, dilations)
    made = x.made("conv_transpose", arguments, (*lengths, filters), kernel, bias)
    return activated(own, made, activation)


def dense(
    own: Built, x: KerasTensor, units: int, activation: str | None = None, use_bias: bool = True
) -> KerasTensor:
    """Multiply by a matrix."""
    *rest, channels = x.lengths
    kernel = own.weight(x.run, "kernel", (channels, units))
    bias = own.weight(x.run, "bias", (units,)) if use_bias else None
    return activated(own, x.made("dense", (), (*rest, units), kernel, bias), activation)


def batch_norm(
    own: Built,
    x: KerasTensor,
    axis: int = -1,
    momentum: float = 0.99,
    epsilon: float = 0.001,
    center: bool = True,
    scale: bool = True,
) -> KerasTensor:
    """Normalise over a batch."""
    channels = x.lengths[axis]
    weights = [
        own.weight(x.run, "gamma", (channels,)) if scale else None,
        own.weight(x.run, "beta", (channels,)) if center else None,
        own.weight(x.run, "moving_mean", (channels,)),
        own.weight(x.run, "moving_variance", (channels,)),
    ]
    return x.made("batch_norm", (axis, float(momentum), float(epsilon)), x.lengths, *weights)


def layer_norm(
    own: Built,
    x: KerasTensor,
    axis: int = -1,
    epsilon: float = 0.001,
    center: bool = True,
    scale: bool = True,
) -> KerasTensor:
    """Normalise over an axis."""
    channels = x.lengths[axis]
    weights = [
        own.weight(x.run, "gamma", (channels,)) if scale else None,
        own.weight(x.run, "beta", (channels,)) if center else None,
    ]
    return x.made("layer_norm", (axis, float(epsilon)), x.lengths, *weights)


def group_norm(
    own: Built,
    x: KerasTensor,
    groups: int = 32,
    axis: int = -1,
    epsilon: float = 0.001,
    center: bool = True,
    scale: bool = True,
) -> KerasTensor:
    """Normalise over groups of channels."""
    channels = x.lengths[axis]
    if channels % groups:
        raise ValueError(f"{channels} channels are no {groups} groups")
    weights = [
        own.weight(x.run, "gamma", (channels,)) if scale else None,
        own.weight(x.run, "beta", (channels,)) if center else None,
    ]
    return x.made("group_norm", (groups, axis, float(epsilon)), x.lengths, *weights)


def prelu(
    own: Built,
    x: KerasTensor,
    alpha_initializer: object = "Zeros",
    alpha_regularizer: None = None,
    alpha_constraint: None = None,
    shared_axes: Sequence[int] | None = None,
) -> KerasTensor:
    """Go on below zero with slopes that are learnt; axes are counted from the batch."""
    shape = list(x.lengths)
    for axis in shared_axes or ():
        shape[axis - 1] = 1
    return x.made("prelu", alpha_initializer, x.lengths, own.weight(x.run, "alpha", shape))
