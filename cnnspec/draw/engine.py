"""What lays a picture out: graphviz-pure, which comes along, or the system's Graphviz."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

#: Text is measured as Arial's, and shown in the first of these that a reader has: same widths.
MEASURED: Final = b' font-family="Arial"'
SHOWN: Final = b' font-family="Arimo, Liberation Sans, Arial, Helvetica, sans-serif"'


class EngineMissing(Exception):
    """No program to lay the picture out; the message says how to install one."""


def _program(engine: str) -> str:
    name = "dot" if engine == "dot" else "graphviz-pure"
    beside = Path(sys.executable).parent / name
    if engine != "dot" and beside.is_file():
        return str(beside)
    found = shutil.which(name)
    if found is None:
        line = "apt install graphviz" if engine == "dot" else "pip install graphviz-pure"
        raise EngineMissing(f"{name} is not installed: `{line}`")
    return found


def layout(text: str, *, format: str, engine: str, timeout: float) -> bytes:
    """Run the engine; raises EngineMissing, TimeoutError, or RuntimeError with what it says."""
    command = [_program(engine), f"-T{format}"]
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"drawing took over {timeout:g} s") from None
    if done.returncode != 0 or not done.stdout:
        raise RuntimeError(done.stderr.decode(errors="replace").strip() or "nothing was drawn")
    return done.stdout.replace(MEASURED, SHOWN) if format == "svg" else done.stdout
