"""Drawings: every network in every format, on one readable page; what is opened, how it looks."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import cnnspec
from cnnspec.cli import run
from cnnspec.draw import Look, Undrawn, UnknownPath, View, drawing, svg
from cnnspec.draw.boxes import Box, Frame
from cnnspec.draw.choose import choose
from cnnspec.draw.engine import layout, program
from cnnspec.draw.heat import step
from cnnspec.draw.page import READABLE, smallest_text
from cnnspec.draw.plan import Plan
from cnnspec.draw.theme import THEMES
from cnnspec.draw.turn import turn
from cnnspec.draw.wires import wires
from tests.emitted import network, shipped

SVG = "{http://www.w3.org/2000/svg}"
GOLDEN = Path(__file__).parent / "golden" / "draw"
GALLERY = Path(__file__).parent.parent / "docs" / "gallery"
#: The networks whose text for Graphviz is kept, as different as can be.
DOTS = (
    "densenet121",
    "googlenet",
    "inception_v4",
    "lenet5",
    "resnet18",
    "shufflenet_v2_x1_0",
    "unet",
)
#: The networks that come in every format in every run of the tests; with `--zoo` all do.
SPREAD = ("cnn_gap", "densenet121", "googlenet", "lenet5", "resnet1202_cifar10", "unet", "xception")
STARTS = {
    "svg": b"<svg ",
    "png": b"\x89PNG",
    "pdf": b"%PDF-",
    "dot": b"digraph network {",
    "mermaid": b"---\ntitle: ",
    "html": b"<!DOCTYPE html>",
}


@cache
def drawn(name: str) -> bytes:
    return network(name).draw()


def picture(name: str, plan: Plan):
    return choose(network(name).elaborated, plan)


def titles(inner) -> list[str]:
    return [
        f"[{', '.join(titles(each.inner))}]" if isinstance(each, Frame) else each.title
        for each in inner
    ]


def drawn_with(name: str, **how: object) -> bytes:
    return drawing(network(name).elaborated, **how).content


# --- every network


@pytest.mark.parametrize("name", shipped())
def test_is_one_readable_page(name: str) -> None:
    assert smallest_text(*svg.box_of(drawn(name))) >= READABLE


@pytest.mark.parametrize("name", shipped())
def test_is_a_clean_svg(name: str) -> None:
    root = ET.fromstring(drawn(name))
    tags = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert tags <= {"svg", "g", "title", "text", "polygon", "path", "polyline", "ellipse"}
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    assert not re.search(rb"href|<!|<\?|xlink|url\(", drawn(name))
    boxes = [each for each in root.iter(f"{SVG}g") if each.get("class") == "node"]
    assert all(each.find(f"{SVG}title") is not None and each.get("data-line") for each in boxes)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        metafunc.parametrize("chosen", shipped() if every else SPREAD)


def test_comes_in_every_format(chosen: str) -> None:
    graph = network(chosen).elaborated
    for format, start in STARTS.items():
        assert drawing(graph, format=format).content.startswith(start)
    for format in ("svg", "pdf"):
        content = drawing(graph, format=format, style="volumes").content
        assert content.startswith(STARTS[format])
        if format == "svg":
            ET.fromstring(content)


# --- golden files


@pytest.mark.parametrize("name", DOTS)
def test_the_text_for_graphviz_is_the_golden_one(name: str, request) -> None:
    file = GOLDEN / f"{name}.dot"
    text = drawn_with(name, format="dot")
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    assert file.read_bytes() == text


@pytest.mark.parametrize("file", sorted(GALLERY.glob("*.svg")), ids=lambda file: file.stem)
def test_the_pictures_of_the_gallery_are_what_is_drawn(file: Path) -> None:
    sys.path.insert(0, str(GALLERY.parent.parent / "tools"))
    try:
        import write_gallery
    finally:
        sys.path.pop(0)
    kept, now = file.read_bytes(), write_gallery.PICTURES[file.stem].drawn()
    assert write_gallery.settled(kept) == write_gallery.settled(now)


def test_there_are_ten_golden_pictures() -> None:
    assert len(list(GALLERY.glob("*.svg"))) >= 10


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    script = (
        "import cnnspec, hashlib; n = cnnspec.load('inception_naive');"
        "print([hashlib.sha256(n.draw(f)).hexdigest() for f in ('svg', 'png', 'pdf', 'html')])"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


# --- what is opened


def test_depth_opens_levels() -> None:
    assert titles(picture("resnet50", Plan(-1, looks=0)).inner)[3] == "bottleneck(64) × 3"
    (_, _, _, first, *_) = picture("resnet50", Plan(1, looks=0)).inner
    assert titles([first]) == ["[bottleneck(64) + downsample, bottleneck(64) × 2]"]


def test_what_repeats_is_looked_into() -> None:
    (_, _, _, first, *_) = picture("resnet50", Plan(1)).inner
    assert titles([first]) == [
        "[bottleneck(64) + downsample, [conv 1x1, 3x3, 1x1 (bn, relu), + (relu)]]"
    ]


def test_expand_opens_a_block_and_one_inside_a_run_opens_the_run() -> None:
    plain = drawn_with("resnet50", view=View(0))
    one = drawn_with("resnet50", view=View(0, expand=("layer3.4",)))
    same = drawn_with("resnet50", view=View(0, expand=("layer3.1",)))
    assert b"conv 1x1" not in plain
    assert one == same
    assert b"conv 3x3 (bn, relu)" in one


def test_expand_opens_what_is_inside_a_run() -> None:
    two = drawn_with("resnet50", view=View(0, expand=("layer3.0.downsample",)))
    assert b"downsample" in two


def test_focus_draws_a_block_with_its_neighbours() -> None:
    content = drawn_with("resnet152", view=View(focus="layer3"))
    ids = {each.get("id") for each in ET.fromstring(content).iter() if each.get("id")}
    assert {"layer2", "layer3", "layer4"} <= ids
    assert not {"image", "fc", "layer1"} & ids


def test_all_draws_every_layer() -> None:
    graph = network("resnet18").elaborated
    everything = drawn_with("resnet18", view=View(all=True)).decode()
    convolutions = [node.path for node in graph.nodes if node.op.family == "convolution"]
    assert len(convolutions) == 20
    # A layer that is all of its group goes by the group's name.
    assert all(
        f'id="{path}"' in everything or f'id="{path.rpartition(".")[0]}"' in everything
        for path in convolutions
    )
    assert ":all" not in everything


@pytest.mark.parametrize("view", [View(expand=("layer9",)), View(focus="layer9"), View(focus="")])
def test_a_path_that_there_is_not_is_refused(view: View) -> None:
    with pytest.raises(UnknownPath):
        drawn_with("resnet18", view=view)


def test_long_levels_are_cut_in_the_middle() -> None:
    layers = " -> ".join(f"conv({8 + i % 2}, 1)" for i in range(300))
    text = f"network long() {{ x = input(8, 9, 9)\n output y = x -> {layers} }}"
    content = cnnspec.loads(text).draw()
    assert b"more ..." in content
    assert smallest_text(*svg.box_of(content)) >= READABLE


# --- lines


def ways(name: str, plan: Plan) -> list[str]:
    drawn = picture(name, plan)
    return [wire.way for wire in wires(drawn)]


def test_identities_are_skips() -> None:
    assert ways("resnet50", Plan(1)).count("skip") == 4


def test_dense_blocks_have_a_rail_each() -> None:
    assert ways("densenet121", Plan(1)).count("rail") == 4


@pytest.mark.parametrize("name", ["densenet121", "densenet201"])
def test_an_unfolded_dense_network_has_few_lines(name: str) -> None:
    drawn = picture(name, Plan(64, longest=0, lines=False, repeats=False))
    assert len(wires(drawn)) < 2 * len(drawn.boxes)


def test_a_concat_of_a_growing_list_is_a_rail() -> None:
    text = """network listed() {
        x = input(8, 9, 9)
        xs = [x]
        for i in range(12) { xs = xs + [concat(xs) -> conv(4, 3, pad = 1)] }
        output y = concat(xs)
    }"""
    drawn = choose(cnnspec.loads(text).elaborated, Plan(64, longest=0, repeats=False))
    found = wires(drawn)
    assert sum(len(node.inputs) for node in cnnspec.loads(text).nodes) > 90
    assert len(found) < 3 * 13
    assert {wire.way for wire in found} == {"flow", "rail"}


def test_a_u_net_is_a_u() -> None:
    drawn = picture("unet", Plan(0))
    found = turn(drawn, wires(drawn))
    assert found is not None
    assert [len(level) for level in found.levels] == [3, 3, 3, 3]
    kinds = [drawn.boxes[level[-1]].kind for level in found.levels]
    assert kinds == ["concat"] * 4


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "googlenet", "vgg16"])
def test_other_networks_are_no_u(name: str) -> None:
    drawn = picture(name, Plan(-1, looks=0))
    assert turn(drawn, wires(drawn)) is None


def test_training_heads_are_marked() -> None:
    text = drawn("googlenet").decode()
    assert "aux1 (training only, weight 0.3)" in text
    assert "stroke-dasharray" in text


# --- how it looks


def test_heat_follows_the_share_of_the_whole() -> None:
    drawn = picture("vgg16", Plan(1))
    (dense,) = (box for box in drawn.boxes if box.family == "dense")
    assert step(dense.all_cost, "params", drawn.whole) == 4
    assert step(dense.all_cost, "macs", drawn.whole) == 0
    hot = THEMES["light"].heat[-1]
    assert drawn_with("vgg16", look=Look(heat="params")).decode().count(hot) == 2
    assert hot not in drawn_with("vgg16", look=Look(heat=None)).decode()


def test_heat_counts_repeats_together() -> None:
    drawn = picture("resnet152", Plan(1))
    box = next(b for b in drawn.boxes if b.path == "layer3.1.conv1")
    assert box.all_cost.macs == 35 * box.cost.macs
    assert step(box.all_cost, "macs", drawn.whole) == 4


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_every_theme_draws_and_its_words_can_be_read(theme: str) -> None:
    look = THEMES[theme]
    assert look.background in drawn_with("resnet18", look=Look(theme=theme)).decode()
    for color in (*look.families.values(), look.other):
        assert contrast(look.header_ink, color) >= 4.5, color
    for color in look.heat:
        assert contrast(look.heat_ink, color) >= 4.5, color
    assert contrast(look.ink, look.background) >= 7
    assert contrast(look.muted, look.background) >= 4.5


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2.1."""

    def luminance(color: str) -> float:
        shares = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_shapes_have_their_channels_where_they_are_asked_for() -> None:
    assert "112×112×64" in drawn_with("resnet18", look=Look(layout="hwc")).decode()
    assert "64×112×112" in drawn("resnet18").decode()


