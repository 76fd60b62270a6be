"""What tables and pictures show of any network adds up to it, and no box is left without a line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import pytest

import cnnspec
from cnnspec.analysis.figures import Meter
from cnnspec.analysis.run import Run
from cnnspec.draw import View
from cnnspec.draw.boxes import Box, Frame
from cnnspec.draw.choose import choose
from cnnspec.draw.compose import plans
from cnnspec.draw.wires import wires
from cnnspec.graph import Graph
from cnnspec.report.rows import folded
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec
from tests.emitted import network

RANDOM = [f"random {number}" for number in range(60)]
SHIPPED = [
    "densenet121",
    "googlenet",
    "inception_v4",
    "regnet_y_400mf",
    "resnet152",
    "shufflenet_v2_x1_0",
    "unet",
]
BRANCHES = """block two(x, w) { return x -> conv(w, 1), x -> maxpool(2) -> conv(w + 2, 1) }
block mix(xs, w) {
    a = xs[0] -> conv(w, 1)
    return [a, xs[1] -> conv(w + 2, 1), add(a, a)]
}
block unit(x, w) { return add(x, x -> conv(w, 3, pad = 1) -> relu) }
network branches {
    x = input(8, 16, 16)
    x = x -> body: ((deep: (unit(8) * 2) -> bn) * 3) -> one: ((conv(8, 1) -> relu) * 4)
    a, b = x -> two(8)
    ys = [a, b]
    ys = ys -> first: (mix(8) * 1)
    ys = ys -> second: mix(8)
    output y = ys[1]
    output z = ys[0] -> gap
    train output early(weight = 0.5) = x -> gap -> dense(3)
}"""


def graph_of(name: str) -> Graph:
    if name == "branches":
        return cnnspec.loads(BRANCHES).elaborated
    if name in SHIPPED:
        return network(name).elaborated
    program = Generator(7).program(int(name.split()[1]))
    return cnnspec.loads(spec(program)).elaborated


@pytest.mark.parametrize("name", ["branches", *SHIPPED, *RANDOM])
def test_rows_add_up(name: str) -> None:
    meter = Meter(graph_of(name), Run())
    for depth in (1, 2, 3, 99):
        rows = folded(meter, depth=depth)
        sums = [(meter.total, [row for row in rows if row.depth == 0])]
        for at, row in enumerate(rows):
            below = takewhile(lambda each, top=row: each.depth > top.depth, rows[at + 1 :])
            inside = [each for each in below if each.depth == row.depth + 1]
            sums += [(row.figures, inside)] if inside else []
        for whole, inside in sums:
            for what in ("params", "macs", "nodes"):
                assert sum(getattr(row.figures, what) for row in inside) == getattr(whole, what)


@pytest.mark.parametrize("name", ["branches", *SHIPPED, *RANDOM])
def test_boxes_add_up_and_each_has_a_line(name: str) -> None:
    graph = graph_of(name)
    for view in (View(), View(0), View(1), View(2), View(all=True)):
        for plan in plans(view):
            drawn = choose(graph, plan)
            boxes = [box for box in drawn.boxes if box.role != "output"]
            if not grow(drawn.inner):
                assert sum(box.all_cost.macs for box in boxes) == drawn.whole.macs
                assert sum(box.all_cost.params for box in boxes) == drawn.whole.params
            left = {wire.source.order for wire in wires(drawn)}
            assert [box.path for box in boxes if box.order not in left] == []


def grow(inner: Sequence[Box | Frame]) -> bool:
    """Whether layers that grow are open: they cost differently each, and most say nothing."""
    frames = [each for each in inner if isinstance(each, Frame)]
    return any(each.grows or grow(each.inner) for each in frames)
