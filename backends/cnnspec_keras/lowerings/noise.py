"""Dropout and its kin in Keras: the rate is the probability of dropping in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Keyword, Leaf
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec_keras.lowerings.parts import layer


def drop_path(step: Applied) -> Lowered:
    """Dropout of whole examples: one draw for all of an example's values."""
    alike = (None,) + (1,) * len(step.inputs[0])
    return layer("Dropout", step.leaf("rate"), keywords=(Keyword("noise_shape", Leaf(alike)),))


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "dropout": lambda step: layer("Dropout", step.leaf("rate")),
    "spatial_dropout": lambda step: layer("SpatialDropout2D", step.leaf("rate")),
    "drop_path": drop_path,
}
