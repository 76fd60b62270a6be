"""`cnnspec compile`: where the source goes, and what is never overwritten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

import cnnspec
from cnnspec.cli import run
from tests.command_line import TINY


def test_compile_writes_a_file_named_after_network_and_backend(tiny: Path, capsys) -> None:
    assert run(["compile", "tiny.cnn", "--backend", "torch"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("wrote tiny_torch.py")
    assert (tiny.parent / "tiny_torch.py").read_text() == cnnspec.load(tiny).source("torch")
    assert sorted(each.name for each in tiny.parent.iterdir()) == ["tiny.cnn", "tiny_torch.py"]


def test_compile_to_standard_output_says_nothing_else(tiny: Path, capsys) -> None:
    assert run(["compile", "tiny.cnn", "-b", "torch", "-o", "-"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out == cnnspec.load(tiny).source("torch")


def test_quiet_leaves_the_words_out(tiny: Path, capsys) -> None:
    assert run(["compile", "tiny.cnn", "-b", "torch", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_an_edited_file_is_overwritten_only_by_force(tiny: Path, capsys) -> None:
    command = ["compile", "tiny.cnn", "-b", "torch"]
    target = tiny.parent / "tiny_torch.py"
    assert run(command) == 0
    written = target.read_text()
    assert run(command) == 0
    for text in (written + "# mine\n", "print('mine')\n", "", "\udcff"):
        target.write_bytes(text.encode("utf-8", "surrogateescape"))
        assert run(command) == 2
        assert target.read_bytes() == text.encode("utf-8", "surrogateescape")
    assert "--force" in capsys.readouterr().err
    assert run([*command, "--force"]) == 0
    assert target.read_text() == written


def test_nothing_is_half_written(tiny: Path, capsys) -> None:
    tiny.write_text(TINY.replace("relu", "rellu"))
    assert run(["compile", "tiny.cnn", "-b", "torch"]) == 1
    assert "unknown-" in capsys.readouterr().err
    assert [each.name for each in tiny.parent.iterdir()] == ["tiny.cnn"]


def test_a_file_keeps_its_mode_and_a_link_stays_one(tiny: Path) -> None:
    real = tiny.parent / "real.py"
    real.touch(mode=0o640)
    link = tiny.parent / "link.py"
    link.symlink_to(real)
    assert run(["compile", "tiny.cnn", "-b", "torch", "-o", "link.py", "--force"]) == 0
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "class Tiny" in real.read_text()


def test_what_cannot_be_written_is_said_in_words(tiny: Path, capsys) -> None:
    assert run(["compile", "tiny.cnn", "-b", "torch", "-o", "no/such/folder.py"]) == 2
    assert "cannot write no/such/folder.py: no such file" in capsys.readouterr().err
    assert run(["compile", "tiny.cnn", "-b", "torch", "-o", "."]) == 2
    assert "it is a folder" in capsys.readouterr().err


def test_parameters_inputs_and_limits_are_set_from_outside(tiny: Path, capsys) -> None:
    assert run(["check", "tiny.cnn", "--set", "classes=2+3", "--input", "1x16x16"]) == 0
    net = cnnspec.load(tiny, set={"classes": 5}, input=(1, 16, 16))
    assert f"{net.params:,} parameters, {net.macs:,} MACs" in capsys.readouterr().err
    assert run(["check", "tiny.cnn", "--limit", "nodes=3"]) == 1
    assert "budget-exceeded" in capsys.readouterr().err
    assert run(["check", "tiny.cnn", "--set", "clases=5"]) == 2
    assert "did you mean `classes`" in capsys.readouterr().err


def test_diff_shows_what_would_change_and_writes_nothing(tiny: Path, capsys) -> None:
    command = ["compile", "tiny.cnn", "-b", "torch"]
    target = tiny.parent / "tiny_torch.py"
    assert run(command) == 0
    capsys.readouterr()
    assert run([*command, "--diff", "tiny_torch.py"]) == 0
    assert capsys.readouterr() == ("", "")
    edited = target.read_text() + "# mine\n"
    target.write_text(edited)
    assert run([*command, "--diff", "tiny_torch.py"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == ["--- tiny_torch.py", "+++ tiny_torch.py"]
    assert [each for each in told[2:] if each[0] in "+-"] == ["-# mine"]
    assert target.read_text() == edited
    assert run([*command, "--diff", "nowhere.py"]) == 2
    assert "there is no file nowhere.py" in capsys.readouterr().err
    assert run([*command, "--diff", "."]) == 2
    for more in (["-o", "x.py"], ["--json"]):
        assert run([*command, "--diff", "tiny_torch.py", *more]) == 2
        assert "leave out -o and --json" in capsys.readouterr().err
    target.write_bytes(b"\xff")
    assert run([*command, "--diff", "tiny_torch.py"]) == 2


def test_diff_shows_what_would_change_in_a_file_of_several(tiny: Path, capsys) -> None:
    tiny.write_text(f"{TINY}\n{TINY.replace('tiny', 'twin')}")
    command = ["compile", "tiny.cnn", "-b", "keras", "-q"]
    assert run([*command, "-o", "both.py"]) == 0
    assert run([*command, "--diff", "both.py"]) == 0
    tiny.write_text(tiny.read_text().replace("relu", "silu"))
    assert run([*command, "--diff", "both.py"]) == 1
    assert "silu" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["mismatch", "differences"])
@pytest.mark.framework
def test_check_builds_the_emitted_class(tiny: Path, capsys, monkeypatch, method: str) -> None:
    command = ["compile", "tiny.cnn", "-b", "torch", "--check"]
    assert run(command) == 0
    capsys.readouterr()
    where = f"cnnspec_torch.backend.TorchBackend.{method}"
    monkeypatch.setattr(where, lambda *_, **__: ["conv1.weight: lost"])
    (tiny.parent / "tiny_torch.py").unlink()
    assert run(command) == 3
    assert "conv1.weight: lost" in capsys.readouterr().err
    assert not (tiny.parent / "tiny_torch.py").exists()


def test_a_framework_that_is_missing_comes_with_the_line_that_installs_it(
    tiny: Path, capsys, monkeypatch
) -> None:
    def mismatch(*_, **__):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("cnnspec_torch.backend.TorchBackend.mismatch", mismatch)
    assert run(["compile", "tiny.cnn", "-b", "torch", "--check"]) == 4
    assert "`pip install 'numpy>=1.26' 'torch>=2.6'`" in capsys.readouterr().err
