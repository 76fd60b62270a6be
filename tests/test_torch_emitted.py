"""Every emitted file is source that a good engineer would have left: lint, format, types."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import cnnspec
from tests.emitted import shipped, source
from tests.test_cases import CASES, loaded

pytestmark = pytest.mark.framework

#: The cases whose spec compiles.
COMPILES = [
    case for case in CASES if any(kind in ("paths", "facts", "torch") for kind, _ in case.blocks)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every shipped network and every case that compiles, our own layers."""
    place = tmp_path_factory.mktemp("emitted")
    layers = files("cnnspec_torch") / "layers_source.py"
    (place / "layers.py").write_text(layers.read_text())
    for name in shipped():
        (place / f"{name}_torch.py").write_text(source(name))
        (place / f"{name}_inference.py").write_text(source(name, inference=True))
    for number, case in enumerate(COMPILES):
        net = loaded(case.blocks[0][1])
        (place / f"case{number}_torch.py").write_text(net.source("torch"))
    return place


def run(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments, "."],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing(folder: Path) -> None:
    run(folder, "ruff", "check", "--isolated", "--no-cache")


def test_ruff_would_format_nothing(folder: Path) -> None:
    run(folder, "ruff", "format", "--isolated", "--no-cache", "--diff")


def test_mypy_finds_nothing(folder: Path) -> None:
    run(folder, "mypy", "--config-file=", "--explicit-package-bases")


@pytest.mark.parametrize("name", shipped())
def test_weights_are_the_graphs(name: str) -> None:
    assert cnnspec.load(name).mismatch("torch") == []


@pytest.mark.parametrize("case", COMPILES, ids=lambda case: case.title)
def test_weights_of_the_cases_are_the_graphs(case) -> None:
    net = loaded(case.blocks[0][1])
    assert net.mismatch("torch") == []
    assert net.mismatch("torch", inference=True) == []
