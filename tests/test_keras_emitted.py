"""Every emitted Keras file is source that a good engineer would have left: lint, format, types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import cnnspec
from cnnspec import library
from tests.emitted import network
from tests.test_cases import CASES

COMPILES = [
    case for case in CASES if any(kind in ("paths", "facts", "torch") for kind, _ in case.blocks)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every shipped network and every case that compiles, written out."""
    place = tmp_path_factory.mktemp("emitted")
    for name in sorted(library.shipped()):
        (place / f"{name}_keras.py").write_text(network(name).source("keras"))
    for number, case in enumerate(COMPILES):
        net = cnnspec.loads(case.blocks[0][1], name="case.cnn")
        (place / f"case{number}_keras.py").write_text(net.source("keras"))
        (place / f"case{number}_inference.py").write_text(net.source("keras", inference=True))
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
    run(folder, "mypy", "--config-file=", "--ignore-missing-imports", "--explicit-package-bases")


@pytest.mark.parametrize("case", COMPILES, ids=lambda case: case.title)
def test_weights_of_the_cases_are_the_graphs(case) -> None:
    net = cnnspec.loads(case.blocks[0][1], name="case.cnn")
    assert net.mismatch("keras") == []
    assert net.mismatch("keras", inference=True) == []
