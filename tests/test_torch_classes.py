"""Classes written from blocks' own programs: what they do is what the graphs say."""

from __future__ import annotations

import inspect
from contextlib import suppress
from functools import cache

import pytest

import cnnspec
from cnnspec import library
from cnnspec.emit.loading import module_of
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec as written_spec
from cnnspec_torch.classes.values import Hard
from cnnspec_torch.classes.write import projected, write
from tests.emitted import network
from tests.stored_keys import stored
from tests.test_zoo import smallest
from tests.torch_generality import run
from tests.torch_proofs import lowerings, made, wrong

NAMES = sorted(library.shipped())
FILES = sorted(set(library.shipped().values()))
SPECS = ("tests/specs/yolov8.cnn:yolov8n", "tests/specs/ghostnet.cnn")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        metafunc.parametrize("chosen", NAMES if every else FILES)


@cache
def keys(name: str) -> list[str]:
    import torch

    with torch.device("meta"):
        return list(made(network(name))().state_dict())


def test_does_what_the_graph_says_with_the_keys_that_are_stored(chosen: str) -> None:
    name = smallest(chosen)
    net = network(name)
    assert keys(name) == list(stored()[f"torch {name}"])
    assert wrong(made(net), net) == []
    if any(output.train for output in net.elaborated.outputs):
        assert wrong(made(net, inference=True), net, inference=True) == []


@pytest.mark.parametrize("path", SPECS)
def test_does_what_the_graph_says_of_test_specs(path: str) -> None:
    net = cnnspec.load(path)
    assert wrong(made(net), net) == []


def test_does_what_the_graph_says_of_random_networks() -> None:
    generator, gaps = Generator(12), 0
    for number in range(25):
        text = written_spec(generator.program(number))
        net = cnnspec.loads(text)
        with suppress(cnnspec.SpecError, Hard):  # what cannot be written in PyTorch, or not yet
            net.source("torch")
            try:
                found = wrong(made(net), net)
            except TypeError as gap:  # a parameter in a sequence, which is to be `Hard`
                if "is not a Module subclass" not in str(gap):
                    raise
                gaps += 1
                continue
            assert found == [], text
    assert gaps < 4


def test_means_what_the_spec_means_for_calls_that_no_text_has() -> None:
    agreed, failed, hard = run(24, 5, ["resnet50", "googlenet", *SPECS])
    assert failed == {}
    assert agreed >= 15  # the rest refuse an image whose size their weights have
    assert hard == 0


def test_parameters_are_the_specs(chosen: str) -> None:
    net = network(smallest(chosen))
    scope = module_of(write(net.elaborated, lowerings(), ["x"], inference=False).body)
    for each in projected(net.elaborated, lowerings()).file.classes:
        taken = inspect.signature(getattr(scope, each.name)).parameters
        flowing = [each.parameter_channels(node.name) for node in each.body.nodes]
        data = [each.file.word(parameter.name) for parameter in each.parameters]
        assert list(taken) == [*flowing, *data]
        for parameter in each.parameters:
            default = taken[each.file.word(parameter.name)].default
            assert (default is inspect.Parameter.empty) == (parameter.default is None)
