"""Drawings: every network in every format, on one readable page, the same bytes every time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cnnspec.draw import drawing, svg
from cnnspec.draw.page import READABLE, smallest_text
from tests.emitted import network, shipped
from tests.pictures import SVG, drawn, drawn_with

pytestmark = pytest.mark.slow

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
