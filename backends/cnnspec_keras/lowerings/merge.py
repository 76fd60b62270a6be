"""Sums, products and concatenation in Keras, and scaling; channels are last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Inputs, Sequence
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec_keras.lowerings.parts import apply, layer, own


def _list(name: str) -> Lowering:
    """A layer that takes a list; Keras lines a vector up with the image that it spreads over."""

    def lower(_: Applied) -> Lowered:
        return Lowered(apply(f"layers.{name}", to=Sequence((Inputs(),))))

    return lower


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "add": _list("Add"),
    "sub": _list("Subtract"),
    "mul": _list("Multiply"),
    "concat": _list("Concatenate"),
    "scale": lambda step: layer("Rescaling", step.leaf("factor")),
    "layer_scale": lambda step: own("LayerScale", step.leaf("init")),
}
