"""Layers that bring values to a common scale."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.kinds import Arg, Bool, Called, Doubt, Float, Int, Refusal
from cnnspec.op import Noted, Op, Weight
from cnnspec.ops.geometry import need_image
from cnnspec.shapes import Shape

EPS = "Added to the variance before its root is taken."
EPS_DOUBT = Doubt(
    0.1,
    "eps is added to the variance; PyTorch's first number, the features, is never written here",
    "`eps = 1e-5` is PyTorch's default, `eps = 1e-3` Keras's",
)
MOMENTUM_DOUBT = Doubt(
    0.5,
    "Keras's and TensorFlow's momentum weighs the old statistics; here, as PyTorch's, the new ones",
    "write `momentum = {}` if Keras's is meant",
)
AFFINE = "Whether each channel has a learned scale and shift."


def _affine(channels: int) -> tuple[Weight, ...]:
    return (Weight("weight", (channels,)), Weight("bias", (channels,), "bias"))


class BatchNorm(Op):
    """Normalise each channel by its mean and variance over the batch; at inference by running ones.

    (x - mean) / sqrt(variance + eps) * weight + bias (Ioffe and Szegedy, 2015). Running statistics
    are state, not parameters.
    """

    name = "bn"
    elsewhere = (
        "BatchNorm2d",
        "BatchNorm1d",
        "batch_norm",
        "SyncBatchNorm",
        Called("BatchNormalization", "bn(eps = 1e-3, momentum = 0.01)", "Keras's defaults"),
    )
    per_value = 2  # at inference it is a scale and a shift
    family = "normalization"
    sees = "value"  # at inference
    gradient_needs = ("inputs",)
    eps = Arg(Float(above=0), EPS, 1e-5, ("epsilon",), EPS_DOUBT)
    momentum = Arg(
        Float(0, 1),
        "The weight of the new batch in the running statistics.",
        0.1,
        doubt=MOMENTUM_DOUBT,
    )
    affine = Arg(Bool(), AFFINE, True)

    def shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = inputs[0].channels
        running = (
            Weight("running_mean", (channels,), "state", "mean"),
            Weight("running_var", (channels,), "state", "variance"),
        )
        return (*(_affine(channels) if self.affine else ()), *running)

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return 1.3


class LayerNorm(Op):
    """Normalise over the channels at each place, each example by itself (Ba et al., 2016).

    On a vector, over its features.
    """

    name = "ln"
    elsewhere = (
        "LayerNorm",
        "LayerNorm2d",
        Called("LayerNormalization", "ln(eps = 1e-3)", "Keras's default"),
    )
    family = "normalization"
    gradient_needs = ("inputs",)
    eps = Arg(Float(above=0), EPS, 1e-5, ("epsilon",), EPS_DOUBT)
    affine = Arg(Bool(), AFFINE, True)

    def shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return _affine(inputs[0].channels) if self.affine else ()

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return outputs[0].size * (7 if self.affine else 5)

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return 1.05


class GroupNorm(Op):
    """Normalise over groups of channels and all places (Wu and He, 2018)."""

    name = "gn"
    elsewhere = (
        "GroupNorm",
        Called("GroupNormalization", "gn(32, eps = 1e-3)", "Keras's defaults"),
    )
    family = "normalization"
    sees = "image"
    gradient_needs = ("inputs",)
    groups = Arg(Int(1), "How many groups the channels are split into.")
    eps = Arg(Float(above=0), EPS, 1e-5, ("epsilon",), EPS_DOUBT)
    affine = Arg(Bool(), AFFINE, True)

    def shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if x.channels % self.groups:
            raise Refusal(
                f"{x.channels} channels do not divide into {self.groups} groups",
                argument="groups",
                code="groups-mismatch",
            )
        return x

    def window(self, *inputs: Shape) -> None:
        return None  # receptive fields leave statistics out, by custom

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return _affine(inputs[0].channels) if self.affine else ()

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return outputs[0].size * (7 if self.affine else 5)

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return 1.05


class LocalResponseNorm(Op):
    """Divide by the power of the neighbouring channels (Krizhevsky et al., 2012).

    x / (k + alpha / size * sum of squares over `size` channels) ** beta: alpha is divided by size,
    as PyTorch and ONNX have it and TensorFlow does not. The window has size // 2 channels before,
    (size - 1) // 2 after.
    """

    name = "lrn"
    positional = 1
    elsewhere = (
        "LocalResponseNorm",
        Called(
            "local_response_normalization",
            "lrn(11, alpha = 11, beta = 0.5)",
            "TensorFlow's defaults: size is 2 * depth_radius + 1, and alpha is taken times it",
        ),
    )
    family = "normalization"
    gradient_needs = ("inputs",)
    size = Arg(Int(1), "How many neighbouring channels are summed.", 5)
    alpha = Arg(Float(0), "The weight of the sum, divided by size.", 1e-4)
    beta = Arg(Float(0), "The exponent.", 0.75)
    k = Arg(Float(above=0), "Added to the sum.", 1.0)

    def shape(self, *inputs: Shape) -> Shape:
        need_image(self.name, inputs[0])
        return inputs[0]

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        window: int = self.size
        return outputs[0].size * (window + 4)

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        return float(self.k**-self.beta) * sizes[0]  # at most: the sum of squares holds it down

    def noted(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Noted:
        (x,) = inputs
        places = x.height * x.width
        return Noted(numbers=3 * x.size + (self.size - 1) * places)  # squares padded, sum, power
