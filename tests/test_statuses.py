"""One rule of exit statuses holds in every command, and nothing that is typed is our mistake."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cnnspec
from cnnspec.cli import COMMANDS, run

pytestmark = pytest.mark.slow

FINE = """network n(c = 4) {
    image = input(3, 8, 8)
    output y = image -> conv(c, 3) -> gap -> dense(10)
}
"""
#: How each command that reads specs is typed, with `{}` for the spec.
TYPED = {
    "check": "check {}",
    "paths": "paths {}",
    "cost": "cost {}",
    "draw": "draw {} -o -",
    "compare": "compare {}",
    "compile": "compile {} -b torch -o -",
    "verify": "verify {} --backends numpy,torch",
    "sweep": "sweep {} --set c=1..4/1",
    "solve": "solve {} --set c=1..9 --where params<=100",
    "convert": "convert x.safetensors --spec {} -o y.safetensors",
}
#: Specs and options that are wrong, each with its status.
WRONG = {
    "nope.cnn": 2,
    "folder": 2,
    "fifo": 2,
    "/dev/zero": 2,
    "loop.cnn": 2,
    "x" * 300: 2,
    "\udcff.cnn": 2,
    "two.cnn:zz": 2,
    "fine.cnn --input 3x0x3": 2,
    "fine.cnn --nothing": 2,
    "bad.cnn": 1,
    "none.cnn": 1,
    "bytes.cnn": 1,
    "uses.cnn": 1,
    "surrogate.cnn": 1,
    "long.cnn": 1,
    "weight.cnn": 1,
}
#: Options that some of the commands take.
OPTIONS = {
    "--limit foo=3": 2,
    "--limit integer=999999": 2,
    "--set c=)": 2,
    "--set zz=1": 2,
    "--set c=2**20000": 2,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("fine.cnn").write_text(FINE)
    Path("two.cnn").write_text(FINE + FINE.replace("network n", "network m"))
    Path("bad.cnn").write_text(FINE.replace("gap", "gup"))
    Path("none.cnn").write_text("a = 1\n")
    Path("bytes.cnn").write_bytes(b"\xff\xfe\0")
    Path("uses.cnn").write_text(f'use "{"y" * 300}.cnn"\n{FINE}')
    Path("surrogate.cnn").write_text(f'a = "\\ud800"\n{FINE}')
    Path("long.cnn").write_text(FINE.replace("conv(c", "conv(" + "9" * 310))
    weight = "train output t(weight = 1" + "0" * 309 + ") = image -> relu\n}"
    Path("weight.cnn").write_text(FINE.replace("}", weight))
    Path("x.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
    Path("folder").mkdir()
    Path("loop.cnn").symlink_to("loop.cnn")
    os.mkfifo("fifo")
    return tmp_path


def test_every_command_is_tried() -> None:
    catalogue = {"backends", "explain", "ops", "zoo"}
    assert set(COMMANDS) == {*TYPED, *catalogue, "fmt", "diff", "import", "lsp", "new"}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", TYPED)
def test_a_wrong_spec_or_option_has_its_status(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = dict(WRONG)
    if command not in ("sweep", "solve"):
        wrong |= {f"fine.cnn {option}": status for option, status in OPTIONS.items()}
    for spec, status in wrong.items():
        found = run([each for word in TYPED[command].split() for each in _put(word, spec)])
        said = capsys.readouterr().err
        assert found == status, f"{command} {spec[:40]}: {said}"
        assert "a mistake of cnnspec" not in said
        assert said.isprintable() or set(said) - set("\n") == {c for c in said if c.isprintable()}


def _put(word: str, spec: str) -> list[str]:
    return spec.split() if word == "{}" else [word]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("compile fine.cnn -b nothing", 2),
        ("draw fine.cnn --focus nothing -o -", 2),
        ("cost fine.cnn --columns nothing", 2),
        ("compare fine.cnn --columns nothing", 2),
        ("compare 'nothing*'", 2),
        ("verify fine.cnn --backends numpy,nothing", 2),
        ("convert nothing.pt --spec fine.cnn -o y.pt", 2),
        ("convert x.safetensors --spec fine.cnn -o y.pt", 1),
        ("cost fine.cnn --device nothing", 2),
        ("cost fine.cnn --device a100 --batch 1" + "0" * 400, 2),
        ("zoo nothing", 2),
        ("ops nothing", 2),
        ("explain nothing", 2),
        ("nothing", 2),
        ("fmt nothing.cnn", 2),
        ("new fine", 2),
        ("new folder/mine --from nothing", 2),
        ("new nowhere/mine", 2),
        ("new folder/mine --from resnext50_32x4d", 0),
        ("fmt bytes.cnn", 1),
        ("diff nothing.cnn fine.cnn", 2),
        ("draw fine.cnn -o folder", 2),
        ("draw fine.cnn -o " + "x" * 300 + ".svg", 2),
        ("draw fine.cnn -o no/such/folder.svg", 2),
        ("draw fine.cnn -o loop.cnn", 2),
        ("draw fine.cnn -o /proc/self/mem", 2),
        ("cost fine.cnn -o /dev/full", 2),
        ("compile fine.cnn -b torch -o /proc/self/mem", 2),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_typed_wrong_has_its_status(
    typed: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(typed.replace("'", "").split()) == status
    assert "a mistake of cnnspec" not in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["draw", "cost", "compile -b torch", "compare"])
@pytest.mark.parametrize(
    "target", ["fine.cnn", "./folder/../fine.cnn", "link.svg", "hard.svg", "used.cnn", "spec.txt"]
)
def test_nothing_is_written_over_a_spec(command: str, target: str) -> None:
    Path("used.cnn").write_text("k = 3\n")
    Path("link.svg").symlink_to("fine.cnn")
    Path("spec.txt").write_text(FINE)
    Path("hard.svg").hardlink_to("fine.cnn")
    before = Path(target).read_text()
    spec = "spec.txt" if target == "spec.txt" else "fine.cnn"
    for force in ([], ["--force"]):
        assert run([*command.split(), spec, "-o", target, *force]) == 2
    assert Path(target).read_text() == before


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "command", ["--help", "check --help", "zoo", "cost fine.cnn", "paths fine.cnn"]
)
def test_a_full_or_closed_output_is_no_mistake_of_ours(command: str) -> None:
    for shell in ("{} > /dev/full", "{} >&-", "{} 2>&-", "{} | true"):
        typed = f"{sys.executable} -m cnnspec {command}"
        done = subprocess.run(
            ["bash", "-c", shell.format(typed)], capture_output=True, text=True, check=False
        )
        assert "mistake of cnnspec" not in done.stderr
        assert "Traceback" not in done.stderr
        assert (done.returncode == 2) == ("full" in shell)


def test_numbers_of_numpy_are_numbers() -> None:
    wanted = cnnspec.load("resnet18", set={"classes": 10}).params
    for ten in (np.int64(10), np.uint8(10)):
        assert cnnspec.load("resnet18", set={"classes": ten}).params == wanted
    with pytest.raises(cnnspec.SpecError, match="`classes` cannot be set to a object"):
        cnnspec.load("resnet18", set={"classes": object()})


@pytest.mark.usefixtures("folder")
def test_a_pattern_means_specs_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["draw", "fine.cnn", "-o", "fine.svg"]) == 0
    assert run(["compile", "fine.cnn", "-b", "torch", "-o", "fine_torch.py"]) == 0
    capsys.readouterr()
    assert run(["compare", "fine*"]) == 0
    assert capsys.readouterr().out.count("\n") == 3
