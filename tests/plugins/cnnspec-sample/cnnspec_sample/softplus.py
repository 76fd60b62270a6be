"""An operator that cnnspec does not have, and how PyTorch writes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnspec.emit.code import Call, Input, Keyword, Raw
from cnnspec.emit.lowering import Applied, Lowered
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


def softplus(op: Any, weights: Any, x: Any) -> Any:
    """Say what it means, for the reference: log(1 + exp(beta * x)) / beta."""
    return np.logaddexp(0, op.beta * x) / op.beta


def torch_softplus(applied: Applied) -> Lowered:
    """Write it as `F.softplus(x)`, and as `nn.Softplus()` where a sequence needs a module."""
    beta = Keyword("beta", applied.leaf("beta"), 1.0)
    return Lowered(
        flow=Call(Raw("F.softplus"), (Input(),), (beta,)),
        standalone=Call(Raw("nn.Softplus"), (), (beta,)),
    )
