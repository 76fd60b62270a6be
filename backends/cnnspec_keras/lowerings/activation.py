"""Activations in Keras: layers, so that each has its step's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.code import Call, Code, IfElse, Infix, Input, Keyword, Leaf, Raw
from cnnspec.emit.lowering import Lowered, Refusal
from cnnspec.emit.site import UNKNOWN, Site
from cnnspec_keras.lowerings.parts import argument, axes, layer, named, own, places

#: The word that `activation=` takes for an operator without arguments.
WORDS: Final[Mapping[str, str]] = {
    "relu": "relu",
    "relu6": "relu6",
    "silu": "silu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "hardswish": "hard_swish",
    "hardsigmoid": "hard_sigmoid",
    "mish": "mish",
    "gelu": "gelu",
    "softmax": "softmax",
}


def _function(name: str) -> Any:
    return lambda _: layer("Activation", Leaf(name))


def relu6(_: Site) -> Lowered:
    """Keras's ReLU takes the largest value."""
    return layer("ReLU", keywords=(Keyword("max_value", Leaf(6.0)),))


def leaky_relu(step: Site) -> Lowered:
    """Frameworks differ in the slope that is the default, so it is always written."""
    slope = step.known("slope")
    if slope is not UNKNOWN and slope < 0:
        raise Refusal("its LeakyReLU takes no slope below zero")
    return layer("LeakyReLU", keywords=(Keyword("negative_slope", step.code("slope")),))


def prelu(step: Site) -> Lowered:
    """One slope a channel: shared over an image's places."""
    start = Call(Raw("keras.initializers.Constant"), (step.code("init"),))
    keywords: tuple[Keyword, ...] = (Keyword("alpha_initializer", start),)
    if step.images[0] is None:
        axes: Code = Call(Raw("list"), (Call(Raw("range"), (Leaf(1), _last_axis())),))
        keywords = (*keywords, Keyword("shared_axes", axes))
    elif step.images[0]:
        keywords = (*keywords, Keyword("shared_axes", Raw("[1, 2]")))
    return layer("PReLU", keywords=keywords)


def _last_axis() -> Code:
    return Infix("-", (Call(Raw("len"), (Call(Raw("keras.ops.shape"), (Input(),)),)), Leaf(1)))


def gelu(step: Site) -> Lowered:
    """Keras's activation is the exact form; it has no layer for the other."""
    form = step.known("approximate")
    if form is UNKNOWN:
        exact = Call(Raw("layers.Activation"), (Leaf("gelu"),), (named(),))
        tanh = Call(Raw("TanhGELU"), (), (named(),))
        test = Infix("==", (step.code("approximate"), Leaf("exact")))
        return Lowered(Call(IfElse(test, exact, tanh), (Input(),)))
    return layer("Activation", Leaf("gelu")) if form == "exact" else own("TanhGELU")


def softmax(step: Site) -> Lowered:
    """Along one axis; Keras's own fails along several in a model (TensorFlow)."""
    known = places(step)
    if known is None or len(known) > 1:
        return own("SoftmaxOver", axes(step))
    return layer("Softmax", keywords=(Keyword("axis", Leaf(known[0]), -1),))


def activation_of(flow: Code) -> str | None:
    """Give the word for `activation=` that does what a lowered activation does, if there is one."""
    match flow:
        case Call(Call(Raw("layers.Activation"), (Leaf(str(word)),))):
            return word
        case Call(Call(Raw("layers.ReLU"), (), (Keyword("name"),))):
            return "relu"
        case Call(Call(Raw("layers.Softmax"), (), (Keyword("axis", Leaf(-1)), _))):
            return "softmax"
    return None


LOWERINGS: Final[Mapping[str, Any]] = {
    "relu": lambda _: layer("ReLU"),
    "relu6": relu6,
    "leaky_relu": leaky_relu,
    "elu": lambda step: layer("ELU", keywords=(argument(step, "alpha", 1.0),)),
    "prelu": prelu,
    "gelu": gelu,
    "softmax": softmax,
    "silu": _function("silu"),
    "tanh": _function("tanh"),
    "sigmoid": _function("sigmoid"),
    "hardswish": _function("hard_swish"),
    "hardsigmoid": _function("hard_sigmoid"),
    "mish": _function("mish"),
    "sqrt": lambda _: own("Pointwise", Leaf("sqrt")),
    "exp": lambda _: own("Pointwise", Leaf("exp")),
    "abs": lambda _: own("Pointwise", Leaf("absolute")),
    "pow": lambda step: own("Power", step.code("exponent")),
}
