"""Plant N slips of the pen in specs that ship; print how many are told, and what else is."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter

from tests.slips import KEPT, WORKED_ON, Slip, judged, planted

TOLD, CASCADES = 0.95, 0.05


def half(name: str, kinds: tuple[str, ...], count: int, seed: int, *, show: bool) -> bool:
    """Print the figures of one half of the kinds; whether both aims are met."""
    slips = said = cascades = number = 0
    missed: Counter[str] = Counter()
    while slips < count:
        case = planted(seed * 1_000_003 + number, kinds)
        number += 1
        if case is None:
            continue
        lost, more, told = judged(case)
        slips += len(case.slips)
        cascades += len(more)
        said += told
        missed.update(each.kind for each in lost)
        if show:
            _show(case.network, case.text, lost, [each.title for each in more])
    found, beside = 1 - missed.total() / slips, cascades / said
    print(
        f"{name}: {slips} slips of {len(kinds)} kinds in {number} files, {found:.1%} told in one "
        f"run (aim {TOLD:.0%}); {beside:.1%} of {said} diagnostics are of no slip (aim at most "
        f"{CASCADES:.0%}); seed {seed}"
    )
    for kind, times in missed.most_common():
        print(f"    {times} not told: {kind}")
    return found >= TOLD and beside <= CASCADES


def _show(network: str, text: str, lost: list[Slip], more: list[str]) -> None:
    lines = text.split("\n")
    for slip in lost:
        print(f"  {network}: not told: {slip.kind}: {lines[slip.line].strip()}")
    for title in more:
        print(f"  {network}: of no slip: {title}")


def main() -> int:
    """Judge both halves; the exit status is 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--show", action="store_true", help="what was not told, what else was")
    how = parser.parse_args()
    each, show = how.count // 2, how.show
    good = half("the half that was worked on", WORKED_ON, each, how.seed, show=show)
    good = half("the half that was kept to judge by", KEPT, each, how.seed, show=show) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
