"""Call blocks' Keras functions as no spec does: `make generality-keras N=500`, `SEED=7` again."""

from __future__ import annotations

import argparse
import secrets

from cnnspec import library, load
from tests.keras_generality import wrong

#: Networks with more parameters than this are left out: their files are alike smaller ones'.
MOST = 30_000_000


def main() -> None:
    """Draw calls of the blocks of every network that ships; print what is wrong, and how many."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    first = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    networks = [load(name) for name in sorted(library.shipped())]
    small = [each for each in networks if each.params <= MOST]
    tried, failures, seed = 0, 0, first
    print(f"seed {first}, {asked.count} calls", flush=True)
    while tried < asked.count:
        for network in small:
            more, found = wrong(network, seed)
            tried, failures = tried + more, failures + len(found)
            for each in found:
                print(each, flush=True)
            if tried >= asked.count:
                break
        seed += 1
    print(f"{tried} calls that nobody compiled, {failures} wrong", flush=True)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
