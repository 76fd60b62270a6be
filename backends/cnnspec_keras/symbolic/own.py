"""The layers of our own that are copied into files: what each does, told by what it keeps.

A file's copy has to be the very text, which the proof sees to; what it computes is told here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cnnspec_keras.symbolic.building import around
from cnnspec_keras.symbolic.plain import spread
from cnnspec_keras.symbolic.tensors import KerasTensor, Layer

#: Does what a layer does to a tensor.
Does = Callable[[Any, Any], Any]


def _plain(what: str, *keys: str) -> Does:
    """What leaves the shape as it is."""

    def done(own: Any, x: KerasTensor) -> KerasTensor:
        return x.made(what, tuple([_value(getattr(own, key)) for key in keys]), x.lengths)

    return done


def _value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(map(_value, value))
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def layer_scale(own: Any, x: KerasTensor) -> KerasTensor:
    """Multiply each channel by a weight."""
    scale = own.weight(x.run, "scale", x.lengths[-1:])
    return x.made("layer_scale", float(own.init), x.lengths, scale)


def learned(own: Any, x: KerasTensor) -> KerasTensor:
    """Give a weight for each example."""
    value = own.weight(x.run, "value", own.shape)
    return x.made("learned", float(own.init), tuple(own.shape), value)


def pixel_shuffle(own: Any, x: KerasTensor) -> KerasTensor:
    """Deal channels out as places."""
    height, width, channels = x.lengths
    factor = own.factor
    lengths = (height * factor, width * factor, channels // factor**2)
    return x.made("pixel_shuffle", int(factor), lengths)


def split(own: Any, x: KerasTensor) -> list[KerasTensor]:
    """Give parts of an axis."""
    place = own.axis if own.axis < 0 else own.axis - 1
    lengths, whole = list(x.lengths), x.lengths[place]
    parts = own.parts
    if isinstance(parts, int):
        if whole % parts:
            raise ValueError(f"{whole} are no {parts} parts")
        parts = [whole // parts] * parts
    if sum(parts) != whole:
        raise ValueError(f"{parts} do not make {whole}")
    made = []
    for number, each in enumerate(parts):
        lengths[place] = each
        said = (tuple(parts), place % len(lengths), number)
        made.append(x.made("part", said, tuple(lengths)))
    return made


def reduction(own: Any, x: KerasTensor) -> KerasTensor:
    """Make one number of all along axes."""
    axes = _places(own.axis, x)
    lengths = tuple(1 if place in axes else n for place, n in enumerate(x.lengths))
    return x.made(str(own.operation), axes, lengths)


def softmax_over(own: Any, x: KerasTensor) -> KerasTensor:
    """Make shares of the whole along axes."""
    return x.made("softmax", _places(own.axis, x), x.lengths)


def _places(axis: Any, x: KerasTensor) -> tuple[int, ...]:
    """Give axes without the batch, in order."""
    several = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(sorted((each if each < 0 else each - 1) % len(x.lengths) for each in several))


def channel_padding(own: Any, x: KerasTensor) -> KerasTensor:
    """Put channels of zeros before and after."""
    before, after = own.padding
    *places, channels = x.lengths
    lengths = (*places, channels + before + after)
    return x.made("channel_pad", (int(before), int(after)), lengths) if before or after else x


def lowest_padding(own: Any, x: KerasTensor) -> KerasTensor:
    """Put minus infinity around an image."""
    sides = around(own.padding)
    height, width, channels = x.lengths
    lengths = (height + sum(sides[0]), width + sum(sides[1]), channels)
    return x.made("pad", (sides, float("-inf")), lengths)


def padded_average(own: Any, x: KerasTensor) -> KerasTensor:
    """Take means of windows of a padded image."""
    sides, over = around(own.padding), tuple(own.overhang)
    rows = zip(x.lengths[:2], sides, over, own.pool_size, own.strides, strict=True)
    lengths = [(n + sum(side) + more - k) // s + 1 for n, side, more, k, s in rows]
    arguments = (tuple(own.pool_size), tuple(own.strides), sides, over, bool(own.count_pad))
    return x.made("padded_average", arguments, (*lengths, x.lengths[2]))


def first_reshape(own: Any, x: KerasTensor) -> KerasTensor:
    """Read an image's values, channels first, as another shape."""
    if len(x.lengths) == 3:
        x = _moved(x, (3, 1, 2))
    to = tuple(own.to)
    made = x.made("reshape", to, to)
    return _moved(made, (2, 3, 1)) if len(to) == 3 else made


def first_permute(own: Any, x: KerasTensor) -> KerasTensor:
    """Put an image's axes in another order."""
    place = {0: 3, 1: 1, 2: 2}
    channels, rows, columns = (place[each] for each in own.axes)
    return _moved(x, (rows, columns, channels))


def _moved(x: KerasTensor, order: tuple[int, ...]) -> KerasTensor:
    return x.made("permute", order, tuple(x.lengths[each - 1] for each in order))


def bilinear(own: Any, x: KerasTensor) -> KerasTensor:
    """Make an image larger, bilinear."""
    height, width, channels = x.lengths
    lengths = (int(height * own.factor), int(width * own.factor), channels)
    return x.made("bilinear", float(own.factor), lengths)


def elementwise(own: Any, given: list[KerasTensor]) -> KerasTensor:
    """Put values together place by place, and a number."""
    number = None if own.number is None else float(own.number)
    first, *others = given
    if number is None and not others:
        raise ValueError("one value alone")
    lengths = spread([each.lengths for each in given])
    if number is None:
        return first.made(own.operation, (), lengths, *others)
    arguments = (own.operation, number, bool(own.first))
    return first.made("elementwise", arguments, lengths, *others)


def pointwise(own: Any, x: KerasTensor) -> KerasTensor:
    """Do a function of each value."""
    return x.made(str(own.function), (), x.lengths)


OWN: Final[Mapping[str, Does]] = {
    "LocalResponseNormalization": _plain("local_response", "size", "alpha", "beta", "k"),
    "LayerScale": layer_scale,
    "Elementwise": elementwise,
    "LearnedTensor": learned,
    "Pointwise": pointwise,
    "Power": _plain("power", "exponent"),
    "Reduction": reduction,
    "SoftmaxOver": softmax_over,
    "ChannelShuffle": _plain("channel_shuffle", "groups"),
    "PixelShuffle": pixel_shuffle,
    "Split": split,
    "ChannelPadding": channel_padding,
    "LowestPadding2D": lowest_padding,
    "PaddedAveragePooling2D": padded_average,
    "ChannelsFirstReshape": first_reshape,
    "ChannelsFirstPermute": first_permute,
    "TanhGELU": _plain("tanh_gelu"),
    "BilinearUpSampling2D": bilinear,
}


def registered(made: type[Layer]) -> type[Layer]:
    """Take a layer of our own that a file defines."""
    does = OWN.get(made.__name__)
    if does is not None:

        def done(self: Any, given: Any, numbers: list[int]) -> Any:
            return does(self, given)

        made.done = done  # type: ignore[method-assign]
    return made
