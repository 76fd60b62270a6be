"""What `cost` writes: forms that say the same, columns, budgets, wrong usage."""

from __future__ import annotations

import csv
import io
import json

import pytest

from cnnspec.cli import run
from cnnspec.report.columns import COLUMNS


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["cost", *arguments]) == 0
    return capsys.readouterr().out


def test_csv_json_and_table_say_the_same(capsys) -> None:
    data = json.loads(asked(capsys, "resnet18", "--format", "json"))
    assert data["schema"] == "cnnspec.cost/1"
    listed = list(csv.DictReader(io.StringIO(asked(capsys, "resnet18", "--format", "csv"))))
    assert "layer" not in listed[0]
    for name in ("path", "kind", "line"):
        assert [row[name] for row in listed] == [str(row[name]) for row in data["nodes"]]
    for name in ("params", "macs", "flops", "all_flops", "state"):
        assert [int(row[name]) for row in listed] == [row[name] for row in data["nodes"]]
    assert "11,689,512 parameters; 1,814,073,344 MACs" in asked(capsys, "resnet18")


@pytest.mark.parametrize("form", ["table", "csv", "md", "latex"])
@pytest.mark.parametrize(
    "view", [["--by", "kind"], ["--sort", "params", "--top", "3"], ["--depth", "3"]]
)
def test_every_column_in_every_form(form: str, view: list[str], capsys) -> None:
    columns = ",".join(COLUMNS)
    out = asked(capsys, "resnet18", "--format", form, "--columns", columns, "--device", "t4", *view)
    assert out.count("\n") > 3
    assert not any(line.endswith(" ") for line in out.splitlines())


@pytest.mark.parametrize("form", ["md", "latex"])
def test_a_paper_gets_no_lines_of_the_spec_unless_it_asks(form: str, capsys) -> None:
    out = asked(capsys, "lenet5", "--format", form)
    assert "line" not in out.replace("toprule", "")
    assert "line" in asked(capsys, "lenet5", "--format", form, "--columns", "line,layer,output")


def test_sizes_have_times_signs_in_latex(capsys) -> None:
    out = asked(capsys, "resnet18", "--format", "latex", "--columns", "layer,output,field,stride")
    assert r"$3 \times 224 \times 224$" in out
    assert (
        r"conv 7x7 /2 (bn, relu) & $64 \times 112 \times 112$ & $7 \times 7$ & $2 \times 2$" in out
    )
    assert run(["compare", "lenet5", "--format", "latex"]) == 0
    assert r"$1 \times 32 \times 32$" in capsys.readouterr().out


def test_sorted_rows_fall(capsys) -> None:
    out = asked(
        capsys,
        "resnet18",
        "--sort",
        "macs",
        "--top",
        "7",
        "--columns",
        "layer,macs",
        "--format",
        "csv",
    )
    values = [int(line.rpartition(",")[2]) for line in out.splitlines()[1:]]
    assert len(values) == 7
    assert values == sorted(values, reverse=True)


