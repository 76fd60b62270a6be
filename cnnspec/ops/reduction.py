"""One number made of all along some axes, which stay with length 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnspec.channels import ONE, SAME, ByArguments, Formula
from cnnspec.kinds import Arg, Axes
from cnnspec.op import Op, Window
from cnnspec.ops.geometry import axes_of
from cnnspec.shapes import Shape

AXIS = "The axes that it is taken over: `channels`, `height`, `width`, `places`, or a list."


def _channels(arguments: Mapping[str, object]) -> Formula | None:
    """Say the channels that stay, where the axes are known."""
    axis = arguments.get("axis")
    words = (axis,) if isinstance(axis, str) else axis
    if not isinstance(words, tuple | list) or not all(isinstance(each, str) for each in words):
        return None
    return ONE if "channels" in words else SAME


class _Reduction(Op):
    """What reductions share: the axes stay, with length 1."""

    name = ""
    family = "reduction"
    positional = 0
    channel_rule = ByArguments(_channels)
    sees = "window"

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        gone = axes_of(self.values["axis"], x)
        return Shape(1 if place in gone else length for place, length in enumerate(x))

    def window(self, *inputs: Shape) -> Window | None:
        (x,) = inputs
        if not x.is_image:
            return None
        axes = self.values["axis"]
        size = (x.height if "height" in axes else 1, x.width if "width" in axes else 1)
        return Window(size, size)

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return inputs[0].size - outputs[0].size


class Mean(_Reduction):
    """Take the mean along axes."""

    name = "mean"
    instead = "add"
    axis = Arg(Axes(), AXIS)

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return inputs[0].size  # all but one are added, and the sum divided


class Sum(_Reduction):
    """Add the numbers along axes."""

    name = "sum"
    instead = "add"
    gain = 4.0
    axis = Arg(Axes(), AXIS)


class Max(_Reduction):
    """Take the largest number along axes."""

    name = "max"
    instead = "maximum"
    gain = 3.0
    gradient_needs = ("inputs", "outputs")
    axis = Arg(Axes(), AXIS)


class Min(_Reduction):
    """Take the smallest number along axes."""

    name = "min"
    instead = "minimum"
    gain = 3.0
    gradient_needs = ("inputs", "outputs")
    axis = Arg(Axes(), AXIS)
