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

#: Seconds of processor time, on a machine that counts to ten million in `COUNTED` seconds.
SECONDS = 10
COUNTED = 0.25
#: Megabytes of addresses that a process may take above what one that does nothing takes.
ABOVE = 500


@dataclass(frozen=True)
class Found:
    status: int
    seconds: float
    words: str


@lru_cache(maxsize=1)
def slowness() -> float:
    """Say how much slower than that this machine is, at least 1: others may be at work on it."""
    began = time.process_time()
    for _ in range(10_000_000):
        pass
    return max(1.0, (time.process_time() - began) / COUNTED)


@lru_cache(maxsize=8)
def base(*modules: str) -> int:
    """Measure the addresses, in kilobytes, of a process that imports the program and waits."""
    names = ", ".join(("cnnspec.cli", "cnnspec.api", *modules))
    text = f"import {names}\nprint(open('/proc/self/statm').read().split()[0])"
    said = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return int(said.stdout) * os.sysconf("SC_PAGE_SIZE") // 1024


def limited(*arguments: str, folder: Path, modules: tuple[str, ...] = ()) -> Found:
    """Run `cnnspec ARGUMENTS` within the bounds, above what it takes to have `modules`."""
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
