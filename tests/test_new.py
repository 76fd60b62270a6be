"""The command `new`: a first spec, and copies of what ships."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnnspec
from cnnspec import library
from cnnspec.cli import run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "network"),
    [("mine", "mine"), ("my net.cnn", "my_net"), ("2x", "net_2x"), ("conv", "net_conv")],
)
def test_a_first_spec_is_fine_and_formatted(name: str, network: str) -> None:
    assert run(["new", name]) == 0
    (file,) = Path().glob("*.cnn")
    assert cnnspec.load(file).name == network
    assert run(["check", str(file)]) == 0
    assert run(["fmt", "--check", str(file)]) == 0


@pytest.mark.parametrize("origin", sorted(set(library.shipped())))
def test_a_copy_has_what_it_uses_and_stands_alone(origin: str) -> None:
    assert run(["new", "mine", "--from", origin, "-q"]) == 0
    assert Path("mine.cnn").read_text() == library.zoo_text(origin)
    copies = {each.name for each in Path().iterdir()} - {"mine.cnn"}
    used = {line for each in Path().iterdir() for line in each.read_text().split("\n")}
    assert {f'use "{each}"' for each in copies} == {each for each in used if each[:4] == "use "}


def test_a_copy_has_the_same_networks() -> None:
    assert run(["new", "mine", "--from", "resnext50_32x4d"]) == 0
    assert cnnspec.load("mine.cnn:resnext50_32x4d").params == cnnspec.load("resnext50_32x4d").params


def test_nothing_is_overwritten_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("resnet.cnn").write_text("# mine\n")
    assert run(["new", "mine", "--from", "resnext50_32x4d"]) == 2
    assert "resnet.cnn is there already" in capsys.readouterr().err
    assert not Path("mine.cnn").exists()
    assert run(["new", "mine", "--from", "resnext50_32x4d", "--force"]) == 0
    assert Path("resnet.cnn").read_text() == library.zoo_text("resnet50")
    assert run(["new", "mine", "--from", "resnext50_32x4d"]) == 0, "the same is there"


def test_a_copy_is_not_called_as_what_it_uses() -> None:
    assert run(["new", "resnet", "--from", "resnext50_32x4d"]) == 2
    assert not list(Path().iterdir())
