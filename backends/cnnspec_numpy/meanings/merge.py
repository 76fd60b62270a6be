"""Several values made one, and multiplication by constants and learned numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, Final

import numpy as np

from cnnspec_numpy.meanings.arrays import Array, Meaning, Weights


def _over(operation: Callable[[Array, Array], Array]) -> Meaning:
    """Place by place, left to right; a vector of C spreads over C x H x W as C x 1 x 1 does."""

    def meaning(_: Any, __: Weights, *inputs: Array) -> Array:
        image = any(x.ndim == 4 for x in inputs)
        spread = [x[:, :, None, None] if image and x.ndim == 2 else x for x in inputs]
        return reduce(operation, spread)

    return meaning


def concat(_: Any, __: Weights, *inputs: Array) -> Array:
    """Channels side by side, in the order of the inputs."""
    return np.concatenate(inputs, axis=1)


def scale(op: Any, _: Weights, x: Array) -> Array:
    """Times the constant."""
    y: Array = op.factor * x
    return y


def layer_scale(_: Any, weights: Weights, x: Array) -> Array:
    """Each channel times its learned number."""
    return weights[""] * x


MEANINGS: Final[Mapping[str, Meaning]] = {
    "add": _over(np.add),
    "sub": _over(np.subtract),
    "mul": _over(np.multiply),
    "concat": concat,
    "scale": scale,
    "layer_scale": layer_scale,
}
