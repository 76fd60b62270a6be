"""What is emitted reads as a person writes it: rewrites of ready classes, one by one and whole."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cnnspec
from cnnspec.emit.pycode import lines
from cnnspec_torch.classes import polish
from cnnspec_torch.classes.write import write
from tests.emitted import network, shipped
from tests.torch_proofs import lowerings

SPECS = ("tests/specs/yolov8.cnn:yolov8n", "tests/specs/ghostnet.cnn")
TABLES = {"STAGES": ast.parse("((1, 2), (3, 4))", mode="eval").body}


def pairs(name: str) -> dict[str, tuple[str, str]]:
    """What statements are, and how they are written: the same twice where nothing is to mend."""
    found = {}
    for case in (Path(__file__).parent / "looks" / name).read_text().strip().split("\n\n# "):
        kind, _, both = case.removeprefix("# ").partition("\n")
        before, _, after = both.partition("\n---\n")
        found[kind] = before, after.strip()
    return found


CONSTRUCTORS, FORWARDS = pairs("constructors.txt"), pairs("forwards.txt")


@pytest.mark.parametrize("kind", CONSTRUCTORS)
def test_constructors_read_as_written_by_hand(kind: str) -> None:
    before, after = CONSTRUCTORS[kind]
    done = polish.constructor(ast.parse(before).body, TABLES, straight=True)
    assert "\n".join(lines(done, 0)) == after


@pytest.mark.parametrize("kind", FORWARDS)
def test_forward_reads_as_written_by_hand(kind: str) -> None:
    before, after = FORWARDS[kind]
    assert "\n".join(lines(polish.forward(ast.parse(before).body), 0)) == after


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("classes")
    for name in shipped():
        written = write(network(name).elaborated, lowerings(), ["A network."], inference=False)
        (made / f"{name}.py").write_text(written.body)
    return made


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--isolated", "--no-cache"),
        ("ruff", "format", "--isolated", "--no-cache", "--diff"),
        ("mypy", "--config-file=", "--explicit-package-bases"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_what_is_emitted_is_clean(folder: Path, command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command, "."],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_name_is_worked_out_that_a_text_has(folder: Path) -> None:
    for each in folder.glob("*.py"):
        for part in ast.walk(ast.parse(each.read_text())):
            match part:
                case ast.Call(ast.Name("getattr"), [_, ast.Constant(word), *_]):
                    assert word == "out_channels"


@pytest.mark.parametrize("path", SPECS)
def test_test_specs_are_formatted(path: str, tmp_path: Path) -> None:
    written = write(cnnspec.load(path).elaborated, lowerings(), ["A network."], inference=False)
    (tmp_path / "net.py").write_text(written.body)
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", "--diff", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout
