"""Pools in Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.code import Call, Code, IfElse, Keyword, Leaf, Raw
from cnnspec.emit.lowering import Lowered, Refusal
from cnnspec.emit.printer import expression
from cnnspec.emit.site import UNKNOWN, Site
from cnnspec_keras.lowerings.parts import (
    POSITIVE,
    SIMPLE,
    apply,
    argument,
    around,
    is_even,
    layer,
    own,
    zeros,
)


def _strides(step: Site) -> Keyword:
    code: Code = step.code("stride") if step.is_given("stride") else Leaf(None)
    return Keyword("strides", code, None)


def _moves(step: Site) -> Code:
    return step.code("stride") if step.is_given("stride") else step.code("size")


def maxpool(step: Site) -> Lowered:
    """A maximum over windows; padding is minus infinity, which zeros are not.

    Zeros do where nothing that flows in is negative.
    """
    pad, ceil = step.known("pad"), step.known("ceil")
    size, strides = step.code("size"), _strides(step)
    if pad == "same":
        return layer("MaxPooling2D", size, keywords=(strides, Keyword("padding", Leaf("same"))))
    if ceil is False and pad is not UNKNOWN and not any(pad):
        return layer("MaxPooling2D", size, keywords=(strides,))
    if ceil is False and _keeps(step):
        return layer("MaxPooling2D", size, keywords=(strides, Keyword("padding", Leaf("same"))))
    positive = POSITIVE in step.facts
    sides = _pads(step, plain=positive)
    before = apply("layers.ZeroPadding2D" if positive else "LowestPadding2D", sides, word="pad")
    flow = apply("layers.MaxPooling2D", size, keywords=(strides,), to=before)
    return Lowered(flow, comment=None if positive else "a maximum is not padded by zeros")


def _keeps(step: Site) -> bool:
    """Whether the image keeps its size, so that Keras's `same` is the padding that is meant."""
    pad, size, stride = map(step.known, ("pad", "size", "stride"))
    if UNKNOWN in (pad, size, stride) or isinstance(pad, str) or stride != (1, 1):
        return False
    return is_even(pad, size, (1, 1))


def _pads(step: Site, *, plain: bool) -> Code:
    """Write what is around an image, with what hangs over its end."""
    pad = step.known("pad")
    if isinstance(pad, str):
        arguments = (step.flowing, step.code("size"), _moves(step), step.code("pad"))
        return Call(Raw("same_sides"), arguments)
    if step.known("ceil") is False:
        return around(step, "pad") if plain else _pairs(step)
    over = overhang(step)
    if pad is not UNKNOWN and not any(pad):
        return Raw(f"[(0, n) for n in {expression(over)}]")
    if pad is not UNKNOWN and len(set(pad)) == 1:
        return Raw(f"[({pad[0]}, {pad[0]} + n) for n in {expression(over)}]")
    zipped = f"zip({expression(_pairs(step))}, {expression(over)})"
    return Raw(f"[(a, b + n) for (a, b), n in {zipped}]")


def overhang(step: Site) -> Code:
    """Work out how far a pool hangs over an image's end when the model is built."""
    pad = step.known("pad")
    bare = pad is not UNKNOWN and not any(pad)
    arguments: tuple[Code, ...] = (step.flowing, step.code("size"), _moves(step))
    if not bare:
        one = pad is not UNKNOWN and len(set(pad)) == 1
        arguments = (*arguments, Leaf(pad[0]) if one else _pairs(step))
    over: Code = Call(Raw("overhang"), arguments)
    if step.known("ceil") is UNKNOWN:
        over = IfElse(step.code("ceil"), over, Leaf((0, 0)))
    return over


def _pairs(step: Site) -> Code:
    """Write the zeros around an image as two pairs."""
    pad = step.known("pad")
    if pad is not UNKNOWN:
        top, bottom, left, right = pad
        return Leaf(((top, bottom), (left, right)))
    said = step.code("pad")
    if SIMPLE not in step.facts:
        raise Refusal("its pools are padded by numbers that are the same on both sides")
    return Raw(f"np.repeat(np.broadcast_to({expression(said)}, 2), 2).reshape(2, 2).tolist()")


def avgpool(step: Site) -> Lowered:
    """A mean over windows, padding counted or not."""
    pad, ceil, counted = map(step.known, ("pad", "ceil", "count_pad"))
    size, strides = step.code("size"), _strides(step)
    if ceil is False and pad is not UNKNOWN and not isinstance(pad, str):
        if not any(pad):
            return layer("AveragePooling2D", size, keywords=(strides,))
        if counted is True:
            flow = apply("layers.AveragePooling2D", size, keywords=(strides,), to=zeros(step))
            return Lowered(flow, comment="padding counts in the mean")
    if isinstance(pad, str):
        around_: Code = Call(
            Raw("same_sides"), (step.flowing, size, _moves(step), step.code("pad"))
        )
    else:
        one = pad is not UNKNOWN and len(set(pad)) == 1
        around_ = Leaf(pad[0]) if one else _pairs(step)
    # with `same`, a window after the last would begin behind the image: none hangs over
    none = ceil is False or isinstance(pad, str)
    over: Code = Leaf((0, 0)) if none else overhang(step)
    keywords = (
        Keyword("padding", around_, 0),
        Keyword("overhang", over, (0, 0)),
        argument(step, "count_pad", True),
    )
    return own("PaddedAveragePooling2D", size, _moves(step), keywords=keywords)


def _keepdims(step: Site) -> Keyword:
    return argument(step, "keep", False, "keepdims")


LOWERINGS: Final[Mapping[str, Any]] = {
    "maxpool": maxpool,
    "avgpool": avgpool,
    "adaptive_avgpool": lambda step: layer("AdaptiveAveragePooling2D", step.code("size")),
    "gap": lambda step: layer("GlobalAveragePooling2D", keywords=(_keepdims(step),)),
    "gmp": lambda step: layer("GlobalMaxPooling2D", keywords=(_keepdims(step),)),
}
