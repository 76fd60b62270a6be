"""What a node costs in each command: 20,000 nodes beside 80,000 and 240,000, in one run.

A command is linear if the ratio of the last to the first is near 1; the aim is 1.5. Seconds are of
the processor, without what it takes to begin; memory is the most that was resident. It ends within
ten minutes: what takes longer than `LONGEST` is stopped and said.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

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
    "compile -b keras -o n.py --force",
)


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


def line(kind: str, command: str, folder: Path) -> str:
    """Measure a command on networks of each size, and say it in a line."""
    base = took(command, "one.cnn", folder).seconds
    runs = [(size, took(command, f"{size}.cnn", folder)) for size in SIZES]
    each = [(run.seconds - base) / size * 1e6 for size, run in runs]
    columns = "".join(
        f" {run.seconds:7.1f} s {micro:6.1f} us" for (_, run), micro in zip(runs, each, strict=True)
    )
    wrong = [str(run.status) for _, run in runs if run.status != 0]
    said = f"{each[-1] / each[0]:5.2f}" if not wrong else f"status {', '.join(wrong)}"
    return f"{kind:7} {command:33}{columns} {runs[-1][1].megabytes:6.0f} MB {said}"


def main() -> None:
    """Print a line for each command and kind of network."""
    commands = sys.argv[1:] or COMMANDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.cnn").write_text("network n { image = input(8) output y = image -> relu }")
        sizes = "".join(f"{size:>20,}" for size in SIZES)
        print(f"{'network':7} {'command, seconds, and each node':33}{sizes}    memory ratio")
        for kind, text in KINDS.items():
            for size in SIZES:
                (folder / f"{size}.cnn").write_text(text.replace("{}", str(size // NODES)))
            for command in commands:
                print(line(kind, command, folder), flush=True)


if __name__ == "__main__":
    main()
