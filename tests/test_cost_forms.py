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
    assert [row["layer"].split()[0] for row in listed] == [row["path"] for row in data["nodes"]]
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
        (["--device", "t4", "--dtype", "fp64"], "no peak of t4 is known for fp64"),
        (["--max-macs", "much"], "'much' is not a count"),
        (["--batch", "0"], "0"),
    ],
)
def test_wrong_usage_is_named(arguments: list[str], words: str, capsys) -> None:
    assert run(["cost", "resnet18", *arguments]) == 2
    assert words in capsys.readouterr().err
