"""Costs held against torch: operations that it counts, bytes that it saves, values that it holds.

The smallest network of each file, and three networks' memory; all of them with `--zoo`.
"""

from __future__ import annotations

import contextlib
from math import prod

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.bench_memory import NETWORKS, measure
from cnnspec.analysis.accepted import accepted
from cnnspec.analysis.macs import node_macs
from cnnspec.analysis.parameters import trainable
from tests.emitted import build, network
from tests.test_zoo import FILES, NAMES, smallest
from tests.test_zoo_oracles import STATES, WEIGHTED, here, oracle

#: Small enough for every run of the tests.
FEW = ("shufflenet_v2_x1_0", "mobilenet_v2", "unet")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    every = metafunc.config.getoption("--zoo")
    if "chosen" in metafunc.fixturenames:
        metafunc.parametrize("chosen", NAMES if every else FILES)
    if "measured" in metafunc.fixturenames:
        metafunc.parametrize("measured", NETWORKS if every else FEW)


def test_flops_are_those_that_torch_counts(chosen: str) -> None:
    if chosen in FILES and not networks_of(chosen):
        return  # a file of blocks
    name = smallest(chosen)
    net = network(name)
    model = build(name, device="meta").eval()
    inputs = [torch.empty(1, *node.shape, device="meta") for node in net.elaborated.inputs]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(*inputs)
    assert counter.get_total_flops() == net.flops


def networks_of(file: str) -> list[str]:
    from cnnspec import library

    return [name for name, held in library.shipped().items() if held == file]


@pytest.mark.parametrize("stem", STATES)
def test_every_layer_costs_what_the_published_one_does(stem: str) -> None:
    """Multiply-adds and parameters by path, from the published layers' settings and shapes."""
    facts = oracle(stem)
    shapes = facts["state_dict"]
    nodes = {node.path: node for node in network(here(stem)).elaborated.nodes}
    compared = 0
    for each in facts["layers"]:
        if each["type"] not in WEIGHTED:
            continue
        node, path = nodes[each["path"]], each["path"]
        owned = {k: v for k, v in shapes.items() if k.rpartition(".")[0] == path}
        kept = ("running_mean", "running_var", "num_batches_tracked")
        numbers = sum(prod(v) for k, v in owned.items() if k.rpartition(".")[2] not in kept)
        assert trainable([node]) == numbers, path
        weight = owned.get(f"{path}.weight", [])
        per_place = prod(weight[1:]) if len(weight) > 1 else 0
        places = prod(each["out"])
        assert node_macs(node) == per_place * places, path
        compared += 1
    assert compared > 5


def test_memory_is_what_torch_takes(measured: str) -> None:
    found = measure(measured)
    # local response normalisation holds four maps while it runs, where one step has two
    scratch = measured == "googlenet"
    # activations of the emitted unet overwrite their input, so its fullest moment is another's
    exact = 0.01 if measured == "unet" else 0.001
    assert found.inference.ratio == pytest.approx(2 / 3 if scratch else 1, abs=exact)
    assert found.saved.ratio == pytest.approx(1, abs=0.005)
    assert found.training.ratio == pytest.approx(1, abs=0.03)


def test_the_sizes_that_are_taken_run_and_the_others_do_not() -> None:
    found = accepted(network("unet").elaborated)
    assert found.height[:3] == found.width[:3] == (188, None, 16)
    model = build("unet", device="meta").eval()
    # at 189 the spec crops more, and so does the class: the graph alone has other crops in numbers
    for side, takes in ((187, False), (188, True), (189, True), (204, True)):
        image = torch.empty(1, 1, side, side, device="meta")
        with contextlib.nullcontext() if takes else pytest.raises(RuntimeError):
            model(image)


def test_the_ten_networks_ship() -> None:
    assert len(NETWORKS) == 10
    assert set(NETWORKS) <= set(NAMES)
    assert set(FEW) <= set(NETWORKS)
