"""Two pieces of work timed in pairs: what else a machine does comes over both of a pair alike."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Paired:
    """Seconds of processor time of each of a pair, ours first, pair by pair."""

    pairs: tuple[tuple[float, float], ...]

    @property
    def ours(self) -> float:
        """Our median, in seconds."""
        return median(mine for mine, _ in self.pairs)

    @property
    def theirs(self) -> float:
        """The peer's median, in seconds."""
        return median(other for _, other in self.pairs)

    @property
    def ratios(self) -> list[float]:
        """How many times as fast as the peer we were in each pair, the least first."""
        return sorted(other / mine for mine, other in self.pairs)

    @property
    def speed(self) -> float:
        """The median of the pairs' ratios: 1 is the peer's speed, more is faster."""
        return median(self.ratios)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the median is with 95 in 100, by the ranks of the ratios (all, for few pairs)."""
        ratios = self.ratios
        count = len(ratios)
        aside = math.floor(count / 2 - 0.98 * math.sqrt(count))
        low = max(0, aside)
        return ratios[low], ratios[count - 1 - low]


def timed(work: Work) -> float:
    """Give the processor's seconds that work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def paired(ours: Work, theirs: Work, *, seconds: float, least: int = 7) -> Paired:
    """Time both in turns, each first in every other pair, until so many seconds have gone by."""
    for each in (ours, theirs):
        each()
    found: list[tuple[float, float]] = []
    until = time.monotonic() + seconds
    while len(found) < least or time.monotonic() < until:
        if len(found) % 2:
            other = timed(theirs)
            found.append((timed(ours), other))
        else:
            mine = timed(ours)
            found.append((mine, timed(theirs)))
    return Paired(tuple(found))
