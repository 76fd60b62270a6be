"""The layers of Keras that emitted functions call: arguments, weights' shapes, what they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, Concatenate, Final, ParamSpec

from cnnspec.emit.values import Lengths
from cnnspec_keras.symbolic.tensors import KerasTensor, Layer

P = ParamSpec("P")
Size = int | Sequence[int]
Sides = tuple[tuple[int, int], tuple[int, int]]
Numbers = list[int]
#: What a layer does: the layer, what it is called with, its arguments.
Does = Callable[Concatenate["Built", KerasTensor, P], Any]


class Built(Layer):
    """A layer of Keras's own: what it does, and with which arguments."""

    does: Does[...]
    takes_several = False

    def __init__(self, *arguments: Any, name: str | None = None, **keywords: Any) -> None:
        super().__init__(name)
        self.arguments = arguments
        self.keywords = keywords
        #: Values on the way, that a step of their own may be.
        self.on_the_way: Numbers = []

    @property
    def padding(self) -> Sides:
        """What a layer that pads puts around an image."""
        value = self.arguments[0] if self.arguments else self.keywords["padding"]
        return around(value)

    def done(self, given: Any, numbers: list[int]) -> Any:
        self.on_the_way = numbers
        if self.takes_several:
            given = list(given)
        return type(self).does(self, given, *self.arguments, **self.keywords)


def pair(value: Size) -> tuple[int, int]:
    """Give a number for rows and one for columns."""
    if isinstance(value, int):
        return (value, value)
    rows, columns = value
    return (int(rows), int(columns))


def around(value: Any) -> Sides:
    """Give what is around an image: rows before and after, columns before and after."""
    if isinstance(value, int):
        return ((value, value), (value, value))
    rows, columns = value
    if isinstance(rows, int):
        return ((rows, rows), (columns, columns))
    return ((int(rows[0]), int(rows[1])), (int(columns[0]), int(columns[1])))


NONE: Final[Sides] = ((0, 0), (0, 0))


def _image(x: KerasTensor) -> tuple[int, int, int]:
    lengths = x.lengths
    if len(lengths) != 3:
        raise ValueError(f"expected an image, not {len(lengths) + 1} axes")
    return (lengths[0], lengths[1], lengths[2])


