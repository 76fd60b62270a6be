"""Random mistakes in printed classes: the proof without torch and torch itself say the same."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch

import cnnspec
from cnnspec import backend
from cnnspec.emit.loading import module_of
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec as written_spec
from cnnspec_torch.attributes import state_key
from tests.emitted import network
from tests.mutations import mutated
from tests.torch_proofs import wrong

NETWORKS = ("lenet5", "mobilenet_v3_small", "googlenet", "densenet121", "unet")


def told(text: str, name: str, net: cnnspec.Network) -> list[str]:
    """Say what torch finds: in the state, then in what the class does."""
    try:
        make: Callable[[], Any] = getattr(module_of(text), name)
        with torch.device("meta"):
            model = make()
        state = model.state_dict()
    except Exception as failure:  # noqa: BLE001 (a mistake may raise anything)
        return [f"it cannot be made: {failure}"]
    found = {key: tuple(x.shape) for key, x in state.items()}
    found = {key: x for key, x in found.items() if not key.endswith("num_batches_tracked")}
    wanted = {
        state_key(node.path, weight.key): tuple(weight.shape)
        for node in net.elaborated.nodes
        for weight in node.weights
    }
    return wrong(make, net) if found == wanted else ["other weights"]


def agree(net: cnnspec.Network, times: int, seed: int) -> Counter[bool]:
    """Plant mistakes and count those that are none, and those that are told, by both."""
    counted: Counter[bool] = Counter()
    written = net.emitted("torch")
    chance = random.Random(seed)
    for _ in range(times):
        text = mutated(written.text, chance)
        if text is None:
            continue
        given = (text, written.class_name, net.elaborated)
        found = backend.verdict("torch", *given, inference=False)
        real = told(text, written.class_name, net)
        assert found.proved == (not real), (found, real, text)
        counted[found.proved] += 1
    return counted


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NETWORKS)
def test_of_networks_that_ship(name: str) -> None:
    counted = agree(network(name), 12, 3)
    assert counted[False] > 5


@pytest.mark.filterwarnings("ignore")
def test_of_random_networks() -> None:
    generator = Generator(37)
    total: Counter[bool] = Counter()
    for number in range(20):
        net = cnnspec.loads(written_spec(generator.program(number)))
        try:
            net.emitted("torch")
        except cnnspec.SpecError:
            continue
        total += agree(net, 4, number)
    assert total[False] > 30
    assert total[True] > 0