def test_boxes_show_what_is_asked_for() -> None:
    text = drawn_with("resnet18", look=Look(show=("memory",), heat=None)).decode()
    assert "MB" in text
    assert "64×112×112" not in text.replace("3×224×224", "")
    with pytest.raises(ValueError, match="flops"):
        Look(show=("flops",))


def test_to_the_right_is_wider_than_high() -> None:
    width, height, _ = svg.box_of(drawn_with("resnet18", look=Look(direction="lr")))
    assert width > 2 * height


# --- engines


def test_what_takes_too_long_is_left_as_text(tmp_path: Path, capsys) -> None:
    with pytest.raises(Undrawn) as caught:
        drawn_with("resnet50", timeout=1e-6)
    assert caught.value.dot.startswith("digraph")
    assert run(["draw", "resnet18", "--timeout", "0.000001", "-o", str(tmp_path / "x.png")]) == 2
    said = capsys.readouterr().err
    assert "did not lay it out" in said
    assert "x.dot" in said
    assert (tmp_path / "x.dot").read_text().startswith("digraph")
    assert not (tmp_path / "x.png").exists()


def test_less_care_is_tried_before_less_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(text: str, **how: object) -> bytes:
        if "polyline" not in text:
            raise TimeoutError
        return layout(text, **how)

    monkeypatch.setattr("cnnspec.draw.compose.layout", slow)
    result = drawing(network("resnet18").elaborated)
    assert result.notes == ("the engine took too long: its lines are not as well led",)
    ET.fromstring(result.content)


