"""The classic picture: where maps stand, and that no line crosses one or its words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import cnnspec
from cnnspec.draw import Look, svg, volumes
from cnnspec.draw.arrange import Arranged, Route
from cnnspec.draw.volume import SPACE, Volume
from cnnspec.graph import Graph
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec
from tests.emitted import network
from tests.pictures import SVG, drawn_with

SPREAD = ("densenet121", "googlenet", "inception_bottleneck", "inception_naive", "unet", "xception")
FILES = ("hourglass", "stacks", "yolo")


def graph_of(name: str) -> Graph:
    if name.startswith("random"):
        return cnnspec.loads(spec(Generator(5).program(int(name.split()[1])))).elaborated
    if name in FILES:
        return cnnspec.load(Path(__file__).parent / "pictured" / f"{name}.cnn").elaborated
    return network(name).elaborated


@pytest.fixture
def arranged(monkeypatch: pytest.MonkeyPatch):
    """Give how the volumes of a network are arranged."""
    kept: list[Arranged] = []

    class Kept(Arranged):
        def __init__(self, *how) -> None:
            super().__init__(*how)
            kept.append(self)

    monkeypatch.setattr(volumes, "Arranged", Kept)

    def of(name: str) -> Arranged:
        volumes.volumes(graph_of(name), Look())
        return kept[-1]

    return of


def rect(volume: Volume) -> tuple[float, float, float, float]:
    """Give left, right, top and bottom of a map with its words."""
    middle = volume.x + volume.over / 2
    top = volume.y - volume.above
    return middle - volume.room / 2, middle + volume.room / 2, top, top + volume.tall - SPACE


def crossed(route: Route, every: dict[int, Volume]) -> Iterator[str]:
    """Name the maps that a line crosses; at its ends it may touch those that it leads to."""
    pieces = list(pairwise(route.points))
    for number, ((x, y), (to, there)) in enumerate(pieces):
        assert x == to or y == there
        ends = {
            *([route.wire.source.order] if number == 0 else []),
            *([route.wire.target.order] if number + 1 == len(pieces) else []),
        }
        for order, volume in every.items():
            left, right, top, bottom = rect(volume)
            apart = max(x, to) <= left or right <= min(x, to)
            if not (apart or max(y, there) <= top or bottom <= min(y, there)) and order not in ends:
                yield f"{route.wire.source.path} to {route.wire.target.path}: {volume.box.path}"


@pytest.mark.parametrize("name", [*SPREAD, *FILES, *(f"random {n}" for n in range(40))])
def test_no_line_crosses_a_map_or_its_words(name: str, arranged) -> None:
    found = arranged(name)
    assert [each for route in found.routes for each in crossed(route, found.volumes)] == []
    assert len(found.routes) >= len(found.volumes) - len(graph_of(name).inputs)
    long, high = found.size
    for volume in found.volumes.values():
        left, right, top, bottom = rect(volume)
        assert left >= 0
        assert right <= long
        assert top > 0
        assert bottom <= high
    for route in found.routes:
        assert all(0 <= x <= long and 0 <= y <= high for x, y in route.points)


@pytest.mark.parametrize("name", [*SPREAD, *FILES])
def test_lines_that_go_around_lie_on_none(name: str, arranged) -> None:
    taken = []
    for route in arranged(name).routes:
        for (x, y), (to, there) in pairwise(route.points[1:-1]):
            if y == there:
                taken.append((y, min(x, to), max(x, to), route.wire))
    for n, (y, left, right, wire) in enumerate(taken):
        for other, first, last, beside in taken[:n]:
            assert y != other or right < first or last < left, (wire, beside)


def test_a_u_net_turns_back_at_its_bottom(arranged) -> None:
    found = arranged("unet")
    rows = found.rows
    assert [row.back for row in rows] == [False, True]
    row_of = {v.box.order: n for n, row in enumerate(rows) for c in row.columns for v in c}
    around = [route.wire for route in found.routes if route.wire.way == "skip"]
    assert [(row_of[w.source.order], row_of[w.target.order]) for w in around] == [(0, 1)] * 4
    width, height, _ = svg.box_of(drawn_with("unet", style="volumes"))
    assert width < 1000
    assert height < 600


def test_what_stands_alone_stands_at_one_height(arranged) -> None:
    for row in arranged("vgg16").rows:
        assert len({volume.y for column in row.columns for volume in column}) == 1


def test_lines_have_their_heads_where_they_end() -> None:
    root = ET.fromstring(drawn_with("unet", style="volumes"))
    tips = [
        (each.get("d").replace("L", " ").split(" ")[-1], after.get("points").split(" ")[0])
        for each, after in pairwise(root)
        if each.tag == f"{SVG}path"
    ]
    assert len(tips) > 20
    assert all(end == tip for end, tip in tips)


def test_how_many_there_are_stays_with_what_there_is(arranged) -> None:
    lines = [line for v in arranged("stacks").volumes.values() for line in v.lines]
    assert any(line.endswith("× 3") for line in lines)
    assert not any(line.startswith(("×", "3")) for line in lines if "3x3" not in line)
