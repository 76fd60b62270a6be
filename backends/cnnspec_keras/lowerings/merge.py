"""Sums, products and concatenation in Keras, and scaling; channels are last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Input, Inputs, Sequence
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec_keras.lowerings.parts import apply, layer, own


def _list(name: str) -> Lowering:
    """A layer that takes a list; Keras lines a vector up with the image that it spreads over."""

    def lower(_: Applied) -> Lowered:
        return Lowered(apply(f"layers.{name}", to=Sequence((Inputs(),))))

    return lower


def add(step: Applied) -> Lowered:
    """A sum; Keras takes what has one number an example for a bias if it does not stand first."""
    single = [shape.size == 1 for shape in step.inputs]
    if all(single) or not any(single[1:]):
        return _list("Add")(step)
    order = sorted(range(len(single)), key=lambda each: not single[each])
    to = Sequence(tuple(Input(each) for each in order))
    comment = "one number an example first: behind, Keras may take it for a bias"
    return Lowered(apply("layers.Add", to=to), comment=comment)


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "add": add,
    "sub": _list("Subtract"),
    "mul": _list("Multiply"),
    "concat": _list("Concatenate"),
    "scale": lambda step: layer("Rescaling", step.leaf("factor")),
    "layer_scale": lambda step: own("LayerScale", step.leaf("init")),
}
