"""Several values made one: sums, products, channels side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import ClassVar

from cnnspec.channels import SAME, SUM, WIDEST, ByArguments, Formula
from cnnspec.kinds import AXES, Arg, Axes, Bool, Called, Float, Refusal
from cnnspec.op import Op
from cnnspec.ops.geometry import along, axes_of
from cnnspec.shapes import Shape

NUMBER = "A number among the values; it may stand where a value does: `{}`."
FIRST = "Whether the number stands first: `{}`."


def _thing(shapes: tuple[Shape, ...]) -> str:
    return "images" if all(each.is_image for each in shapes) else "values"


def spread(shapes: Sequence[Shape]) -> Shape:
    """Give the shape to which values spread: the longest length along each axis.

    A vector is C x 1 x 1 beside an image.

    >>> spread([Shape((8,)), Shape((1, 5, 1)), Shape((1, 1, 3))])
    Shape((8, 5, 3))
    """
    rank = max(map(len, shapes))
    full = [(*each, *(1,) * (rank - len(each))) for each in shapes]
    return Shape(map(max, *full) if len(full) > 1 else full[0])


def _spreads(x: Shape, over: Shape) -> bool:
    """Whether a value spreads over a shape: along each axis it is as long, or 1."""
    return all(length in (1, wanted) for length, wanted in zip(x, over, strict=False))


def _odd(largest: Shape, shapes: Sequence[Shape]) -> Shape:
    """Give the first shape that does not spread over the largest."""
    return next(each for each in shapes if not _spreads(each, largest))


class _Elementwise(Op):
    """What operators on several values share, place by place, a number among them or none."""

    name = ""
    family = "merge"
    positional = 1
    arity: ClassVar[tuple[int, int | None]] = (1, None)
    channel_rule = WIDEST
    sees = "value"
    spreads = True
    takes_number = True
    verb = ""

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return (self._count(inputs) - 1) * outputs[0].size

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        every = [*sizes, *self._numbers]
        return float(sum(size**1.5 for size in every) ** (1 / 1.5))  # independent to alike

    def shape(self, *inputs: Shape) -> Shape:
        count, most = self._count(inputs), self.arity[1]
        if count < 2 or (most is not None and count > most):
            wanted = "two values" if most == 2 else "values"
            here = "is one alone" if count < 2 else f"are {count}"
            raise Refusal(
                f"{self.name} puts {wanted} together, and here {here}",
                input=0,
                code="wrong-arity",
                help=f"write `{self.name}(x, y)`, or with a number `{self.name}(x, 2)`",
            )
        result = spread(inputs)
        largest = max(inputs, key=lambda each: (len(each), each.size))
        for position, each in enumerate(inputs):
            if not _spreads(each, result):
                raise Refusal(
                    f"cannot {self.verb} {_thing(inputs)} of different shapes",
                    input=position,
                    code="shape-mismatch",
                    help=_mend(largest, _odd(largest, inputs)),
                )
        return result

    @property
    def _numbers(self) -> list[float]:
        """How large the number is, if there is one."""
        number: float | None = self.values["number"]
        return [] if number is None else [abs(number)]

    def _count(self, inputs: Sequence[Shape]) -> int:
        return len(inputs) + len(self._numbers)


def _mend(wanted: Shape, other: Shape) -> str:
    if wanted.is_image and other.is_image and wanted.channels != other.channels:
        small, large = sorted((wanted, other), key=lambda shape: shape.height)
        stride = large.height // small.height
        if [-(-length // stride) for length in large[1:]] != [*small[1:]]:
            return "make channels, heights and widths equal: check `pad` and `stride` on both ways"
        step = f", stride = {stride}" if stride > 1 else ""
        return f"bring one to the other's channels: `x -> conv({small.channels}, 1{step})`"
    if wanted.is_image and other.is_image:
        return "make their heights and widths equal: check `pad` and `stride` on both ways"
    return "a vector stands for an image's channels; what spreads is as long along each axis, or 1"


def _join(first: Shape, other: Shape) -> str:
    if first.is_image and other.is_image:
        return "make them equal: check `pad` and `stride`, or `crop` the larger"
    return "bring both to vectors: `x -> gap` or `x -> flatten`"


class Add(_Elementwise):
    """Add values place by place.

    Shapes align at the channels, axes that are missing are 1, and an axis of 1 spreads: a vector of
    C, C x 1 x 1, 1 x H x W and C x H x 1 all spread over C x H x W. One of the values may be a
    number.
    """

    name = "add"
    elsewhere = (
        "plus",
        "addition",
        Called("residual", "add(a, b)", "a sum of two values"),
    )
    passes_gradient = True
    sign = "+"
    verb = "add"
    number = Arg(Float(), NUMBER.format("add(x, 1)"), None)


class Multiply(_Elementwise):
    """Multiply values place by place: shapes, and a number among them, as for add."""

    name = "mul"
    elsewhere = ("Multiply", "times")
    gradient_needs = ("inputs",)
    sign = "*"
    verb = "multiply"
    number = Arg(Float(), NUMBER.format("mul(x, 2)"), None)

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return 1.2 * prod([*sizes, *self._numbers])


class Maximum(_Elementwise):
    """Take the largest of several values, place by place: shapes and numbers as for add."""

    name = "maximum"
    elsewhere = ("Maximum",)
    gradient_needs = ("inputs",)
    verb = "compare"
    number = Arg(Float(), NUMBER.format("maximum(x, 0)"), None)


class Minimum(_Elementwise):
    """Take the smallest of several values, place by place: shapes and numbers as for add."""

    name = "minimum"
    elsewhere = ("Minimum",)
    gradient_needs = ("inputs",)
    verb = "compare"
    number = Arg(Float(), NUMBER.format("minimum(x, 6)"), None)


class Subtract(_Elementwise):
    """Subtract the second value from the first, place by place: shapes and numbers as for add."""

    name = "sub"
    elsewhere = ("Subtract", "minus")
    sign = "-"
    verb = "subtract"
    arity = (1, 2)
    number = Arg(Float(), NUMBER.format("sub(x, 1)"), None)
    first = Arg(Bool(), FIRST.format("sub(1, x)"), False)

    def check(self) -> None:
        _needs_number(self)


class Divide(_Elementwise):
    """Divide the first value by the second, place by place: shapes and numbers as for add."""

    name = "div"
    elsewhere = ("divide",)
    gradient_needs = ("inputs",)
    sign = "/"
    verb = "divide"
    arity = (1, 2)
    number = Arg(Float(), NUMBER.format("div(x, 2)"), None)
    first = Arg(Bool(), FIRST.format("div(1, x)"), False)

    def check(self) -> None:
        _needs_number(self)
        if self.number == 0 and not self.first:
            raise Refusal("nothing is divided by 0", argument="number")

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        if self.number is not None and not self.first:
            return sizes[0] / abs(float(self.number))
        over = abs(float(self.number)) if self.first else sizes[0]
        return 4 * over / sizes[-1]

    def above_zero(self) -> tuple[int, ...]:
        if self.number is None:
            return (1,)
        return (0,) if self.first else ()


def _needs_number(op: Subtract | Divide) -> None:
    if op.first and op.number is None:
        raise Refusal("there is no number that could stand first", argument="first")


def _joined(arguments: Mapping[str, object]) -> Formula | None:
    """Say the channels of what is put side by side, where the axis is known."""
    words = along(arguments)
    return None if words is None else SUM if words == ("channels",) else SAME


class Concat(Op):
    """Put values side by side: C1 x H x W and C2 x H x W give (C1 + C2) x H x W.

    Along another axis, `axis = height`, their channels and widths are the same.
    """

    name = "concat"
    elsewhere = ("cat", "Concatenate", "concatenation")
    family = "merge"
    arity = (1, None)
    channel_rule = ByArguments(_joined)
    only_moves = True
    passes_gradient = True
    positional = 0
    axis = Arg(Axes(single=True), "The axis along which they are put.", "channels")

    def shape(self, *inputs: Shape) -> Shape:
        first = inputs[0]
        (place,) = axes_of(self.axis, first)
        for position, each in enumerate(inputs):
            if _without(each, place) != _without(first, place):
                others = " or ".join(word for word in AXES if word not in self.axis)
                raise Refusal(
                    f"cannot concatenate {_thing(inputs)} of different {others}",
                    input=position,
                    code="shape-mismatch",
                    help=_join(first, each),
                )
        total = sum(each[place] for each in inputs)
        return Shape((*first[:place], total, *first[place + 1 :]))


def _without(x: Shape, axis: int) -> tuple[int, ...]:
    return (*x[:axis], *x[axis + 1 :])
