"""Operators that move, add or drop values without computing with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor, prod

from cnnspec.channels import SAME, Argument, ByArguments, Formula, Places, over, plus, times
from cnnspec.kinds import (
    Arg,
    Axes,
    Called,
    Choice,
    Float,
    Int,
    Ints,
    Pad,
    Pair,
    Parts,
    Refusal,
)
from cnnspec.op import Op, Window
from cnnspec.ops.geometry import along, axes_of, need_image
from cnnspec.shapes import Shape, image, vector


class Flatten(Op):
    """Make a vector of an image, channel by channel, row by row: C * H * W features."""

    name = "flatten"
    elsewhere = ("flat",)
    family = "layout"
    channel_rule = times(SAME, Places())
    rank = "vector"
    sees = "image"
    only_moves = True
    is_view = True

    def shape(self, *inputs: Shape) -> Shape:
        return vector(inputs[0].size)


class Reshape(Op):
    """Read the same values, in the order C, H, W, as another shape."""

    name = "reshape"
    elsewhere = tuple(
        Called(word, "reshape([channels, height, width])", "without the batch, channels first")
        for word in ("view", "Reshape")
    )
    family = "layout"
    channel_rule = Argument("to", 0)
    rank = "argued"
    sees = "image"
    only_moves = True
    is_view = True
    to = Arg(
        Ints(1),
        "The new shape: `[features]` or `[channels, height, width]`.",
        elsewhere=tuple(
            Called(word, "to = [channels, height, width]", "without the batch, channels first")
            for word in ("shape", "target_shape", "size")
        ),
    )

    def check(self) -> None:
        if len(self.to) not in (1, 3):
            raise Refusal("a shape is [features] or [channels, height, width]", argument="to")

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if prod(self.to) != x.size:
            wanted = " x ".join(map(str, self.to))
            raise Refusal(
                f"{x} holds {x.size} numbers, {wanted} would hold {prod(self.to)}",
                argument="to",
                code="shape-mismatch",
            )
        return Shape(self.to)


class Permute(Op):
    """Change the order of an image's axes; `[1, 2, 0]` puts the rows first."""

    name = "permute"
    elsewhere = tuple(
        Called(word, "permute([0, 2, 1])", "the axes as they come: 0 channels, 1 rows, 2 columns")
        for word in ("transpose", "Permute")
    )
    family = "layout"
    channel_rule = None  # they may be the rows or the columns
    sees = "image"
    only_moves = True
    is_view = True
    axes = Arg(
        Ints(0, 2, 3),
        "The old axes in their new order: 0 channels, 1 rows, 2 columns.",
        elsewhere=(Called("dims", "axes = [0, 2, 1]", "0 channels, 1 rows, 2 columns"),),
    )

    def check(self) -> None:
        if sorted(self.axes) != [0, 1, 2]:
            raise Refusal("each of 0, 1 and 2 must stand there once", argument="axes")

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        return Shape(tuple(x[axis] for axis in self.axes))


class PadImage(Op):
    """Put zeros around an image, and before and after its channels."""

    name = "pad"
    positional = 1
    elsewhere = (
        Called(
            "ZeroPad2d",
            "pad([top, bottom, left, right])",
            "PyTorch has left and right before top and bottom",
        ),
        Called("ZeroPadding2D", "pad([top, bottom, left, right])"),
    )
    family = "layout"
    channel_rule = plus(plus(SAME, Argument("channels", 0)), Argument("channels", 1))
    only_moves = True
    sides = Arg(Pad(automatic=()), "Zeros: a number, `[h, w]`, or `[top, bottom, left, right]`.", 0)
    channels = Arg(Pair(0), "Channels of zeros `[before, after]`.", 0)

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        top, bottom, left, right = self.sides
        rows, columns = x.height + top + bottom, x.width + left + right
        return image(x.channels + sum(self.channels), rows, columns)


class Crop(Op):
    """Cut rows and columns off an image."""

    name = "crop"
    elsewhere = (Called("Cropping2D", "crop([top, bottom, left, right])"),)
    family = "layout"
    only_moves = True
    is_view = True
    sides = Arg(Pad(automatic=()), "How much: a number, `[h, w]`, or `[top, bottom, left, right]`.")

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        top, bottom, left, right = self.sides
        rows, columns = x.height - top - bottom, x.width - left - right
        if rows < 1 or columns < 1:
            raise Refusal(f"nothing is left of {x.height} x {x.width}", argument="sides")
        return image(x.channels, rows, columns)