def test_the_systems_graphviz_is_asked_for_by_name(tmp_path: Path, monkeypatch) -> None:
    stand_in = tmp_path / "dot"
    stand_in.write_text(
        f'#!/bin/sh\necho asked >> "{tmp_path}/log"\nexec "{program("pure")}" "$@"\n'
    )
    stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert drawn_with("lenet5", engine="dot") == drawn("lenet5")
    assert (tmp_path / "log").read_text() == "asked\n"


def test_a_missing_engine_says_what_to_install(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["draw", "lenet5", "--engine", "dot", "-o", str(tmp_path / "x.svg")]) == 4
    assert "apt install graphviz" in capsys.readouterr().err


# --- the command


def test_a_readme_takes_the_picture_in_a_fence(tmp_path: Path) -> None:
    assert run(["draw", "lenet5", "-q", "-o", str(tmp_path / "x.md")]) == 0
    text = (tmp_path / "x.md").read_text()
    assert text.startswith("```mermaid\n---\n")
    assert text.rpartition("<!--")[0].endswith("```\n")


def test_without_a_desktop_nothing_is_opened(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert run(["draw", "lenet5", "-o", str(tmp_path / "x.svg"), "--open"]) == 0
    assert "no desktop" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--show", "flops"], "not one of"),
        (["--style", "volumes", "--format", "png"], "volumes come as svg or pdf"),
        (["--focus", "layer9"], "did you mean"),
        (["--format", "bmp"], "not one of"),
        (["-o", "-", "--watch"], "--watch needs"),
        (["--watch"], "--watch needs a file of yours"),
    ],
)
def test_requests_that_cannot_be(options, said, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["draw", "resnet18", *options]) == 2
    assert said in capsys.readouterr().err


