"""Multiplication by a constant, or by a learned number a channel."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.channels import Argument
from cnnspec.kinds import Arg, Called, Float, Ints, Refusal
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


class Parameter(Op):
    """A learned tensor: `weight = parameter([c], init = 0)`.

    It is called after the name that it is given to, and that path is the key of its tensor, without
    `.weight`. Nothing flows in: it is the same for every example.
    """

    name = "parameter"
    elsewhere = (
        Called("Parameter", "parameter([channels], init = 0)"),
        Called("add_weight", "parameter([channels], init = 0)"),
    )
    family = "scale"
    sees = "image"
    stands_alone = True
    positional = 1
    channel_rule = Argument("to", 0)
    rank = "argued"
    to = Arg(
        Ints(1), "Its shape: `[features]` or `[channels, height, width]`.", elsewhere=("shape",)
    )
    init = Arg(Float(), "What its numbers start at.")

    def check(self) -> None:
        if len(self.to) not in (1, 3):
            raise Refusal("a shape is [features] or [channels, height, width]", argument="to")

    def shape(self, *inputs: Shape) -> Shape:
        return Shape(self.to)

    def window(self, *inputs: Shape) -> None:
        return None

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("", tuple(self.to)),)

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return 1.1


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
