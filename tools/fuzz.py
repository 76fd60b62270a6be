"""Run random networks through all backends: `make fuzz N=5000`, `SEED=7` to do it again."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

from cnnspec import witness
from cnnspec.testing.fuzz import Report, fuzz
from cnnspec.testing.generate import NAMES

FOLDER = Path("build/fuzz")


def main() -> None:
    """Run, say how far it is now and then, and leave what failed in build/fuzz."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--backends", default="numpy,torch,keras")
    asked = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    names = sorted(asked.backends.split(","), key=lambda each: each != "numpy")
    witnesses = [witness.find(name) for name in names]
    print(f"seed {seed}, {asked.count} networks through {', '.join(names)}", flush=True)

    def progress(number: int, report: Report) -> None:
        if number % 100 == 0:
            found = len(report.failures)
            print(f"{number}: {report.seconds:.0f} s, {found} failures", flush=True)

    report = fuzz(witnesses, count=asked.count, seed=seed, folder=FOLDER, progress=progress)
    for failure in report.failures:
        print(
            f"\n{failure.kind}: {FOLDER}/fuzz{failure.number}.cnn\n{failure.spec}\n{failure.words}"
        )
    print(report.summary())
    counts = report.coverage.operators
    print("steps of each operator: " + ", ".join(f"{each} {counts[each]}" for each in NAMES))
    sys.exit(bool(report.failures))


if __name__ == "__main__":
    main()
