"""Figures of graphs that hold instances whole are those of the full elaboration, exactly."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from cnnspec import library
from cnnspec.analysis.figures import Meter
from cnnspec.analysis.run import Run
from cnnspec.diagnostics import SpecError
from cnnspec.elaborate import Limits, Settings, condensed, elaborate
from cnnspec.elaborate.values import is_data
from cnnspec.graph import Graph
from cnnspec.ops import operators
from cnnspec.source import Source
from cnnspec.sweeps import plan, rows
from cnnspec.sweeps.figures import OF_WHOLES, measured
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec as written_spec
from cnnspec.whole import Whole
from tests.test_instances import cases

pytestmark = pytest.mark.slow

#: What is special about a block, and the image's way: values that leave it, share memory, die.
CASES = """
# a view of what comes in
block b(x) { return x -> dropout(0.5) -> identity }
image -> conv(4, 1) -> b -> conv(4, 1) -> b -> b -> relu
# a view of a part
block b(x) { return x -> conv(8, 1) -> crop(2) }
image -> b -> b -> relu
# one value under two names
block halves(x, y) { return add(x -> conv(4, 3, pad = 1), y -> relu) }
block b(x) {
    l, r = x -> conv(8, 1) -> split(2)
    return halves(l, r) -> conv(4, 1)
}
image -> b -> b -> b
# one value twice
block b(x, y) { return add(x -> relu, y -> conv(4, 1) -> bn) }
block c(x) { return b(x, x) }
image -> c -> conv(4, 1) -> c -> c
# values that are read again later
block b(x, first) { return add(x -> conv(8, 1) -> relu -> conv(4, 1), first) }
block c(x) {
    first = x -> conv(4, 3, pad = 1)
    x = b(first, first)
    x = b(x, first)
    return concat(b(x, first), first) -> conv(4, 1)
}
image -> c -> c -> c
# a large value that dies within
block b(x) { return x -> conv(64, 1) -> maxpool(2) -> conv(4, 1) -> upsample(2) }
block c(x) { return add(b(x), b(x -> conv(16, 1) -> relu -> conv(4, 1))) }
image -> conv(32, 1) -> conv(4, 1) -> c -> c
# several results
block b(x) {
    l, r = x -> conv(8, 3, pad = 1) -> split(2)
    return l -> relu, r
}
block c(x) {
    l, r = b(x)
    return add(l, r)
}
image -> c -> c -> c
# a list of nodes
block b(x) {
    each = [x]
    for i in range(3) {
        each = each + [if i > 0 then (concat(each) -> conv(2, 1)) else (x -> conv(2, 1))]
    }
    return concat(each) -> conv(4, 1)
}
image -> b -> b -> b
# what nothing takes
block b(x) {
    lost = x -> conv(9, 3, pad = 1)
    return x -> conv(4, 1)
}
image -> b -> b -> b
# what comes in is what comes out
block b(x, n) {
    for i in range(n) { x = x -> conv(4, 1) }
    return x
}
image -> b(0) -> b(1) -> b(0) -> b(2) -> b(2)
# a body that asks for a size
block b(x) {
    return x -> conv(4, 3, stride = if x.height > 9 then 2 else 1, pad = 1)
}
block c(x) { return x -> b -> b -> relu }
image -> c -> c -> c
# a default that asks for a size
block b(x, n = x.width // 2) { return x -> conv(n, 1) -> conv(4, 1) }
image -> b -> b -> b
# a shape as a list
block b(x) { return x -> conv(x.shape[1], 1) -> conv(4, 1) }
block c(x) { return b(x) -> b }
image -> c -> c
# channels that come of a size
block b(x) { return mul(x, x -> maxpool(2) -> flatten -> dense(4) -> sigmoid) }
block c(x) { return b(x) -> b }
image -> c -> c
# channels of what nothing takes
block b(x) {
    lost = x -> maxpool(2) -> flatten
    return x -> conv(lost.channels, 1) -> conv(4, 1)
}
block c(x) { return b(x) -> b }
image -> c -> c
# channels that count places
block b(x) {
    flat = x -> maxpool(2) -> flatten
    wide = x -> conv(flat.channels, 1) -> conv(4, 1)
    return mul(wide, flat -> dense(4))
}
image -> b -> b
# a window that does not fit
block b(x) { return x -> conv(4, 3) -> relu }
image -> b -> b -> b -> b -> b
# rates
block b(x, rate) { return add(x, x -> conv(4, 1) -> drop_path(rate / 2)) }
image -> b(0.1) -> b(0.2) -> b(0.3) -> b(0.3)
# a rate that decides
block b(x, rate) { return if rate > 0.25 then (x -> relu) else (x -> conv(4, 1) -> dropout(rate)) }
block c(x, rate) { return b(x, rate) }
image -> c(0.1) -> c(0.2) -> c(0.3) -> c(0.4)
# a rate that is too high
block b(x, rate) { return x -> conv(4, 1) -> dropout(2 * rate) }
image -> b(0.1) -> b(0.3) -> b(size / 40) -> b(0.2)
# a fraction that makes a width
block b(x, rate) { return x -> conv(round(40 * rate), 1) -> relu -> conv(4, 1) }
block c(x, rate) { return b(x, rate) -> dropout(rate) }
image -> c(0.1) -> c(0.2) -> c(0.1) -> c(0.3)
# a fraction in a step that is given
block wrap(x, unit) { return x -> unit }
block b(x, rate) { return x -> wrap(conv(round(40 * rate), 1)) -> wrap(conv(4, 1)) }
image -> b(0.1) -> b(0.2) -> b(0.1)
"""
SIZES = (8, 12, 16, 21, 8, 6, 3, 16)


def own_cases() -> dict[str, str]:
    """Give each case as a network with its size as a parameter, two outputs and a head."""
    found = {}
    for case in CASES.split("\n# ")[1:]:
        name, _, text = case.strip("\n").partition("\n")
        blocks, _, flow = text.rpartition("\nimage")
        found[name] = (
            f"{blocks}\nnetwork net(size = 8) {{\n    image = input(4, size, size)\n"
            f"    y = image{flow}\n    output logits = y -> gap -> dense(3)\n    output again = y\n"
            "    train output head = y -> gap -> dense(5)\n}\n"
        )
    return found


def figures(graph: Graph) -> dict[str, object]:
    return measured(Meter(graph, Run(2, "float16")), sorted(OF_WHOLES))


def data(graph: Graph) -> dict[str, object]:
    return {name: value for name, value in graph.parameters.items() if is_data(value)}


def held(text: str, network: str | None, settings: Settings) -> int:
    """Hold what is whole against what is full; give how many nodes were whole."""
    source = Source("text", text)
    how = {"operators": operators(), "resolve": library.resolver(None), "bounds": Limits()}
    whole = condensed(source, network, settings=settings, **how)
    try:
        full = elaborate(source, network, settings=settings, **how).graph
    except SpecError:
        assert whole is None
        return 0
    assert whole is not None
    assert figures(whole) == figures(full)
    assert data(whole) == data(full)
    assert [each.port.shape for each in whole.outputs] == [e.port.shape for e in full.outputs]
    return sum(isinstance(node.op, Whole) for node in whole.nodes)


@pytest.mark.parametrize("name", own_cases())
def test_what_is_special_about_a_block(name: str) -> None:
    text = own_cases()[name]
    wholes = [held(text, None, Settings({"size": size})) for size in SIZES]
    assert any(wholes)


@pytest.mark.parametrize("name", cases())
def test_blocks_that_come_several_times(name: str) -> None:
    for shape in (None, (4, 6, 6), (4, 12, 9), (4, 5, 5), None):
        held(cases()[name], None, Settings({}, shape))


@pytest.mark.parametrize("name", library.shipped())
def test_networks_that_ship(name: str) -> None:
    source, network, _ = library.find(name)
    shape = (
        elaborate(source, network, operators=operators(), resolve=library.resolver(None))
        .graph.inputs[0]
        .shape
    )
    wholes = 0
    for size in (None, 96, 160):
        given = None if size is None or len(shape) == 1 else (shape[0], size, size)
        wholes += held(source.text, network, Settings({}, given))
    assert wholes or "block" not in source.text or name == "inception_naive"


def test_random_networks() -> None:
    generator, random = Generator(20261201), Random(7)
    wholes = 0
    for program in islice(map(generator.program, range(200)), 200):
        text = written_spec(program)
        wholes += held(text, None, Settings({}))
        for _ in range(3):
            sides = random.randint(4, 40), random.randint(4, 40)
            wholes += held(text, None, Settings({}, (program_channels(text), *sides)))
    assert wholes > 100


def program_channels(text: str) -> int:
    return int(text.split("input(")[1].split(",", maxsplit=1)[0].split(")", maxsplit=1)[0])


FAMILIES = {
    "efficientnet_b0": {"width": "0.3..2", "depth": "0.5..2.5", "resolution": "32..400"},
    "resnet50": {"classes": "1..1000"},
    "mobilenet_v2": {"width": "0.3..2", "resolution": "32..300"},
    "mobilenet_v3_large": {"classes": "1..1000"},
    "densenet121": {"classes": "1..1000"},
    "googlenet": {"classes": "1..1000"},
}


@pytest.mark.parametrize("spec", FAMILIES)
def test_rows_of_families_are_those_of_full_elaborations(spec: str, monkeypatch) -> None:
    sizes = None if "resolution" in FAMILIES[spec] else "3x24..300"
    how = {"set": FAMILIES[spec], "input": sizes, "figures": sorted(OF_WHOLES), "sample": 12}
    made = plan(spec, seed=5, **how)
    found = list(rows(made))
    monkeypatch.setattr("cnnspec.sweeps.measure.condensed", lambda *_, **__: None)
    assert found == list(rows(made))


@pytest.mark.parametrize("limits", [{"nodes": 30}, {"steps": 150}, {"text": 4}, {"depth": 1}])
def test_a_budget_that_runs_out_is_said_by_the_full_elaboration(limits: dict[str, int]) -> None:
    deep = (
        "block a(x) { return x -> conv(4, 1) -> relu }\nblock b(x) { return x -> a }\n"
        "network net { output y = input(4, 6, 6) -> b * 20 }"
    )
    how = {"operators": operators(), "resolve": library.resolver(None), "settings": Settings({})}
    for bounds in (Limits(), Limits().raised(limits), Limits().raised(limits)):
        whole = condensed(Source("text", deep), None, bounds=bounds, **how)
        assert (whole is None) == (bounds != Limits())
