"""Networks side by side: which are meant, what is said of them, and pictures that can be read."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.analysis.figures import Meter
from cnnspec.analysis.run import Run
from cnnspec.cli import run
from cnnspec.commands import compare as command
from cnnspec.report import plot
from cnnspec.report.comparison import FACTS
from cnnspec.report.labels import Box, Point, place
from tests.emitted import network

SMALL = ("resnet18", "alexnet", "squeezenet1_0")
TWO = """network one { image = input(3, 8, 8)
    output y = image -> conv(4, 3) -> gap -> dense(2) }
network two { image = input(3, 8, 8)
    output y = image -> conv(8, 3) -> gap -> dense(2) }
"""


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["compare", *arguments]) == 0
    return capsys.readouterr().out


def test_rows_are_the_networks_figures(capsys) -> None:
    out = said(capsys, *SMALL, "--format", "csv", "--columns", "name,params,macs,depth")
    for row, name in zip(csv.DictReader(io.StringIO(out)), SMALL, strict=True):
        cost = network(name).cost()
        assert row["name"] == name
        assert int(row["params"]) == cost["inference_params"]
        assert int(row["macs"]) == cost["macs"]
        assert int(row["depth"]) == cost["structure"]["depth"]


def test_json_has_every_fact(capsys) -> None:
    data = json.loads(said(capsys, "resnet18", "--format", "json", "--batch", "2"))
    (row,) = data["networks"]
    assert data["schema"] == "cnnspec.compare/1"
    assert set(row) == {*FACTS, "family"}
    assert row["macs"] == 2 * network("resnet18").macs
    assert row["top1"] == network("resnet18").meta["top1"]


@pytest.mark.parametrize("form", ["table", "csv", "md", "latex"])
def test_every_column_in_every_form(form: str, capsys) -> None:
    out = said(capsys, "resnet18", "lenet5", "--format", form, "--columns", ",".join(FACTS))
    assert out.count("\n") >= 3


def test_sorted_rows_fall_and_the_unknown_comes_last(capsys) -> None:
    out = said(capsys, *SMALL, "lenet5", "--sort", "top1", "--format", "csv", "--columns", "name")
    assert out.split() == ["name", "resnet18", "alexnet", "squeezenet1_0", "lenet5"]


def test_files_and_patterns_stand_for_their_networks(tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "pair.cnn").write_text(TWO)
    monkeypatch.chdir(tmp_path)
    for spec in ("pair.cnn", "*.cnn", str(tmp_path / "p*.cnn")):
        out = said(capsys, spec, "--format", "csv", "--columns", "name")
        assert out.split() == ["name", "one", "two"]
    out = said(capsys, "vgg1?", "--format", "csv", "--columns", "name")
    assert set(out.split()) == {"name", "vgg11", "vgg13", "vgg16", "vgg19"}
    assert run(["compare", "nothing*"]) == 2
    assert run(["compare"]) == 2


@pytest.mark.parametrize("picture", ["bubbles", "bars"])
@pytest.mark.parametrize("form", ["svg", "png", "html"])
def test_a_picture_is_the_same_each_time(picture: str, form: str, tmp_path: Path, capsys) -> None:
    files = [tmp_path / f"{n}.{form}" for n in range(2)]
    for file in files:
        assert run(["compare", *SMALL, "--plot", str(file), "--picture", picture]) == 0
    first, second = (file.read_bytes() for file in files)
    assert first == second
    if form != "png" and picture == "bubbles":
        assert b"<title>ResNet-18: 11,689,512 parameters, 1,814,073,344 MACs" in first


def test_what_cannot_be_drawn_is_said(tmp_path: Path, monkeypatch, capsys) -> None:
    target = str(tmp_path / "x.svg")
    assert run(["compare", "lenet5", "--plot", target]) == 2
    assert "none of these networks states a top1" in capsys.readouterr().err
    assert run(["compare", "resnet18", "--plot", str(tmp_path / "x.gif")]) == 2
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert run(["compare", "resnet18", "--plot", target]) == 4
    assert "`pip install 'matplotlib>=3.9'`" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


NUMBER = st.floats(0, 1000, allow_nan=False)
POINTS = st.lists(
    st.builds(Point, NUMBER, NUMBER, st.floats(1, 40), st.floats(20, 120), st.just(12.0)),
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(POINTS)
def test_labels_do_not_overlap(points: list[Point]) -> None:
    frame = Box(-100, -100, 1100, 1100)
    boxes = place(points, frame)
    for n, box in enumerate(boxes):
        assert frame.left <= box.left <= box.right <= frame.right
        assert frame.bottom <= box.bottom <= box.top <= frame.top
        assert not any(box.meets(other) for other in boxes[:n])


def test_bars_are_of_inference_and_one_a_network(capsys) -> None:
    meters = [Meter(network(name).elaborated, Run()) for name in ("googlenet", "googlenet")]
    macs, params = plot.bars(meters).axes
    for axes, what in ((macs, "macs"), (params, "params")):
        ends = [0.0, 0.0]
        for bar in axes.patches:
            place = round(bar.get_y() + bar.get_height() / 2)
            ends[place] = max(ends[place], bar.get_x() + bar.get_width())
        assert ends == [getattr(meters[0].inference, what)] * 2


def test_a_plot_says_how_many_it_shows_and_takes_any_letters(tmp_path: Path, capsys) -> None:
    spec = tmp_path / "two.cnn"
    long = "very " * 20
    spec.write_text(f'{TWO}network three = two() {{ meta {{ title = "残差 {long}long" }} }}')
    target = str(tmp_path / "p.png")
    assert run(["compare", "resnet18", str(spec), "--plot", target]) == 0
    said = capsys.readouterr().err
    assert said.startswith("drew 1 of 4 networks in ")
    assert "state no top1 on ImageNet" in said
    assert run(["compare", str(spec), "--plot", target, "--picture", "bars"]) == 0
    assert "drew 3 networks" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("meta", "shown"),
    [
        ('top1 = "high" year = "long ago" title = 5', "odd"),
        ("top1 = true title = [1, 2]", "odd"),
        ('title = ""', "odd"),
        (r'title = "two\nlines"', "two lines"),
    ],
)
def test_any_meta_can_be_shown(meta: str, shown: str, tmp_path: Path, capsys) -> None:
    spec = tmp_path / "odd.cnn"
    spec.write_text(
        "network odd { image = input(3, 8, 8)\n"
        f"output y = image -> gap -> dense(1000) meta {{ {meta} }} }}"
    )
    out = said(capsys, str(spec), "resnet18", "--sort", "year", "--columns", "network,year,top1")
    assert f"\n{shown.ljust(9)}     -      -\n" in out
    plot_of = ["compare", str(spec), "resnet18", "--plot", str(tmp_path / "x.svg")]
    assert run(plot_of) == 0
    assert "drew 1 of 2" in capsys.readouterr().err
    assert run(["draw", str(spec), "-o", str(tmp_path / "y.svg")]) == 0
    assert f"drew {shown} in" in capsys.readouterr().err


def test_the_legend_of_the_bubbles_lies_on_none() -> None:
    names = ["vgg16", "vgg19", "mobilenet_v2", "alexnet"]
    meters = [Meter(network(name).elaborated, Run()) for name in names]
    figure = plot.bubbles(meters, names)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    legend, inside = axes.get_legend().get_window_extent(), axes.get_window_extent()
    assert not legend.overlaps(inside)
    assert 0 < legend.x0 < legend.x1 <= figure.bbox.x1
    assert legend.y1 <= figure.bbox.y1


FAMILY = """network net(width = 4, size = 8) { image = input(3, size, size)
    output y = image -> conv(width, 3) -> gap -> dense(10)
    meta { title = "Net"  cifar10_top1 = 91.5 } }
