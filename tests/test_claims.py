"""What pictures, tables and the page say is true: every word is held against the graph.

`make claims` holds every picture of every network and prints how many claims that were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import cnnspec
from cnnspec.analysis import wording
from cnnspec.analysis.fold import Part, fold
from cnnspec.draw import Look, View, titles, words
from cnnspec.draw.boxes import Box, Frame
from cnnspec.draw.choose import choose
from cnnspec.draw.plan import Plan
from cnnspec.draw.tree import tree
from cnnspec.graph import Graph
from cnnspec.report import rows
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec
from tests.claims import Claims, pictures
from tests.claims_read import Untrue
from tests.emitted import network, shipped
from tests.pictures import SVG, drawn

pytestmark = pytest.mark.slow

SPECS = sorted((Path(__file__).parent / "pictured").glob("*.cnn"))
RANDOM = range(60)
#: The first try without a stated depth, and all that there is.
PLANS = (Plan(1, samples="each"), Plan(64, longest=0, lines=False, repeats=False))
SPREAD = (
    "densenet121",
    "inception_v4",
    "mobilenet_v3_small",
    "resnet50",
    "unet",
    "wide_resnet28_10_cifar10",
    "xception",
)


def graph_of(name: str) -> Graph:
    file = Path(__file__).parent / "pictured" / f"{name}.cnn"
    return cnnspec.load(file).elaborated if file.is_file() else network(name).elaborated


@pytest.mark.parametrize("name", shipped())
def test_every_network_that_ships_is_drawn_truly(name: str) -> None:
    graph = network(name).elaborated
    found: Counter[str] = Counter()
    for plan in PLANS:
        found += Claims(graph, choose(graph, plan)).check()
    assert min(found[what] for what in ("steps", "shapes", "costs", "lines", "outputs")) > 0


@pytest.mark.parametrize("name", [*SPREAD, *(file.stem for file in SPECS)])
def test_however_far_it_is_opened_a_picture_is_true(name: str) -> None:
    graph = graph_of(name)
    assert sum(sum(Claims(graph, one).check().values()) for one in pictures(graph)) > 300


@pytest.mark.parametrize("number", RANDOM)
def test_pictures_of_random_networks_are_true(number: int) -> None:
    graph = cnnspec.loads(spec(Generator(11).program(number))).elaborated
    for one in pictures(graph):
        Claims(graph, one).check()


@pytest.mark.parametrize("name", [*SPREAD, *(file.stem for file in SPECS)])
def test_rows_of_tables_and_parts_of_the_page_are_true(name: str) -> None:
    graph = graph_of(name)
    claims = Claims(graph, choose(graph, PLANS[0]))
    for part in parts(fold(graph)):
        claims.alone_of(rows._words(part, 99), part.head.path, part.last[0].path)
    for item in items(tree(graph, View(), Look())):
        first, _, last = item["tip"].partition("\n")[0].partition(" to ")
        title = titles.many(item["title"], item.get("times", 1))
        grows = f", each adds {item['grows']} channels" if item.get("grows") else ""
        claims.alone_of(title + grows, first, last or first)


def parts(found: tuple[Part, ...]) -> Iterator[Part]:
    for part in found:
        if getattr(part.head, "kind", "") != "input":
            yield part
        yield from parts(part.parts)


def items(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for inner in item["inner"]:
        if inner["tip"].startswith("output "):
            continue
        if "\n" in inner["tip"] and inner["family"] != "basic":
            yield inner
        if "inner" in inner:
            yield from items(inner)


@pytest.mark.parametrize("name", SPREAD)
def test_what_is_written_is_what_the_boxes_say(name: str) -> None:
    """The claims are held on boxes: a finished picture has their words, all of them and no more."""
    root = ET.fromstring(drawn(name))
    found = Counter(
        tuple((text.text or "").strip("\xa0") for text in group.iter(f"{SVG}text"))
        for group in root.iter(f"{SVG}g")
        if group.get("class") == "node" and group.get("data-kind") is not None
    )
    graph, look = network(name).elaborated, Look()
    told = [
        Counter(tuple(filter(None, said(box, look))) for box in one.boxes)
        for one in pictures(graph)
    ]
    assert any(found == each for each in told)


def said(box: Box, look: Look) -> tuple[str, ...]:
    return words.title(box, look), words.shapes(box, look), words.costs(box.cost, look)


# --- the claims are held: each of these words is broken once


def broken(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    kinds = {
        "each": (titles, "_grouped", lambda said, behind, plain: iter(said)),
        "width": (titles, "numbers", lambda node, width=False, plain=wording.numbers: plain(node)),
        "stride": (wording, "_shrinks", lambda scope, stride: stride > 1),
        "enlarges": (wording, "_enlarges", lambda node: False),
        "values": (wording, "same_values", lambda part: part.head.values),
        "neighbours": (titles, "are_neighbours", lambda part: False),
        "brackets": (
            wording,
            "repeated",
            lambda words, n, times="x": f"{words} {times} {n}" if n > 1 else words,
        ),
    }
    module, name, worse = kinds[what]
    for each in (module, titles, wording):
        if hasattr(each, name):
            monkeypatch.setattr(each, name, worse)


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("each", "resnet50"),
        ("width", "resnet50"),
        ("stride", "stacks"),
        ("enlarges", "unet"),
        ("values", "stacks"),
        ("neighbours", "hourglass"),
        ("brackets", "stacks"),
    ],
)
def test_a_false_word_is_found(what: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(name)
    broken(monkeypatch, what)
    drawn_all = pictures(graph)
    with pytest.raises(Untrue):
        sum(sum(Claims(graph, one).check().values()) for one in drawn_all)


@pytest.mark.parametrize("field", ["shape", "cost", "times", "paths"])
def test_a_false_box_is_found(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = network("resnet50").elaborated
    drawn = choose(graph, PLANS[0])

    def worse(each: Box | Frame) -> Box | Frame:
        if isinstance(each, Frame):
            inner = tuple(map(worse, each.inner))
            times = each.times + (field == "times" and each.times > 1)
            return replace(each, inner=inner, times=times)
        if each.path == "layer2.0":
            each = replace(
                each,
                shape=graph.nodes[0].shape if field == "shape" else each.shape,
                cost=each.cost._replace(params=1) if field == "cost" else each.cost,
                paths="layer2.1" if field == "paths" else each.paths,
            )
        return each

    drawn.inner = tuple(map(worse, drawn.inner))
    with pytest.raises(Untrue):
        Claims(graph, drawn).check()
