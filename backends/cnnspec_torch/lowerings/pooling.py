"""Pools in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Call, Input, Keyword, Leaf, Member, Raw
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec.ops.geometry import Sides
from cnnspec.ops.pooling import AveragePool, MaxPool
from cnnspec_torch.lowerings.parts import (
    argument,
    is_worded,
    keyword,
    layer,
    padding,
    symmetric,
)


def _stride(step: Applied) -> Keyword:
    return Keyword("stride", step.leaf("stride"), None)


def _fits(step: Applied) -> Sides | None:
    """Give padding that torch's layers take: symmetric, at most half the window."""
    op = step.op
    assert isinstance(op, MaxPool | AveragePool)
    strides = op.moves != (1, 1) or is_worded(step, "stride")
    # a window of one place is padded by nothing, whatever its stride and the image
    moving = is_worded(step, "size") or (strides and op.size != (1, 1))
    if isinstance(op.pad, str) and (moving or op.ceil):
        return None
    sides = op.sides(step.inputs[0])
    fits = symmetric(sides) and 2 * sides[0] <= op.size[0] and 2 * sides[2] <= op.size[1]
    return sides if fits else None


def _pads(step: Applied) -> Keyword:
    """Write padding that torch's layers do not take: a word, or left, right, top, bottom."""
    op = step.op
    assert isinstance(op, MaxPool | AveragePool)
    if isinstance(op.pad, str):
        return Keyword("pad", Leaf(op.pad))
    top, bottom, left, right = op.pad
    return Keyword("pad", step.value((left, right, top, bottom), "pads"))


def maxpool(step: Applied) -> Lowered:
    """A maximum over windows; padding is minus infinity."""
    stride, ceil = _stride(step), argument(step, "ceil", False, "ceil_mode")
    if (sides := _fits(step)) is not None:
        named = (stride, keyword("padding", padding(step, sides), 0), ceil)
        return layer("nn.MaxPool2d", step.leaf("size"), keywords=named)
    return layer("PaddedMaxPool2d", step.leaf("size"), keywords=(stride, _pads(step), ceil))


def avgpool(step: Applied) -> Lowered:
    """A mean over windows, padding counted or not."""
    stride, ceil = _stride(step), argument(step, "ceil", False, "ceil_mode")
    count = keyword("count_include_pad", step.leaf("count_pad"), True)
    if (sides := _fits(step)) is not None:
        said = (count,) if any(sides) or is_worded(step, "pad") else ()
        named = (stride, keyword("padding", padding(step, sides), 0), ceil, *said)
        return layer("nn.AvgPool2d", step.leaf("size"), keywords=named)
    named = (stride, _pads(step), ceil, count)
    return layer("PaddedAvgPool2d", step.leaf("size"), keywords=named)


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
