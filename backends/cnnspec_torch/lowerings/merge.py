"""Sums, products and concatenation in PyTorch, and scaling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import (
    Call,
    Code,
    Infix,
    Input,
    Inputs,
    Keyword,
    Leaf,
    Module,
    Raw,
    Sequence,
    Subscript,
    call,
)
from cnnspec.emit.lowering import Applied, Lowered, Lowering


def _infix(operator: str) -> Lowering:
    def lower(step: Applied) -> Lowered:
        image = any(shape.is_image for shape in step.inputs)
        operands: list[Code] = []
        for position, shape in enumerate(step.inputs):
            code: Code = Input(position)
            if image and not shape.is_image:
                code = Subscript(code, Raw(":, :, None, None"))
            operands.append(code)
        return Lowered(Infix(operator, tuple(operands)))

    return lower


def concat(_: Applied) -> Lowered:
    """Channels side by side."""
    return Lowered(Call(Raw("torch.cat"), (Sequence((Inputs(),)),), (Keyword("dim", Leaf(1)),)))


def scale(step: Applied) -> Lowered:
    """Times a constant."""
    factor = step.leaf("factor")
    return Lowered(Infix("*", (factor, Input())), None, call("Scale", factor))


def layer_scale(step: Applied) -> Lowered:
    """Times a parameter whose key is the step's own path."""
    trailing = (Leaf(1), Leaf(1)) if step.inputs[0].is_image else ()
    start = call("torch.full", Sequence((step.channels(), *trailing), "("), step.leaf("init"))
    return Lowered(Infix("*", (Input(), Module())), call("nn.Parameter", start))


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "add": _infix("+"),
    "sub": _infix("-"),
    "mul": _infix("*"),
    "concat": concat,
    "scale": scale,
    "layer_scale": layer_scale,
}
