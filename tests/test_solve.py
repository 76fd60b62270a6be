"""The parameter that meets a target: found where the figure is monotone, refused where not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.cli import run
from cnnspec.sweeps import RefusedSweep
from cnnspec.sweeps.solve import solve

SPEC = """network net(width = 8, size = 16, ratio = 1.0, bend = 0) {
    image = input(3, size, size)
    w = if bend > 5 then 10 - bend else bend + 1
    output y = image -> conv(width * w, 3) -> conv(ceil(8 * ratio), 1) -> gap -> dense(2)
}
"""


@pytest.fixture
def net(empty: Path) -> str:
    (empty / "net.cnn").write_text(SPEC)
    return "net.cnn"


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.integers(300, 60_000), st.sampled_from(["~", "<=", ">="]))
def test_the_value_is_the_one_that_all_values_show(tmp_path_factory, low, target, relation) -> None:
    file = tmp_path_factory.mktemp("net") / "net.cnn"
    file.write_text(SPEC)
    high = low + 20
    rows = list(cnnspec.sweep(file, set={"width": f"{low}..{high}"}))
    figures = [row["params"] for row in rows]
    where = f"params {relation} {target}"
    if not figures[0] <= target <= figures[-1]:
        with pytest.raises(RefusedSweep, match="does not meet the target"):
            solve(file, set={"width": f"{low}..{high}"}, where=where)
        return
    found = solve(file, set={"width": f"{low}..{high}"}, where=where)
    best = {
        "~": min(figures, key=lambda each: abs(each - target)),
        "<=": max(each for each in figures if each <= target),
        ">=": min(each for each in figures if each >= target),
    }
    assert found.figure == best[relation]
    assert found.row["params"] == figures[found.value - low]
    assert found.looked_at <= 21


def test_a_question_mark_looks_around_the_default(net, capsys) -> None:
    assert run(["solve", net, "--set", "ratio=?", "--where", "macs ~ 90_000", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "cnnspec.solve/1"
    assert data["row"]["macs"] == data["figure"]
    assert abs(data["figure"] - 90_000) < 2000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "bend=0..9", "--where", "macs ~ 300_000"], "but not everywhere"),
        (["--set", "width=1..9", "--where", "macs ~ 900G"], "does not meet the target"),
        (["--set", "size=1..9", "--where", "macs ~ 1K"], "does not compile (window-too-large)"),
        (["--set", "width=?", "--where", "macs"], "is no target"),
        (["--set", "width=?", "--set", "size=?", "--where", "macs ~ 1K"], "here are 2"),
        (["--set", "width=3", "--where", "macs ~ 1K"], "here are 0"),
        (["--set", "bend=?", "--where", "macs ~ 1K"], "say where to look"),
        (["--set", "width=?", "--where", "mcas ~ 1K"], "did you mean `macs`?"),
        (["--set", "width=9..1", "--where", "macs ~ 1K"], "reversed"),
        (["--set", "wdth=1..9", "--where", "macs ~ 1K"], "did you mean width?"),
        (["--set", "wdth=?", "--where", "macs ~ 1K"], "did you mean width?"),
        (["--set", "width=?", "--where", "macs ~ msca"], "1 | msca"),
        (["--set", "width=?", "--where", "size ~ 3"], "does not meet the target"),
        (["--set", "width=?", "--where", "macs ~ true"], "two numbers"),
    ],
)
def test_what_cannot_be_solved_is_said(net, options, said, capsys) -> None:
    assert run(["solve", net, *options]) == 2
    assert said in capsys.readouterr().err
