"""Convolutions and the dense layer in Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.code import Call, Code, Infix, Input, Keyword, Leaf, Raw
from cnnspec.emit.lowering import Lowered, Refusal, compact
from cnnspec.emit.program import FLOWING, Measure
from cnnspec.emit.site import UNKNOWN, Site
from cnnspec.ops.convolution import Conv, DepthwiseConv
from cnnspec.ops.geometry import reach
from cnnspec.shapes import Shape
from cnnspec_keras.lowerings.parts import (
    SIMPLE,
    Padded,
    apply,
    argument,
    around,
    is_even,
    layer,
    named,
    zeros,
)

MEASURED: Final = Measure(FLOWING, "channels")
EVENLY: Final = 'padded evenly: "same" with a stride is not'


def padding_of(step: Site) -> str:
    """Say how an image is padded: "valid", "same", "before" by zeros, or "padded" case by case."""
    pad, size, stride, dilation = map(step.known, ("pad", "size", "stride", "dilation"))
    if pad == "same":
        return "same"
    if pad is UNKNOWN:
        return "padded"
    if pad == "same_lower":
        return "before"
    if not any(pad):
        return "valid"
    if stride != (1, 1):
        return "before"
    if UNKNOWN in (size, dilation):
        return "padded"
    return "same" if is_even(pad, size, dilation) else "before"


def _padded(
    step: Site, name: str, arguments: tuple[Code, ...], keywords: tuple[Keyword, ...]
) -> Lowered:
    """Write a convolution: `same` is Keras's own, other padding stands before it."""
    how, strides = padding_of(step), argument(step, "stride", 1, "strides")
    if how in ("same", "valid"):
        default = "valid" if name != "conv2d" else None
        return _layer(name, arguments, (strides, Keyword("padding", Leaf(how), default), *keywords))
    if how == "padded":
        windows = (step.code("pad"), step.code("size"))
        moves = (strides, argument(step, "dilation", 1))
        before = Call(Raw("padded"), (Input(), *windows), (*moves, named("pad")))
        left = Keyword("padding", Padded())  # type: ignore[arg-type]
        return _layer(name, arguments, (strides, left, *keywords), before)
    pads = step.known("pad")
    even = not isinstance(pads, str) and (pads[0], pads[2]) == (pads[1], pads[3])
    comment = EVENLY if even else "padded more on one side"
    if name == "conv2d":
        keywords = (Keyword("padding", Leaf("valid")), *keywords)
    return _layer(name, arguments, (strides, *keywords), _before(step), comment)


def _before(step: Site) -> Code:
    """Write zeros before a convolution; `same_lower` is worked out when the model is built."""
    if step.known("pad") != "same_lower":
        return zeros(step)
    size, dilation = step.known("size"), step.known("dilation")
    if UNKNOWN in (size, dilation):
        raise Refusal("its convolutions pad less after only where size and dilation are numbers")
    cover = tuple(reach(size[axis], dilation[axis]) for axis in (0, 1))
    arguments = (step.flowing, Leaf(compact(cover)), step.code("stride"), Leaf("same_lower"))
    return apply("layers.ZeroPadding2D", Call(Raw("same_sides"), arguments), word="pad")


def _layer(
    name: str,
    arguments: tuple[Code, ...],
    keywords: tuple[Keyword, ...],
    to: Code | None = None,
    comment: str | None = None,
) -> Lowered:
    """Write a layer of Keras's, or a call of our function that chooses one."""
    if name == "conv2d":
        given = Input() if to is None else to
        return Lowered(Call(Raw(name), (given, *arguments), (*keywords, named())), comment=comment)
    return Lowered(apply(f"layers.{name}", *arguments, keywords=keywords, to=to), comment=comment)


def is_depthwise(op: Conv | DepthwiseConv, x: Shape) -> bool:
    """Whether it becomes a DepthwiseConv2D: each channel by itself, one stride for both axes.

    TensorFlow compiles a Conv2D with groups anew at every eager call, and runs it slowly.
    """
    alone = isinstance(op, DepthwiseConv) or op.groups == x.channels > 1
    return bool(alone and op.stride[0] == op.stride[1])


def _refuse(step: Site) -> None:
    stride, dilation = step.known("stride"), step.known("dilation")
    if UNKNOWN not in (stride, dilation) and max(stride) > 1 and max(dilation) > 1:
        raise Refusal(
            "its convolutions take a stride or a dilation, not both",
            help="take the stride to a step of its own: `maxpool(1, stride = 2)` after it",
        )


