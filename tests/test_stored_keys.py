"""Weights keep their keys and their order: checkpoints and optimisers' states still load."""

from __future__ import annotations

import pytest

from cnnspec import library
from tests.stored_keys import as_stored, folded, keras_keys, keys_of, stored, torch_keys, tree
from tests.test_zoo import smallest

NAMES = sorted(library.shipped())
FILES = sorted(set(library.shipped().values()))
#: Keras models whose building takes no long time: their weights are drawn.
LIGHT = ("googlenet", "lenet5", "mobilenet_v3_small", "resnet18", "unet")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    every = metafunc.config.getoption("--zoo")
    if "chosen" in metafunc.fixturenames:
        metafunc.parametrize("chosen", NAMES if every else FILES)
    if "light" in metafunc.fixturenames:
        metafunc.parametrize("light", NAMES if every else LIGHT)


def test_every_network_that_ships_is_stored_in_both_frameworks() -> None:
    assert sorted(stored()) == sorted(
        f"{each} {name}" for each in ("keras", "torch") for name in NAMES
    )


def test_torch_has_the_keys_that_are_stored(chosen: str) -> None:
    name = smallest(chosen)
    assert torch_keys(name) == list(stored()[f"torch {name}"])


def test_keras_has_the_weights_that_are_stored(light: str) -> None:
    assert [as_stored(each) for each in keras_keys(light)] == list(stored()[f"keras {light}"])


def test_a_list_is_folded_and_comes_back() -> None:
    keys = [f"layer1.{i}.{w}" for i in range(3) for w in ("conv.weight", "bn.weight", "bn.bias")]
    keys += ["a.b", "c.b", "a.d", "scale"]
    found = tree([each.split(".") for each in keys])
    assert [".".join(each) for each in keys_of(found)] == keys
    assert "layer1(0-2" in folded({"one": found})
