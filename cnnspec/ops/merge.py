"""Several values made one: sums, products, channels side by side."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar, Final

from cnnspec.channels import SUM
from cnnspec.kinds import Called, Refusal
from cnnspec.op import Op
from cnnspec.shapes import Shape

#: A mask is said to be written next to itself so many times.
MOST_COPIES: Final = 8


def _thing(shapes: tuple[Shape, ...]) -> str:
    return "images" if all(each.is_image for each in shapes) else "values"


def _gates(x: Shape, other: Shape) -> bool:
    """Whether `other` spreads over x: a vector of its channels, or C x 1 x 1."""
    return x.is_image and other in ((x.channels,), (x.channels, 1, 1))


class _Elementwise(Op):
    """What add, mul and sub share."""

    name = ""
    family = "merge"
    arity: ClassVar[tuple[int, int | None]] = (2, None)
    sees = "value"
    spreads = True
    verb = ""

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return (len(inputs) - 1) * outputs[0].size

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return float(sum(size**1.5 for size in sizes) ** (1 / 1.5))  # independent to alike

    def shape(self, *inputs: Shape) -> Shape:
        largest = max(inputs, key=lambda each: (len(each), each.size))
        for position, each in enumerate(inputs):
            if each != largest and not _gates(largest, each):
                raise Refusal(
                    f"cannot {self.verb} {_thing(inputs)} of different shapes",
                    input=position,
                    code="shape-mismatch",
                    help=_mask(self.verb, largest, each) or _mend(largest, each),
                )
        return largest


def _mask(verb: str, wanted: Shape, other: Shape) -> str | None:
    """Say what to do about a mask, an image of one channel by which all are multiplied."""
    if verb != "multiply" or other != (1, *wanted[1:]):
        return None
    said = f"an image of 1 channel does not spread over {wanted.channels}"
    if wanted.channels > MOST_COPIES:
        return f"not here: {said}"
    return f"{said}: where `m` is that image, write `concat({', '.join('m' * wanted.channels)})`"


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
    return "only a vector of the image's channels, or C x 1 x 1, spreads over an image"


def _join(first: Shape, other: Shape) -> str:
    if first.is_image and other.is_image:
        return "make them equal: check `pad` and `stride`, or `crop` the larger"
    return "bring both to vectors: `x -> gap` or `x -> flatten`"


class Add(_Elementwise):
    """Add values place by place.

    All have one shape, save that a vector of C or an image C x 1 x 1 spreads over C x H x W.
    """

    name = "add"
    elsewhere = (
        "plus",
        "addition",
        Called("residual", "add(a, b)", "a sum of two values"),
        Called("sum", "add(a, b)", "there is no sum over axes"),
    )
    passes_gradient = True
    sign = "+"
    verb = "add"


class Multiply(_Elementwise):
    """Multiply values place by place: shapes as for add."""

    name = "mul"
    elsewhere = ("Multiply", "times")
    gradient_needs = ("inputs",)
    sign = "*"
    verb = "multiply"

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return 1.2 * prod(sizes)


class Subtract(_Elementwise):
    """Subtract the second value from the first, place by place: shapes as for add."""

    name = "sub"
    elsewhere = ("Subtract", "minus")
    sign = "-"
    verb = "subtract"
    arity = (2, 2)


class Concat(Op):
    """Put channels side by side: C1 x H x W and C2 x H x W give (C1 + C2) x H x W."""

    name = "concat"
    elsewhere = ("cat", "Concatenate", "concatenation")
    family = "merge"
    arity = (1, None)
    channel_rule = SUM
    only_moves = True
    passes_gradient = True

    def shape(self, *inputs: Shape) -> Shape:
        first = inputs[0]
        for position, each in enumerate(inputs):
            if each[1:] != first[1:]:
                raise Refusal(
                    f"cannot concatenate {_thing(inputs)} of different height or width",
                    input=position,
                    code="shape-mismatch",
                    help=_join(first, each),
                )
        return Shape((sum(each.channels for each in inputs), *first[1:]))