def test_a_budget_turns_the_status(capsys) -> None:
    assert run(["cost", "resnet18", "--max-macs", "1.82G", "--max-params", "12M"]) == 0
    assert run(["cost", "resnet18", "--max-macs", "1.81G", "--max-peak", "1M"]) == 1
    out, said = capsys.readouterr()
    assert said.splitlines() == [
        "error: 1,814,073,344 MACs, and --max-macs is 1,810,000,000",
        "error: 6,422,528 bytes of values at a time at inference, and --max-peak is 1,000,000",
    ]
    assert "ResNet-18" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--columns", "layer,mac"], "no column 'mac'"),
        (["--sort", "size"], "no column 'size'"),
        (["--device", "abacus"], "'abacus' is no device"),
        (["--device", "t4", "--dtype", "float64"], "no peak of t4 is known for float64"),
        (["--max-macs", "much"], "'much' is not a count"),
        (["--batch", "0"], "0"),
    ],
)
def test_wrong_usage_is_named(arguments: list[str], words: str, capsys) -> None:
    assert run(["cost", "resnet18", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_row_says_the_shapes_of_all_that_comes_out(tmp_path, capsys) -> None:
    spec = tmp_path / "pyramid.cnn"
    spec.write_text(
        """block pyramid(x, levels) {
            xs = []
            for i in range(levels) { xs = xs + [x -> maxpool(2 ** i)] }
            return xs
        }
        network p() {
            x = input(8, 16, 16)
            a = x -> two: pyramid(2)
            b = x -> three: pyramid(3)
            output y = add(a[1], b[1])
            output z = b[2]
            output w = concat(a[0], b[0])
        }"""
    )
    out = asked(capsys, str(spec), "--depth", "1")
    assert "8x16x16, 8x8x8 " in out
    assert "8x16x16 ... 8x4x4 " in out


def test_below_a_table_parameters_at_inference_stand_beside_those_that_are_trained(capsys) -> None:
    assert "27,161,264 parameters, 23,834,568 at inference; 5," in asked(capsys, "inception_v3")
    assert "parameters; 1," in asked(capsys, "resnet18")


def test_a_result_that_nothing_takes_costs_nothing(tmp_path, capsys) -> None:
    spec = tmp_path / "loose.cnn"
    spec.write_text(
        """block two(x) { return x -> conv(8, 3), x -> conv(4, 1) }
        network loose() {
            x = input(8, 16, 16)
            a, b = x -> two
            output y = b
        }"""
    )
    out = asked(capsys, str(spec))
    assert "two                   4x16x16      36  8.19 k" in out
    assert run(["draw", str(spec), "-q", "-o", str(tmp_path / "x.svg")]) == 0


def test_a_group_of_one_part_is_one_row(tmp_path, capsys) -> None:
    spec = tmp_path / "lean.cnn"
    spec.write_text(
        """block unit(x, width) {
            return add(x, x -> conv(width, 3, pad = 1) -> bn -> relu -> mix: conv(width, 1))
        }
        network lean() {
            x = input(8, 16, 16)
            x = x -> body: (unit(8) * 4) -> tail: (last: (conv(8, 1) -> relu))
            output y = x -> gap
        }"""
    )
    out = asked(capsys, str(spec), "--columns", "layer,params")
    rows = [line.split("  ")[0:2] for line in out.splitlines()[4:6]]
    assert rows == [["x", "input"], ["body", "unit(8) x 4"]]
    assert "\n  conv 3x3 (bn, relu) x 4" in out
    assert "\n  mix  conv 1x1 x 4" in out
    assert "\ntail.last  conv 1x1 (relu)" in out
    assert "0-3" not in out
    closed = asked(capsys, str(spec), "--columns", "layer,params", "--depth", "2")
    assert "body  unit(8) x 4" in closed
    assert "mix" not in closed


def test_groups_of_one_part_in_a_row_are_one_row(tmp_path, capsys) -> None:
    spec = tmp_path / "deep.cnn"
    spec.write_text(
        """network deep() {
            x = input(4096, 512, 512)
            output y = x -> body: ((conv(4096, 3, pad = 1) -> bn -> relu) * 240)
            meta { title = "<b>Deep & wide" }
        }"""
    )
    out = asked(capsys, str(spec))
    assert "body  conv 3x3 (bn, relu) x 240" in out
    assert "9.50 P" in out
    assert run(["compare", str(spec), "--format", "md"]) == 0
    assert "| &lt;b>Deep &amp; wide |" in capsys.readouterr().out
    assert run(["draw", str(spec), "-q", "-o", str(tmp_path / "deep.svg")]) == 0
    assert ">body × 240<" in (tmp_path / "deep.svg").read_text()


def test_nothing_is_said_as_0_in_a_sentence(tmp_path, capsys) -> None:
    spec = tmp_path / "idle.cnn"
    spec.write_text("network idle() { x = input(1, 1, 1) output y = x -> relu }")
    assert "0 MACs of conv and dense; 1 MAC = 1 multiply-add; FLOPs = 2 x MACs = 0\n" in asked(
        capsys, str(spec)
    )
    assert run(["draw", str(spec), "-q", "-o", str(tmp_path / "idle.svg")]) == 0
    assert "0 params · 0 MACs" in (tmp_path / "idle.svg").read_text()


def test_the_receptive_field_is_that_of_what_sees_most(tmp_path, capsys) -> None:
    spec = tmp_path / "two.cnn"
    spec.write_text(
        """network two() {
            left = input(1, 32, 32)
            right = input(1, 32, 32)
            a = left -> wide: conv(4, 7, stride = 2) -> wider: conv(4, 5)
            b = right -> narrow: conv(4, 3)
            output y = concat(a -> gap, b -> gap) -> dense(2)
        }"""
    )
    assert "15x15  of wider, the largest; a step is 2x2" in asked(capsys, str(spec), "--facts")


def test_a_kind_that_ends_in_a_digit_is_no_name_that_was_written(tmp_path, capsys) -> None:
    spec = tmp_path / "six.cnn"
    spec.write_text("network six { image = input(8, 4, 4)  output y = image -> relu6 -> relu6 }")
    out = asked(capsys, str(spec), "--depth", "1", "--columns", "layer")
    assert "relu6 x 2" in out
    assert "relu61  relu6" not in out