def test_watch_draws_again_and_outlives_a_mistake(tmp_path: Path) -> None:
    spec = tmp_path / "tiny.cnn"
    text = "network tiny() { x = input(3, 8, 8)\n output y = x -> conv(4, 3) }\n"
    spec.write_text(text)
    command = [sys.executable, "-u", "-m", "cnnspec", "draw", "tiny.cnn", "--watch"]
    watching = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    patience = threading.Timer(30, watching.kill)
    patience.start()

    def hears(words: str) -> bool:
        return any(words in line for line in iter(watching.stderr.readline, ""))

    try:
        assert hears("drew tiny")
        assert hears("watching")
        spec.write_text(text.replace("conv", "konv"))
        assert hears("konv")
        spec.write_text(text.replace("conv(4", "conv(17"))
        assert hears("drew tiny")
        assert "17×6×6" in (tmp_path / "tiny.svg").read_text()
    finally:
        patience.cancel()
        watching.terminate()
        watching.wait()
        watching.stderr.close()


# --- the page


def test_the_page_holds_the_whole_network() -> None:
    text = drawn_with("resnet152", format="html").decode()
    held = json.loads(re.search(r'id="network">(.*?)</script>', text, re.DOTALL)[1])

    def count(item: dict) -> int:
        return 1 + sum(count(each) for each in item.get("inner", ()))

    assert count(held["root"]) > 50
    assert set(re.findall(r"\w+://[^\"]*", text)) == {"http://www.w3.org/2000/svg"}


def test_a_box_is_what_it_says_it_is() -> None:
    first = next(each for each in picture("resnet18", Plan(1)).inner if isinstance(each, Box))
    assert (first.role, first.path) == ("input", "image")
