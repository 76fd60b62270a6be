"""Functions of each value by itself, and softmax over the channels."""

from __future__ import annotations

from collections.abc import Mapping
from math import erf, pi, sqrt
from typing import Any, Final

import numpy as np

from cnnspec_numpy.meanings.arrays import Array, Meaning, Weights, by_channel, places


def relu(_: Any, __: Weights, x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0)


def relu6(_: Any, __: Weights, x: Array) -> Array:
    """min(max(x, 0), 6)."""
    return np.minimum(np.maximum(x, 0), 6)


def leaky_relu(op: Any, _: Weights, x: Array) -> Array:
    """The slope of x below zero."""
    return np.where(x > 0, x, op.slope * x)


def prelu(_: Any, weights: Weights, x: Array) -> Array:
    """The channel's own slope below zero."""
    return np.where(x > 0, x, by_channel(weights["weight"], x) * x)


def elu(op: Any, _: Weights, x: Array) -> Array:
    """Below zero, alpha * (exp(x) - 1)."""
    return np.where(x > 0, x, op.alpha * np.expm1(np.minimum(x, 0)))


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), by the form that does not overflow: tanh."""
    y: Array = (1 + np.tanh(x / 2)) / 2
    return y


def sigmoid(_: Any, __: Weights, x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return logistic(x)


def silu(_: Any, __: Weights, x: Array) -> Array:
    """Give x * sigmoid(x)."""
    return x * logistic(x)


def tanh(_: Any, __: Weights, x: Array) -> Array:
    """The hyperbolic tangent."""
    return np.tanh(x)


def hardsigmoid(_: Any, __: Weights, x: Array) -> Array:
    """relu6(x + 3) / 6."""
    return np.minimum(np.maximum(x + 3, 0), 6) / 6


def hardswish(_: Any, __: Weights, x: Array) -> Array:
    """Give x * relu6(x + 3) / 6."""
    return x * np.minimum(np.maximum(x + 3, 0), 6) / 6


def mish(_: Any, __: Weights, x: Array) -> Array:
    """Give x * tanh(log(1 + exp(x)))."""
    return x * np.tanh(np.logaddexp(0, x))


def root(_: Any, __: Weights, x: Array) -> Array:
    """The square root."""
    return np.sqrt(x)


def exponential(_: Any, __: Weights, x: Array) -> Array:
    """The power of e."""
    return np.exp(x)


def absolute(_: Any, __: Weights, x: Array) -> Array:
    """The value without its sign."""
    return np.abs(x)


def power(op: Any, _: Weights, x: Array) -> Array:
    """The power of x."""
    y: Array = np.power(x, op.exponent)
    return y


#: The error function of each value.
_erf = np.vectorize(erf, otypes=[np.float64])


def gelu(op: Any, _: Weights, x: Array) -> Array:
    """Give x * Phi(x): by the error function, or by the approximation that has a tanh in it."""
    if op.approximate == "exact":
        y: Array = x * (1 + _erf(x / sqrt(2))) / 2
    else:
        y = x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2
    return y


def softmax(op: Any, _: Weights, x: Array) -> Array:
    """exp(x) over its sum along the axes; the largest is taken off first, so none overflows."""
    axes = places(op)
    powers = np.exp(x - x.max(axes, keepdims=True))
    y: Array = powers / powers.sum(axes, keepdims=True)
    return y


MEANINGS: Final[Mapping[str, Meaning]] = {
    "relu": relu,
    "relu6": relu6,
    "leaky_relu": leaky_relu,
    "prelu": prelu,
    "elu": elu,
    "sigmoid": sigmoid,
    "silu": silu,
    "tanh": tanh,
    "hardsigmoid": hardsigmoid,
    "hardswish": hardswish,
    "mish": mish,
    "gelu": gelu,
    "softmax": softmax,
    "sqrt": root,
    "exp": exponential,
    "abs": absolute,
    "pow": power,
}
