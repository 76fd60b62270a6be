"""An operator that cnnspec does not have."""

from __future__ import annotations

from cnnspec.kinds import Arg, Float
from cnnspec.op import Op
from cnnspec.shapes import Shape


class Softplus(Op):
    """A smooth relu: log(1 + exp(beta * x)) / beta."""

    name = "softplus"
    family = "activation"
    beta = Arg(Float(above=0.0), "How sharp its bend is; the larger, the nearer to relu.", 1.0)

    def shape(self, *inputs: Shape) -> Shape:
        """Give the input's shape."""
        return inputs[0]
