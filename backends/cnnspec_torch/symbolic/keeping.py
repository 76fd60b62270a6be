"""What autograd keeps for a gradient: an operation's inputs, or what it makes.

Who writes over what is kept has a model that runs and cannot be trained. A test holds this against
torch, operation by operation.
"""

from __future__ import annotations

from typing import Final

#: Operations whose gradients need what goes in first, whatever it is.
INPUT: Final = frozenset(
    [
        *("conv2d", "conv_transpose2d", "linear", "batch_norm", "layer_norm", "group_norm"),
        *("prelu", "local_response_norm", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d"),
        *("adaptive_max_pool2d", "hardtanh", "silu", "hardswish", "hardsigmoid", "mish", "elu"),
        *(
            "celu",
            "selu",
            "leaky_relu",
            "softplus",
            "gelu",
            "logsigmoid",
            "softsign",
            "amax",
            "amin",
        ),
        *("pow", "abs", "clamp", "maximum", "minimum"),
    ]
)
#: Those whose gradients need what comes out.
RESULT: Final = frozenset(["relu", "tanh", "sigmoid", "softmax", "amax", "amin", "sqrt", "exp"])
#: Those that keep what comes out where they work in place: what went in is lost.
RESULT_IN_PLACE: Final = frozenset(
    [
        "relu",
        "tanh",
        "sigmoid",
        "elu",
        "celu",
        "selu",
        "logsigmoid",
        "softsign",
        "adaptive_avg_pool2d",
        "adaptive_max_pool2d",
        "leaky_relu",
    ]
)
#: Those of two values where the one's gradient needs the other.
BOTH: Final = frozenset(["mul", "div", "maximum", "minimum"])
#: Operations through which no gradient goes.
NO_GRADIENT: Final = frozenset(["ge", "gt", "le", "lt", "ones_like", "zeros_like"])
#: Operations that give several views: torch lets nobody write over one of them.
PARTS: Final = frozenset(["chunk", "split"])
