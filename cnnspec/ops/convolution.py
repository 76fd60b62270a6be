"""Filters that slide over an image: full, grouped, depthwise, transposed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from cnnspec.channels import SAME, Argument, times
from cnnspec.kinds import Arg, Bool, Called, Int, Pad, Pair, Refusal
from cnnspec.op import PRODUCTS, Op, Weight, Window
from cnnspec.ops.geometry import Sides, need_image, reach, sides, slide
from cnnspec.shapes import Shape, image

FILTERS = "Number of filters: the output's channels."
SIZE = "Height and width of the window: one number or `[h, w]`."
STRIDE = "How far the window moves: one number or `[h, w]`."
PAD = "Zeros around the image: a number, `[h, w]`, `[top, bottom, left, right]`, `same`."
DILATION = "Distance between neighbouring samples of the window."
BIAS = "Whether a learned number is added to each output channel."
KERNEL = ("kernel_size", "kernel", "ksize")


class Conv(Op):
    """Slide filters over an image: a convolution (cross-correlation), as deep learning has it.

    Output: filters x floor((n + p - d(k - 1) - 1) / s) + 1 along each axis, where p is both sides'
    padding. With `pad = same` it is ceil(n / s), the odd pixel after (TensorFlow's rule); with
    `same_lower`, before. Multiply-adds: one a weight and output place; the bias is not counted.
    """

    name = "conv"
    elsewhere = ("Conv2d", "Convolution", "Convolution2D")
    family = "convolution"
    gradient_needs = ("inputs",)
    sees = "window"
    channel_rule = Argument("filters")
    filters = Arg(Int(1), FILTERS, elsewhere=("out_channels", "channels"))
    size = Arg(Pair(1), SIZE, elsewhere=KERNEL)
    stride = Arg(Pair(1), STRIDE, 1, ("strides",))
    pad = Arg(Pad(), PAD, 0, ("padding",))
    dilation = Arg(Pair(1), DILATION, 1, ("dilation_rate",))
    groups = Arg(Int(1), "Groups that channels and filters are split into; each sees its own.", 1)
    bias = Arg(Bool(), BIAS, True, ("use_bias",))

    def check(self) -> None:
        if self.filters % self.groups:
            raise Refusal(
                f"{self.filters} filters do not divide into {self.groups} groups",
                argument="groups",
                code="groups-mismatch",
                help=_divisors(self.filters, self.groups),
            )

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        if x.channels % self.groups:
            raise Refusal(
                f"{x.channels} channels do not divide into {self.groups} groups",
                argument="groups",
                code="groups-mismatch",
                help=_divisors(x.channels, self.groups),
            )
        pads = sides(self.pad, self.size, self.stride, self.dilation, (x.height, x.width))
        size = slide(self.name, x, self.size, self.stride, pads, self.dilation)
        return image(self.filters, *size)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        kernel = Weight("weight", (self.filters, inputs[0].channels // self.groups, *self.size))
        bias = Weight("bias", (self.filters,), "bias")
        return (kernel, bias) if self.bias else (kernel,)

    def macs(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        window: int = self.size[0] * self.size[1] * (inputs[0].channels // self.groups)
        return outputs[0].size * window

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return outputs[0].size if self.bias else 0

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return PRODUCTS

    def window(self, *inputs: Shape) -> Window:
        return Window(self.size, self.stride, self.dilation)


class DepthwiseConv(Op):
    """Slide filters over each channel by itself: a depthwise convolution.

    A conv whose groups are its input's channels: channel i gives `multiplier` channels of its own.
    """

    name = "dwconv"
    elsewhere = ("DepthwiseConv2D", "depthwise", "depthwise_convolution")
    family = "convolution"
    gradient_needs = ("inputs",)
    sees = "window"
    channel_rule = times(SAME, Argument("multiplier"))
    size = Arg(Pair(1), SIZE, elsewhere=KERNEL)
    stride = Arg(Pair(1), STRIDE, 1, ("strides",))
    pad = Arg(Pad(), PAD, 0, ("padding",))
    dilation = Arg(Pair(1), DILATION, 1, ("dilation_rate",))
    multiplier = Arg(
        Int(1, 1024), "How many channels each channel gives.", 1, ("depth_multiplier",)
    )
    bias = Arg(Bool(), BIAS, True, ("use_bias",))

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        pads = sides(self.pad, self.size, self.stride, self.dilation, (x.height, x.width))
        size = slide(self.name, x, self.size, self.stride, pads, self.dilation)
        return image(x.channels * self.multiplier, *size)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = inputs[0].channels * self.multiplier
        kernel = Weight("weight", (channels, 1, *self.size))
        bias = Weight("bias", (channels,), "bias")
        return (kernel, bias) if self.bias else (kernel,)

    def macs(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        window: int = self.size[0] * self.size[1]
        return outputs[0].size * window

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return outputs[0].size if self.bias else 0

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return PRODUCTS

    def window(self, *inputs: Shape) -> Window:
        return Window(self.size, self.stride, self.dilation)


class TransposedConv(Op):
    """Spread each place of an image over a window of a larger one: a transposed convolution.

    The full output is (n - 1) * s + d(k - 1) + 1 along each axis; `pad` numbers are cropped from
    it, `output_pad` added after. With `pad = same` the output is n * s: the full output cropped,
    the smaller half before, or longer after where it is short (a window smaller than its stride).
    No input reaches places that are added: the bias alone stands there.
    """

    name = "conv_transpose"
    elsewhere = (
        "ConvTranspose2d",
        "Conv2DTranspose",
        "deconv",
        "deconvolution",
        "Convolution2DTranspose",
        Called(
            "upconv",
            "conv_transpose(filters, 2, stride = 2)",
            "U-Net's; others mean `upsample(2) -> conv(filters, 3, pad = 1)`",
        ),
        "transposed_conv",
    )
    family = "convolution"
    gradient_needs = ("inputs",)
    sees = "window"
    channel_rule = Argument("filters")
    filters = Arg(Int(1), FILTERS, elsewhere=("out_channels", "channels"))
    size = Arg(Pair(1), SIZE, elsewhere=KERNEL)
    stride = Arg(Pair(1), "How far apart input places land in the output.", 1, ("strides",))
    pad = Arg(Pad(("same",)), "What is cropped from the full output, or `same`.", 0, ("padding",))
    output_pad = Arg(
        Pair(0),
        "Rows and columns added after; less than stride or dilation.",
        0,
        ("output_padding",),
    )
    dilation = Arg(Pair(1), DILATION, 1, ("dilation_rate",))
    groups = Arg(Int(1), "Groups that channels and filters are split into.", 1)
    bias = Arg(Bool(), BIAS, True, ("use_bias",))

    def check(self) -> None:
        if self.filters % self.groups:
            raise Refusal(
                f"{self.filters} filters do not divide into {self.groups} groups",
                argument="groups",
                code="groups-mismatch",
            )
        for axis in (0, 1):
            extra = self.output_pad[axis]
            if extra and (
                self.pad == "same" or extra >= max(self.stride[axis], self.dilation[axis])
            ):
                raise Refusal(
                    "output_pad must be less than stride or dilation, and is not used with `same`",
                    argument="output_pad",
                )

    def lengths(self, x: Shape) -> tuple[tuple[int, int], tuple[int, int]]:
        """Give the full output's and the output's (height, width)."""
        full, out = [], []
        for axis in (0, 1):
            covered = reach(self.size[axis], self.dilation[axis])
            full.append((x[axis + 1] - 1) * self.stride[axis] + covered)
            if isinstance(self.pad, tuple):
                cropped = self.pad[2 * axis] + self.pad[2 * axis + 1]
                out.append(full[axis] - cropped + self.output_pad[axis])
            else:
                out.append(x[axis + 1] * self.stride[axis])
        return (full[0], full[1]), (out[0], out[1])

    def cropped(self, x: Shape) -> tuple[Sides, tuple[int, int]]:
        """Give what is cropped from the full output as (top, bottom, left, right), and added."""
        if isinstance(self.pad, tuple):
            return self.pad, self.output_pad
        full, out = self.lengths(x)
        rows, columns = full[0] - out[0], full[1] - out[1]
        high, wide = max(rows, 0), max(columns, 0)
        crops = (high // 2, high - high // 2, wide // 2, wide - wide // 2)
        return crops, (max(-rows, 0), max(-columns, 0))

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        if x.channels % self.groups:
            raise Refusal(
                f"{x.channels} channels do not divide into {self.groups} groups",
                argument="groups",
                code="groups-mismatch",
            )
        _, out = self.lengths(x)
        if min(out) < 1:
            raise Refusal("nothing is left of the image", argument="pad", help="pad less")
        return image(self.filters, *out)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        kernel = Weight("weight", (inputs[0].channels, self.filters // self.groups, *self.size))
        bias = Weight("bias", (self.filters,), "bias")
        return (kernel, bias) if self.bias else (kernel,)

    def macs(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        window: int = self.size[0] * self.size[1] * (self.filters // self.groups)
        return inputs[0].size * window

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return outputs[0].size if self.bias else 0

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return PRODUCTS

    def window(self, *inputs: Shape) -> Window:
        (high, wide), (rows, columns) = self.size, self.stride
        covered = reach(high, self.dilation[0]), reach(wide, self.dilation[1])
        seen = (-(-covered[0] // rows), -(-covered[1] // columns))
        return Window(seen, (Fraction(1, rows), Fraction(1, columns)))


def _divisors(number: int, near: int) -> str:
    fits = [each for each in range(1, min(number, 4096) + 1) if number % each == 0]
    best = sorted(fits, key=lambda each: (abs(each - near), each))[:3]
    return f"{number} divides into {' or '.join(map(str, sorted(best)))} groups"
