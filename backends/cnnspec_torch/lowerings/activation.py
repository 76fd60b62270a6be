"""Activations in PyTorch: functions, and layers where a sequence counts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Call, Input, Keyword, Leaf, Raw, Sequence, call
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec_torch.lowerings.parts import argument, dims, layer


def _plain(function: str, module: str) -> Lowering:
    def lower(_: Applied) -> Lowered:
        return Lowered(Call(Raw(function), (Input(),)), None, Call(Raw(module)))

    return lower


def _shaped(function: str, module: str, name: str, default: float, torch_name: str) -> Lowering:
    def lower(step: Applied) -> Lowered:
        keywords = (argument(step, name, default, torch_name),)
        return Lowered(
            Call(Raw(function), (Input(),), keywords), None, Call(Raw(module), (), keywords)
        )

    return lower


def gelu(step: Applied) -> Lowered:
    """Frameworks differ in which form is the default, so it is always written."""
    form = "none" if step.leaf("approximate").value == "exact" else "tanh"
    keywords = (Keyword("approximate", Leaf(form)),)
    return Lowered(
        Call(Raw("F.gelu"), (Input(),), keywords), None, Call(Raw("nn.GELU"), (), keywords)
    )


def prelu(step: Applied) -> Lowered:
    """One slope a channel."""
    return layer("nn.PReLU", step.channels(), keywords=(argument(step, "init", 0.25),))


def softmax(step: Applied) -> Lowered:
    """Along one axis; torch has none along several."""
    axes = dims(step)
    if not isinstance(axes, Leaf) or isinstance(axes.value, tuple):
        if isinstance(axes, Leaf):
            axes = Sequence(tuple(map(Leaf, axes.value)))
        return Lowered(call("softmax_over", Input(), axes), None, call("SoftmaxOver", axes))
    keywords = (Keyword("dim", axes),)
    return Lowered(
        Call(Raw("F.softmax"), (Input(),), keywords), None, Call(Raw("nn.Softmax"), (), keywords)
    )


def power(step: Applied) -> Lowered:
    """To a power."""
    exponent = step.leaf("exponent")
    return Lowered(
        Call(Raw("torch.pow"), (Input(), exponent)), None, Call(Raw("Power"), (exponent,))
    )


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "relu": _plain("F.relu", "nn.ReLU"),
    "relu6": _plain("F.relu6", "nn.ReLU6"),
    "silu": _plain("F.silu", "nn.SiLU"),
    "tanh": _plain("torch.tanh", "nn.Tanh"),
    "sigmoid": _plain("torch.sigmoid", "nn.Sigmoid"),
    "hardswish": _plain("F.hardswish", "nn.Hardswish"),
    "hardsigmoid": _plain("F.hardsigmoid", "nn.Hardsigmoid"),
    "mish": _plain("F.mish", "nn.Mish"),
    "elu": _shaped("F.elu", "nn.ELU", "alpha", 1.0, "alpha"),
    "leaky_relu": _shaped("F.leaky_relu", "nn.LeakyReLU", "slope", 0.01, "negative_slope"),
    "gelu": gelu,
    "prelu": prelu,
    "softmax": softmax,
    "sqrt": _plain("torch.sqrt", "Sqrt"),
    "exp": _plain("torch.exp", "Exp"),
    "abs": _plain("torch.abs", "Abs"),
    "pow": power,
}
