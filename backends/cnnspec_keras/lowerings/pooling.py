"""Pools in Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Keyword, Leaf
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec.ops.geometry import Sides, overhang
from cnnspec.ops.pooling import AveragePool, MaxPool
from cnnspec_keras.lowerings.parts import SAME, apply, argument, layer, own, zeros


def _strides(step: Applied) -> Keyword:
    return Keyword("strides", step.leaf("stride"), None)


def _over(step: Applied, sides: Sides) -> tuple[int, int]:
    """How many rows and columns a `ceil` pool lets hang over the end."""
    op = step.op
    assert isinstance(op, MaxPool | AveragePool)
    (x,), (y,) = step.inputs, step.outputs
    rows, columns = (
        overhang(x[a + 1], op.size[a], op.moves[a], sides[2 * a], sides[2 * a + 1], y[a + 1])
        for a in (0, 1)
    )
    return rows, columns


def extended(step: Applied) -> Sides:
    """What is around the image, with what hangs over the end."""
    op = step.op
    assert isinstance(op, MaxPool | AveragePool)
    top, bottom, left, right = op.sides(step.inputs[0])
    rows, columns = _over(step, (top, bottom, left, right))
    return top, bottom + rows, left, right + columns


def maxpool(step: Applied) -> Lowered:
    """A maximum over windows; padding is minus infinity, which zeros are not."""
    op = step.op
    assert isinstance(op, MaxPool)
    size, strides = step.leaf("size"), _strides(step)
    if op.pad == "same" or SAME in step.hints:
        return layer("MaxPooling2D", size, keywords=(strides, Keyword("padding", Leaf("same"))))
    top, bottom, left, right = extended(step)
    if not any((top, bottom, left, right)):
        return layer("MaxPooling2D", size, keywords=(strides,))
    pads = step.value(((top, bottom), (left, right)), "padding")
    before = apply("LowestPadding2D", pads, word="pad")
    flow = apply("layers.MaxPooling2D", size, keywords=(strides,), to=before)
    return Lowered(flow, comment="a maximum is not padded by zeros")


def avgpool(step: Applied) -> Lowered:
    """A mean over windows, padding counted or not."""
    op = step.op
    assert isinstance(op, AveragePool)
    size, strides = step.leaf("size"), _strides(step)
    sides = op.sides(step.inputs[0])
    over = _over(step, sides)
    if not any(sides) and not any(over):
        return layer("AveragePooling2D", size, keywords=(strides,))
    if op.count_pad and not any(over):
        before = zeros(step, sides)
        flow = apply("layers.AveragePooling2D", size, keywords=(strides,), to=before)
        return Lowered(flow, comment="padding counts in the mean")
    top, bottom, left, right = sides
    keywords = (
        Keyword("padding", step.value(((top, bottom), (left, right)), "padding")),
        Keyword("overhang", step.value(over, "overhang"), (0, 0)),
        Keyword("count_pad", step.leaf("count_pad"), True),
    )
    return own(
        "PaddedAveragePooling2D",
        step.value(op.size, "pool_size"),
        step.value(op.moves, "strides"),
        keywords=keywords,
    )


def _keepdims(step: Applied) -> Keyword:
    return argument(step, "keep", False, "keepdims")


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "maxpool": maxpool,
    "avgpool": avgpool,
    "adaptive_avgpool": lambda step: layer("AdaptiveAveragePooling2D", step.leaf("size")),
    "gap": lambda step: layer("GlobalAveragePooling2D", keywords=(_keepdims(step),)),
    "gmp": lambda step: layer("GlobalMaxPooling2D", keywords=(_keepdims(step),)),
}
