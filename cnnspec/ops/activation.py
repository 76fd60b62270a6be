"""Functions of each value by itself, and softmax over the channels."""

from __future__ import annotations

from cnnspec.kinds import Arg, Choice, Float
from cnnspec.op import Op, Weight
from cnnspec.shapes import Shape


class _Activation(Op):
    """What activations share: the shape stays."""

    name = ""
    family = "activation"

    def shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class ReLU(_Activation):
    """Give max(x, 0)."""

    name = "relu"


class ReLU6(_Activation):
    """Give min(max(x, 0), 6)."""

    name = "relu6"


class ELU(_Activation):
    """Give x where x > 0, else alpha * (exp(x) - 1)."""

    name = "elu"
    alpha = Arg(Float(), "The value that it tends to, negated.", 1.0)


class LeakyReLU(_Activation):
    """Give x where x > 0, else slope * x."""

    name = "leaky_relu"
    slope = Arg(Float(), "The slope below zero (PyTorch's default).", 0.01)


class SiLU(_Activation):
    """Give x * sigmoid(x), also called swish."""

    name = "silu"


class Tanh(_Activation):
    """The hyperbolic tangent."""

    name = "tanh"


class Sigmoid(_Activation):
    """Give 1 / (1 + exp(-x))."""

    name = "sigmoid"


class HardSwish(_Activation):
    """Give x * relu6(x + 3) / 6."""

    name = "hardswish"


class HardSigmoid(_Activation):
    """Give relu6(x + 3) / 6 (PyTorch's and Keras 3's; ONNX's default is another)."""

    name = "hardsigmoid"


class Mish(_Activation):
    """Give x * tanh(log(1 + exp(x)))."""

    name = "mish"


class GELU(_Activation):
    """Give x * Phi(x), Phi the normal distribution's; exact, or its tanh approximation.

    Frameworks differ in their default, so emitted code always says which.
    """

    name = "gelu"
    approximate = Arg(Choice(("exact", "tanh_form")), "`exact` (erf) or `tanh_form`.", "exact")


class PReLU(_Activation):
    """Give x where x > 0, else slope * x, one learned slope a channel (He et al., 2015)."""

    name = "prelu"
    init = Arg(Float(), "What the slopes start at.", 0.25)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("weight", (inputs[0].channels,)),)


class Softmax(_Activation):
    """Give exp(x) over its sum over the channels (a vector's features)."""

    name = "softmax"
