"""What a network costs: figures against known ones, parts against totals, sizes and time."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import cnnspec
from cnnspec.analysis.accepted import accepted
from cnnspec.analysis.figures import Figures, Meter
from cnnspec.analysis.fold import Part, fold
from cnnspec.analysis.receptive_field import receptive_fields
from cnnspec.analysis.run import Run
from cnnspec.ops import OPERATORS
from cnnspec.report.sections import built
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


# --- fields, sizes, time


def test_what_is_spread_over_an_image_brings_its_field_and_not_its_stride() -> None:
    # the sum sees what the pool saw, 34 rows of a padded image, and its places lie side by side
    fields = receptive_fields(
        cnnspec.loads(
            """network c {
                image = input(8, 32, 32)
                x = image -> conv(8, 3, pad = 1)
                output z = add(x, x -> gap -> dense(8)) -> conv(4, 3, pad = 1)
            }"""
        ).elaborated
    )
    assert {field.stride for field in fields.values()} == {(1, 1)}
    assert (fields["add1"].size, fields["conv2"].size) == ((34, 34), (36, 36))


@pytest.mark.parametrize("gate", ["gap -> dense(8)", "gmp(keep = true) -> conv(8, 1)"])
def test_a_gate_after_strides_keeps_the_stride_of_what_it_gates(gate: str) -> None:
    text = f"""network g {{
        image = input(3, 24, 40)
        x = image -> conv(8, 3, stride = [2, 1], pad = 1) -> maxpool(2)
        output z = mul(x -> {gate} -> sigmoid, x) -> conv(4, 1)
    }}"""
    fields = receptive_fields(cnnspec.loads(text).elaborated)
    assert fields["mul1"] == fields["conv2" if "dense" in gate else "conv3"]
    assert fields["mul1"].stride == fields["maxpool1"].stride == (4, 2)
    # all 6 x 20 places of the pool: 5 + 5 * 4 rows, 4 + 19 * 2 columns
    assert fields["mul1"].size == (5 + 5 * 4, 4 + 19 * 2)


def test_a_pooled_map_that_is_enlarged_again_has_its_step_back() -> None:
    text = """network aspp {
        image = input(3, 12, 12)
        x = image -> conv(8, 3, pad = 1)
        output z = concat(x, x -> gap(keep = true) -> upsample(12)) -> conv(4, 1)
    }"""
    fields = receptive_fields(cnnspec.loads(text).elaborated)
    assert fields["upsample1"].stride == fields["concat1"].stride == (1, 1)
    assert fields["concat1"].size == (14, 14)


def test_strides_are_fractions_where_windows_divide_an_image_unevenly() -> None:
    text = "network a { output y = input(2, 5, 6) -> adaptive_avgpool([3, 4]) -> conv(2, 1) }"
    field = receptive_fields(cnnspec.loads(text).elaborated)["conv1"]
    assert field == ((3, 2), (Fraction(5, 3), Fraction(3, 2)))


def test_the_sizes_that_a_network_takes_and_what_refuses_the_next() -> None:
    unet, alexnet = (accepted(network(name).elaborated) for name in ("unet", "alexnet"))
    for axis in (unet.height, unet.width):
        assert (axis.smallest, axis.largest, axis.step) == (188, None, 16)
        assert axis.below.node.kind == "concat"
    for axis in (alexnet.height, alexnet.width):
        assert (axis.smallest, axis.largest, axis.step) == (227, 258, 1)
        assert axis.below.node.path == axis.above.node.path == "fc6"
    assert unet.corner is alexnet.corner is None
    for side, takes in ((226, False), (227, True), (258, True), (259, False)):
        assert elaborates("alexnet", side) == takes
    wide = "network wide { image = input(3, 8, 16) output y = image -> flatten -> dense(2) }"
    found = accepted(cnnspec.loads(wide).elaborated)
    assert (found.height.largest, found.width.largest) == (8, 16)


def test_each_axis_has_its_own_sizes_and_its_own_refusal() -> None:
    text = """network axes {
        image = input(3, 12, 40)
        a = image -> tall: conv(4, [5, 1]) -> conv(4, [1, 9], stride = [1, 4])
        output y = add(a, a -> maxpool([1, 2]) -> up: pad([0, 0, 0, 4])) -> conv(2, 1)
    }"""
    found = accepted(cnnspec.loads(text).elaborated)
    assert (found.height.smallest, found.height.largest, found.height.step) == (5, None, 1)
    assert found.height.below.node.path == "tall"
    assert (found.width.smallest, found.width.largest, found.width.step) == (33, 40, 1)
    assert found.width.below.node.kind == found.width.above.node.kind == "add"
    for height, width, takes in (
        (5, 33, True),
        (4, 40, False),
        (12, 32, False),
        (12, 41, False),
        (90, 40, True),
    ):
        if takes:
            cnnspec.loads(text, input=(3, height, width))
        else:
            with pytest.raises(cnnspec.SpecError):
                cnnspec.loads(text, input=(3, height, width))
    said = facts(text)
    assert said["smallest image"] == (
        "5x33",
        "height: tall: a window of 5 x 1 does not fit into an image of 4 x 40",
        "width: add1: cannot add images of different shapes",
    )
    assert said["largest image"] == (
        "anyx40",
        "height: nothing refuses",
        "width: add1: cannot add images of different shapes",
    )


def facts(text: str) -> dict[str, tuple[str, ...]]:
    """What `cost --facts` says of how a network is built, by name."""
    ((_, rows),) = built(Meter(cnnspec.loads(text).elaborated, Run()))
    found: dict[str, tuple[str, ...]] = {}
    last = ""
    for name, value, why in rows:
        last = name or last
        found[last] = (*found.get(last, (value,)), why)
    return found


def test_sizes_that_do_not_go_together_are_told() -> None:
    text = """network fours {
        output y = input(1, 8, 8) -> flatten -> gn(4, affine = false)
    }"""
    found = accepted(cnnspec.loads(text).elaborated)
    assert [(axis.smallest, axis.largest) for axis in (found.height, found.width)] == [
        (1, None)
    ] * 2
    assert found.corner.node.kind == "gn"
    assert facts(text)["smallest image"] == (
        "1x1",
        "nothing refuses",
        "not both at once: gn1: 1 channels do not divide into 4 groups",
    )


def test_sizes_go_on_in_steps_that_all_hold() -> None:
    # Rounding lets 7 through beside 8: the next are 15 and 16, and none is between.
    text = """network up() {
        image = input(3, 32, 32)
        a = image -> conv(4, 3, stride = 2, pad = 1)
        b = a -> conv(4, 3, stride = 2, pad = 1) -> conv(4, 3, stride = 2, pad = 1)
        output y = concat(a, b -> upsample(4)) -> conv(1, 1)
    }"""
    found = accepted(cnnspec.loads(text).elaborated)
    for axis in (found.height, found.width):
        assert (axis.smallest, axis.largest, axis.step) == (7, None, 8)
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