"""


def test_ranges_make_a_network_stand_for_its_variants(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.cnn").write_text(FAMILY)
    ranges = ("--set", "width=4..12/4", "--set", "size={8, 10}")
    out = said(capsys, "net.cnn", *ranges, "--format", "json")
    rows = json.loads(out)["networks"]
    assert [row["network"] for row in rows][:2] == [
        "Net, width = 4, size = 8",
        "Net, width = 4, size = 10",
    ]
    assert {row["family"] for row in rows} == {"Net"}
    for row, (width, size) in zip(rows, [(w, s) for w in (4, 8, 12) for s in (8, 10)], strict=True):
        net = cnnspec.load("net.cnn", set={"width": width, "size": size})
        assert (row["params"], row["macs"]) == (net.params, net.macs)
    out = said(capsys, "net.cnn", "resnet18", "--group", "--columns", "network,macs")
    assert out.splitlines()[2::2] == ["net.cnn", "resnet.cnn"]
    out = said(capsys, "resnet18", "--input", "3x64..128/64", "--columns", "input")
    assert out.split()[-2:] == ["3x64x64", "3x128x128"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "width=9..1"], "reversed"),
        (["--set", "width=1..4000"], "values, over 200"),
        (["--set", "width=0.1..2"], "has no step"),
        (["--input", "3x9..x"], "is not a range of sizes"),
        (["--plot", "a.svg", "--y", "speed"], "none of these networks has speed"),
        (["--plot", "a.svg", "--size", "speed"], "columns, as --columns takes them"),
        (["--x", "macs"], "add --plot FILE.svg"),
        (["--plot", "a.svg", "--picture", "bars", "--y", "top1"], "without --picture bars"),
    ],
)
def test_variants_that_cannot_be_are_said(
    options, words: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.cnn").write_text(FAMILY)
    assert run(["compare", "net.cnn", *options]) == 2
    assert words in capsys.readouterr().err


def test_any_two_figures_and_any_accuracy_can_be_drawn(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.cnn").write_text(FAMILY)
    varied = ["compare", "net.cnn", "--set", "width=4..12/4"]
    assert (
        run([*varied, "--plot", "a.svg", "--y", "cifar10_top1", "--x", "peak", "--size", "depth"])
        == 0
    )
    assert "drew 3 networks in a.svg" in capsys.readouterr().err
    assert b"cifar10_top1" in Path("a.svg").read_bytes()
    assert run(["compare", *SMALL, "--plot", "b.svg", "--x", "params", "--y", "peak"]) == 0
    assert "drew 3 networks in b.svg" in capsys.readouterr().err
