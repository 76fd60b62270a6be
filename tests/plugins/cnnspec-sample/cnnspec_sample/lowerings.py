"""How backends write softplus and thin, and what they mean.

They are apart from the operators, whose modules every command loads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnspec.emit.code import Call, Input, Keyword, Leaf, Module, Raw
from cnnspec.emit.lowering import Applied, Lowered


def torch_softplus(applied: Applied) -> Lowered:
    """Write it as `F.softplus(x)`, and as `nn.Softplus()` where a sequence needs a module."""
    beta = Keyword("beta", applied.leaf("beta"), 1.0)
    return Lowered(
        flow=Call(Raw("F.softplus"), (Input(),), (beta,)),
        standalone=Call(Raw("nn.Softplus"), (), (beta,)),
    )


def softplus(op: Any, weights: Any, x: Any) -> Any:
    """Say what it means, for the reference: log(1 + exp(beta * x)) / beta."""
    return np.logaddexp(0, op.beta * x) / op.beta


def torch_thin(applied: Applied) -> Lowered:
    """Write it as channels dropped, and a pool whose windows are one place large."""
    drop = Call(Raw("nn.Dropout2d"), (applied.leaf("rate"),))
    every = (Keyword("stride", applied.leaf("step")),)
    kept = Call(Raw("nn.MaxPool2d"), (Leaf(1),), every)
    return Lowered(
        flow=Call(Raw("F.max_pool2d"), (Call(Module(), (Input(),)), Leaf(1)), every),
        module=drop,
        standalone=Call(Raw("nn.Sequential"), (drop, kept)),
    )


def thin(op: Any, weights: Any, x: Any) -> Any:
    """Say what it means, for the reference: rows and columns left out."""
    return x[:, :, :: op.step, :: op.step]
