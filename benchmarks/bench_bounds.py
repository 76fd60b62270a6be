"""What a node costs in each command: 20,000 nodes beside 80,000 and 240,000, in one run.

A command is linear if the ratio of the last to the first is near 1; the aim is 1.5. Seconds are of
the processor; a node's are without what a network of one node takes. Memory is the most that was
resident. What takes longer than `LONGEST` is stopped and said. `--write` puts the table into
docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import cnnspec
from benchmarks.performance_page import put

SIZES: Final = (20_000, 80_000, 240_000)
#: No run may take more seconds of the processor.
LONGEST: Final = 60
#: How each kind of network is written, with `{}` for its number of turns, of `NODES` nodes each.
KINDS: Final = {
    "chain": """network n { image = input(8, 8, 8) x = image
        for i in range({}) { x = x -> conv(8, 3, pad = 1) -> bn -> relu -> tanh } output y = x }""",
    "blocks": """block b(x, w) { y = x -> conv(w, 3, pad = 1) -> bn -> relu return add(x, y) }
        network n { image = input(8, 8, 8) x = image
        for i in range({}) { x = x -> b(8) } output y = x }""",
}
NODES: Final = 4
COMMANDS: Final = (
    "check",
    "paths",
    "cost",
    "cost --format csv",
    "cost --format json",
    "compare",
    "draw -o n.svg --force",
    "draw -o n.html --force",
    "draw -o n.dot --force",
    "compile -b keras -o n.py --force",
    "compile -b torch -o n.py --force",
)
#: The most that a node of the largest network may cost, in those of the smallest.
AIM: Final = 1.5


class Taken(NamedTuple):
    """What one run took: seconds of the processor, megabytes, and its status."""

    seconds: float
    megabytes: float
    status: int


def took(command: str, spec: str, folder: Path) -> Taken:
    """Run a command on a spec."""
    first, *rest = command.split()
    bound = ["sh", "-c", f'ulimit -t {LONGEST}; exec "$@"', "sh"]
    with subprocess.Popen(
        [*bound, sys.executable, "-m", "cnnspec", first, spec, *rest],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as done:  # fmt: skip
        _, status, used = os.wait4(done.pid, 0)
        done.returncode = os.waitstatus_to_exitcode(status)
    return Taken(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, done.returncode)


class Row(NamedTuple):
    """A command on networks of one kind: what it takes to begin, and each run."""

    kind: str
    command: str
    base: float
    runs: tuple[Taken, ...]

    @property
    def each(self) -> list[float]:
        """Microseconds a node."""
        pairs = zip(SIZES, self.runs, strict=True)
        return [(run.seconds - self.base) / size * 1e6 for size, run in pairs]

    @property
    def ratio(self) -> str:
        """What a node of the largest costs in nodes of the smallest, or how a run ended."""
        wrong = [str(run.status) for run in self.runs if run.status != 0]
        if wrong:
            return f"status {', '.join(wrong)}"
        return f"{self.each[-1] / self.each[0]:.2f}"


def measured(kind: str, command: str, folder: Path) -> Row:
    """Measure a command on networks of each size."""
    base = took(command, "one.cnn", folder).seconds
    return Row(kind, command, base, tuple(took(command, f"{n}.cnn", folder) for n in SIZES))


def rows(kinds: list[str], commands: list[str]) -> Iterator[Row]:
    """Measure each command on each kind of network."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.cnn").write_text("network n { image = input(8) output y = image -> relu }")
        for kind in kinds:
            for size in SIZES:
                text = KINDS[kind].replace("{}", str(size // NODES))
                (folder / f"{size}.cnn").write_text(text)
            for command in commands:
                yield measured(kind, command, folder)


def line(row: Row) -> str:
    """Say a row in a line."""
    pairs = zip(row.runs, row.each, strict=True)
    columns = "".join(f" {run.seconds:7.1f} s {micro:6.1f} us" for run, micro in pairs)
    most = row.runs[-1].megabytes
    return f"{row.kind:7} {row.command:33}{columns} {most:6.0f} MB {row.ratio:>5}"


def page(found: list[Row]) -> str:
    """Write the part of the page."""
    sizes = " | ".join(f"{size:,}, s | us a node" for size in SIZES)
    machine = (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, one thread a "
        f"process, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, cnnspec "
        f"{cnnspec.__version__}. Processor seconds of whole processes, of one run each."
    )
    why = (
        "A node's cost is without what a network of one node takes. The ratio is what a node of "
        f"{SIZES[-1]:,} costs in nodes of {SIZES[0]:,}: near 1 is linear, the aim is {AIM}."
    )
    lines = [
        "# What a node costs",
        "",
        "Written by `make bench-bounds ARGS=--write`; nothing here is edited by hand.",
        "",
        machine,
        "",
        why,
        "",
        f"| network | command | {sizes} | MB | ratio |",
        f"| :-- | :-- |{' --: | --: |' * len(SIZES)} --: | --: |",
    ]
    for row in found:
        pairs = zip(row.runs, row.each, strict=True)
        cells = " | ".join(f"{run.seconds:.1f} | {micro:.1f}" for run, micro in pairs)
        command = row.command.removesuffix(" --force")
        most = f"{row.runs[-1].megabytes:.0f}"
        lines.append(f"| {row.kind} | `{command}` | {cells} | {most} | {row.ratio} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print a line for each command and kind of network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help="'draw -o n.svg --force'")
    parser.add_argument("--kind", choices=KINDS, action="append", help="networks of this kind")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    arguments = parser.parse_args()
    sizes = "".join(f"{size:>20,}" for size in SIZES)
    print(f"{'network':7} {'command, seconds, and each node':33}{sizes}    memory ratio")
    found: list[Row] = []
    for row in rows(arguments.kind or [*KINDS], arguments.commands or [*COMMANDS]):
        found.append(row)
        print(line(row), flush=True)
    if arguments.write:
        put(page(found))


if __name__ == "__main__":
    main()
