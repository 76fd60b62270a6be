"""The one table of operators that tests go by: for each, at least one step and what it gives.

A new operator puts its rows here: every way that its rule or a lowering of it can go. From them
come the tests of shapes, and the file in which PyTorch's tools meet every step in every form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cnnspec.ops import OPERATORS
from cnnspec.shapes import Shape

X, V = (4, 7, 7), (4,)


class Row(NamedTuple):
    """A step: what comes in, and the shapes that come out."""

    operator: str
    arguments: Mapping[str, Any]
    inputs: tuple[tuple[int, ...], ...]
    gives: tuple[tuple[int, ...], ...]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The inputs' shapes."""
        return tuple(map(Shape, self.inputs))

    def __str__(self) -> str:
        words = ", ".join(f"{key}={value}" for key, value in self.arguments.items())
        return f"{self.operator}({words}) on {', '.join(map(str, self.inputs))}"


def row(operator: str, *inputs: tuple[int, ...], gives: Any, **arguments: Any) -> Row:
    """Make a row; `gives` is one shape, or a list of them."""
    return Row(operator, arguments, inputs, tuple(gives) if isinstance(gives, list) else (gives,))


ROWS: tuple[Row, ...] = (
    row("input", channels=3, height=224, width=200, gives=(3, 224, 200)),
    row("input", channels=100, gives=(100,)),
    row("identity", X, gives=X),
    row("conv", (3, 224, 224), filters=64, size=7, stride=2, pad=3, gives=(64, 112, 112)),
    row("conv", (3, 9, 9), filters=2, size=3, dilation=[2, 1], gives=(2, 5, 7)),
    row("conv", (3, 9, 8), filters=2, size=3, pad=[1, 0, 0, 2], gives=(2, 8, 8)),
    row("conv", (3, 7, 8), filters=2, size=2, stride=2, pad="same", gives=(2, 4, 4)),
    row("conv", X, filters=8, size=3, pad="same", gives=(8, 7, 7)),
    row("conv", X, filters=8, size=[3, 2], stride=2, pad="same", bias=False, gives=(8, 4, 4)),
    row("conv", X, filters=8, size=3, pad=[1, 2], groups=2, dilation=[1, 2], gives=(8, 7, 7)),
    row("dwconv", X, size=3, pad=1, multiplier=2, gives=(8, 7, 7)),
    row("dwconv", X, size=2, pad="same_lower", gives=X),
    row("conv_transpose", (8, 7, 7), filters=4, size=3, stride=2, gives=(4, 15, 15)),
    row("conv_transpose", (8, 7, 7), filters=4, size=1, stride=3, pad="same", gives=(4, 21, 21)),
    row(
        "conv_transpose",
        (8, 7, 7),
        filters=4,
        size=3,
        stride=2,
        pad=1,
        output_pad=[1, 0],
        gives=(4, 14, 13),
    ),
    row("conv_transpose", X, filters=6, size=4, stride=2, pad=1, gives=(6, 14, 14)),
    row("conv_transpose", X, filters=6, size=3, stride=2, pad="same", gives=(6, 14, 14)),
    row("conv_transpose", X, filters=6, size=[1, 2], stride=3, pad="same", gives=(6, 21, 21)),
    row("dense", (512,), units=10, gives=(10,)),
    row("dense", X, units=5, gives=(5, 7, 7)),
    row("dense", V, units=5, bias=False, gives=(5,)),
    row("maxpool", (64, 112, 112), size=3, stride=2, pad=1, gives=(64, 56, 56)),
    row("maxpool", (4, 7, 6), size=2, gives=(4, 3, 3)),
    row("maxpool", (4, 7, 6), size=2, ceil=True, gives=(4, 4, 3)),
    # A last window that would start on the padding after the image is not there.
    row("maxpool", (4, 4, 4), size=2, stride=3, pad=1, ceil=True, gives=(4, 2, 2)),
    row("maxpool", X, size=3, stride=2, pad=1, ceil=True, gives=(4, 4, 4)),
    row("maxpool", X, size=2, pad="same", gives=(4, 4, 4)),
    row("avgpool", (4, 5, 5), size=2, stride=2, pad="same", gives=(4, 3, 3)),
    row("avgpool", X, size=3, stride=2, pad=1, ceil=True, count_pad=False, gives=(4, 4, 4)),
    row("avgpool", X, size=2, pad="same", gives=(4, 4, 4)),
    row("avgpool", X, size=2, stride=[2, 1], pad="same", count_pad=False, gives=(4, 4, 7)),
    row("adaptive_avgpool", (4, 5, 5), size=[7, 1], gives=(4, 7, 1)),
    row("adaptive_avgpool", X, size=[3, 2], gives=(4, 3, 2)),
    row("gap", X, gives=V),
    row("gap", X, keep=True, gives=(4, 1, 1)),
    row("gmp", X, gives=V),
    row("gmp", X, keep=True, gives=(4, 1, 1)),
    row("bn", X, gives=X),
    row("bn", V, eps=1e-3, affine=False, gives=V),
    row("ln", X, eps=1e-6, gives=X),
    row("ln", V, affine=False, gives=V),
    row("gn", X, groups=2, gives=X),
    row("lrn", X, size=4, gives=X),
    row("relu", X, gives=X),
    row("relu6", X, gives=X),
    row("elu", X, gives=X),
    row("leaky_relu", X, gives=X),
    row("leaky_relu", V, slope=0.2, gives=V),
    row("silu", X, gives=X),
    row("tanh", X, gives=X),
    row("sigmoid", X, gives=X),
    row("hardswish", X, gives=X),
    row("hardsigmoid", X, gives=X),
    row("mish", X, gives=X),
    row("gelu", X, gives=X),
    row("gelu", V, approximate="tanh_form", gives=V),
    row("prelu", X, gives=X),
    row("softmax", X, gives=X),
    row("softmax", X, axis="width", gives=X),
    row("softmax", X, axis="places", gives=X),
    row("sqrt", X, gives=X),
    row("exp", X, gives=X),
    row("abs", V, gives=V),
    row("pow", X, exponent=2, gives=X),
    row("add", X, X, gives=X),
    row("add", X, V, gives=X),
    row("add", X, (4, 1, 1), gives=X),
    row("mul", V, X, gives=X),
    row("sub", V, V, gives=V),
    row("sub", V, X, gives=X),
    row("add", (1, 7, 1), (4, 1, 7), gives=X),
    row("add", (1,), X, gives=X),
    row("add", X, number=0.5, gives=X),
    row("add", (4, 7, 1), V, number=-2, gives=(4, 7, 1)),
    row("mul", X, number=2, gives=X),
    row("sub", X, number=1, first=True, gives=X),
    row("sub", V, number=1, gives=V),
    row("div", X, V, gives=X),
    row("div", V, number=2, gives=V),
    row("div", X, number=2, first=True, gives=X),
    row("maximum", X, V, X, gives=X),
    row("maximum", X, number=0, gives=X),
    row("maximum", X, V, number=0, gives=X),
    row("minimum", V, V, gives=V),
    row("minimum", X, number=6, gives=X),
    row("concat", X, X, X, gives=(12, 7, 7)),
    row("concat", (3,), V, gives=(7,)),
    row("concat", X, (4, 2, 7), axis="height", gives=(4, 9, 7)),
    row("concat", X, (4, 7, 1), X, axis="width", gives=(4, 7, 15)),
    row("mean", X, axis="places", gives=(4, 1, 1)),
    row("mean", V, axis="channels", gives=(1,)),
    row("sum", X, axis=["channels", "width"], gives=(1, 7, 1)),
    row("max", X, axis="channels", gives=(1, 7, 7)),
    row("min", X, axis="height", gives=(4, 1, 7)),
    row("scale", X, factor=-0.5, gives=X),
    row("parameter", X, to=[5], init=0.5, gives=(5,)),
    row("parameter", V, to=[2, 3, 1], init=0, gives=(2, 3, 1)),
    row("layer_scale", X, gives=X),
    row("layer_scale", V, gives=V),
    row("flatten", (4, 5, 6), gives=(120,)),
    row("reshape", (4, 5, 6), to=[2, 10, 6], gives=(2, 10, 6)),
    row("reshape", X, to=[196], gives=(196,)),
    row("permute", (4, 5, 6), axes=[1, 2, 0], gives=(5, 6, 4)),
    row("pad", (4, 5, 6), sides=[1, 2, 3, 4], channels=[0, 4], gives=(8, 8, 13)),
    row("pad", X, sides=[1, 2], gives=(4, 9, 11)),
    row("pad", X, channels=[1, 2], gives=(7, 7, 7)),
    row("crop", (4, 5, 6), sides=[0, 1], gives=(4, 5, 4)),
    row("crop", X, sides=[0, 1, 2, 1], gives=(4, 6, 4)),
    row("dropout", X, gives=X),
    row("spatial_dropout", X, gives=X),
    row("drop_path", V, rate=0.1, gives=V),
    row("upsample", X, factor=2, gives=(4, 14, 14)),
    row("upsample", (4, 5, 6), factor=1.5, gives=(4, 7, 9)),
    row("upsample", X, factor=2, mode="bilinear", gives=(4, 14, 14)),
    row("upsample", X, factor=0.5, mode="bilinear", gives=(4, 3, 3)),
    row("channel_shuffle", X, groups=2, gives=X),
    row("pixel_shuffle", (12, 5, 6), factor=2, gives=(3, 10, 12)),
    row("split", (6, 5, 5), n=3, gives=[(2, 5, 5)] * 3),
    row("split", X, n=1, gives=X),
    row("split", X, n=[1, 3], gives=[(1, 7, 7), (3, 7, 7)]),
    row("split", X, n=[4], gives=X),
    row("split", (4, 6, 7), n=2, axis="height", gives=[(4, 3, 7)] * 2),
    row("split", X, n=[5, 2], axis="width", gives=[(4, 7, 5), (4, 7, 2)]),
)
#: Every operator that a step can be.
STEPS = sorted(name for name, op in OPERATORS.items() if not op.is_input)
