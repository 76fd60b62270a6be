"""The command line answers what people type: other programs' words, and what they left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnnspec import library
from cnnspec.cli import program, run
from cnnspec.commands.meant import WORDS

TINY = """network tiny(classes = 3) { image = input(3, 8, 8)
    output y = image -> gap -> dense(classes) }"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("tiny.cnn").write_text(TINY)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("tiny.cnn", "tiny.cnn is a spec"),
        ("tiny.cnn", "  cnnspec compile tiny.cnn -b torch "),
        ("tiny", "  cnnspec cost tiny "),
        ("nowhere.cnn --depth 2", "  cnnspec draw nowhere.cnn "),
        ("resnet50", "  cnnspec cost resnet50 "),
        ("tiny.cnn:tiny", "  cnnspec check tiny.cnn:tiny "),
        ("summary tiny.cnn", "did you mean `cnnspec cost tiny.cnn`?"),
        ("plot --open tiny.cnn", "did you mean `cnnspec draw tiny.cnn`?"),
        ("build", "did you mean `cnnspec compile SPEC -b torch`?"),
        ("plot_model tiny.cnn", "did you mean `cnnspec draw tiny.cnn`?"),
        ("chekc tiny.cnn", "did you mean `cnnspec check tiny.cnn`?"),
        ("models", "did you mean `cnnspec zoo`?"),
        ("help", "`cnnspec --help`"),
        ("qqq", "`cnnspec --help` lists them"),
        ("compile tiny.cnn", "  cnnspec compile tiny.cnn -b torch "),
        ("compile tiny.cnn", "  cnnspec compile tiny.cnn -b keras "),
        ("cost tiny.cnn --max-time 1ms", "--max-time is of a --device"),
        ("cost tiny.cnn --max-time soon --device t4", "'soon' is not a time: write it as 5ms"),
        ("compile tiny.cnn -b torch --json -o -", "--json needs standard output"),
        ("draw tiny.cnn --json -o -", "--json says once what was drawn into a file"),
    ],
)
def test_a_word_that_is_no_command_is_answered_with_one_that_is(
    typed: str, said: str, tiny: Path, capsys
) -> None:
    assert run(typed.split()) == 2
    assert said in capsys.readouterr().err


def test_the_words_of_other_programs_lead_to_commands_that_are_there() -> None:
    assert set(WORDS.values()) <= set(program.commands)
    assert not set(WORDS) & set(program.commands)


@pytest.mark.parametrize("name", ["tensorflow", "tf", "tf.keras", "jax", "TensorFlow"])
def test_frameworks_that_keras_runs_on_are_keras(name: str, tiny: Path, capsys) -> None:
    assert run(["compile", "tiny.cnn", "-b", name]) != 0
    assert "`-b keras`: what it writes runs on TensorFlow" in capsys.readouterr().err
    assert run(["compile", "tiny.cnn", "-b", "pytorch"]) != 0
    assert "`-b torch`" in capsys.readouterr().err


JSON = {
    "backends": "",
    "check": "tiny.cnn",
    "compare": "tiny.cnn lenet5",
    "compile": "tiny.cnn -b torch",
    "cost": "tiny.cnn",
    "draw": "tiny.cnn",
    "explain": "shape-mismatch",
    "ops": "relu",
    "paths": "tiny.cnn",
    "zoo": "",
}


