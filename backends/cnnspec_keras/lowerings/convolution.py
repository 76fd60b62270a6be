"""Convolutions and the dense layer in Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Code, IfElse, Input, Keyword, Leaf
from cnnspec.emit.lowering import Applied, Lowered, Lowering, Refusal
from cnnspec.expression import Expression, literal
from cnnspec.ops.convolution import Conv, DepthwiseConv, TransposedConv
from cnnspec.ops.geometry import sides
from cnnspec.shapes import Shape
from cnnspec_keras.lowerings.parts import (
    SAME,
    UNLESS_STRIDED,
    apply,
    argument,
    around,
    layer,
    zeros,
)

EVENLY: Final = 'padded evenly: "same" with a stride is not'


def _padded(
    step: Applied, name: str, arguments: tuple[Code, ...], keywords: tuple[Keyword, ...]
) -> Lowered:
    """Write a convolution: `same` is Keras's own, other padding stands before it."""
    op = step.op
    assert isinstance(op, Conv | DepthwiseConv)
    (x,) = step.inputs
    pads = sides(op.pad, op.size, op.stride, op.dilation, (x.height, x.width))
    strides = argument(step, "stride", 1, "strides")
    if op.pad == "same" or SAME in step.hints:
        named = (strides, _padding("same"), *keywords)
        return layer(name, *arguments, keywords=named)
    if UNLESS_STRIDED in step.hints:
        strided = _strided(step)
        way = IfElse(strided, Leaf("valid"), Leaf("same"))
        before: Code = IfElse(strided, zeros(step, pads), Input())
        named = (strides, Keyword("padding", way, "valid"), *keywords)
        flow = apply(f"layers.{name}", *arguments, keywords=named, to=before)
        return Lowered(flow, comment=EVENLY)
    named = (strides, _padding("valid"), *keywords)
    if not any(pads):
        return layer(name, *arguments, keywords=named)
    even = (pads[0], pads[2]) == (pads[1], pads[3])
    flow = apply(f"layers.{name}", *arguments, keywords=named, to=zeros(step, pads))
    return Lowered(flow, comment=EVENLY if even else "padded more on one side")


def _padding(word: str) -> Keyword:
    return Keyword("padding", Leaf(word, None, "padding", free=True), "valid")


def _strided(step: Applied) -> Leaf:
    """Write whether there is a stride, in the block's words if they say it."""
    stride = step.leaf("stride")
    value = stride.value != 1
    if stride.expression is None or isinstance(stride.value, tuple):
        return Leaf(value, None, "strided")
    return Leaf(value, Expression(">", (stride.expression, literal(1))), "strided")


def is_depthwise(op: Conv | DepthwiseConv, x: Shape) -> bool:
    """Whether it becomes a DepthwiseConv2D: each channel by itself, one stride for both axes.

    TensorFlow compiles a Conv2D with groups anew at every eager call, and runs it slowly.
    """
    alone = isinstance(op, DepthwiseConv) or op.groups == x.channels > 1
    return bool(alone and op.stride[0] == op.stride[1])


def conv(step: Applied) -> Lowered:
    """A convolution; Keras refuses a stride together with a dilation."""
    op = step.op
    assert isinstance(op, Conv)
    if max(op.stride) > 1 and max(op.dilation) > 1:
        raise Refusal(
            "its convolutions take a stride or a dilation, not both",
            help="take the stride to a step of its own: `maxpool(1, stride = 2)` after it",
        )
    shared = (
        argument(step, "dilation", 1, "dilation_rate"),
        argument(step, "bias", True, "use_bias"),
    )
    if is_depthwise(op, step.inputs[0]):
        more = step.value(op.filters // op.groups, "depth_multiplier")
        keywords = (Keyword("depth_multiplier", more, 1), *shared)
        return _padded(step, "DepthwiseConv2D", (step.leaf("size"),), keywords)
    dilation, bias = shared
    keywords = (dilation, argument(step, "groups", 1), bias)
    return _padded(step, "Conv2D", (step.leaf("filters"), step.leaf("size")), keywords)


def depthwise(step: Applied) -> Lowered:
    """A depthwise convolution; one of unequal strides is a convolution of many groups."""
    op = step.op
    assert isinstance(op, DepthwiseConv)
    shared = (
        argument(step, "dilation", 1, "dilation_rate"),
        argument(step, "bias", True, "use_bias"),
    )
    if is_depthwise(op, step.inputs[0]):
        keywords = (argument(step, "multiplier", 1, "depth_multiplier"), *shared)
        return _padded(step, "DepthwiseConv2D", (step.leaf("size"),), keywords)
    if max(op.dilation) > 1:
        raise Refusal("its depthwise convolutions take one stride for both axes, or no dilation")
    channels = step.channels()
    filters = Leaf(channels.value * op.multiplier, None, "filters")
    if op.multiplier == 1:
        filters = channels
    lowered = _padded(
        step, "Conv2D", (filters, step.leaf("size")), (Keyword("groups", channels), *shared)
    )
    return Lowered(lowered.flow, comment="DepthwiseConv2D has one stride for both axes")


def transposed(step: Applied) -> Lowered:
    """A transposed convolution; what is padded in the spec is cropped from its full output."""
    op = step.op
    assert isinstance(op, TransposedConv)
    if op.groups > 1:
        raise Refusal("its transposed convolutions have no groups")
    if max(op.dilation) > 1:
        raise Refusal("its transposed convolutions have no dilation that runs everywhere")
    arguments = (step.leaf("filters"), step.leaf("size"))
    strides = argument(step, "stride", 1, "strides")
    bias = argument(step, "bias", True, "use_bias")
    if op.pad == "same":
        named = (strides, Keyword("padding", Leaf("same")), bias)
        return layer("Conv2DTranspose", *arguments, keywords=named)
    short = any(size < stride for size, stride in zip(op.size, op.stride, strict=True))
    longer = Keyword("output_padding", step.leaf("output_pad"), *(() if short else (0,)))
    named = (strides, longer, bias)
    if not any(op.pad):
        return layer("Conv2DTranspose", *arguments, keywords=named)
    full = apply("layers.Conv2DTranspose", *arguments, keywords=named)
    crop = apply("layers.Cropping2D", around(step, op.pad), to=full, word="crop")
    return Lowered(crop, comment="what the spec pads is cropped from the full output")


def dense(step: Applied) -> Lowered:
    """A matrix; on an image it acts over the channels, which are last."""
    return layer("Dense", step.leaf("units"), keywords=(argument(step, "bias", True, "use_bias"),))


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "conv": conv,
    "dwconv": depthwise,
    "conv_transpose": transposed,
    "dense": dense,
}
