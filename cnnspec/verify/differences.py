"""A gradient's entry by central differences: the vote of a witness that tells outputs only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cnnspec.witness import Case

if TYPE_CHECKING:
    from cnnspec.witness import Array

#: How far the entry is moved to each side.
STEP: Final = 1e-6

#: Runs a case and gives its outputs by name.
Outputs = Callable[[Case], "Mapping[str, Array]"]


def slope(case: Case, key: str, place: tuple[int, ...], outputs: Outputs) -> float:
    """Give how the loss changes with one entry of a weight: (loss(w + h) - loss(w - h)) / 2h."""
    sides = [_loss(_moved(case, key, place, step), outputs) for step in (STEP, -STEP)]
    return (sides[0] - sides[1]) / (2 * STEP)


def _moved(case: Case, key: str, place: tuple[int, ...], step: float) -> Case:
    weight = case.weights[key].copy()
    weight[place] += step
    return replace(case, weights={**case.weights, key: weight})


def _loss(case: Case, outputs: Outputs) -> float:
    told = outputs(case)
    return float(sum((told[name] * each).sum() for name, each in case.cotangents.items()))
