"""Dropout and its kin in PyTorch: the rate is the probability of dropping in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec_torch.lowerings.parts import layer


def _layer(name: str) -> Lowering:
    def lower(step: Applied) -> Lowered:
        return layer(name, step.leaf("rate"))

    return lower


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "dropout": _layer("nn.Dropout"),
    "spatial_dropout": _layer("nn.Dropout2d"),
    "drop_path": _layer("DropPath"),
}
