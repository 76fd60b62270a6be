"""The README and the tutorial: commands run as they stand, texts are what is written now."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import cnnspec
from cnnspec.cli import run

pytestmark = pytest.mark.framework

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ("README.md", "docs/tutorial.md")


#: A model that exists, for the line of the README that imports one.
NETS = """\
import torch
from torch import nn


class Unit(nn.Module):
    def __init__(self, channels, width, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x)))


class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.features = nn.Sequential(Unit(3, 8), Unit(8, 16, 2), Unit(16, 16))
        self.head = nn.Linear(16, classes)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))
"""


def blocks(page: str, kind: str) -> list[str]:
    return [text for each, text in FENCE.findall((ROOT / page).read_text()) if each == kind]


def commands(page: str) -> list[str]:
    lines = [line for text in blocks(page, "sh") for line in text.splitlines()]
    return [line.split("  #")[0].strip() for line in lines if line.startswith("cnnspec ")]


@pytest.mark.parametrize(
    "command",
    # A checkpoint is converted below.
    [each for page in PAGES for each in commands(page) if " convert " not in each],
    ids=lambda each: each,
)
def test_a_command_runs_as_it_stands(command: str, tmp_path: Path) -> None:
    for page in PAGES:
        for name, text in named(page).items():
            (tmp_path / name).write_text(text)
    (tmp_path / "nets.py").write_text(NETS)
    binaries = Path(sys.executable).parent
    assert (binaries / "cnnspec").exists()
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    # What JAX tells TensorFlow, once another test imports it, is none of a user's environment.
    own = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env={**own, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    differs = command.startswith("cnnspec diff ")  # which says so by its status, as diff does
    assert done.returncode == (1 if differs else 0), done.stderr
    assert "error" not in done.stderr


def save_checkpoint(folder: Path) -> None:
    """Save what a training run in PyTorch leaves, under the name that the README gives it."""
    import torch

    torch.manual_seed(0)
    torch.save(cnnspec.load("resnet50").build("torch").state_dict(), folder / "resnet50.pt")


def named(page: str) -> dict[str, str]:
    """Give the specs of a page by the names of their networks; a page shows later ones anew."""
    found = {}
    for text in blocks(page, "cnn"):
        networks = re.findall(r"^network (\w+)", text, re.MULTILINE)
        if networks:
            found[f"{networks[-1]}.cnn"] = text
    return found


@pytest.mark.parametrize(("name", "text"), [pair for page in PAGES for pair in named(page).items()])
def test_a_spec_that_is_shown_compiles_without_a_warning(name: str, text: str) -> None:
    networks = re.findall(r"^network (\w+)", text, re.MULTILINE)
    for each in networks:
        assert cnnspec.loads(text, name=name, network=each).warnings == ()


def test_the_source_in_the_readme_is_what_is_written_now() -> None:
    (spec,) = blocks("README.md", "cnn")
    shown = blocks("README.md", "python")[0]
    written = cnnspec.loads(spec, name="small.cnn").source("torch")
    assert written[written.index("class ") :] == shown


def test_the_mistake_in_the_readme_is_what_is_said_now() -> None:
    from cnnspec.library import pages
    from cnnspec.render import render

    (spec,) = blocks("README.md", "cnn")
    (shown,) = blocks("README.md", "text")
    start, stop = spec.index("    if stride"), spec.index("    return add")
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(spec[:start] + spec[stop:], name="small.cnn")
    assert render(caught.value.diagnostics[:1], pages=pages()) == shown


def test_the_python_in_the_readme_gives_the_figures_beside_it() -> None:
    net = cnnspec.load("resnet50")
    assert f"{net.params}, {net.macs}" in blocks("README.md", "python")[1]


def test_the_checkpoint_in_the_readme_gives_equal_outputs_in_keras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_checkpoint(tmp_path)
    (command,) = (each for each in commands("README.md") if " convert " in each)
    assert run(shlex.split(command)[1:]) == 0
    exec(blocks("README.md", "python")[2], {"net": cnnspec.load("resnet50")})


def test_every_command_is_in_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    from cnnspec.cli import program

    shown = {shlex.split(each)[1] for each in commands("README.md")}
    assert shown == set(program.commands)
    assert run(["--help"]) == 0


def test_links_lead_somewhere() -> None:
    for page in ("README.md", *(str(each.relative_to(ROOT)) for each in ROOT.glob("docs/*.md"))):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text()):
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"
