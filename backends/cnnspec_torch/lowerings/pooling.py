"""Pools in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import THROUGH, Call, Code, Input, Keyword, Leaf, Member, Module, Raw, call
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec.ops.geometry import Sides, overhang
from cnnspec.ops.pooling import AveragePool, MaxPool
from cnnspec_torch.lowerings.parts import (
    argument,
    keyword,
    layer,
    padded,
    padding,
    symmetric,
)


def _stride(step: Applied) -> Keyword:
    return Keyword("stride", step.leaf("stride"), None)


def _fits(step: Applied, sides: Sides) -> bool:
    """Whether torch's layers take the padding: symmetric, at most half the window."""
    op = step.op
    assert isinstance(op, MaxPool | AveragePool)
    return symmetric(sides) and 2 * sides[0] <= op.size[0] and 2 * sides[2] <= op.size[1]


def _extended(step: Applied, sides: Sides) -> Sides:
    """Add what a `ceil` pool lets hang over the end to the padding."""
    op = step.op
    assert isinstance(op, MaxPool | AveragePool)
    (x,), (y,) = step.inputs, step.outputs
    over = [
        overhang(x[a + 1], op.size[a], op.moves[a], sides[2 * a], sides[2 * a + 1], y[a + 1])
        for a in (0, 1)
    ]
    return (sides[0], sides[1] + over[0], sides[2], sides[3] + over[1])


def maxpool(step: Applied) -> Lowered:
    """A maximum over windows; padding is minus infinity."""
    op = step.op
    assert isinstance(op, MaxPool)
    sides = op.sides(step.inputs[0])
    stride = _stride(step)
    if _fits(step, sides):
        named = (
            stride,
            keyword("padding", padding(step, sides), 0),
            argument(step, "ceil", False, "ceil_mode"),
        )
        return layer("nn.MaxPool2d", step.leaf("size"), keywords=named)
    low = call("float", Leaf("-inf"))
    around = padded(step, _extended(step, sides), Input(), low)
    module = Call(Raw("nn.MaxPool2d"), (step.leaf("size"),), (stride,))
    whole = Call(
        Raw("PaddedMaxPool2d"), (step.leaf("size"),), (stride, Keyword("pads", around.arguments[1]))
    )
    return Lowered(Call(Module(), (around,)), module, whole, "padded by minus infinity")


def avgpool(step: Applied) -> Lowered:
    """A mean over windows, padding counted or not."""
    op = step.op
    assert isinstance(op, AveragePool)
    sides = op.sides(step.inputs[0])
    stride = _stride(step)
    if _fits(step, sides):
        count = keyword("count_include_pad", step.leaf("count_pad"), True)
        named = (
            stride,
            keyword("padding", padding(step, sides), 0),
            argument(step, "ceil", False, "ceil_mode"),
            *((count,) if any(sides) else ()),
        )
        return layer("nn.AvgPool2d", step.leaf("size"), keywords=named)
    window = (step.leaf("size"), step.leaf("size" if op.stride is None else "stride"))
    extended = _extended(step, sides)
    total: Code = Call(Raw("F.avg_pool2d"), (padded(step, extended, Input()), *window))
    module = Call(
        Raw("PaddedAvgPool2d"),
        window,
        (
            Keyword("pads", step.value(_order(sides), "pads")),
            Keyword("over", step.value((extended[3] - sides[3], extended[1] - sides[1]), "over")),
            Keyword("count_pad", step.leaf("count_pad")),
        ),
    )
    if op.count_pad and extended == sides:
        return Lowered(total, None, module)
    return Lowered(THROUGH, module)


def _order(sides: Sides) -> tuple[int, int, int, int]:
    top, bottom, left, right = sides
    return (left, right, top, bottom)


def adaptive(step: Applied) -> Lowered:
    """Means over windows that divide the image."""
    return layer("nn.AdaptiveAvgPool2d", step.leaf("size"))


def gap(step: Applied) -> Lowered:
    """The mean of each channel."""
    keep = argument(step, "keep", False, "keepdim")
    flow = Call(Member(Input(), "mean"), (Leaf((2, 3)),), (keep,))
    return Lowered(flow, None, Call(Raw("GlobalAvgPool2d"), (), (argument(step, "keep", False),)))


def gmp(step: Applied) -> Lowered:
    """The largest value of each channel."""
    keep = argument(step, "keep", False, "keepdim")
    flow = Call(Member(Input(), "amax"), (Leaf((2, 3)),), (keep,))
    return Lowered(flow, None, Call(Raw("GlobalMaxPool2d"), (), (argument(step, "keep", False),)))


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "maxpool": maxpool,
    "avgpool": avgpool,
    "adaptive_avgpool": adaptive,
    "gap": gap,
    "gmp": gmp,
}
