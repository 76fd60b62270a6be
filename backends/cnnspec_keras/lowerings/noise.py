"""Dropout and its kin in Keras: the rate is the probability of dropping in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.code import Call, Code, Infix, Input, Keyword, Leaf, Raw
from cnnspec.emit.lowering import Lowered
from cnnspec.emit.site import Site
from cnnspec_keras.lowerings.parts import layer


def drop_path(step: Site) -> Lowered:
    """Dropout of whole examples: one draw for all of an example's values."""
    alike: Code
    if step.images[0] is None:
        axes = Infix("-", (Call(Raw("len"), (Call(Raw("keras.ops.shape"), (Input(),)),)), Leaf(1)))
        alike = Infix("+", (Raw("(None,)"), Infix("*", (Raw("(1,)"), axes))))
    else:
        alike = Leaf((None,) + (1,) * (3 if step.images[0] else 1))
    return layer("Dropout", step.code("rate"), keywords=(Keyword("noise_shape", alike),))


LOWERINGS: Final[Mapping[str, Any]] = {
    "dropout": lambda step: layer("Dropout", step.code("rate")),
    "spatial_dropout": lambda step: layer("SpatialDropout2D", step.code("rate")),
    "drop_path": drop_path,
}
