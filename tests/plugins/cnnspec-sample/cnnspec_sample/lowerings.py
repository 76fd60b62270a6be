"""How backends write softplus, and what it means.

They are apart from the operator, whose module every command loads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnspec.emit.code import Call, Input, Keyword, Raw
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
