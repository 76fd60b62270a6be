"""`make bench-sweep`: variants of EfficientNet-B0 a second on one core, and memory of a long sweep.

A variant is worked out by a sweep over a grid, by a sweep over points of which no two are alike,
and by a `load` of its own in which nothing is known yet, with the same figures; in turns, the least
processor time of each, since what else the machine does only adds. Each turn is of another text, so
that nothing is known from the turn before: reading the spec is part of a sweep's time. Memory is
the most that the driver had resident over 200,000 points, all of which are rows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cnnspec
from cnnspec import library
from cnnspec.analysis.figures import Meter
from cnnspec.analysis.run import Run
from cnnspec.sweeps import plan, rows
from cnnspec.sweeps.figures import measured

GRID = {"width": "1..1.9/0.1", "depth": "1..1.9/0.1", "resolution": "160..416/64"}
UNLIKE = {"width": "0.5..2", "depth": "1..2", "resolution": "128..448"}
FIGURES = ("params", "macs", "activations", "peak", "depth")
AIM = 500
TURNS = 5
POINTS = 100
SMALL = """network small(width = 4, size = 8) {
    image = input(3, size, size)
    output y = image -> conv(width, 3) -> relu -> gap -> dense(2)
}
"""
LONG = """
import re
from cnnspec.cli import run
assert run(["sweep", "small.cnn", "--set", "width=1..400", "--set", "size=3..502", "-o", "a.csv",
            "--sort", "-macs", "--jobs", "1", "-q"]) == 0
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def fresh(turn: str) -> str:
    """Give the text of EfficientNet such that nothing is known of it."""
    return f"{library.zoo_text('efficientnet_b0')}\n# {turn}\n"


def swept(axes: dict[str, str], *, sample: int | None, turn: int) -> float:
    """Give the seconds of processor time for a variant in a sweep."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "net.cnn")
        spec.write_text(fresh(f"{turn} {sample}"))
        name = f"{spec}:efficientnet_b0"
        made = plan(name, set=axes, figures=FIGURES, sample=sample, seed=turn)
        began = time.process_time()
        count = sum(row["error"] is None for row in rows(made))
        spent = time.process_time() - began
    assert count == made.points
    return spent / count


def loaded(turn: int) -> float:
    """Give the seconds for a `load` in which nothing is known, and the same figures."""
    spent = 0.0
    for number in range(5):
        text = fresh(f"{turn} {number}")
        began = time.process_time()
        net = cnnspec.loads(text, network="efficientnet_b0", set={"width": 1 + number / 10})
        found = measured(Meter(net.elaborated, Run()), FIGURES)
        spent += time.process_time() - began
        assert all(found.values())
    return spent / 5


def memory() -> int:
    """Give the most bytes that a sweep of 200,000 rows had resident."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "small.cnn").write_text(SMALL)
        done = subprocess.run(
            [sys.executable, "-c", LONG], cwd=folder, capture_output=True, text=True, check=True
        )
        lines = Path(folder, "a.csv").read_bytes().count(b"\n")
        assert lines == 200_001, lines
    return int(done.stdout.split()[-1]) * 1024


def main() -> None:
    """Measure, and print."""
    best: dict[str, float] = {}
    for turn in range(TURNS):
        for name, seconds in (
            ("a grid", swept(GRID, sample=None, turn=turn)),
            ("points unlike each other", swept(UNLIKE, sample=POINTS, turn=turn)),
            ("one load each", loaded(turn)),
        ):
            best[name] = min(best.get(name, seconds), seconds)
    alone = best["one load each"]
    print("EfficientNet-B0: parameters, MACs, activations, peak and depth of variants, one core")
    for name, seconds in best.items():
        rate, times = 1 / seconds, alone / seconds
        print(f"  {name:<26} {rate:>6.0f}/s  {seconds * 1e3:>6.2f} ms  {times:>5.1f} x")
    print(f"  aim: {AIM}/s in a grid")
    if "--quick" not in sys.argv:
        print(f"driver over 200,000 rows: {memory() / 1e6:.0f} MB resident (bound 300 MB)")
    print(f"load of this machine meanwhile: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
