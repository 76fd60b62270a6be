"""Folding: what is one part, what stays apart, and that nothing is lost in between."""

from __future__ import annotations

import pytest

import cnnspec
from cnnspec.analysis.fold import Part, fold
from cnnspec.analysis.macs import macs
from cnnspec.analysis.parameters import trainable
from cnnspec.analysis.wording import content
from cnnspec.graph import Node
from tests.emitted import network, shipped


def parts(text: str) -> tuple[Part, ...]:
    body = f"network n() {{\n image = input(8, 16, 16)\n {text}\n}}"
    return fold(cnnspec.loads(body).elaborated)


def folded(text: str, blocks: str) -> tuple[Part, ...]:
    body = f"{blocks}\nnetwork n() {{\n image = input(8, 16, 16)\n {text}\n}}"
    return fold(cnnspec.loads(body).elaborated)


def times(found: tuple[Part, ...]) -> list[int]:
    return [part.times for part in found]


@pytest.mark.parametrize("name", shipped())
def test_nothing_is_lost(name: str) -> None:
    graph = network(name).elaborated
    for how in (True, False):
        found = fold(graph, repeats=how)
        assert sum(part.params for part in found) == trainable(graph.nodes)
        assert sum(part.macs for part in found) == macs(graph)


def test_equal_neighbours_are_one() -> None:
    found = parts("output y = image -> conv(8, 3, pad = 1) * 3 -> conv(9, 3)")
    assert times(found) == [1, 3, 1]
    assert found[1].params == 3 * (8 * 8 * 9 + 8)


def test_without_repeats_neighbours_stay_apart() -> None:
    text = "network n() { x = input(8, 9, 9) output y = x -> conv(8, 3, pad = 1) * 3 }"
    graph = cnnspec.loads(text).elaborated
    assert times(fold(graph, repeats=False)) == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "other", ["conv(8, 5, pad = 2)", "conv(8, 3, pad = 1, bias = false)", "conv(8, 1)"]
)
def test_what_differs_stays_apart(other: str) -> None:
    found = parts(f"output y = image -> conv(8, 3, pad = 1) -> {other} -> conv(8, 3, pad = 1)")
    assert times(found) == [1, 1, 1, 1]


def test_what_something_else_looks_into_stays_apart() -> None:
    found = parts(
        "a = image -> conv(8, 3, pad = 1)\n b = a -> conv(8, 3, pad = 1)\n"
        "c = b -> conv(8, 3, pad = 1)\n output y = add(c, a)"
    )
    assert times(found) == [1, 1, 2, 1]


def test_groups_of_neighbours_repeat() -> None:
    found = folded(
        "x = image\n for i in range(4) { x = add(x, x -> unit) }\n output y = x",
        "block unit(x) { return x -> conv(8, 3, pad = 1) -> relu -> conv(8, 3, pad = 1) }",
    )
    assert times(found) == [1, 4]
    assert [each.kind if isinstance(each, Node) else each.block for each in found[1].members] == [
        "unit",
        "add",
    ]


DENSE = """block unit(x, growth) { return x -> bn -> conv(growth, 3, pad = 1) }
block dense_part(x, growth) {
    for i in range(5) { x = concat(x, x -> unit(growth)) }
    return x
}"""


def test_dense_layers_grow() -> None:
    (found,) = folded("output y = image -> dense_part(4)", DENSE)[1].parts
    assert (found.times, found.grows, tuple(found.shape)) == (5, 4, (28, 16, 16))
    assert found.params == sum(2 * c + 4 * (9 * c + 1) for c in (8, 12, 16, 20, 24))


def test_layers_that_grow_unevenly_stay_apart() -> None:
    uneven = DENSE.replace("unit(growth)) }", "unit(growth + i)) }")
    assert all(
        part.times == 1 for part in folded("output y = image -> dense_part(4)", uneven)[1].parts
    )


def test_a_rising_drop_rate_folds_and_is_not_said() -> None:
    block = "block unit(x, width, rate) { return add(x, x -> conv(width, 1) -> drop_path(rate)) }"
    found = folded("output y = image -> unit(8, 0.1) -> unit(8, 0.2) -> unit(8, 0.3)", block)
    assert times(found) == [1, 3]
    assert content(found[1]) == "unit(8)"


def test_stages_fold_into_a_first_and_the_rest() -> None:
    layer3 = next(p for p in fold(network("resnet152").elaborated) if p.head.segment == "layer3")
    assert times(layer3.parts) == [1, 35]
    assert (layer3.parts[1].head.path, layer3.parts[1].last[0].path) == ("layer3.1", "layer3.35")


#: A block whose second step reads its first, or what comes in.
EITHER = """
block either(x, z, p) {{
    a = x -> relu
    b = (if p then a else z) -> tanh
    return a, b
}}
network n {{
    x = input(2, 4, 4)
    z = input(2, 4, 4)
    a, b = either(x, z, {})
    c, d = either(a, b, {})
    output y = add(c, d)
}}
"""


@pytest.mark.parametrize("first", ["true", "false"])
def test_steps_that_are_wired_in_another_way_do_not_fold(first: str) -> None:
    other = {"true": "false", "false": "true"}[first]
    for second, times in ((other, 1), ("false", 2 if first == "false" else 1)):
        graph = cnnspec.loads(EITHER.format(first, second)).elaborated
        assert max(part.times for part in fold(graph)) == times
