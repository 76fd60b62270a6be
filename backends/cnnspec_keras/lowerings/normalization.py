"""Normalisation in Keras, whose eps is another by default: it is always written."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from cnnspec.emit.code import Code, Keyword, Leaf
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec.expression import Expression, literal
from cnnspec_keras.lowerings.parts import argument, layer, own


def _affine(step: Applied) -> tuple[Keyword, ...]:
    eps = Keyword("epsilon", step.leaf("eps"))
    affine = step.leaf("affine")
    return (eps, Keyword("center", affine, True), Keyword("scale", affine, True))


def _kept(step: Applied) -> Code:
    """Keras's momentum is what is kept of the old statistics; the spec's is what is new."""
    new = step.leaf("momentum")
    kept = float(1 - Decimal(repr(new.value)))
    if new.expression is None:
        return Leaf(kept, None, "momentum")
    return Leaf(1 - new.value, Expression("-", (literal(1), new.expression)), "momentum")


def bn(step: Applied) -> Lowered:
    """Batch normalisation."""
    momentum = Keyword("momentum", _kept(step), 0.99)
    return layer("BatchNormalization", keywords=(momentum, *_affine(step)))


def lrn(step: Applied) -> Lowered:
    """Local response normalisation, which Keras has not; alpha is divided by size."""
    keywords = (
        argument(step, "alpha", 1e-4),
        argument(step, "beta", 0.75),
        argument(step, "k", 1.0),
    )
    return own("LocalResponseNormalization", step.leaf("size"), keywords=keywords)


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "bn": bn,
    "ln": lambda step: layer("LayerNormalization", keywords=_affine(step)),
    "gn": lambda step: layer("GroupNormalization", step.leaf("groups"), keywords=_affine(step)),
    "lrn": lrn,
}
