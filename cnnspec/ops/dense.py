"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.channels import Argument
from cnnspec.kinds import Arg, Bool, Int
from cnnspec.op import PRODUCTS, Op, Weight
from cnnspec.shapes import Shape


class Dense(Op):
    """Multiply by a matrix and add a bias: y = W x + b, W of units x features.

    On an image it acts over the channels at each place, as a 1 x 1 convolution would.
    """

    name = "dense"
    elsewhere = ("Linear", "fc", "fully_connected", "inner_product")
    family = "dense"
    gradient_needs = ("inputs",)
    channel_rule = Argument("units")
    units = Arg(
        Int(1),
        "How many numbers come out: the rows of the matrix.",
        elsewhere=("out_features", "features", "filters"),
    )
    bias = Arg(Bool(), "Whether a learned number is added to each.", True, ("use_bias",))

    def shape(self, *inputs: Shape) -> Shape:
        return Shape((self.units, *inputs[0][1:]))

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        kernel = Weight("weight", (self.units, inputs[0].channels))
        bias = Weight("bias", (self.units,), "bias")
        return (kernel, bias) if self.bias else (kernel,)

    def macs(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return inputs[0].channels * outputs[0].size

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return outputs[0].size if self.bias else 0

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return PRODUCTS
