"""How much of the whole a part costs, in five steps that a legend names."""

from __future__ import annotations

from typing import Final

from cnnspec.analysis.fold import Cost, Part
from cnnspec.draw.words import count

#: Where one step ends and the next begins, as shares of the whole.
BOUNDS: Final = (0.01, 0.05, 0.15, 0.30)
STEPS: Final = ("<1%", "1-5%", "5-15%", "15-30%", ">30%")


def whole(parts: tuple[Part, ...], what: str) -> int:
    """Give the count of the network."""
    return sum(count(part.cost, what) for part in parts)


def step(cost: Cost, what: str, total: int) -> int:
    """Give the number of the step, 0 to 4.

    >>> step(Cost(macs=20), "macs", 100), step(Cost(), "macs", 0)
    (3, 0)
    """
    share = count(cost, what) / total if total else 0.0
    return sum(share >= bound for bound in BOUNDS)
