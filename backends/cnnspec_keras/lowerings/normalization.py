"""Normalisation in Keras, whose eps is another by default: it is always written."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from cnnspec.emit.code import Code, Infix, Keyword, Leaf
from cnnspec.emit.lowering import Lowered
from cnnspec.emit.site import UNKNOWN, Site
from cnnspec_keras.lowerings.parts import argument, layer, own


def _affine(step: Site) -> tuple[Keyword, ...]:
    eps = Keyword("epsilon", step.code("eps"))
    affine = step.code("affine")
    return (eps, Keyword("center", affine, True), Keyword("scale", affine, True))


def _kept(step: Site) -> Code:
    """Keras's momentum is what is kept of the old statistics; the spec's is what is new."""
    new = step.known("momentum")
    if new is UNKNOWN:
        return Infix("-", (Leaf(1), step.code("momentum")))
    return Leaf(float(1 - Decimal(repr(new))))


def bn(step: Site) -> Lowered:
    """Batch normalisation."""
    momentum = Keyword("momentum", _kept(step), 0.99)
    return layer("BatchNormalization", keywords=(momentum, *_affine(step)))


def lrn(step: Site) -> Lowered:
    """Local response normalisation, which Keras has not; alpha is divided by size."""
    keywords = (
        argument(step, "alpha", 1e-4),
        argument(step, "beta", 0.75),
        argument(step, "k", 1.0),
    )
    return own("LocalResponseNormalization", step.code("size"), keywords=keywords)


LOWERINGS: Final[Mapping[str, Any]] = {
    "bn": bn,
    "ln": lambda step: layer("LayerNormalization", keywords=_affine(step)),
    "gn": lambda step: layer("GroupNormalization", step.code("groups"), keywords=_affine(step)),
    "lrn": lrn,
}
