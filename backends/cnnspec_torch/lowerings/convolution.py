"""Convolutions and the dense layer in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import THROUGH, Call, Input, Keyword, Leaf, Module, Raw, call
from cnnspec.emit.lowering import Applied, Lowered, Lowering, compact
from cnnspec.ops.convolution import Conv, DepthwiseConv, TransposedConv
from cnnspec.ops.geometry import sides
from cnnspec_torch.lowerings.parts import (
    argument,
    is_worded,
    keyword,
    padded,
    padding,
    product,
    symmetric,
)

COMMENT = "padded apart: the odd pixel goes to one side"


def _padded(step: Applied, arguments: tuple[Leaf, ...], keywords: tuple[Keyword, ...]) -> Lowered:
    op = step.op
    assert isinstance(op, Conv | DepthwiseConv)
    stride = argument(step, "stride", 1)
    if isinstance(op.pad, str) and (op.stride != (1, 1) or is_worded(step, "stride")):
        lower = keyword("lower", Leaf(op.pad == "same_lower"), False)
        named = (stride, *keywords, lower)
        return Lowered(THROUGH, Call(Raw("SameConv2d"), arguments, named))
    if op.pad == "same" and (is_worded(step, "size") or is_worded(step, "dilation")):
        named = (stride, Keyword("padding", Leaf("same")), *keywords)
        return Lowered(THROUGH, Call(Raw("nn.Conv2d"), arguments, named))
    (x,) = step.inputs
    pads = sides(op.pad, op.size, op.stride, op.dilation, (x.height, x.width))
    if symmetric(pads):
        named = (stride, keyword("padding", padding(step, pads), 0), *keywords)
        return Lowered(THROUGH, Call(Raw("nn.Conv2d"), arguments, named))
    named = (stride, *keywords)
    top, bottom, left, right = pads
    ordered = Keyword("pads", step.value((left, right, top, bottom), "pads"))
    return Lowered(
        Call(Module(), (padded(step, pads, Input()),)),
        Call(Raw("nn.Conv2d"), arguments, named),
        Call(Raw("PaddedConv2d"), arguments, (*named, ordered)),
        COMMENT,
    )


def conv(step: Applied) -> Lowered:
    """A convolution; asymmetric padding goes before it."""
    keywords = (
        argument(step, "dilation", 1),
        argument(step, "groups", 1),
        argument(step, "bias", True),
    )
    return _padded(step, (step.channels(), step.leaf("filters"), step.leaf("size")), keywords)


def depthwise(step: Applied) -> Lowered:
    """A convolution with as many groups as channels."""
    op = step.op
    assert isinstance(op, DepthwiseConv)
    channels = step.channels()
    out = channels
    if op.multiplier != 1 or is_worded(step, "multiplier"):
        out = product(channels, step.leaf("multiplier"), "filters")
    keywords = (
        argument(step, "dilation", 1),
        Keyword("groups", channels),
        argument(step, "bias", True),
    )
    return _padded(step, (channels, out, step.leaf("size")), keywords)


def transposed(step: Applied) -> Lowered:
    """A transposed convolution; what torch's padding cannot crop is cropped after it.

    Where words decide what is cropped, a layer of ours works it out: calls may differ.
    """
    op = step.op
    assert isinstance(op, TransposedConv)
    (x,) = step.inputs
    arguments = (step.channels(), step.leaf("filters"), step.leaf("size"))
    stride = argument(step, "stride", 1)
    keywords = (
        argument(step, "groups", 1),
        argument(step, "bias", True),
        argument(step, "dilation", 1),
    )
    longer = argument(step, "output_pad", 0, "output_padding")
    pad = Keyword("pad", step.leaf("pad"))
    cropped = Call(Raw("CroppedConvTranspose2d"), arguments, (stride, longer, *keywords, pad))
    if _is_cropped_by_words(step):
        return Lowered(THROUGH, cropped)
    crops, extra = op.cropped(x)
    if extra != op.output_pad:
        longer = keyword("output_padding", step.value(compact(extra), "output_padding"), 0)
    if symmetric(crops):
        even = keyword("padding", padding(step, crops), 0)
        plain = (stride, even, longer, *keywords)
        return Lowered(THROUGH, Call(Raw("nn.ConvTranspose2d"), arguments, plain))
    top, bottom, left, right = crops
    crop = step.value((-left, -right, -top, -bottom), "crops")
    return Lowered(
        call("F.pad", THROUGH, crop),
        Call(Raw("nn.ConvTranspose2d"), arguments, (stride, longer, *keywords)),
        cropped,
        "cropped to size: a negative pad takes away",
    )


def _is_cropped_by_words(step: Applied) -> bool:
    """Whether calls may crop differently, save by one number that is torch's own padding."""
    if is_worded(step, "pad"):
        return not step.is_one_number("pad")
    words = ("size", "stride", "dilation")
    return "same" in step.every("pad") and any(is_worded(step, each) for each in words)


def dense(step: Applied) -> Lowered:
    """A linear layer; on an image it acts over the channels at each place."""
    arguments = (step.channels(), step.leaf("units"))
    keywords = (argument(step, "bias", True),)
    module = Call(Raw("nn.Linear"), arguments, keywords)
    if not step.inputs[0].is_image:
        return Lowered(THROUGH, module)
    last = call("torch.movedim", Input(), Leaf(1), Leaf(-1))
    flow = call("torch.movedim", Call(Module(), (last,)), Leaf(-1), Leaf(1))
    return Lowered(flow, module, Call(Raw("ChannelLinear"), arguments, keywords))


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "conv": conv,
    "dwconv": depthwise,
    "conv_transpose": transposed,
    "dense": dense,
}
