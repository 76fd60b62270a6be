"""Sums, products and concatenation in Keras, and scaling; channels are last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.code import Input, Inputs, Keyword, Leaf, Sequence
from cnnspec.emit.lowering import Lowered, Refusal
from cnnspec.emit.site import UNKNOWN, Site
from cnnspec.shapes import Shape
from cnnspec_keras.lowerings.parts import apply, argument, axis, layer, own


def concat(step: Site) -> Lowered:
    """Side by side along an axis."""
    along = (Keyword("axis", axis(step), -1),)
    return Lowered(apply("layers.Concatenate", keywords=along, to=Sequence((Inputs(),))))


def _elementwise(operation: str, name: str | None) -> Any:
    """A layer of Keras's for values alone, if it has one; else one of ours, for numbers too."""

    def lower(step: Site) -> Lowered:
        if name is not None and step.known("number") is None:
            return Lowered(apply(f"layers.{name}", to=Sequence((Inputs(),))))
        return _ours(operation, step)

    return lower


def _ours(operation: str, step: Site, comment: str | None = None) -> Lowered:
    said = [
        argument(step, each, default)
        for each, default in (("number", None), ("first", False))
        if each in step.op.arguments
    ]
    made = apply("Elementwise", Leaf(operation), keywords=tuple(said), to=Sequence((Inputs(),)))
    return Lowered(made, comment=comment)


def add(step: Site) -> Lowered:
    """A sum; Keras takes what has one number an example for a bias if it does not stand first."""
    if step.known("number") is not None:
        return _ours("add", step)
    for shapes in step.shapes:
        if any(map(_is_unlike_bias, shapes)):
            return _ours("add", step, "Keras may take a value with axes of 1 for a bias")
        single = [shape.size == 1 for shape in shapes]
        if not all(single) and any(single[1:]) and len(single) == len(step.images):
            order = sorted(range(len(single)), key=lambda each: not single[each])
            to = Sequence(tuple(Input(each) for each in order))
            comment = "one number an example first: behind, Keras may take it for a bias"
            return Lowered(apply("layers.Add", to=to), comment=comment)
    return Lowered(apply("layers.Add", to=Sequence((Inputs(),))))


def _is_unlike_bias(shape: Shape) -> bool:
    """Whether a value spreads along some axes, and not as one number a channel."""
    return shape.is_image and 1 in shape and shape.size > 1 and shape[1:] != (1, 1)


def parameter(step: Site) -> Lowered:
    """A learned tensor, channels last."""
    known = step.known("to")
    sizes = tuple(map(Leaf, known)) if known is not UNKNOWN else step.sides("to")
    if sizes is None:
        raise Refusal("its layers have shapes that are written as lists")
    return own("LearnedTensor", Sequence((*sizes[1:], sizes[0]), "("), step.code("init"))


LOWERINGS: Final[Mapping[str, Any]] = {
    "add": add,
    "sub": _elementwise("subtract", "Subtract"),
    "mul": _elementwise("multiply", "Multiply"),
    "div": _elementwise("divide", None),
    "maximum": _elementwise("maximum", "Maximum"),
    "minimum": _elementwise("minimum", "Minimum"),
    "concat": concat,
    "scale": lambda step: layer("Rescaling", step.code("factor")),
    "parameter": parameter,
    "layer_scale": lambda step: own("LayerScale", step.code("init")),
}
