"""Instances that are copied are what they would be if their bodies ran: graph, scopes and trace."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

import cnnspec
from cnnspec import library
from cnnspec.diagnostics import SpecError
from cnnspec.elaborate.instances import Instances
from cnnspec.expression import Written
from cnnspec.graph import Graph, Port, walk_scopes
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec as written_spec
from cnnspec.trace import Binding, BlockCall, Choice, Item, Step

pytestmark = pytest.mark.slow

#: What is special about blocks that come several times: blocks, and what the image flows through.
CASES = """
# plain
block b(x) { return x -> conv(x.channels, 3, pad = 1) -> relu }
= b * 4
# one node twice
block b(x, y) { return add(x -> conv(4, 1), y) }
block c(x) { return b(x, x -> relu) }
block d(x) { return b(x, x) }
= c -> d -> c -> d -> c -> d
# two outputs
block b(x) {
    l, r = x -> split(2)
    return l, r
}
block c(x) {
    l, r = b(x)
    return concat(r -> relu, l)
}
= c * 4
# a list of nodes
block many(x, n) {
    for i in range(n) { x = x -> {i}: conv(4, 1) }
    return x
}
block both(nodes) { return add(nodes) }
block b(x, n) { return both([x -> conv(4, 1), x -> relu]) -> many(n) }
= b(2) * 3 -> b(3) * 3
# rates
block b(x, rate) { return add(x, x -> conv(4, 1) -> drop_path(rate / 2)) }
= b(0.1) -> b(0.2) -> b(0.3) -> b(0.4)
# rates in inner blocks
block a(x, rate) { return x -> conv(4, 1) -> dropout(rate) }
block b(x, rate) { return x -> a(rate / 2) -> a(rate) }
= b(0.1) -> b(0.2) -> b(0.2) -> b(0.2) -> b(0.3)
# a rate that decides
block b(x, rate) { return if rate > 0.25 then (x -> relu) else (x -> drop_path(rate)) }
= b(0.1) -> b(0.2) -> b(0.3) -> b(0.4) -> b(0.1)
# a rate that is an argument too
block b(x, rate) { return x -> scale(factor = rate) -> drop_path(rate) }
= b(0.1) -> b(0.1) -> b(0.2) -> b(0.1) -> b(0.2)
# a rate that decides through a default
block b(x, rate, n = round(10 * rate)) { return x -> conv(n, 1) -> drop_path(rate) }
= b(0.1) -> b(0.2) -> b(0.2) -> b(0.4) -> b(0.4) -> b(0.1) -> b(0.1) -> b(0.1)
# a rate and the channels
block b(x, rate) { return x -> conv(4, 1) -> drop_path(rate / x.channels) }
= b(0.1) -> b(0.2) -> b(0.2) -> b(0.3)
# a fraction in a step that is an argument
block wrap(x, unit) { return x -> unit }
block b(x, slope) { return x -> wrap(leaky_relu(slope)) }
block c(x, slope) { return x -> b(slope / 2) -> wrap((conv(4, 1) -> leaky_relu(slope))) }
= b(0.1) -> b(0.2) -> b(0.2) -> b(0.3) -> c(0.1) -> c(0.2) -> c(0.2)
# a rate of a long way
block b(x, r) { return x -> drop_path(-(r - r + r - r + r - r + r - r + r - r + r - r) + r) }
= b(0.1) -> b(0.2) -> b(0.2) -> b(0.3)
# labels and groups
block b(x, n) {
    x = x -> stem: (conv(4, 1) -> bn -> relu)
    for i in range(n) { x = x -> stage.{i}: (conv(4, 3, pad = 1) -> relu when i > 0) }
    return x -> out: conv(4, 1)
}
= b(2) -> b(2) -> b(3) -> b(2) -> b(3)
# blocks as arguments
block a(x) { return x -> conv(4, 1) -> relu }
block c(x, n = 4) { return x -> conv(n, 3, pad = 1) }
block b(x, unit, act = relu) { return x -> unit -> act -> unit }
= b(a) -> b(a) -> b(c) -> b(c, act = gelu) -> b(c, act = gelu) -> b(c(n = 4)) -> b(c(n = 4))
# recursion
block b(x, n) recurs on n {
    if n > 0 { x = x -> inner: b(n = n - 1) }
    return x -> conv(4, 1)
}
= b(2) -> b(2) -> b(1) -> b(2) -> b(3)
# values that are equal and not the same
block b(x, v) { return x -> relu when v == true -> conv(4, 1) }
= b(true) -> b(1) -> b(true) -> b(1) -> b(1.0) -> b(1.0) -> b(true)
# words
block b(x, mode) { return x -> upsample(2, mode = mode) -> maxpool(2) }
= b(nearest) -> b(bilinear) -> b(nearest) -> b(bilinear) -> b(nearest)
"""


def cases() -> dict[str, str]:
    found = {}
    for case in CASES.split("\n# ")[1:]:
        name, _, text = case.strip("\n").partition("\n")
        blocks, _, flow = text.rpartition("\n= ")
        found[name] = f"{blocks}\nnetwork net {{ output y = input(4, 6, 6) -> {flow} }}\n"
    return found


def port(one: Port) -> tuple[str, int]:
    return one.node.path, one.index


def value(one: Any) -> Any:
    if isinstance(one, Written):
        return "written", repr(one.value), repr(one.expression)
    if isinstance(one, tuple):
        return tuple(map(value, one))
    return type(one), repr(one) if isinstance(one, bool | int | float | str) else ""


def happened(item: Item) -> Any:
    if isinstance(item, Step):
        said = {key: value(each) for key, each in item.written.items()}
        return item.node.path, said, item.target, value(item.channels)
    if isinstance(item, BlockCall):
        said = {key: value(each) for key, each in item.arguments.items()}
        return item.scope.path, said, ports(item.inputs), ports(item.results), item.target
    if isinstance(item, Choice):
        inside = list(map(happened, item.body))
        return item.site, item.place, value(item.tests), item.taken, inside
    if isinstance(item, Binding):
        return item.name, port(item.port)
    turns = [list(map(happened, turn)) for turn in item.turns]
    return item.site, item.place, value(item.count), turns


def ports(listed: tuple[Port, ...]) -> list[tuple[str, int]]:
    return list(map(port, listed))


def facts(graph: Graph) -> Any:
    """Say everything that a graph, its scopes and what happened in them hold."""
    nodes = [
        (n.index, n.path, repr(n.op), ports(n.inputs), n.shapes, n.weights, n.scope.path, n.span)
        for n in graph.nodes
    ]
    scopes = [
        (
            (s.path, s.kind, s.parent and s.parent.path, s.span, s.block, id(s.definition)),
            {key: value(each) for key, each in s.values.items()},
            [(name, ports(found)) for name, found in s.inputs],
            ports(s.results),
            [member.path for member in s.members],
            s.consumed,
            list(map(happened, s.trace)),
        )
        for s in walk_scopes(graph.root)
    ]
    members = [m for s in walk_scopes(graph.root) for m in s.members]
    assert {id(m) for m in members if m in graph.nodes} == set(map(id, graph.nodes))
    return nodes, scopes, graph.open_parameters, [(o.name, port(o.port)) for o in graph.outputs]


def both(load: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """Hold what is copied against what is run; give how many instances were copied."""
    copied, real = [], Instances.copied

    def counted(self: Instances, *given: Any) -> Any:
        result = real(self, *given)
        copied.append(result is not None)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(Instances, "copied", lambda *_: None)
        expected = facts(load().elaborated)
    with monkeypatch.context() as patch:
        patch.setattr(Instances, "copied", counted)
        for _ in range(2):
            assert facts(load().elaborated) == expected
    return sum(copied)


@pytest.mark.parametrize("name", cases())
def test_a_copy_is_what_running_the_body_gives(name: str, monkeypatch) -> None:
    text = cases()[name]
    assert both(lambda: cnnspec.loads(text), monkeypatch) > 0


@pytest.mark.parametrize("name", library.shipped())
def test_networks_that_ship_are_the_same(name: str, monkeypatch) -> None:
    both(lambda: cnnspec.load(name), monkeypatch)


def test_random_networks_are_the_same(monkeypatch) -> None:
    generator = Generator(20261125)
    copies = 0
    for program in islice(map(generator.program, range(150)), 150):
        text = written_spec(program)
        copies += both(lambda text=text: cnnspec.loads(text), monkeypatch)
    assert copies > 50


def test_variants_share_what_does_not_change(monkeypatch) -> None:
    cnnspec.load("efficientnet_b0")
    copies = both(lambda: cnnspec.load("efficientnet_b0", set={"classes": 7}), monkeypatch)
    assert copies > 16


def test_what_is_set_is_what_is_there() -> None:
    counts = [cnnspec.load("vgg11", set={"classes": n}).params for n in (10, 20, 10)]
    assert counts[0] == counts[2] == counts[1] - 10 * 4097


DEEP = """
block b(x) { return x -> conv(4, 1) -> relu }
network net { output y = input(4, 6, 6) -> b * 20 }
"""


@pytest.mark.parametrize("limits", [{"nodes": 30}, {"steps": 150}, {"text": 4}, {"depth": 1}])
def test_budgets_are_the_same(limits: dict[str, int], monkeypatch) -> None:
    def said() -> str:
        try:
            return str(cnnspec.loads(DEEP, limits=limits).params)
        except SpecError as mistakes:
            return str(mistakes)

    with monkeypatch.context() as patch:
        patch.setattr(Instances, "copied", lambda *_: None)
        expected = said()
    assert said() == said() == expected


def test_a_file_that_is_used_and_changes_is_read_again(tmp_path) -> None:
    (tmp_path / "used.cnn").write_text("block b(x) { return x -> conv(4, 1) }")
    spec = tmp_path / "net.cnn"
    spec.write_text('use "used.cnn"\nnetwork net { output y = input(4, 6, 6) -> b -> b -> b }')
    assert cnnspec.load(spec).params == 60
    (tmp_path / "used.cnn").write_text("block b(x) { return x -> conv(4, 1, bias = false) }")
    assert cnnspec.load(spec).params == 48
    (tmp_path / "used.cnn").unlink()
    with pytest.raises(SpecError, match=r"used\.cnn"):
        cnnspec.load(spec)
