"""Holds what a layer drops of ones against what its operator declares: how often, what together.

A mask is right if values that are dropped together are, if those that are not are dropped each by
itself, if as many as the rate says are dropped, and if the rest make up for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnnspec.graph import Node
from cnnspec.op import Noise
from cnnspec.verify.compare import Distance, bound
from cnnspec.witness import Dtype

if TYPE_CHECKING:
    from cnnspec.witness import Array

#: So many standard deviations may a share be from what it should be: chance does not get there.
DEVIATIONS = 6
AXES = ("examples", "channels", "height", "width")


class Dropped(NamedTuple):
    """What was seen: how far it is from what is declared, what was told, and what is right."""

    found: Distance
    told: str
    right: str


def examine(node: Node, values: Array, dtype: Dtype) -> Dropped:
    """Hold what became of ones, examples first, against the node's declaration."""
    noise = node.op.noise
    assert noise is not None
    rate = float(node.op.values[noise.rate])
    dropped = values == 0
    together = [axis for axis in range(1, dropped.ndim) if AXES[axis] in noise.together]
    for axis in together:
        torn = float((dropped != dropped.take([0], axis)).mean())
        if torn:
            told = f"values along the {AXES[axis]} are dropped apart"
            return Dropped(Distance(torn, 1e-9, (), torn, 0.0), told, f"{said(noise)} is dropped")
    units = dropped
    for axis in together:
        units = units.take([0], axis)
    share = float(units.mean())
    told = f"{share:.4g} of the values are dropped"
    right = f"the rate of dropping is {rate:g}"
    first = Distance(abs(share - rate), _allowed(rate, units.size), (), share, rate)
    if not first.agrees:
        return Dropped(first, told, right)
    for axis in range(dropped.ndim):
        if axis not in together and units.shape[axis] > 1:
            pairs = units.take(range(1, units.shape[axis]), axis)
            pairs = pairs != units.take(range(units.shape[axis] - 1), axis)
            apart, chance = float(pairs.mean()), 2 * rate * (1 - rate)
            found = Distance(abs(apart - chance), _allowed(chance, pairs.size), (), apart, chance)
            if not found.agrees:
                told = f"values along the {AXES[axis]} are not dropped each by itself"
                return Dropped(found, told, f"{said(noise)} is dropped by itself")
    kept = values[~dropped]
    if kept.size:
        scale = 1 / (1 - rate)
        furthest = float(kept.flat[abs(kept - scale).argmax()])
        found = Distance(abs(furthest - scale), bound(scale, dtype), (), furthest, scale)
        if not found.agrees:
            told = f"a value that is kept becomes {furthest:.4g}"
            return Dropped(found, told, f"it is to become {scale:.4g}")
    return Dropped(first, told, right)


def said(noise: Noise) -> str:
    """Say what is dropped at a time.

    >>> said(Noise("rate", ("height", "width")))
    'a whole channel'
    """
    match noise.together:
        case ():
            return "a value"
        case ("height", "width"):
            return "a whole channel"
        case ("channels", "height", "width"):
            return "a whole example"
        case axes:
            return f"all along {' and '.join(axes)}"


def _allowed(share: float, count: int) -> float:
    """Give how far a share of so many draws may be from what it should be; pairs share draws."""
    return float(DEVIATIONS * (share * (1 - share) / count) ** 0.5 * 2**0.5 + 1e-9)
