"""Sweeps: the points that are meant, rows that are right, and files that end whole."""

from __future__ import annotations

import csv
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec import library
from cnnspec.cli import run
from cnnspec.sweeps import RefusedSweep, plan
from cnnspec.sweeps.axes import axis
from cnnspec.sweeps.figures import NAMES
from cnnspec.sweeps.measure import rows_of
from cnnspec.sweeps.results import Index, key
from tests.console import fresh

pytestmark = pytest.mark.slow

SMALL = """network small(width = 4, size = 8, kernel = 3) {
    image = input(3, size, size)
    output y = image -> conv(width, kernel) -> relu -> gap -> dense(2)
}
"""
GRID = ["sweep", "small.cnn", "--set", "width=1..9", "--set", "size=4..12/2"]


@pytest.fixture
def small(empty: Path) -> Path:
    (empty / "small.cnn").write_text(SMALL)
    return empty


def rows_in(path: str) -> list[dict]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()[1:]]


# --- points


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1..4", [1, 2, 3, 4]),
        ("0.1..0.5/0.1", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("128..200/32", [128, 160, 192]),
        ("-1..1/0.5", [-1, -0.5, 0, 0.5, 1]),
        ("{1, 2.5, relu, [1, 2]}", [1, 2.5, "relu", [1, 2]]),
        ("7", [7]),
        ("[1, 2]", [[1, 2]]),
    ],
)
def test_an_axis_has_the_values_that_are_written(text: str, values: list) -> None:
    assert [each.shown for each in axis("a", text, most=100).values] == values


@settings(max_examples=60, deadline=None)
@given(st.integers(-500, 500), st.integers(1, 90), st.integers(0, 60), st.integers(0, 3))
def test_steps_are_exact(low: int, step: int, count: int, digits: int) -> None:
    scale = 10**digits
    text = f"{low / scale}..{(low + step * count) / scale}/{step / scale}"
    found = axis("a", text, most=1000).values
    assert [float(each.text) for each in found] == [
        (low + step * n) / scale for n in range(count + 1)
    ]


def test_rows_are_what_load_says(small) -> None:
    found = list(cnnspec.sweep("small.cnn", set={"width": "1..3", "size": [6, 8]}))
    assert [(row["point"], row["width"], row["size"]) for row in found] == [
        (0, 1, 6), (1, 1, 8), (2, 2, 6), (3, 2, 8), (4, 3, 6), (5, 3, 8)]  # fmt: skip
    for row in found:
        net = cnnspec.load("small.cnn", set={"width": row["width"], "size": row["size"]})
        assert row["params"] == net.inference_params
        assert row["macs"] == net.macs
        assert row["depth"] == net.cost()["structure"]["depth"]
        assert row["error"] is None


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000))
def test_figures_are_those_of_a_whole_elaboration(seed: int) -> None:
    names = ("efficientnet_b0", "mobilenet_v2")
    spec = names[seed % 2]
    figures = ["params", "macs", "activations", "peak", "depth"]
    axes = {"width": "0.3..2", "resolution": "{64, 96, 128, 224}"}
    for row in cnnspec.sweep(spec, set=axes, figures=figures, sample=3, seed=seed):
        size = {"width": row["width"], "resolution": row["resolution"]}
        text = library.zoo_text(spec)
        # Another text, so that nothing of the sweep is known to what elaborates it.
        net = cnnspec.loads(f"{text}\n# {row['point']}-{seed}\n", network=spec, set=size)
        cost = net.cost()
        assert row["params"] == cost["inference_params"]
        assert row["macs"] == cost["macs"]
        assert row["activations"] == cost["memory"]["activations"]
        assert row["peak"] == cost["memory"]["peak"]
        assert row.get("network_depth", row.get("depth")) == cost["structure"]["depth"]


def test_a_sample_is_the_same_whatever_was_drawn_before(small) -> None:
    how = {"set": {"width": "1..100"}, "sample": 20, "seed": 3}
    whole = list(cnnspec.sweep("small.cnn", **how))
    parts = [row for n in (1, 2, 3) for row in cnnspec.sweep("small.cnn", shard=(n, 3), **how)]
    assert parts == whole
    assert whole != list(cnnspec.sweep("small.cnn", **{**how, "seed": 4}))


