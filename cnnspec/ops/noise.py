"""Layers that drop values in training and do nothing at inference."""

from __future__ import annotations

from cnnspec.kinds import Arg, Float
from cnnspec.op import Noise, Op
from cnnspec.ops.geometry import need_image
from cnnspec.shapes import Shape

RATE = "The probability of dropping."
P = ("p", "prob", "drop_prob")


class _Noise(Op):
    """What they share: the shape stays."""

    name = ""
    family = "noise"
    sees = "value"

    def shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class Dropout(_Noise):
    """Drop single values, scale the rest by 1 / (1 - rate) (Srivastava et al., 2014)."""

    name = "dropout"
    noise = Noise("rate")
    positional = 1
    rate = Arg(Float(0, below=1), RATE, 0.5, P)


class SpatialDropout(_Noise):
    """Drop whole channels of an image (Tompson et al., 2015)."""

    name = "spatial_dropout"
    positional = 1
    elsewhere = ("Dropout2d", "SpatialDropout2D")
    noise = Noise("rate", together=("height", "width"))
    rate = Arg(Float(0, below=1), RATE, 0.5, P)

    def shape(self, *inputs: Shape) -> Shape:
        need_image(self.name, inputs[0])
        return inputs[0]


class DropPath(_Noise):
    """Drop whole examples of a branch: stochastic depth (Huang et al., 2016)."""

    name = "drop_path"
    elsewhere = ("StochasticDepth", "DropPath")
    noise = Noise("rate", together=("channels", "height", "width"))
    rate = Arg(Float(0, below=1), RATE, elsewhere=P)
