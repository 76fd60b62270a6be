"""Several values made one, and multiplication by constants and learned numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, Final

import numpy as np

from cnnspec_numpy.meanings.arrays import Array, Meaning, Weights, places


def _over(operation: Callable[[Array, Array], Array]) -> Meaning:
    """Place by place, left to right, a number among them last, or first if the operator says so.

    Axes that a value lacks are 1, and an axis of 1 spreads.
    """

    def meaning(op: Any, _: Weights, *inputs: Array) -> Array:
        rank = max(x.ndim for x in inputs)
        values = [x.reshape(*x.shape, *(1,) * (rank - x.ndim)) for x in inputs]
        if op.number is not None:
            first = "first" in op.arguments and op.first
            values.insert(0 if first else len(values), np.asarray(op.number))
        return reduce(operation, values)

    return meaning


def concat(op: Any, _: Weights, *inputs: Array) -> Array:
    """Side by side along the axis, in the order of the inputs."""
    return np.concatenate(inputs, axis=places(op)[0])


def scale(op: Any, _: Weights, x: Array) -> Array:
    """Times the constant."""
    y: Array = op.factor * x
    return y


def layer_scale(_: Any, weights: Weights, x: Array) -> Array:
    """Each channel times its learned number."""
    return weights[""] * x


def parameter(_: Any, weights: Weights, x: Array) -> Array:
    """The learned tensor, once for each example."""
    value = weights[""]
    return np.repeat(value[None], x.shape[0], axis=0)


MEANINGS: Final[Mapping[str, Meaning]] = {
    "add": _over(np.add),
    "sub": _over(np.subtract),
    "mul": _over(np.multiply),
    "div": _over(np.divide),
    "maximum": _over(np.maximum),
    "minimum": _over(np.minimum),
    "concat": concat,
    "scale": scale,
    "parameter": parameter,
    "layer_scale": layer_scale,
}