def test_shards_are_the_whole_each_point_once(small) -> None:
    how = {"set": {"width": "1..7", "size": "4..8"}}
    whole = list(cnnspec.sweep("small.cnn", **how))
    for count in (1, 2, 5, 40):
        shards = [(n, count) for n in range(1, count + 1)]
        parts = [row for n in shards for row in cnnspec.sweep("small.cnn", shard=n, **how)]
        assert parts == whole


def test_conditions_are_the_languages(small) -> None:
    where = ["macs < 2K or params == 92", "width * size <= 24"]
    found = list(cnnspec.sweep("small.cnn", set={"width": "1..9", "size": "4..8/2"}, where=where))
    every = cnnspec.sweep("small.cnn", set={"width": "1..9", "size": "4..8/2"})
    assert found == [
        row for row in every
        if (row["macs"] < 2000 or row["params"] == 92) and row["width"] * row["size"] <= 24
    ]  # fmt: skip
    assert found


def test_a_parameter_hides_a_figure_of_its_name() -> None:
    (row,) = cnnspec.sweep(
        "efficientnet_b0", set={"depth": [1, 1.5]}, where="depth > 1 and network_depth > 9"
    )
    assert row["depth"] == 1.5
    assert row["network_depth"] > 80


def test_a_point_that_fails_is_a_row_with_its_code(small) -> None:
    found = list(cnnspec.sweep("small.cnn", set={"size": "1..4", "kernel": [3]}))
    assert [row["error"] for row in found] == ["window-too-large"] * 2 + [None] * 2
    assert found[0]["params"] is None


def test_a_sweep_is_of_the_texts_that_it_began_with(empty: Path) -> None:
    (empty / "part.cnn").write_text("block part(x, n) { return x -> conv(n, 3) }")
    (empty / "net.cnn").write_text(
        'use "part.cnn"\nnetwork net(n = 4) { output y = input(3, 8, 8) -> part(n) -> relu }'
    )
    made = plan("net.cnn", set={"n": "1..9"}, figures=["params"])
    job = pickle.loads(pickle.dumps(made.job))
    (empty / "part.cnn").unlink()
    (empty / "net.cnn").write_text("no spec at all")
    assert [row["params"] for row in rows_of(job, 0, 9)] == [28 * n for n in range(1, 10)]


def test_inputs_of_several_sizes_are_an_axis(capsys) -> None:
    assert run(["sweep", "resnet18", "--input", "3x64..128/64", "-o", "-", "-q"]) == 0
    first, *rest = csv.reader(capsys.readouterr().out.splitlines())
    assert first[:2] == ["point", "input"]
    assert [row[1] for row in rest] == ["3x64x64", "3x128x128"]


# --- what is not begun


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "width=4..1"], "reversed"),
        (["--set", "width=1..4/0"], "never ends"),
        (["--set", "width=1..4/-1"], "never ends"),
        (["--set", "width=1..x"], "not a range"),
        (["--set", "width={}"], "is empty"),
        (["--set", "width={1,,2}"], "nothing in one of its places"),
        (["--set", "width={1, 1}"], "twice"),
        (["--set", "width={1, 2"], "not a list"),
        (["--set", "width=0.5..2"], "has no step"),
        (["--set", "width=1..9000000"], "9,000,000"),
        (["--set", "width=1..2000", "--set", "size=1..2000"], "4,000,000"),
        (["--set", "width=3"], "nothing is varied"),
        (["--set", "widht=1..3"], "did you mean width?"),
        (["--set", "width=1..3", "--where", "mcas < 3"], "did you mean `macs`?"),
        (["--set", "width=1..3", "--where", "1 < 3"], "says nothing of a point"),
        (["--set", "width={1..3}"], "is a range in a list"),
        (["--set", "width=1..3", "--sort", "foo"], "for --sort: there is no column 'foo'"),
        (["--set", "width=1..3", "--columns", "time"], "for --device: "),
        (["--set", "width=1..3", "--x", "macs"], "add --plot"),
        (["--set", "width=1..3", "--limit", "nodes=many"], "is not a whole number"),
        (["--set", "width=1..3", "--input", "axb"], "for --input: 'axb' is not a shape"),
        (["--set", "width=1..3", "--where", "macs +"], "--where:1"),
        (["--set", "width=1..3", "--where", "macs + 1"], "true or false"),
        (["--set", "width=1..3", "--where", "time < 1"], "--device"),
        (["--set", "width=1..3", "--columns", "parms"], "did you mean params?"),
        (["--set", "width=1..3", "--sort", "speed"], "no column 'speed'"),
        (["--set", "width=1..3", "--shard", "5/4"], "no shard 5 of 4"),
        (["--set", "width=1..3", "--shard", "x"], "3/16"),
        (["--set", "width=1..3", "--sample", "0"], "at least one"),
        (["--set", "width=1..3", "-o", "a.txt"], ".jsonl"),
        (["--set", "width=1..3", "-o", "small.jsonl"], "no journal of a sweep"),
        (["--set", "width=1..3", "-o", "nowhere/a.jsonl"], "cannot write"),
        (["--set", "width=1..3", "--input", "3x9..3"], "reversed"),
    ],
)
def test_bad_input_is_said_before_the_first_point(small, options, said, capsys) -> None:
    (small / "small.jsonl").write_text("something\n")
    assert run(["sweep", "small.cnn", *options]) == 2
    assert said in capsys.readouterr().err
    assert (small / "small.jsonl").read_text() == "something\n"


