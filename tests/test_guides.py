"""The guides: commands and Python run in the order in which a page shows them, as they stand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnnspec
from cnnspec.cli import run

pytestmark = pytest.mark.framework

DOCS = Path(__file__).parent.parent / "docs"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ("training", "editing", "command-line")


def blocks(page: str) -> list[tuple[str, str]]:
    return FENCE.findall((DOCS / f"{page}.md").read_text())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to stand in, from which Python imports, and nothing stays imported."""
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in {each for each in sys.modules if each.endswith(("_torch", "_keras"))} - before:
        del sys.modules[name]


def follow(command: str, capfd) -> None:
    """Run a command as a shell would that knows `>` alone."""
    typed, _, target = command.partition(" > ")
    capfd.readouterr()
    assert run(shlex.split(typed)[1:]) == 0, command
    if target:
        Path(target).write_text(capfd.readouterr().out)


@pytest.mark.parametrize("page", PAGES)
def test_a_guide_does_what_it_says(page: str, folder: Path, capfd) -> None:
    if page == "editing":
        import torch

        torch.save(cnnspec.load("resnet18").build("torch").state_dict(), "resnet18.pt")
    known: dict[str, object] = {}
    done = 0
    for kind, text in blocks(page):
        if kind == "cnn":
            name = re.findall(r"^network (\w+)", text, re.MULTILINE)[-1]
            Path(f"{name}.cnn").write_text(text)
        elif kind == "python":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the frameworks'
                exec(compile(text, f"{page}.md", "exec"), known)
            done += 1
        elif kind == "sh":
            for command in text.splitlines():
                follow(command, capfd)
                done += 1
    assert done >= 4


def test_a_part_lists_what_the_page_says(folder: Path, capfd) -> None:
    import torch

    torch.save(cnnspec.load("resnet18").build("torch").state_dict(), "resnet18.pt")
    (text,) = (text for kind, text in blocks("editing") if kind == "cnn" and "resnet18_32" in text)
    Path("new.cnn").write_text(text)
    assert run(["convert", "resnet18.pt", "--spec", "new.cnn", "--partial", "-o", "trunk.pt"]) == 0
    said = capfd.readouterr().err
    assert "not taken; different: conv1.weight is 64 x 3 x 7 x 7" in said
    assert "not taken; different: fc.weight is 1000 x 512" in said


def test_the_fact_that_is_missed_is_told_as_the_page_says(folder: Path, capfd) -> None:
    (said,) = (text.strip() for kind, text in blocks("editing") if kind == "text")
    text = (
        Path(DOCS.parent / "specs" / "resnet.cnn").read_text().replace("conv(64, 7", "conv(64, 5")
    )
    Path("mine.cnn").write_text(text)
    assert run(["check", "mine.cnn:resnet18"]) == 1
    assert said in capfd.readouterr().err
    assert run(["cost", "mine.cnn:resnet18", "--no-expect", "-q"]) == 0
    assert run(["check", "mine.cnn:resnet18", "--fix=expect"]) == 0
    assert run(["check", "mine.cnn:resnet18"]) == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_the_script_that_the_page_names(shell: str) -> None:
    assert any(
        f"_CNNSPEC_COMPLETE={shell}_source cnnspec" in text for _, text in blocks("command-line")
    )
    done = subprocess.run(
        [sys.executable, "-c", "from cnnspec.cli import main; main()"],
        env={**os.environ, "_CNNSPEC_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cnnspec" in done.stdout
