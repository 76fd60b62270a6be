"""What a network costs: figures against known ones, parts against totals, forms alike."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.analysis.accepted import accepted
from cnnspec.analysis.figures import Figures, Meter
from cnnspec.analysis.fold import Part, fold
from cnnspec.analysis.liveness import peak
from cnnspec.analysis.memory import activation_bytes
from cnnspec.analysis.order import best_order
from cnnspec.analysis.run import Run
from cnnspec.analysis.training import training
from cnnspec.cli import run
from cnnspec.ops import OPERATORS
from cnnspec.report.columns import COLUMNS
from cnnspec.shapes import image
from tests.emitted import network

INCEPTION = """network branches {
    image = input(3, 16, 16)
    a = image -> conv(4, 1)
    b = image -> conv(64, 1) -> conv(4, 3, pad = 1)
    c = image -> conv(2, 1) -> conv(32, 3, pad = 1) -> conv(4, 1)
    output y = concat(a, b, c) -> gap -> dense(3)
}
"""
DENSE = """block grow(x, by) {
    return concat(x, x -> bn -> relu -> conv(by, 3, pad = 1))
}
network growing {
    image = input(3, 16, 16)
    output y = image -> conv(8, 3) -> body: (grow(4) * 5) -> gap -> dense(10)
}
"""
HEADS = """network heads {
    image = input(3, 16, 16)
    x = image -> conv(8, 3, pad = 1) -> relu
    output y = x -> gap -> dense(10)
    train output aux(weight = 0.3) = x -> flatten -> dense(10)
}
"""


@pytest.fixture(scope="module")
def resnet50() -> cnnspec.Network:
    return network("resnet50")


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["cost", *arguments]) == 0
    return capsys.readouterr().out


# --- figures that are known


def test_the_figures_of_resnet50(resnet50: cnnspec.Network) -> None:
    cost = resnet50.cost()
    assert (cost["params"], cost["macs"]) == (25_557_032, 4_089_184_256)
    assert cost["flops"] == 2 * cost["macs"]
    assert cost["structure"]["depth"] == 50
    assert cost["structure"]["paths"] == 2**16
    # three maps of 256 x 56 x 56 when the first projection is normalised
    assert cost["memory"]["peak"] == 3 * 256 * 56 * 56 * 4
    assert cost["memory"]["peak_at"] == "layer1.0.downsample.1"


def test_every_operator_counts_what_its_docstring_promises() -> None:
    x, y = image(8, 4, 4), image(8, 4, 4)
    counted = {
        name: OPERATORS[name](**values).operations(inputs, (y,))
        for name, values, inputs in (
            ("relu", {}, (x,)),
            ("bn", {}, (x,)),
            ("add", {}, (x, x, x)),
            ("concat", {}, (x,)),
            ("conv", {"filters": 8, "size": 1}, (x,)),
            ("upsample", {"factor": 1.0, "mode": "bilinear"}, (x,)),
        )
    }
    assert counted == {
        "relu": 128,
        "bn": 256,
        "add": 256,
        "concat": 0,
        "conv": 128,
        "upsample": 896,
    }
    pooled = image(8, 2, 2)
    assert OPERATORS["maxpool"](size=2).operations((x,), (pooled,)) == 3 * 32
    assert OPERATORS["avgpool"](size=2).operations((x,), (pooled,)) == 4 * 32
    assert OPERATORS["adaptive_avgpool"](size=2).operations((x,), (pooled,)) == 4 * 32
    assert OPERATORS["gap"]().operations((x,), (image(8, 1, 1),)) == 128
    assert OPERATORS["gmp"]().operations((x,), (image(8, 1, 1),)) == 120


# --- sums


def numbers(cost: dict) -> dict[str, float]:
    """Give every number in it by its place."""
    found = {}

    def walk(value, path):
        if isinstance(value, dict):
            for key, each in value.items():
                walk(each, f"{path}.{key}")
        elif isinstance(value, list):
            for place, each in enumerate(value):
                walk(each, f"{path}.{place}")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[path] = value

    walk(cost, "")
    return found


DOUBLES = (
    "batch",
    "macs",
    "flops",
    "all_flops",
    "macs_forward",
    "activations",
    "activations_in_place",
    "activation_bytes",
    "largest_activation",
    "peak_in_place",
    "best_peak",
    "saved_activations",
)
MIXED = ("bytes_moved", "intensity", "peak")


@pytest.mark.parametrize("text", [INCEPTION, HEADS])
def test_doubling_the_batch_doubles_what_it_should_and_nothing_else(text: str) -> None:
    net = cnnspec.loads(text)
    once, twice = numbers(net.cost()), numbers(net.cost(batch=2))
    assert once.keys() == twice.keys()
    for path, value in once.items():
        name = path.rpartition(".")[2]
        if path == ".memory.peak" or name in DOUBLES:
            assert twice[path] == 2 * value, path
        elif name in MIXED:
            assert value <= twice[path] <= 2 * value, path
        else:
            assert twice[path] == value, path


@pytest.mark.parametrize("by", ["by_kind", "by_block", "by_stage", "nodes"])
def test_parts_add_up_to_the_whole(resnet50: cnnspec.Network, by: str) -> None:
    for net in (resnet50, cnnspec.loads(HEADS)):
        cost = net.cost(batch=3)
        for name in ("params", "macs", "all_flops"):
            assert sum(row[name] for row in cost[by]) == cost[name]


@pytest.mark.parametrize("depth", [1, 2, 9])
@pytest.mark.parametrize("spec", ["resnet50", "inception_v3", DENSE])
def test_a_folded_table_costs_what_an_unfolded_one_does(depth: int, spec: str) -> None:
    graph = (cnnspec.loads(spec) if spec == DENSE else network(spec)).elaborated
    meter = Meter(graph, Run(2))
    found = Figures.sum(
        Figures.sum([meter.part(replace(part, times=1, each=()))], times)
        for part, times in opened(fold(graph), depth)
    )
    assert found == meter.total


def opened(parts: tuple[Part, ...], depth: int, times: int = 1):
    """Open scopes so many levels deep: parts, each with how often it is there."""
    for part in parts:
        if part.each:
            yield from opened(part.each, depth, times)
        elif depth > 1 and part.parts:
            yield from opened(part.parts, depth - 1, times * part.times)
        else:
            yield part, times * part.times


def test_heads_count_in_training_only() -> None:
    cost = cnnspec.loads(HEADS).cost()
    aux = 10 * 8 * 16 * 16
    assert cost["params"] - cost["inference_params"] == aux + 10
    assert cost["training"]["macs_forward"] - cost["macs"] == aux


# --- memory


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
    found = training(resnet50.elaborated, Run(dtype="bf16"), optimiser=optimiser)
    assert found.optimiser == times * found.gradients == times * 2 * resnet50.params


# --- sizes, time


def test_the_sizes_that_a_network_takes_and_what_refuses_the_next() -> None:
    unet, alexnet = (accepted(network(name).elaborated) for name in ("unet", "alexnet"))
    assert (unet.smallest, unet.largest, unet.step) == ((188, 188), None, 16)
    assert unet.below.node.kind == "concat"
    assert (alexnet.smallest, alexnet.largest, alexnet.step) == ((227, 227), (258, 258), 1)
    assert alexnet.below.node.path == alexnet.above.node.path == "fc6"
    for side, takes in ((226, False), (227, True), (258, True), (259, False)):
        assert elaborates("alexnet", side) == takes
    wide = "network wide { image = input(3, 8, 16) output y = image -> flatten -> dense(2) }"
    assert accepted(cnnspec.loads(wide).elaborated).largest == (8, 16)


def elaborates(name: str, side: int) -> bool:
    """Whether a network is the same network, weights and all, on another image."""
    net = network(name)
    try:
        other = cnnspec.load(name, input=(net.nodes[0].shape.channels, side, side))
    except cnnspec.SpecError:
        return False
    return [node.weights for node in other.nodes] == [node.weights for node in net.nodes]


def test_a_step_takes_the_longer_of_computing_and_moving() -> None:
    net = cnnspec.loads("network one { image = input(4, 8, 8) output y = image -> conv(4, 1) }")
    macs, flowing, weights = 4 * 4 * 64, 2 * 4 * 64, 4 * 4 + 4
    work, moved = 2 * macs + 4 * 64, 4 * (flowing + weights)
    for peak_rate, bandwidth in ((1e6, 1e9), (1e9, 1e6)):
        row = net.cost(device=f"peak={peak_rate:.0f},bandwidth={bandwidth:.0f}")["nodes"][1]
        assert row["seconds"] == pytest.approx(max(work / peak_rate, moved / bandwidth))
        assert row["intensity"] == pytest.approx(work / moved)


def test_unknown_settings_are_refused(resnet50) -> None:
    with pytest.raises(ValueError, match="at least one example"):
        resnet50.cost(batch=0)
    with pytest.raises(ValueError, match="fp12"):
        resnet50.cost(dtype="fp12")
    with pytest.raises(ValueError, match="no device"):
        resnet50.cost(device="abacus")
    with pytest.raises(ValueError, match="adamant"):
        resnet50.cost(optimiser="adamant")


# --- forms


def test_csv_json_and_table_say_the_same(capsys) -> None:
    data = json.loads(asked(capsys, "resnet18", "--format", "json"))
    assert data["schema"] == "cnnspec.cost/1"
    listed = list(csv.DictReader(io.StringIO(asked(capsys, "resnet18", "--format", "csv"))))
    assert [row["layer"].split()[0] for row in listed] == [row["path"] for row in data["nodes"]]
    for name in ("params", "macs", "flops", "all_flops", "state"):
        assert [int(row[name]) for row in listed] == [row[name] for row in data["nodes"]]
    assert "11,689,512 parameters; 1,814,073,344 MACs" in asked(capsys, "resnet18")


@pytest.mark.parametrize("form", ["table", "csv", "md", "latex"])
@pytest.mark.parametrize(
    "view", [["--by", "kind"], ["--sort", "params", "--top", "3"], ["--depth", "3"]]
)
def test_every_column_in_every_form(form: str, view: list[str], capsys) -> None:
    columns = ",".join(COLUMNS)
    out = asked(capsys, "resnet18", "--format", form, "--columns", columns, "--device", "t4", *view)
    assert out.count("\n") > 3
    assert not any(line.endswith(" ") for line in out.splitlines())


def test_sorted_rows_fall(capsys) -> None:
    out = asked(
        capsys,
        "resnet18",
        "--sort",
        "macs",
        "--top",
        "7",
        "--columns",
        "layer,macs",
        "--format",
        "csv",
    )
    values = [int(line.rpartition(",")[2]) for line in out.splitlines()[1:]]
    assert len(values) == 7
    assert values == sorted(values, reverse=True)


def test_a_budget_turns_the_status(capsys) -> None:
    assert run(["cost", "resnet18", "--max-macs", "1.82G", "--max-params", "12M"]) == 0
    assert run(["cost", "resnet18", "--max-macs", "1.81G", "--max-peak", "1M"]) == 1
    out, said = capsys.readouterr()
    assert said.splitlines() == [
        "error: 1,814,073,344 MACs, and --max-macs is 1,810,000,000",
        "error: 6,422,528 bytes of values at a time at inference, and --max-peak is 1,000,000",
    ]
    assert "ResNet-18" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--columns", "layer,mac"], "no column 'mac'"),
        (["--sort", "size"], "no column 'size'"),
        (["--device", "abacus"], "'abacus' is no device"),
        (["--device", "t4", "--dtype", "fp64"], "no peak of t4 is known for fp64"),
        (["--max-macs", "much"], "'much' is not a count"),
        (["--batch", "0"], "0"),
    ],
)
def test_wrong_usage_is_named(arguments: list[str], words: str, capsys) -> None:
    assert run(["cost", "resnet18", *arguments]) == 2
    assert words in capsys.readouterr().err
