"""What a network costs: figures against known ones, parts against totals, sizes and time."""

from __future__ import annotations

from dataclasses import replace

import pytest

import cnnspec
from cnnspec.analysis.accepted import accepted
from cnnspec.analysis.figures import Figures, Meter
from cnnspec.analysis.fold import Part, fold
from cnnspec.analysis.run import Run
from cnnspec.ops import OPERATORS
from cnnspec.shapes import image
from tests.emitted import network
from tests.small import DENSE, HEADS, INCEPTION


@pytest.fixture(scope="module")
def resnet50() -> cnnspec.Network:
    return network("resnet50")


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


def test_sizes_go_on_in_steps_that_all_hold() -> None:
    # Rounding lets 7 through beside 8: the next are 15 and 16, and none is between.
    text = """network up() {
        image = input(3, 32, 32)
        a = image -> conv(4, 3, stride = 2, pad = 1)
        b = a -> conv(4, 3, stride = 2, pad = 1) -> conv(4, 3, stride = 2, pad = 1)
        output y = concat(a, b -> upsample(4)) -> conv(1, 1)
    }"""
    found = accepted(cnnspec.loads(text).elaborated)
    assert (found.smallest, found.largest, found.step) == ((7, 7), None, 8)
    for side, takes in ((7, True), (8, True), (9, False), (14, False), (15, True), (23, True)):
        try:
            cnnspec.loads(text, input=(3, side, side))
        except cnnspec.SpecError:
            assert not takes, side
        else:
            assert takes, side


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