def test_a_spec_that_is_wrong_is_said_as_ever(small, capsys) -> None:
    (small / "small.cnn").write_text("network small( {")
    assert run(["sweep", "small.cnn", "--set", "a=1..3"]) == 1
    with pytest.raises(RefusedSweep):
        plan("resnet18", set={"nothing": [1, 2]})


# --- files


def test_another_sweeps_file_is_left_alone(small, capsys) -> None:
    assert run([*GRID, "-o", "a.jsonl"]) == 0
    before = Path("a.jsonl").read_bytes()
    assert run([*GRID, "--where", "macs < 9", "-o", "a.jsonl"]) == 2
    assert "other where" in capsys.readouterr().err
    (small / "small.cnn").write_text(SMALL.replace("relu", "silu"))
    assert run([*GRID, "-o", "a.jsonl"]) == 2
    assert "other texts" in capsys.readouterr().err
    assert Path("a.jsonl").read_bytes() == before
    assert run([*GRID, "-o", "a.jsonl", "--force"]) == 0


def test_csv_parquet_and_sorted_rows_are_the_journals(small) -> None:
    from pyarrow import parquet

    assert run([*GRID, "-o", "a.jsonl"]) == 0
    assert run([*GRID, "-o", "a.csv"]) == 0
    assert run([*GRID, "-o", "a.parquet"]) == 0
    assert run([*GRID, "-o", "sorted.csv", "--sort", "-macs", "--top", "5"]) == 0
    rows = rows_in("a.jsonl")
    read = list(csv.DictReader(Path("a.csv").read_text().splitlines()))
    assert [{k: str(v) if v is not None else "" for k, v in row.items()} for row in rows] == read
    assert parquet.read_table("a.parquet").to_pylist() == rows
    best = sorted(rows, key=lambda row: -row["macs"])[:5]
    ordered = csv.DictReader(Path("sorted.csv").read_text().splitlines())
    assert [int(row["macs"]) for row in ordered] == [row["macs"] for row in best]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1),
    st.integers(2, 3),
)
def test_the_front_is_what_nothing_beats(tmp_path_factory, points, count: int) -> None:
    path = tmp_path_factory.mktemp("front") / "journal"
    lines = [
        json.dumps({"point": n, **dict(zip("abc", each, strict=True))})
        for n, each in enumerate(points)
    ]
    path.write_text("{}\n" + "".join(f"{line}\n" for line in lines))
    index = Index(path)
    index.keep_front([key("a"), key("-b"), key("c")][:count])
    signed = [(a, -b, c)[:count] for a, b, c in points]
    front = [n for n, one in enumerate(signed) if not any(beats(other, one) for other in signed)]
    assert [row["point"] for row in index.rows()] == front


def beats(one: tuple, other: tuple) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def test_a_plot_has_every_point(small, capsys) -> None:
    assert (
        run([*GRID, "--plot", "a.svg", "--pareto", "macs,-params", "--x", "macs", "--y", "params"])
        == 0
    )
    assert "drew 45 points" in capsys.readouterr().err
    first = Path("a.svg").read_bytes()
    assert b"<svg" in first
    assert run([*GRID, "--plot", "b.svg", "--pareto", "macs,-params", "-q"]) == 0
    assert Path("b.svg").read_bytes() == first


