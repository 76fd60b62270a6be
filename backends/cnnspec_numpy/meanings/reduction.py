"""One number made of all along some axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from cnnspec_numpy.meanings.arrays import Array, Meaning, Weights, places


def _along(function: Callable[..., Any]) -> Meaning:
    """Along the axes that are named, which stay with length 1."""

    def meaning(op: Any, _: Weights, x: Array) -> Array:
        y: Array = function(x, axis=places(op), keepdims=True)
        return y

    return meaning


MEANINGS: Final[Mapping[str, Meaning]] = {
    "mean": _along(np.mean),
    "sum": _along(np.sum),
    "max": _along(np.max),
    "min": _along(np.min),
}
