"""Emitted PyTorch at sizes that it was not written for, against the spec compiled there."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest

import cnnspec
from cnnspec import library
from tests.emitted import network
from tests.test_zoo import smallest
from tests.torch_proofs import made, wrong

NAMES = sorted(library.shipped())
FILES = sorted(set(library.shipped().values()))
#: So many other sizes a network is run at.
SIZES = 3

#: A layer's weights, or a `reshape`, have the image's size in them: another size is refused.
FIXED = {
    "alexnet": "fc6",
    "alexnet_paper": "fc6",
    "alexnet_ungrouped": "fc6",
    "cnn_flattening": "classifier",
    "googlenet": "aux1.fc1",
    "lenet5": "fc1",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        metafunc.parametrize("chosen", NAMES if every else FILES)


@cache
def others(name: str, count: int) -> tuple[cnnspec.Network, ...]:
    """Load a network at sizes that it accepts and was not written for, drawn by its name."""
    random = Random(name)
    channels, height, width = network(name).elaborated.inputs[0].shape
    found: list[cnnspec.Network] = []
    for _ in range(200):
        size = tuple(
            random.randint(length // 2, length + length // 4) for length in (height, width)
        )
        if size == (height, width) or len(found) == count:
            continue
        try:
            found.append(cnnspec.load(name, input=(channels, *size)))
        except cnnspec.SpecError:
            continue
    return tuple(found)


def test_other_sizes_are_computed_as_the_spec_says_or_refused(
    chosen: str, pytestconfig: pytest.Config
) -> None:
    name = smallest(chosen)
    make = made(network(name))
    for other in others(name, SIZES if pytestconfig.getoption("--zoo") else 1):
        found = wrong(make, other)
        size = other.elaborated.inputs[0].shape
        if name in FIXED:
            assert any(each.startswith("the class stops") for each in found), (size, found)
        else:
            assert found == [], size