def _window(
    x: KerasTensor, size: tuple[int, int], moves: tuple[int, int], dilations: tuple[int, int], padding: str
) -> tuple[Sides, tuple[int, int]]:
    """Give the padding of a window, and the rows and columns that come out."""
    sides, lengths = [], []
    rows = zip(_image(x)[:2], size, moves, dilations, strict=True)
    for length, width, move, dilation in rows:
        cover = (width - 1) * dilation + 1
        if padding == "same":
            count = -(-length // move)
            total = max((count - 1) * move + cover - length, 0)
            sides.append((total // 2, total - total // 2))
        elif padding == "valid":
            count = (length - cover) // move + 1
            sides.append((0, 0))
        else:
            raise ValueError(f"padding is {padding!r}")
        if count < 1:
            raise ValueError("a window is larger than the image")
        lengths.append(count)
    return (sides[0], sides[1]), (lengths[0], lengths[1])


#: The names of activations that have several.
_ALIKE: Final = {
    "swish": "silu",
    "hard_swish": "hard_silu",
    "linear": "",
}


def activated(own: Built, x: KerasTensor, activation: str | None) -> KerasTensor:
    """Do a layer's activation."""
    word = _ALIKE.get(activation or "", activation or "")
    if not word:
        return x
    if not isinstance(word, str):
        raise TypeError("an activation is a word")
    own.on_the_way.append(x.number)
    return x.made(word, (), x.lengths)


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
    sides, lengths = _window(x, size, moves, dilations, padding)
    channels = _image(x)[2]
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
    sides, lengths = _window(x, size, moves, dilations, padding)
    channels = _image(x)[2]
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
    height, width, channels = _image(x)
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
    height, width, channels = _image(x)
    lengths = (height + sum(sides[0]), width + sum(sides[1]), channels)
    return x.made("pad", (sides, 0.0), lengths)


def cropping(own: Built, x: KerasTensor, cropping: Any = 0) -> KerasTensor:
    """Take rows and columns away."""
    sides = around(cropping)
    height, width, channels = _image(x)
    lengths = (height - sum(sides[0]), width - sum(sides[1]), channels)
    if min(lengths) < 1:
        raise ValueError("nothing is left of an image")
    return x.made("crop", sides, lengths)


def max_pool(
    own: Built, x: KerasTensor, pool_size: Size = 2, strides: Size | None = None, padding: str = "valid"
) -> KerasTensor:
    """Take the largest of a window."""
    size = pair(pool_size)
    moves = size if strides is None else pair(strides)
    sides, lengths = _window(x, size, moves, (1, 1), padding)
    return x.made("max_pool", (size, moves, sides), (*lengths, _image(x)[2]))


def average_pool(
    own: Built, x: KerasTensor, pool_size: Size, strides: Size | None = None, padding: str = "valid"
) -> KerasTensor:
    """Take the mean of a window."""
    size = pair(pool_size)
    moves = size if strides is None else pair(strides)
    sides, lengths = _window(x, size, moves, (1, 1), padding)
    lengths_ = (*lengths, _image(x)[2])
    if sides != NONE:
        return x.made("padded_average", (size, moves, sides, (0, 0), False), lengths_)
    return x.made("average_pool", (size, moves), lengths_)


def _global(what: str) -> Does[...]:
    def done(own: Built, x: KerasTensor, data_format: None = None, keepdims: bool = False) -> KerasTensor:
        channels = _image(x)[2]
        return x.made(what, bool(keepdims), (1, 1, channels) if keepdims else (channels,))

    return done


def adaptive_average(own: Built, x: KerasTensor, output_size: Size) -> KerasTensor:
    """Take means of so many windows."""
    size = pair(output_size)
    return x.made("adaptive_average", size, (*size, _image(x)[2]))


def upsampling(
    own: Built, x: KerasTensor, size: Size = 2, data_format: None = None, interpolation: str = "nearest"
) -> KerasTensor:
    """Repeat rows and columns."""
    height, width, _ = _image(x)
    rows, columns = pair(size)
    return resizing(own, x, height * rows, width * columns, interpolation)


def resizing(
    own: Built, x: KerasTensor, height: int, width: int, interpolation: str = "bilinear"
) -> KerasTensor:
    """Make an image of a size."""
    return x.made("resize", (height, width, interpolation), (height, width, _image(x)[2]))


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


def _join(what: str) -> Does[...]:
    def done(own: Built, given: list[KerasTensor]) -> KerasTensor:
        first, *others = given
        if not others:
            raise ValueError(f"{type(own).__name__} takes several tensors")
        return first.made(what, (), _spread([each.lengths for each in given]), *others)

    return done


def _spread(several: list[Lengths]) -> Lengths:
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


def _layer(name: str, does: Does[...], *, several: bool = False) -> type[Built]:
    return type(name, (Built,), {"does": staticmethod(does), "takes_several": several})


#: What `keras.layers` has.
LAYERS: Final[dict[str, type[Layer]]] = {
    "Layer": Layer,
    **{
        name: _layer(name, does)
        for name, does in {
            "Conv2D": conv,
            "DepthwiseConv2D": depthwise,
            "Conv2DTranspose": conv_transpose,
            "Dense": dense,
            "BatchNormalization": batch_norm,
            "LayerNormalization": layer_norm,
            "GroupNormalization": group_norm,
            "Activation": activation,
            "ReLU": relu,
            "LeakyReLU": leaky_relu,
            "ELU": elu,
            "PReLU": prelu,
            "Softmax": softmax,
            "Identity": identity,
            "Rescaling": rescaling,
            "ZeroPadding2D": zero_padding,
            "Cropping2D": cropping,
            "MaxPooling2D": max_pool,
            "AveragePooling2D": average_pool,
            "GlobalAveragePooling2D": _global("global_average"),
            "GlobalMaxPooling2D": _global("global_max"),
            "AdaptiveAveragePooling2D": adaptive_average,
            "UpSampling2D": upsampling,
            "Resizing": resizing,
            "Flatten": flatten,
            "Reshape": reshape,
            "Permute": permute,
            "Dropout": dropout,
            "SpatialDropout2D": spatial_dropout,
        }.items()
    },
    **{
        name: _layer(name, does, several=True)
        for name, does in {
            "Add": _join("add"),
            "Subtract": _join("subtract"),
            "Multiply": _join("multiply"),
            "Concatenate": concatenate,
        }.items()
    },
}
