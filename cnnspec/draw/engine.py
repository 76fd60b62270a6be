"""What lays a picture out: graphviz-pure, which comes along, or the system's Graphviz."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from cnnspec.errors import CnnspecError

ENGINES: Final = ("pure", "dot")


class EngineMissing(CnnspecError):
    """No program to lay the picture out; the message says how to install one."""


class EngineFailed(CnnspecError):
    """The engine gave no picture: it took too long, or the message says what it said."""


def program(engine: str) -> str:
    """Find the engine's program; raises EngineMissing."""
    name = "dot" if engine == "dot" else "graphviz-pure"
    beside = Path(sys.executable).parent / name
    if engine != "dot" and beside.is_file():
        return str(beside)
    found = shutil.which(name)
    if found is None:
        line = "apt install graphviz" if engine == "dot" else "pip install graphviz-pure"
        raise EngineMissing(f"{name} is not installed: `{line}`")
    return found


def layout(text: str, *, format: str, engine: str, timeout: float, placed: bool = False) -> bytes:
    """Run the engine; raises EngineMissing, EngineFailed, TimeoutError.

    What is `placed` already, it leaves there.
    """
    command = [program(engine), f"-T{format}", *(["-Kneato", "-n2"] if placed else [])]
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"laying it out took over {timeout:g} s") from None
    if done.returncode != 0 or not done.stdout:
        every = done.stderr.decode(errors="replace").strip().splitlines()
        said = [line for line in every if not line.startswith("note: ")]
        raise EngineFailed(said[-1][:200] if said else "the engine drew nothing")
    return done.stdout
