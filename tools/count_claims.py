"""Hold every picture of every network that ships against its graph, and count the claims."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import cnnspec  # noqa: E402
from cnnspec import library  # noqa: E402
from tests.claims import Claims, pictures  # noqa: E402
from tests.claims_read import Untrue  # noqa: E402


def main() -> None:
    """Print what is untrue, and how many claims of which kinds are true."""
    total: Counter[str] = Counter()
    drawn = wrong = 0
    for name in sorted(library.shipped()):
        graph = cnnspec.load(name).elaborated
        for one in pictures(graph):
            drawn += 1
            try:
                total += Claims(graph, one).check()
            except Untrue as mistake:
                wrong += 1
                print(f"{name}: {mistake}")
    print(f"{sum(total.values()):,} claims in {drawn:,} pictures hold, {wrong} do not:")
    print(", ".join(f"{what} {number:,}" for what, number in total.most_common()))
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
