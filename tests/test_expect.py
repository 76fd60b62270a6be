"""Stated facts that do not hold: one diagnostic, a way on, figures rewritten; sizes and weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cnnspec
from cnnspec.cli import run

#: Odd on purpose: a mark of byte order, ends of lines of both kinds, a tab, spaces, no last end.
TEXT = (
    "\ufeff# kept \t as it is\r\nnetwork n(w = 8) {\r\n    image = input(3, 16, 16)\n"
    "    output y = image -> conv(w, 3) -> gap -> fc: dense(10)  \n"
    "    expect { params = 300  macs = 0.05M   y.shape = [\n        11]  fc.params = 90 }\n}\n"
    "network m = n(w = 16) { expect { params = 618  macs = 1 } }"
)
FIXED = (
    TEXT.replace("params = 300", "params = 314")
    .replace("0.05M", "0.04M")
    .replace("[\n        11]", "[10]")
    .replace("macs = 1 ", "macs = 84_832 ")
)


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.cnn"
    path.write_bytes(TEXT.encode())
    return path


def test_all_facts_that_do_not_hold_are_one_diagnostic_with_what_to_paste(spec: Path) -> None:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.load("net.cnn:n")
    (said,) = caught.value.diagnostics
    assert said.title == "params is 314, not 300, and 2 more facts do not hold"
    assert len(said.labels) == 3
    pasted = "params = 314  macs = 0.04M  y.shape = [10]"
    assert said.notes == (f"as a spec says it: `{pasted}`",)
    spec.write_text(TEXT.replace("params = 300  macs = 0.05M   y.shape = [\n        11]", pasted))
    assert cnnspec.load("net.cnn:n").params == 314


def test_fix_rewrites_the_figures_and_nothing_else(spec: Path, capsys) -> None:
    spec.chmod(0o640)
    assert run(["check", "net.cnn", "--fix=expect"]) == 0
    assert spec.read_bytes() == FIXED.encode()
    assert spec.stat().st_mode & 0o777 == 0o640
    out, err = capsys.readouterr()
    assert out.splitlines()[:3] == ["--- net.cnn", "+++ net.cnn", "@@ -5,2 +5,1 @@"]
    assert "+    expect { params = 314  macs = 0.04M   y.shape = [10]  fc.params = 90 }" in out
    assert "@@ -8,1 +7,1 @@" in out
    assert "wrote net.cnn: 4 facts" in err
    assert run(["check", "net.cnn", "--fix=expect"]) == 0
    assert spec.read_bytes() == FIXED.encode()
    assert "nothing to rewrite" in capsys.readouterr().err


def test_fix_gives_one_line_one_change(spec: Path, capsys) -> None:
    spec.write_text(
        "network n { image = input(3, 8, 8)  output y = image -> gap  expect { params = 1\n"
        "macs = 2 } expect { y.shape = [\n1, 2] params.conv = 3 } }\n"
    )
    assert run(["check", "net.cnn", "--fix=expect"]) == 0
    assert "expect { params = 0\nmacs = 0 } expect { y.shape = [3] params.conv = 0 } }\n" in (
        spec.read_text()
    )
    assert capsys.readouterr().out.count("@@ -") == 2


def test_nothing_is_rewritten_without_the_flag(spec: Path, capsys) -> None:
    assert run(["check", "net.cnn"]) == 1
    assert run(["check", "net.cnn", "--no-expect"]) == 0
    assert spec.read_bytes() == TEXT.encode()
    assert "--fix=expect" in capsys.readouterr().err


def test_fix_refuses_what_is_not_the_users_file(spec: Path, capsys) -> None:
    for wrong in (
        ["check", "resnet18", "--fix=expect"],
        ["check", "net.cnn", "--fix=expect", "--set", "w=4"],
        ["check", "net.cnn", "--fix=expect", "--input", "3x9x9"],
        ["check", "net.cnn", "--fix=expect", "--json"],
    ):
        assert run(wrong) == 2
    assert spec.read_bytes() == TEXT.encode()
    spec.write_text(TEXT.replace("gap", "gop"))
    assert run(["check", "net.cnn", "--fix=expect"]) == 1
    assert "gop" in spec.read_text()
    assert "ships with cnnspec" in capsys.readouterr().err


def test_fix_leaves_the_facts_of_used_files(spec: Path, capsys) -> None:
    (spec.parent / "top.cnn").write_text('use "net.cnn"\nnetwork top = n()\n')
    assert run(["check", "top.cnn:top", "--no-expect"]) == 0
    before = (spec.read_bytes(), (spec.parent / "top.cnn").read_bytes())
    run(["check", "top.cnn:top", "--fix=expect"])
    assert (spec.read_bytes(), (spec.parent / "top.cnn").read_bytes()) == before
    capsys.readouterr()


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["cost"],
        ["cost", "--format", "json"],
        ["paths"],
        ["draw", "-o", "-", "--format", "mermaid"],
        ["compile", "-b", "torch", "-o", "-"],
        ["compare"],
    ],
    ids="-".join,
)
def test_no_expect_makes_a_warning_of_it_in_every_command(
    command: list[str], spec: Path, capsys
) -> None:
    first, *rest = command
    assert run([first, "net.cnn:m", *rest]) == 1
    assert "error[expectation-missed]" in capsys.readouterr().err
    assert run([first, "net.cnn:m", "--no-expect", *rest]) == 0
    assert "warning[expectation-missed]: macs is 84,832, not 1" in capsys.readouterr().err


def test_python_takes_a_network_whose_facts_do_not_hold(spec: Path) -> None:
    net = cnnspec.load("net.cnn:n", expect=False)
    assert [each.code for each in net.warnings] == ["expectation-missed"]
    assert net.warnings[0].severity == "warning"
    assert [fact.entry.key for fact in net.missed] == ["params", "macs", "y.shape"]
    renamed = TEXT.replace("fc.params", "fx.params")
    assert {
        each.code for each in cnnspec.loads(renamed[1:], network="n", expect=False).warnings
    } == {
        "expectation-missed",
        "unknown-fact",
    }


@pytest.mark.parametrize(
    ("written", "actual", "typed"),
    [
        ("4.09G", 4_089_184_256, "4.09G"),
        ("4G", 3_499_999_999, "3G"),
        ("1.50M", 1_234_999, "1.23M"),
        ("2K", 2_500, "2K"),
        ("1_000", 9_999, "9999"),
        ("1_000", 10_000, "10_000"),
        ("1e3", 25_557_032, "25_557_032"),
    ],
)
def test_figures_are_typed_as_precisely_as_they_were(written: str, actual: int, typed: str) -> None:
    from cnnspec.expect import Missed

    text = f"network n {{ expect {{ params = {written} }} }}"
    from cnnspec.source import Source
    from cnnspec.syntax.parse import parse

    (entry,) = parse(Source("text", text)).items[0].body[0].entries  # type: ignore[union-attr]
    assert Missed(entry, actual).typed == typed


# --- another input, and weights


@pytest.mark.parametrize("command", ["check", "cost", "paths", "compile -b torch -o -"])
def test_input_means_one_thing_in_every_command(command: str, capsys) -> None:
    first, *rest = command.split()
    larger = [first, "lenet5", "--input", "1x64x64", *rest]
    assert run(larger) == 0
    said = capsys.readouterr().err
    assert ("warning[fixed-size]: fc1 fixes the size" in said) == (first in ("check", "compile"))
    assert run([*larger, "--keep-weights"]) == 1
    assert "error[fixed-size]: fc1 fixes the size of the input" in capsys.readouterr().err
    assert run([first, "lenet5", "--input", "1x32x32", "--keep-weights", *rest]) == 0


def test_other_channels_are_other_weights(capsys) -> None:
    assert run(["check", "resnet18", "--input", "1x96x96", "--keep-weights"]) == 1
    assert "conv1 fixes the channels of the input" in capsys.readouterr().err
    assert run(["check", "resnet18", "--input", "3x96x96", "--keep-weights"]) == 0
    assert run(["check", "lenet5", "--input", "3x64x64"]) == 0
    said = capsys.readouterr().err
    assert "conv1 fixes the channels of the input: its weights are for 1 x 32 x 32" in said
    assert "fc1 fixes the size of the input: its weights are for 3 x 32 x 32" in said


def test_check_says_as_data_which_layer_fixes_the_size(capsys) -> None:
    assert run(["check", "lenet5", "--input", "1x64x64", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["ok"]
    assert [(each["code"], each["severity"]) for each in data["diagnostics"]] == [
        ("fixed-size", "warning")
    ]
