"""Multiplication by a constant, or by a learned number a channel."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.kinds import Arg, Called, Float
from cnnspec.op import Op, Weight
from cnnspec.shapes import Shape


class Scale(Op):
    """Multiply by a constant."""

    name = "scale"
    elsewhere = (Called("Rescaling", "scale(factor)", "without an offset"),)
    family = "scale"
    sees = "value"
    per_value = 1
    factor = Arg(Float(), "The constant.")

    def shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return abs(float(self.factor)) * sizes[0]


class LayerScale(Op):
    """Multiply each channel by a learned number (Touvron et al., 2021).

    Its one tensor has the node's own path as its key, without `.weight`.
    """

    name = "layer_scale"
    family = "scale"
    sees = "value"
    per_value = 1
    gradient_needs = ("inputs",)
    gain = 1.1
    init = Arg(Float(), "What the numbers start at.", 1e-6)

    def shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        (x,) = inputs
        return (Weight("", (x.channels, 1, 1) if x.is_image else (x.channels,)),)
