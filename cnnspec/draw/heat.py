"""How much of the whole a part costs, in five steps that a legend names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cnnspec.analysis.fold import Cost, Part
from cnnspec.draw.words import count

#: Where one step ends and the next begins, as shares of the whole.
BOUNDS: Final = (0.01, 0.05, 0.15, 0.30)
STEPS: Final = ("<1%", "1-5%", "5-15%", "15-30%", ">30%")


def whole(parts: Iterable[Part]) -> Cost:
    """Give the cost of all parts together."""
    result = Cost()
    for part in parts:
        result = result.plus(part.cost)
    return result


def step(cost: Cost, what: str, total: Cost) -> int:
    """Give the number of the step, 0 to 4.

    >>> step(Cost(macs=20), "macs", Cost(macs=100)), step(Cost(), "macs", Cost())
    (3, 0)
    """
    every = count(total, what)
    share = count(cost, what) / every if every else 0.0
    return sum(share >= bound for bound in BOUNDS)
