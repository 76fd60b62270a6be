"""What `torch.nn` has, as far as emitted classes are made of it."""

from __future__ import annotations

from typing import Any, Final

from cnnspec_torch.symbolic import functions as fn
from cnnspec_torch.symbolic import plain, weighted
from cnnspec_torch.symbolic.modules import Module, ModuleDict, ModuleList, Sequential
from cnnspec_torch.symbolic.tensors import Learned

#: Layers of functions of nothing but their input, that may overwrite it.
_ACTIVATIONS: Final = {
    "ReLU": "relu",
    "ReLU6": "relu6",
    "SiLU": "silu",
    "Hardswish": "hardswish",
    "Hardsigmoid": "hardsigmoid",
    "Mish": "mish",
    "SELU": "selu",
}
_UNARY: Final = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "LogSigmoid": "logsigmoid",
    "Softsign": "softsign",
    "Tanhshrink": "tanhshrink",
}
_NOISE: Final = {
    "Dropout": "dropout",
    "Dropout1d": "dropout1d",
    "Dropout2d": "dropout2d",
    "Dropout3d": "dropout3d",
}
#: What `torch.nn` has.
LAYERS: Final[dict[str, type[Any]]] = {
    **{
        each.__name__: each
        for each in (
            *(Module, Sequential, ModuleList, ModuleDict),
            *weighted.LAYERS,
            *plain.LAYERS,
        )
    },
    **{name: plain.activation(name, fn.FUNCTIONAL[word]) for name, word in _ACTIVATIONS.items()},
    **{name: plain.unary(name, fn.FUNCTIONAL[word]) for name, word in _UNARY.items()},
    **{name: plain.dropping(name, fn.FUNCTIONAL[word]) for name, word in _NOISE.items()},
    "Parameter": Learned,
    "ELU": plain.shaped("ELU", fn.elu, "alpha", 1.0),
    "CELU": plain.shaped("CELU", fn.celu, "alpha", 1.0),
    "LeakyReLU": plain.shaped("LeakyReLU", fn.leaky_relu, "negative_slope", 0.01),
}