def conv(step: Site) -> Lowered:
    """A convolution; Keras refuses a stride together with a dilation."""
    _refuse(step)
    shared = (
        argument(step, "dilation", 1, "dilation_rate"),
        argument(step, "bias", True, "use_bias"),
    )
    arguments = (step.code("filters"), step.code("size"))
    stride, groups = step.known("stride"), argument(step, "groups", 1)
    uneven = stride is not UNKNOWN and stride[0] != stride[1]
    grouped = step.known("groups") != 1 and not uneven
    if _is_simple(step, grouped=grouped):
        named_ = (
            argument(step, "stride", 1, "strides"),
            Keyword("padding", step.code("pad")),
            groups,
            *shared[1:],
            named(),
        )
        return Lowered(Call(Raw("conv2d"), (Input(), *arguments), named_))
    return _padded(step, "conv2d" if grouped else "Conv2D", arguments, (groups, *shared))


def _is_simple(step: Site, *, grouped: bool) -> bool:
    """Whether our own function sees to the padding: as many zeros on both sides, no dilation."""
    pad, how = step.known("pad"), padding_of(step)
    if step.known("dilation") != (1, 1) or not (grouped or how == "padded"):
        return False
    if pad is UNKNOWN:
        return SIMPLE in step.facts
    return not isinstance(pad, str) and (pad[0], pad[2]) == (pad[1], pad[3])


def depthwise(step: Site) -> Lowered:
    """A depthwise convolution; one of unequal strides is a convolution of many groups."""
    stride, dilation = step.known("stride"), step.known("dilation")
    shared = (
        argument(step, "dilation", 1, "dilation_rate"),
        argument(step, "bias", True, "use_bias"),
    )
    if stride is not UNKNOWN and stride[0] != stride[1]:
        if dilation is UNKNOWN or max(dilation) > 1:
            raise Refusal(
                "its depthwise convolutions take one stride for both axes, or no dilation"
            )
        channels: Code = step.say(MEASURED)
        many = step.known("multiplier")
        filters = channels if many == 1 else Infix("*", (channels, step.code("multiplier")))
        lowered = _padded(
            step, "Conv2D", (filters, step.code("size")), (Keyword("groups", channels), *shared)
        )
        return Lowered(lowered.flow, comment="DepthwiseConv2D has one stride for both axes")
    keywords = (argument(step, "multiplier", 1, "depth_multiplier"), *shared)
    return _padded(step, "DepthwiseConv2D", (step.code("size"),), keywords)


def transposed(step: Site) -> Lowered:
    """A transposed convolution; what is padded in the spec is cropped from its full output."""
    pad, size, stride = map(step.known, ("pad", "size", "stride"))
    if step.known("groups") != 1:
        raise Refusal("its transposed convolutions have no groups")
    dilation = step.known("dilation")
    if dilation is UNKNOWN or max(dilation) > 1:
        raise Refusal("its transposed convolutions have no dilation that runs everywhere")
    arguments = (step.code("filters"), step.code("size"))
    strides = argument(step, "stride", 1, "strides")
    bias = argument(step, "bias", True, "use_bias")
    if pad == "same":
        return layer(
            "Conv2DTranspose",
            *arguments,
            keywords=(strides, Keyword("padding", Leaf("same")), bias),
        )
    short = UNKNOWN in (size, stride) or any(
        width < move for width, move in zip(size, stride, strict=True)
    )
    default: tuple[Any, ...] = () if short else (0,)
    named_ = (strides, Keyword("output_padding", step.code("output_pad"), *default), bias)
    if pad is not UNKNOWN and not any(pad):
        return layer("Conv2DTranspose", *arguments, keywords=named_)
    full = apply("layers.Conv2DTranspose", *arguments, keywords=named_)
    crop = apply("layers.Cropping2D", around(step, "pad"), to=full, word="crop")
    return Lowered(crop, comment="what the spec pads is cropped from the full output")


def dense(step: Site) -> Lowered:
    """A matrix; on an image it acts over the channels, which are last."""
    return layer("Dense", step.code("units"), keywords=(argument(step, "bias", True, "use_bias"),))


LOWERINGS: Final[Mapping[str, Any]] = {
    "conv": conv,
    "dwconv": depthwise,
    "conv_transpose": transposed,
    "dense": dense,
}
