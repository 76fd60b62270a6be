"""What a node costs in each command: 20,000 nodes beside 240,000, in one run.

A command is linear if the ratio is near 1; the aim is 1.5. Seconds are of the processor, without
what an import takes; memory is the most that was resident.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

SMALL: Final = 20_000
LARGE: Final = 240_000
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
    "compile -b torch -o n.py --force",
)


def took(command: str, spec: str, folder: Path) -> tuple[float, float, int]:
    """Run a command on a spec; give seconds of the processor, MB, and its status."""
    words = command.split()
    with subprocess.Popen(
        [sys.executable, "-m", "cnnspec", words[0], spec, *words[1:]],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as done:  # fmt: skip
        _, status, used = os.wait4(done.pid, 0)
        done.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, done.returncode


def main() -> None:
    """Print a line for each command and kind of network."""
    commands = sys.argv[1:] or COMMANDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.cnn").write_text("network n { image = input(8) output y = image -> relu }")
        print(f"{'network':8} {'command':34} {SMALL:>16,} {LARGE:>18,}   a node")
        for kind, text in KINDS.items():
            for count in (SMALL, LARGE):
                (folder / f"{count}.cnn").write_text(text.replace("{}", str(count // NODES)))
            for command in commands:
                base, _, _ = took(command, "one.cnn", folder)
                small, mb, status = took(command, f"{SMALL}.cnn", folder)
                large, more, last = took(command, f"{LARGE}.cnn", folder)
                ratio = (large - base) / (small - base) * SMALL / LARGE
                said = f"{ratio:5.2f}" if (status, last) == (0, 0) else f"status {status}, {last}"
                both = f"{small:6.1f} s {mb:5.0f} MB {large:7.1f} s {more:6.0f} MB"
                print(f"{kind:8} {command:34} {both}   {said}", flush=True)


if __name__ == "__main__":
    main()
