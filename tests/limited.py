"""The program in a process of its own that may take so much processor time and memory, no more."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

#: Seconds of processor time, on a machine that does `work` in `WORKED` seconds.
SECONDS = 10
WORKED = 0.3
#: Megabytes of addresses that a process may take above what one that does nothing takes.
ABOVE = 500


@dataclass(frozen=True)
class Found:
    status: int
    seconds: float
    words: str


def work() -> float:
    """Make small things and look them up, as an elaboration does; say how long it took."""
    began = time.process_time()
    known: dict[tuple[str, int], list[Found]] = {}
    for number in range(250_000):
        found = Found(number, 0.0, "")
        known.setdefault(("some", number % 40_000), []).append(found)
    assert sum(map(len, known.values())) == 250_000
    return time.process_time() - began


def slowness() -> float:
    """Say how much slower than that this machine is now, at least 1: others are at work on it."""
    return max(1.0, work() / WORKED)


@lru_cache(maxsize=8)
def base(*modules: str) -> int:
    """Measure the addresses, in kilobytes, of a process that imports the program and waits."""
    names = ", ".join(("cnnspec.cli", "cnnspec.api", *modules))
    text = f"import {names}\nprint(open('/proc/self/statm').read().split()[0])"
    said = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return int(said.stdout) * os.sysconf("SC_PAGE_SIZE") // 1024


def limited(*arguments: str, folder: Path, modules: tuple[str, ...] = ()) -> Found:
    """Run `cnnspec ARGUMENTS` within the bounds, above what it takes to have `modules`.

    What takes longer than the bound is run again, once: another process may have come between.
    """
    found = _run(arguments, folder, modules)
    return _run(arguments, folder, modules) if found.status < 0 else found


def _run(arguments: tuple[str, ...], folder: Path, modules: tuple[str, ...]) -> Found:
    bounds = f"ulimit -t {round(SECONDS * slowness())}; ulimit -v {base(*modules) + ABOVE * 1024}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        ["sh", "-c", f'{bounds}; exec "$@"', "sh", sys.executable, "-m", "cnnspec", *arguments],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Found(done.returncode, seconds, done.stderr.decode(errors="replace"))
