"""What a network needs of memory: orders of steps, in place, recomputed, an optimiser's state."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.analysis.liveness import peak
from cnnspec.analysis.memory import activation_bytes
from cnnspec.analysis.order import best_order
from cnnspec.analysis.run import Run
from cnnspec.analysis.training import training
from tests.emitted import network
from tests.small import HEADS, INCEPTION


@pytest.fixture(scope="module")
def resnet50() -> cnnspec.Network:
    return network("resnet50")


def test_the_best_order_is_found_and_needs_less() -> None:
    graph = cnnspec.loads(INCEPTION).elaborated
    written, best = peak(graph, Run()), best_order(graph, Run())
    assert best.exact
    assert best.bytes < written.bytes
    assert fullest_of(graph, best.order) == best.bytes


def test_beyond_the_stated_size_the_best_order_is_a_bound() -> None:
    graph = cnnspec.loads(INCEPTION).elaborated
    bound = best_order(graph, Run(), states=2)
    assert not bound.exact
    assert best_order(graph, Run()).bytes <= bound.bytes <= peak(graph, Run()).bytes


def fullest_of(graph, order) -> int:
    """Work the fullest moment of an order out anew, from edges alone (no views, nothing unread)."""
    place = {node.index: n for n, node in enumerate(order)}
    last = {}
    for node in order:
        assert all(place[port.node.index] < place[node.index] for port in node.inputs)
        last.update(dict.fromkeys((port.node.index for port in node.inputs), place[node.index]))
    alive = [
        sum(
            each.shape.size
            for each in order
            if place[each.index] <= now <= last.get(each.index, len(order))
        )
        for now in range(len(order))
    ]
    return 4 * max(alive)


@st.composite
def tangles(draw: st.DrawFn) -> str:
    """Write a network of random wiring: convolutions of random widths, each of an earlier value."""
    lines, names = [], ["image"]
    for n in range(draw(st.integers(1, 6))):
        source = draw(st.sampled_from(names))
        lines.append(f"    v{n} = {source} -> conv({draw(st.integers(1, 9))}, 1)")
        names.append(f"v{n}")
    wires = ", ".join(names)
    return f"""network tangle {{
    image = input(2, 4, 4)
{chr(10).join(lines)}
    output y = concat({wires}) -> gap -> dense(2)
}}
"""


@settings(deadline=None, max_examples=40)
@given(tangles())
def test_no_order_needs_less_than_the_best_one(text: str) -> None:
    graph = cnnspec.loads(text).elaborated
    best = best_order(graph, Run())
    assert best.exact
    assert best.bytes == min(fullest_of(graph, order) for order in orders(graph.nodes))


def orders(nodes):
    """Give every order in which nodes can run, the input first."""
    import networkx as nx

    dag = nx.DiGraph()
    dag.add_nodes_from(nodes)
    dag.add_edges_from((port.node, node) for node in nodes for port in node.inputs)
    return nx.all_topological_sorts(dag)


def test_activations_in_place_write_nothing() -> None:
    graph = cnnspec.loads(HEADS).elaborated
    relu = 4 * 8 * 16 * 16
    assert activation_bytes(graph) - activation_bytes(graph, Run(in_place=True)) == relu
    assert peak(graph, Run()).bytes == 2 * relu
    assert peak(graph, Run(in_place=True)).bytes == relu + 4 * 3 * 16 * 16


def test_recomputing_blocks_saves_memory_and_costs_operations(resnet50) -> None:
    whole = training(resnet50.elaborated, Run(8))
    again = training(resnet50.elaborated, Run(8), recompute=True)
    assert again.saved < whole.saved / 2
    assert again.peak < whole.peak
    assert 0 < again.recomputed < again.macs
    assert whole.recomputed == 0


@pytest.mark.parametrize(("optimiser", "times"), [("sgd", 0), ("momentum", 1), ("adam", 2)])
def test_an_optimiser_keeps_numbers_for_each_parameter(
    optimiser: str, times: int, resnet50
) -> None:
    found = training(resnet50.elaborated, Run(dtype="bfloat16"), optimiser=optimiser)
    assert found.optimiser == times * found.gradients == times * 2 * resnet50.params
