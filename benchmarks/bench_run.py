"""`make bench-run`: emitted models beside torchvision's and keras.applications', pair by pair.

Both of a pair run in one process, in turns, on one thread, with the same weights in PyTorch. Speed
is the median of the pairs' ratios, with its interval. Times are the processor's, so that other
programs do not count. `--quick` shows in a minute that all of it works; its figures say nothing.
`--write` puts the tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import cnnspec
from benchmarks.pairs import Paired
from benchmarks.performance_page import put
from benchmarks.run_torch import NETWORKS, Row, rows

ROOT = Path(__file__).parent.parent
TITLE = "# Speed of what is emitted"
AIM = 0.97
ONE = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "PYTHONWARNINGS": "ignore",
}


def main() -> None:
    """Measure, print the table, and write it into the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(NETWORKS))
    parser.add_argument("--quick", action="store_true", help="one network, few pairs: a minute")
    parser.add_argument("--seconds", type=float, help="for each comparison (4)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--keras", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names = tuple(arguments.networks) or (("mobilenet_v2",) if arguments.quick else NETWORKS)
    if unknown := [each for each in names if each not in NETWORKS]:
        parser.error(f"there is no peer for {', '.join(unknown)}")
    seconds = arguments.seconds or (1.0 if arguments.quick else 4.0)
    if arguments.keras:
        _tell_keras(names, seconds=seconds, quick=arguments.quick)
        return
    found: list[Row] = []
    for line in head():
        print(line, flush=True)
    for row in rows(names, seconds=seconds, quick=arguments.quick):
        found.append(row)
        print(told(row, "torchvision"), flush=True)
    for row in _of_keras(sys.argv[1:]):
        found.append(row)
        print(told(row, "keras.applications"), flush=True)
    slow = [each for each in found if each.times is not None and each.times.speed < AIM]
    print(f"\n{len(found)} comparisons, {len(slow)} below {AIM} of the peer's speed")
    if arguments.write:
        write(found)


def _tell_keras(names: tuple[str, ...], *, seconds: float, quick: bool) -> None:
    from benchmarks import run_keras

    for row in run_keras.rows(names, seconds=seconds, quick=quick):
        print(json.dumps(asdict(row)), flush=True)


def _of_keras(given: list[str]) -> Iterable[Row]:
    """Run the comparisons of Keras in a process of their own: two frameworks share no threads."""
    command = [sys.executable, "-m", "benchmarks.bench_run", "--keras", *given]
    done = subprocess.run(
        command, env={**os.environ, **ONE}, stdout=subprocess.PIPE, check=True, text=True, cwd=ROOT
    )
    for line in done.stdout.splitlines():
        read = json.loads(line)
        pairs = tuple((mine, other) for mine, other in read["times"]["pairs"])
        yield Row(read["network"], read["how"], read["batch"], Paired(pairs))


def head() -> list[str]:
    """Give the table's head."""
    return [
        "| network | peer | how | batch | pairs | ms | theirs | speed | interval | MiB | theirs |",
        "| :-- | :-- | :-- | --: | --: | --: | --: | --: | :-- | --: | --: |",
    ]


def told(row: Row, peer: str) -> str:
    """Write a comparison as a row of the table."""
    start = f"| {row.network} | {peer} | {row.how} | {row.batch} |"
    if row.times is None:
        return f"{start} | | | | {row.remark} | | |"
    times = row.times
    low, high = times.interval
    speed = f"{times.speed:.2f}" if times.speed >= AIM else f"**{times.speed:.2f}**"
    memory = [""] * 2 if row.memory is None else [f"{x / 2**20:.0f}" for x in row.memory]
    return (
        f"{start} {len(times.pairs)} | {1000 * times.ours:.1f} | {1000 * times.theirs:.1f} |"
        f" {speed} | {low:.2f} to {high:.2f} | {' | '.join(memory)} |"
    )


def write(found: list[Row]) -> None:
    """Put the table into the page, for that of an earlier run."""
    machine = (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, one thread, load"
        f" {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, cnnspec"
        f" {cnnspec.__version__}, torch {version('torch')}, keras {version('keras')}, tensorflow"
        f" {version('tensorflow')}. Processor milliseconds; speed is the median of the ratios of"
        " pairs that ran in turns, 1 the peer's, with the 95 % interval of the median; MiB are"
        " values at the fullest moment, weights left out."
    )
    table = [
        told(row, "keras.applications" if "Keras" in row.how else "torchvision") for row in found
    ]
    lines = [TITLE, "", "Written by `make bench-run`.", "", machine, "", *head(), *table]
    put("\n".join(lines))


if __name__ == "__main__":
    os.environ.update(ONE)
    main()
