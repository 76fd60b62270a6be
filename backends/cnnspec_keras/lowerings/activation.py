"""Activations in Keras: layers, so that each has its step's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Call, Code, Keyword, Leaf, Raw
from cnnspec.emit.lowering import Applied, Lowered, Lowering, Refusal
from cnnspec_keras.lowerings.parts import argument, layer, own


def _function(name: str) -> Lowering:
    return lambda _: layer("Activation", Leaf(name))


def relu6(_: Applied) -> Lowered:
    """Keras's ReLU takes the largest value."""
    return layer("ReLU", keywords=(Keyword("max_value", Leaf(6.0)),))


def leaky_relu(step: Applied) -> Lowered:
    """Frameworks differ in the slope that is the default, so it is always written."""
    if step.leaf("slope").value < 0:
        raise Refusal("its LeakyReLU takes no slope below zero")
    return layer("LeakyReLU", keywords=(Keyword("negative_slope", step.leaf("slope")),))


def prelu(step: Applied) -> Lowered:
    """One slope a channel: shared over an image's places."""
    start = Call(Raw("keras.initializers.Constant"), (step.leaf("init"),))
    keywords: tuple[Keyword, ...] = (Keyword("alpha_initializer", start),)
    if step.inputs[0].is_image:
        keywords = (*keywords, Keyword("shared_axes", Raw("[1, 2]")))
    return layer("PReLU", keywords=keywords)


def gelu(step: Applied) -> Lowered:
    """Keras's activation is the exact form; it has no layer for the other."""
    if step.leaf("approximate").value == "exact":
        return layer("Activation", Leaf("gelu"))
    return own("TanhGELU")


def activation_of(flow: Code) -> str | None:
    """Give the word for `activation=` that does what a lowered activation does, if there is one."""
    match flow:
        case Call(Call(Raw("layers.Activation"), (Leaf(str(word)),))):
            return word
        case Call(Call(Raw("layers.ReLU"), (), (Keyword("name"),))):
            return "relu"
        case Call(Call(Raw("layers.Softmax"), ())):
            return "softmax"
    return None


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "relu": lambda _: layer("ReLU"),
    "relu6": relu6,
    "leaky_relu": leaky_relu,
    "elu": lambda step: layer("ELU", keywords=(argument(step, "alpha", 1.0),)),
    "prelu": prelu,
    "gelu": gelu,
    "softmax": lambda _: layer("Softmax"),
    "silu": _function("silu"),
    "tanh": _function("tanh"),
    "sigmoid": _function("sigmoid"),
    "hardswish": _function("hard_swish"),
    "hardsigmoid": _function("hard_sigmoid"),
    "mish": _function("mish"),
}
