"""docs/cost.md: commands print what it shows of them; `--update-golden` writes it anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cnnspec.analysis.roofline import DEVICES
from cnnspec.report.columns import COLUMNS
from tests.emitted import network

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parent.parent / "docs" / "cost.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)


def test_commands_print_what_the_page_shows(pytestconfig: pytest.Config, capfd, tmp_path) -> None:
    text = PAGE.read_text()
    commands = COMMAND.findall("".join(CONSOLE.findall(text)))
    assert len(commands) > 20
    printed = iter([f"$ {each}\n{output(each, tmp_path)}" for each in commands])

    def anew(block: re.Match[str]) -> str:
        shown = "\n".join(next(printed) for _ in COMMAND.findall(block[1]))
        return f"```console\n{shown}```"

    fresh = CONSOLE.sub(anew, text)
    if pytestconfig.getoption("--update-golden"):
        PAGE.write_text(fresh)
    assert fresh == PAGE.read_text()


def output(command: str, folder: Path) -> str:
    binaries = Path(sys.executable).parent
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_names_every_column_device_and_field() -> None:
    text = PAGE.read_text()
    for name in (*COLUMNS, *DEVICES):
        assert f"`{name}`" in text, name
    cost = network("lenet5").cost(device="a100")
    names = [*cost, *cost["memory"], *cost["training"], *cost["structure"], *cost["nodes"][0]]
    known = ("schema", "network", "inputs", "batch", "dtype", "device")
    for name in names:
        assert f"`{name}`" in text or name in known, name
