"""Windows that keep the largest value or the mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod

from cnnspec.kinds import Arg, Bool, Called, Pad, Pair, Refusal
from cnnspec.op import Noted, Op, Window
from cnnspec.ops.geometry import Sides, need_image, sides, slide
from cnnspec.shapes import Shape, image, vector

SIZE = "Height and width of the window: one number or `[h, w]`."
STRIDE = "How far the window moves; the window's size if left out."
PAD = "Padding: a number, `[h, w]`, `[top, bottom, left, right]`, `same`."
CEIL = "Whether a last window may hang over the end of the image."
KEEP = "Whether the result stays an image, C x 1 x 1, instead of a vector."


class _Pool(Op):
    """What max- and average-pooling share."""

    name = ""
    family = "pooling"
    sees = "window"

    @property
    def moves(self) -> tuple[int, int]:
        """The stride, the size where none is given."""
        stride: tuple[int, int] | None = self.values["stride"]
        size: tuple[int, int] = self.values["size"]
        return size if stride is None else stride

    def sides(self, x: Shape) -> Sides:
        """Work the padding out for an image: (top, bottom, left, right)."""
        values = self.values
        place = (x.height, x.width)
        return sides(values["pad"], values["size"], self.moves, (1, 1), place)

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        values, pads = self.values, self.sides(x)
        for axis in (0, 1):
            if max(pads[2 * axis : 2 * axis + 2]) >= values["size"][axis]:
                raise Refusal(
                    "padding must be smaller than the window, or a window sees nothing else",
                    argument="pad",
                )
        size = slide(self.name, x, values["size"], self.moves, pads, ceil=values["ceil"])
        return image(x.channels, *size)

    def window(self, *inputs: Shape) -> Window:
        return Window(self.values["size"], self.moves)

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        window: int = prod(self.values["size"])
        return outputs[0].size * window  # all but one are added, and the sum divided


class MaxPool(_Pool):
    """Keep the largest value of each window.

    Output: floor((n + p - k) / s) + 1 along each axis; with `ceil`, ceil instead of floor, less a
    last window that would start beyond the image and the padding before it. Padding counts as
    minus infinity.
    """

    name = "maxpool"
    positional = 2
    elsewhere = ("MaxPool2d", "MaxPooling2D")
    gain = 1.5
    gradient_needs = ("inputs",)
    size = Arg(Pair(1), SIZE, elsewhere=("kernel_size", "pool_size"))
    stride = Arg(Pair(1), STRIDE, None, ("strides",))
    pad = Arg(Pad(), PAD, 0, ("padding",))
    ceil = Arg(Bool(), CEIL, False, ("ceil_mode",))

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return super().operations(inputs, outputs) - outputs[0].size  # nothing is divided

    def bend(self) -> float:
        return 25.0 if self.pad != (0, 0, 0, 0) else 0.0  # what stands around is less than that

    def noted(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Noted:
        return Noted(indices=outputs[0].size)


class AveragePool(_Pool):
    """Take the mean of each window.

    Sizes as for maxpool. With `count_pad` (PyTorch's default) padding counts as zeros; without, a
    mean is over the image's own values only. What `ceil` lets hang over the end never counts.
    """

    name = "avgpool"
    positional = 2
    elsewhere = (
        Called("AvgPool2d", "avgpool(size)", "Keras's, if padded, has `count_pad = false`"),
        Called("AveragePooling2D", "avgpool(size, count_pad = false)"),
        "mean_pool",
    )
    gradient_needs = ("inputs",)
    size = Arg(Pair(1), SIZE, elsewhere=("kernel_size", "pool_size"))
    stride = Arg(Pair(1), STRIDE, None, ("strides",))
    pad = Arg(Pad(), PAD, 0, ("padding",))
    ceil = Arg(Bool(), CEIL, False, ("ceil_mode",))
    count_pad = Arg(
        Bool(), "Whether padding counts in the mean, as zeros.", True, ("count_include_pad",)
    )


class AdaptiveAveragePool(Op):
    """Take means over windows that divide the image into `size` rows and columns.

    Window i of o covers floor(i * n / o) up to ceil((i + 1) * n / o), as in PyTorch.
    """

    name = "adaptive_avgpool"
    elsewhere = ("AdaptiveAvgPool2d", "AdaptiveAveragePooling2D")
    family = "pooling"
    sees = "window"
    gradient_needs = ("inputs",)
    size = Arg(Pair(1), "Height and width of the output.", elsewhere=("output_size",))

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        return image(x.channels, *self.size)

    def window(self, *inputs: Shape) -> Window:
        (x,) = inputs
        (rows, high), (columns, wide) = zip(x[1:], self.size, strict=True)
        step = (Fraction(rows, high), Fraction(columns, wide))
        return Window((max(_lengths(rows, high)), max(_lengths(columns, wide))), step)

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        (x,) = inputs
        rows, columns = (sum(_lengths(n, o)) for n, o in zip(x[1:], self.size, strict=True))
        return int(x.channels * rows * columns)


def _lengths(length: int, count: int) -> Iterator[int]:
    """Give the lengths of the windows that divide an axis, which may overlap."""
    return (-(-(i + 1) * length // count) - i * length // count for i in range(count))


class _Global(Op):
    """What global pools share."""

    name = ""
    family = "pooling"
    rank = "argued"
    sees = "image"

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_image(self.name, x)
        return image(x.channels, 1, 1) if self.values["keep"] else vector(x.channels)

    def window(self, *inputs: Shape) -> Window:
        (x,) = inputs
        whole = (x.height, x.width)
        return Window(whole, whole if self.values["keep"] else (1, 1))

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return inputs[0].size  # all but one of a channel are added, and the sum divided


class GlobalAveragePool(_Global):
    """Take the mean of each channel: an image becomes a vector of its channels."""

    name = "gap"
    elsewhere = (
        "GlobalAveragePooling2D",
        "GlobalAvgPool2D",
        "global_avg_pool",
        "global_average_pool",
    )
    keep = Arg(Bool(), KEEP, False)


class GlobalMaxPool(_Global):
    """Take the largest value of each channel: an image becomes a vector of its channels."""

    name = "gmp"
    elsewhere = ("GlobalMaxPooling2D", "GlobalMaxPool2D", "global_max_pool")
    gain = 3.0
    gradient_needs = ("inputs", "outputs")
    keep = Arg(Bool(), KEEP, False)

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return inputs[0].size - outputs[0].size  # all but one of a channel are compared
