"""Sums, products and concatenation in Keras, and scaling; channels are last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.code import Input, Inputs, Sequence
from cnnspec.emit.lowering import Lowered
from cnnspec.emit.site import Site
from cnnspec_keras.lowerings.parts import apply, layer, own


def _list(name: str) -> Any:
    """A layer that takes a list; Keras lines a vector up with the image that it spreads over."""

    def lower(_: Site) -> Lowered:
        return Lowered(apply(f"layers.{name}", to=Sequence((Inputs(),))))

    return lower


def add(step: Site) -> Lowered:
    """A sum; Keras takes what has one number an example for a bias if it does not stand first."""
    for node in step.nodes:
        single = [shape.size == 1 for shape in node.input_shapes]
        if not all(single) and any(single[1:]) and len(single) == len(step.images):
            order = sorted(range(len(single)), key=lambda each: not single[each])
            to = Sequence(tuple(Input(each) for each in order))
            comment = "one number an example first: behind, Keras may take it for a bias"
            return Lowered(apply("layers.Add", to=to), comment=comment)
    return Lowered(apply("layers.Add", to=Sequence((Inputs(),))))


LOWERINGS: Final[Mapping[str, Any]] = {
    "add": add,
    "sub": _list("Subtract"),
    "mul": _list("Multiply"),
    "concat": _list("Concatenate"),
    "scale": lambda step: layer("Rescaling", step.code("factor")),
    "layer_scale": lambda step: own("LayerScale", step.code("init")),
}