@pytest.mark.parametrize("command", JSON)
def test_every_command_gives_json(command: str, tiny: Path, capfd) -> None:
    assert run([command, *JSON[command].split(), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["schema"].startswith(f"cnnspec.{command}/")


def test_all_other_commands_take_json_too() -> None:
    # fmt and new write specs, sweep a line of JSON a point, and lsp speaks JSON alone.
    for name in set(program.commands) - set(JSON) - {"fmt", "lsp", "new", "sweep"}:
        assert any("--json" in option.opts for option in program.commands[name].params), name


def test_check_takes_many_specs_and_tells_all_that_is_wrong(tiny: Path, capsys) -> None:
    Path("two.cnn").write_text(TINY.replace("gap", "gapp"))
    Path("three.cnn").write_text(TINY.replace("dense", "dens"))
    assert run(["check", "tiny.cnn", "lenet5", "tiny.cnn"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()] == ["tiny", "lenet5"]
    assert run(["check", "two.cnn", "tiny.cnn", "three.cnn"]) == 1
    said = capsys.readouterr().err
    assert "tiny is fine" in said
    assert "two.cnn:2:" in said
    assert "three.cnn:2:" in said
    assert run(["check", "two.cnn", "tiny.cnn", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], len(found["networks"]), len(found["diagnostics"])) == (False, 1, 1)


def test_compare_sets_parameters_and_inputs_of_all(tiny: Path, capsys) -> None:
    assert (
        run(
            [
                "compare",
                "tiny.cnn",
                "resnet18",
                "--set",
                "classes=7",
                "--input",
                "3x64x64",
                "--json",
            ]
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)["networks"]
    assert [(each["name"], each["input"]) for each in found] == [
        ("tiny", "3x64x64"),
        ("resnet18", "3x64x64"),
    ]
    assert found[0]["params"] == 3 * 7 + 7
    assert run(["compare", "tiny.cnn", "vgg16", "--set", "widths=7"]) == 2
    assert "widths" in capsys.readouterr().err


def test_a_plot_says_what_a_network_lacks(tiny: Path, capsys) -> None:
    Path("mine.cnn").write_text(TINY[:-1] + " meta { top1 = 93.1 } }")
    assert run(["compare", "mine.cnn", "--plot", "x.png"]) == 2
    said = capsys.readouterr().err
    assert "ImageNet, which has 1000 classes, and tiny, whose meta states a top1, has 3" in said
    assert "`--picture bars` needs none" in said


@pytest.mark.parametrize("code", ["unknown-name", "missing-file"])
def test_an_error_ends_with_the_command_that_explains_it(code: str, tiny: Path, capsys) -> None:
    Path("wrong.cnn").write_text(TINY.replace("gap", "gapp"))
    name = {"unknown-name": "wrong.cnn", "missing-file": "nowhere.cnn"}[code]
    assert run(["check", name]) != 0
    assert capsys.readouterr().err.splitlines()[-1].strip() == f"= more: cnnspec explain {code}"
    assert run(["explain", code]) == 0


def test_a_warning_is_no_error(tiny: Path, capsys) -> None:
    Path("unused.cnn").write_text(TINY.replace("classes = 3", "classes = 3, more = 1"))
    assert run(["check", "unused.cnn"]) == 0
    said = capsys.readouterr().err
    assert "warning[" in said
    assert "explain" not in said


def test_a_budget_of_time_is_held_on_a_device(tiny: Path, capsys) -> None:
    assert run(["cost", "lenet5", "--device", "rpi5", "--max-time", "1s", "-q"]) == 0
    assert run(["cost", "lenet5", "--device", "rpi5", "--max-time", "1us"]) == 1
    assert "at least 23.6 us a batch, and --max-time is 1.00 us" in capsys.readouterr().err


def test_a_type_that_only_tensor_cores_have_is_bound_by_them(capsys) -> None:
    times = {}
    for dtype in ("float32", "tf32"):
        run(["cost", "resnet50", "--device", "a100", "--dtype", dtype, "--json"])
        found = json.loads(capsys.readouterr().out)
        times[dtype] = found["nodes"][1]["seconds"]
        assert found["memory"]["weights"] == 4 * (25_557_032 + 53_120)
    assert times["tf32"] < times["float32"]


def test_text_that_is_given_for_a_name_is_told_of_loads() -> None:
    import cnnspec

    for text in (TINY, "network x {"):
        with pytest.raises(cnnspec.SpecError, match=r"cnnspec\.loads\(text\)"):
            cnnspec.load(text)
    assert library.shipped()
