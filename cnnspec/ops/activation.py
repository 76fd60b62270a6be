"""Functions of each value by itself, and softmax over the channels."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt
from typing import ClassVar

from cnnspec.kinds import AXES, Arg, Axes, Called, Choice, Float
from cnnspec.op import Flow, Op, Sight, Weight, Window
from cnnspec.ops.geometry import axes_of
from cnnspec.shapes import Shape


class _Activation(Op):
    """What activations share: the shape stays."""

    name = ""
    family = "activation"
    gradient_needs: ClassVar[tuple[Flow, ...]] = ("inputs",)
    sees: ClassVar[Sight] = "value"
    in_place = True

    def shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class ReLU(_Activation):
    """Give max(x, 0)."""

    name = "relu"
    per_value = 1
    gradient_needs = ("outputs",)
    gain = 0.85


class ReLU6(_Activation):
    """Give min(max(x, 0), 6)."""

    name = "relu6"
    per_value = 2

    def bend(self) -> float:
        return 6.0


class ELU(_Activation):
    """Give x where x > 0, else alpha * (exp(x) - 1)."""

    name = "elu"
    elsewhere = (Called("CELU", "elu", "the same for its alpha of 1"),)
    positional = 1
    per_value = 4
    alpha = Arg(Float(), "The value that it tends to, negated.", 1.0)

    def bend(self) -> float:
        return 6.0  # where it has come near to -alpha


class LeakyReLU(_Activation):
    """Give x where x > 0, else slope * x."""

    name = "leaky_relu"
    positional = 1
    elsewhere = (
        Called("LeakyReLU", "leaky_relu(0.01)", "PyTorch's slope; Keras's is `leaky_relu(0.3)`"),
        Called("lrelu", "leaky_relu(slope)"),
    )
    per_value = 2
    slope = Arg(
        Float(), "The slope below zero (PyTorch's default).", 0.01, ("negative_slope", "alpha")
    )


class SiLU(_Activation):
    """Give x * sigmoid(x), also called swish."""

    name = "silu"
    elsewhere = ("swish",)
    per_value = 5

    def bend(self) -> float:
        return 6.0


class Tanh(_Activation):
    """The hyperbolic tangent."""

    name = "tanh"
    per_value = 1
    gradient_needs = ("outputs",)

    def bend(self) -> float:
        return 4.0


class Sigmoid(_Activation):
    """Give 1 / (1 + exp(-x))."""

    name = "sigmoid"
    elsewhere = ("logistic",)
    per_value = 4
    gradient_needs = ("outputs",)

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return 0.75

    def bend(self) -> float:
        return 7.0


class HardSwish(_Activation):
    """Give x * relu6(x + 3) / 6."""

    name = "hardswish"
    elsewhere = ("h_swish", "hard_silu")
    per_value = 5

    def bend(self) -> float:
        return 3.0


class HardSigmoid(_Activation):
    """Give relu6(x + 3) / 6 (PyTorch's and Keras 3's; ONNX's default is another)."""

    name = "hardsigmoid"
    elsewhere = ("h_sigmoid",)
    per_value = 4

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return 0.75

    def bend(self) -> float:
        return 3.0


class Mish(_Activation):
    """Give x * tanh(log(1 + exp(x)))."""

    name = "mish"
    per_value = 5

    def bend(self) -> float:
        return 6.0


class GELU(_Activation):
    """Give x * Phi(x), Phi the normal distribution's; exact, or its tanh approximation.

    Frameworks differ in their default, so emitted code always says which.
    """

    name = "gelu"
    positional = 1
    approximate = Arg(Choice(("exact", "tanh_form")), "`exact` (erf) or `tanh_form`.", "exact")

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return outputs[0].size * (5 if self.approximate == "exact" else 9)

    def bend(self) -> float:
        return 4.0


class Sqrt(_Activation):
    """The square root."""

    name = "sqrt"
    per_value = 1
    gradient_needs = ("outputs",)

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return sqrt(sizes[0])

    def above_zero(self) -> tuple[int, ...]:
        return (0,)


class Exp(_Activation):
    """Give e to the power of x."""

    name = "exp"
    per_value = 1
    gradient_needs = ("outputs",)

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return exp(min(sizes[0] ** 2, 60.0))


class Abs(_Activation):
    """Give x without its sign."""

    name = "abs"
    elsewhere = ("absolute",)
    per_value = 1


class Pow(_Activation):
    """Give x to a power; one that is no whole number has no value below zero."""

    name = "pow"
    elsewhere = (
        "power",
        Called("square", "pow(2)"),
    )
    per_value = 1
    sign = "**"
    exponent = Arg(Float(), "The power.")

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        power = float(self.exponent)
        base = 1.6 * sizes[0] if power > 0 else 4 / sizes[0]
        return float(min(max(base, 1.0), 1e9) ** min(abs(power), 30.0))

    def above_zero(self) -> tuple[int, ...]:
        power = float(self.exponent)
        return () if power >= 0 and power == int(power) else (0,)


class PReLU(_Activation):
    """Give x where x > 0, else slope * x, one learned slope a channel (He et al., 2015)."""

    name = "prelu"
    elsewhere = (
        Called(
            "PReLU",
            "prelu",
            "a slope a channel, PyTorch's `PReLU(channels)`, Keras's with `shared_axes=[1, 2]`",
        ),
    )
    per_value = 2
    init = Arg(Float(), "What the slopes start at.", 0.25)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("weight", (inputs[0].channels,)),)


class Softmax(_Activation):
    """Give exp(x) over its sum along axes: the channels (a vector's features) if none are said."""

    name = "softmax"
    positional = 0
    elsewhere = ("Softmax2d",)
    per_value = 5
    gradient_needs = ("outputs",)
    sees = "image"
    axis = Arg(Axes(), "The axes along which it makes shares of 1, as for `mean`.", "channels")

    def shape(self, *inputs: Shape) -> Shape:
        axes_of(self.axis, inputs[0])
        return inputs[0]

    def window(self, *inputs: Shape) -> Window | None:
        (x,) = inputs
        if not x.is_image or self.axis == ("channels",):
            return None
        along = [length if word in self.axis else 1 for word, length in zip(AXES, x, strict=True)]
        return Window((along[1], along[2]))

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return 1 / sqrt(outputs[0].channels) if self.axis == ("channels",) else 0.5
