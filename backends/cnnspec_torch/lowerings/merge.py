"""Sums, products and concatenation in PyTorch, and scaling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import (
    Call,
    Code,
    IfElse,
    Infix,
    Input,
    Inputs,
    Keyword,
    Leaf,
    Member,
    Module,
    Raw,
    Sequence,
    Subscript,
    call,
)
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec_torch.lowerings.parts import dim


def _spread(step: Applied) -> list[Code]:
    """The values, a vector with the axes of an image where it meets one."""
    image = any(shape.is_image for shape in step.inputs)
    return [
        Subscript(Input(position), Raw(":, :, None, None"))
        if image and not shape.is_image
        else Input(position)
        for position, shape in enumerate(step.inputs)
    ]


def _is_numbered(step: Applied) -> bool:
    return step.op.values["number"] is not None


def _alone(step: Applied, module: str, *keywords: Keyword) -> Code | None:
    """The layer that does a step of one value and a number."""
    alone = len(step.inputs) == 1
    return Call(Raw(module), (step.leaf("number"),), keywords) if alone else None


def _infix(operator: str, module: str) -> Lowering:
    """An operator between values, a number among them last or first; a layer's name for that."""

    def lower(step: Applied) -> Lowered:
        values = _spread(step)
        if not _is_numbered(step):
            return Lowered(Infix(operator, tuple(values)))
        number = step.leaf("number")
        flow = Infix(operator, (*values, number))
        if "first" not in step.op.arguments:
            return Lowered(flow, None, _alone(step, module))
        first = step.leaf("first")
        turned = Infix(operator, (number, *values))
        ways = IfElse(first, turned, flow) if first.expression else turned if first.value else flow
        return Lowered(ways, None, _alone(step, module, Keyword("first", first, False)))

    return lower


def _extreme(function: str, bound: str, module: str) -> Lowering:
    """The largest or smallest of values; a number among them is a bound."""

    def lower(step: Applied) -> Lowered:
        flow, *more = _spread(step)
        for each in more:
            flow = call(function, flow, each)
        if not _is_numbered(step):
            return Lowered(flow)
        number = step.leaf("number")
        limited = call("torch.clamp", flow, **{bound: number})
        return Lowered(limited, None, _alone(step, module))

    return lower


def concat(step: Applied) -> Lowered:
    """Side by side along an axis."""
    return Lowered(Call(Raw("torch.cat"), (Sequence((Inputs(),)),), (Keyword("dim", dim(step)),)))


def scale(step: Applied) -> Lowered:
    """Times a constant."""
    factor = step.leaf("factor")
    return Lowered(Infix("*", (factor, Input())), None, call("Scale", factor))


def layer_scale(step: Applied) -> Lowered:
    """Times a parameter whose key is the step's own path."""
    trailing = (Leaf(1), Leaf(1)) if step.inputs[0].is_image else ()
    start = call("torch.full", Sequence((step.channels(), *trailing), "("), step.leaf("init"))
    return Lowered(Infix("*", (Input(), Module())), call("nn.Parameter", start))


def parameter(step: Applied) -> Lowered:
    """A parameter whose key is the step's own path, once for each example."""
    sizes = step.leaves("to")
    start = call("torch.full", Sequence(tuple(sizes), "("), step.leaf("init"))
    examples = Subscript(Member(Input(), "shape"), Raw("0"))
    flow = call(Member(Module(), "expand"), examples, *(Leaf(-1) for _ in sizes))
    return Lowered(flow, call("nn.Parameter", start))


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "add": _infix("+", "Plus"),
    "sub": _infix("-", "Minus"),
    "mul": _infix("*", "Scale"),
    "div": _infix("/", "Over"),
    "maximum": _extreme("torch.maximum", "min", "AtLeast"),
    "minimum": _extreme("torch.minimum", "max", "AtMost"),
    "concat": concat,
    "scale": scale,
    "parameter": parameter,
    "layer_scale": layer_scale,
}