# --- interruptions


def child(arguments: list[str]) -> int:
    """Run the program in a process of its own, without starting Python again."""
    number = os.fork()
    if number == 0:
        out = os.open(os.devnull, os.O_WRONLY)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os._exit(run(arguments))
    return number


def test_fifty_kills_and_the_file_is_that_of_an_undisturbed_sweep(small) -> None:
    command = ["sweep", "small.cnn", "--set", "width=1..20", "--set", "size=4..28", "--jobs", "1"]
    for whole in ("whole.jsonl", "whole.csv"):
        assert run([*command, "-o", whole, "-q"]) == 0
    random = Random(5)
    kills = begun = 0
    while kills < 50:
        ending = ("jsonl", "csv")[begun % 2]
        target = f"{begun}.{ending}"
        killed = True
        while killed:
            number = child([*command, "-o", target, "-q"])
            time.sleep(random.uniform(0.004, 0.04))
            os.kill(number, signal.SIGKILL)
            _, status = os.waitpid(number, 0)
            killed = os.WIFSIGNALED(status)
            kills += killed
            if killed:
                _tear(target, random)
            else:
                assert os.WEXITSTATUS(status) == 0
            if kills == 50:
                assert run([*command, "-o", target, "-q"]) == 0
                break
        assert Path(target).read_bytes() == Path(f"whole.{ending}").read_bytes()
        begun += 1


def _tear(target: str, random: Random) -> None:
    """Leave a torn line now and then, as a kill within a write would."""
    journal = Path(target if target.endswith("jsonl") else f"{target}.journal")
    if journal.exists() and journal.stat().st_size > 400 and random.random() < 0.3:
        with journal.open("r+b") as file:
            file.truncate(journal.stat().st_size - random.randrange(1, 60))


def test_ctrl_c_ends_quietly_with_whole_rows(small) -> None:
    command = [
        "sweep",
        "small.cnn",
        "--set",
        "width=1..900",
        "--set",
        "size=4..200",
        "-o",
        "a.jsonl",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "cnnspec", *command, "--jobs", "2"],
        stderr=subprocess.PIPE,
        text=True,
    )
    path = Path("a.jsonl")
    until = time.monotonic() + 60
    while (not path.exists() or path.stat().st_size < 4000) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.startswith("stopped with ")
    assert "Traceback" not in err
    text = path.read_text()
    assert text.endswith("\n")
    rows = [json.loads(line) for line in text.splitlines()[1:]]
    assert [row["point"] for row in rows] == list(range(len(rows)))


def test_processes_give_the_same_bytes(small) -> None:
    command = ["sweep", "small.cnn", "--set", "width=1..30", "--set", "size=1..20", "-q"]
    assert run([*command, "-o", "one.jsonl", "--jobs", "1"]) == 0
    assert run([*command, "-o", "two.jsonl", "--jobs", "2"]) == 0
    assert Path("one.jsonl").read_bytes() == Path("two.jsonl").read_bytes()


def test_memory_does_not_grow_with_the_points(small) -> None:
    # Most are told apart before they are elaborated; `make bench-sweep` takes 200,000 rows.
    program = """
import re
from cnnspec.cli import run
assert run(["sweep", "small.cnn", "--set", "width=1..400",
            "--set", "size=1..150", "--where", "width % 80 == 0",
            "-o", "a.csv", "--sort", "macs", "--jobs", "1", "-q"]) == 0
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""
    limit = 1_500 * 2**20  # of addresses; what is asserted is what is resident

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=bounded,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 300 * 1024
    assert len(rows_in("a.csv.journal")) == 750


def test_the_page_shows_what_commands_print(pytestconfig, empty: Path, capfd) -> None:
    page = Path(__file__).parent.parent / "docs" / "sweeps.md"
    text = fresh(page, lambda: capfd.readouterr().out)
    plot = page.parent / "sweeps" / "search.svg"
    if pytestconfig.getoption("--update-golden"):
        page.write_text(text)
        plot.parent.mkdir(exist_ok=True)
        plot.write_bytes(Path("search.svg").read_bytes())
    assert text == page.read_text()
    assert Path("search.svg").read_bytes() == plot.read_bytes()
    for name in NAMES:
        assert f"`{name}`" in text
