"""Layers that drop values in training: at inference, and where noise is off, they do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec_numpy.meanings.arrays import Array, Meaning, Weights


def nothing(_: Any, __: Weights, x: Array) -> Array:
    """The input."""
    return x


MEANINGS: Final[Mapping[str, Meaning]] = {
    "dropout": nothing,
    "spatial_dropout": nothing,
    "drop_path": nothing,
}