class Upsample(Op):
    """Enlarge an image: floor(n * factor) along each axis.

    `nearest` takes the nearest pixel centre (PyTorch's nearest-exact where the factor is no whole
    number); `bilinear` interpolates between pixel centres (align_corners=False).
    """

    name = "upsample"
    positional = 2
    elsewhere = (
        Called("Upsample", "upsample(factor)", "a factor, and no size"),
        Called("UpSampling2D", "upsample(factor)", "a factor, and no size"),
        Called("interpolate", "upsample(factor)", "a factor, and no size"),
        Called("UpsamplingNearest2d", "upsample(factor)", "a factor, and no size"),
        Called("upsample_nearest", "upsample(factor)", "a factor, and no size"),
    )
    family = "layout"
    sees = "window"
    factor = Arg(Float(above=0, high=1024), "How many times as large.")
    mode = Arg(Choice(("nearest", "bilinear")), "How values between pixels are found.", "nearest")

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return outputs[0].size * (7 if self.mode == "bilinear" else 0)

    def window(self, *inputs: Shape) -> Window:
        seen, step = 1 if self.mode == "nearest" else 2, 1 / Fraction(str(self.factor))
        return Window((seen, seen), (step, step))

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        size = [floor(each * self.factor) for each in x[1:]]
        if min(size) < 1:
            raise Refusal(f"nothing is left of {x.height} x {x.width}", argument="factor")
        return image(x.channels, *size)


class ChannelShuffle(Op):
    """Deal the channels of `groups` groups out in turn (ShuffleNet: Zhang et al., 2017)."""

    name = "channel_shuffle"
    elsewhere = ("shuffle", "native_channel_shuffle")
    family = "layout"
    only_moves = True
    groups = Arg(Int(1), "How many groups the channels are in.")

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        _divides(x, self.groups, "groups")
        return x


class PixelShuffle(Op):
    """Deal channels out as places: C * f * f x H x W give C x H * f x W * f (Shi et al., 2016).

    Channel c * f * f + i * f + j becomes row i and column j of the f x f places of channel c, as in
    PyTorch; TensorFlow's depth_to_space has (i * f + j) * C + c there.
    """

    name = "pixel_shuffle"
    elsewhere = ("PixelShuffle", "subpixel")
    family = "layout"
    channel_rule = over(SAME, times(Argument("factor"), Argument("factor")))
    sees = "window"
    only_moves = True
    factor = Arg(Int(1, 1024), "How many times as large.", elsewhere=("upscale_factor",))

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        _divides(x, self.factor**2, "factor")
        return image(x.channels // self.factor**2, x.height * self.factor, x.width * self.factor)

    def window(self, *inputs: Shape) -> Window:
        step = Fraction(1, self.factor)
        return Window((1, 1), (step, step))


def _parted(arguments: Mapping[str, object]) -> Formula | None:
    """Say the channels of parts, where the axis is known and they are alike."""
    words = along(arguments)
    if words != ("channels",):
        return None if words is None else SAME
    return over(SAME, Argument("n")) if isinstance(arguments.get("n"), int) else None


class Split(Op):
    """Split channels, or another axis, into parts, each a result: `a, b = x -> split(2)`.

    `split(3)` makes three equal parts, `split([64, 192])` one of 64 channels and one of 192.
    """

    name = "split"
    elsewhere = ("chunk",)
    family = "layout"
    outputs_from = "n"
    channel_rule = ByArguments(_parted)
    only_moves = True
    is_view = True
    positional = 1
    n = Arg(Parts(), "How many parts, or the length of each.")
    axis = Arg(Axes(single=True), "The axis that is split.", "channels")

    def shape(self, *inputs: Shape) -> tuple[Shape, ...]:
        (x,) = inputs
        (place,) = axes_of(self.axis, x)
        lengths: tuple[int, ...] = self.lengths(x[place])
        return tuple(Shape((*x[:place], each, *x[place + 1 :])) for each in lengths)

    def lengths(self, whole: int) -> tuple[int, ...]:
        """Give the length of each part; raises Refusal where they do not make up the whole."""
        parts: int | tuple[int, ...] = self.n
        word = "channels" if self.axis == ("channels",) else f"places of {self.axis[0]}"
        if isinstance(parts, int):
            if whole % parts:
                raise Refusal(
                    f"{whole} {word} do not divide into {parts}",
                    argument="n",
                    code="groups-mismatch",
                )
            return (whole // parts,) * parts
        if sum(parts) != whole:
            raise Refusal(
                f"{' + '.join(map(str, parts))} are {sum(parts)}, and {whole} {word} flow in",
                argument="n",
                code="groups-mismatch",
            )
        return parts


def _divides(x: Shape, parts: int, argument: str) -> None:
    if x.channels % parts:
        raise Refusal(
            f"{x.channels} channels do not divide into {parts}",
            argument=argument,
            code="groups-mismatch",
        )
