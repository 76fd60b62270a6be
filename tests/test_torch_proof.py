"""The proof: what is emitted does what the graph says; what does something else is caught."""

from __future__ import annotations

from contextlib import suppress

import pytest

import cnnspec
from cnnspec import library
from cnnspec.emit.loading import module_of
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec as written_spec
from tests.emitted import network
from tests.test_zoo import smallest
from tests.torch_proofs import maker, wrong

NAMES = sorted(library.shipped())
FILES = sorted(set(library.shipped().values()))
SPECS = ("tests/specs/yolov8.cnn:yolov8n", "tests/specs/ghostnet.cnn")

SPEC = """
block unit(x, filters, stride = 1, shortcut = true) {
    y = x -> conv1: conv(filters, 3, stride = stride, pad = 1) -> relu
          -> conv2: conv(filters, 3, pad = 1) -> bn: bn
    y = if shortcut then add(x, y) else y
    return y -> dropout(0.5)
}
network net {
    image = input(8, 16, 16)
    a, b = image -> split(2)
    x = concat(b -> relu, a) -> one: unit(8) -> two: unit(8) -> three: unit(12, shortcut = false)
    output y = x -> gap -> fc: dense(5)
    train output early = x -> early: (gap -> dense(5))
}
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        metafunc.parametrize("chosen", NAMES if every else FILES)


def test_does_what_the_graph_says(chosen: str) -> None:
    net = network(smallest(chosen))
    assert wrong(maker(net), net) == []
    if any(output.train for output in net.elaborated.outputs):
        assert wrong(maker(net, inference=True), net, inference=True) == []


@pytest.mark.parametrize("path", SPECS)
def test_does_what_the_graph_says_of_test_specs(path: str) -> None:
    net = cnnspec.load(path)
    assert wrong(maker(net), net) == []


def test_does_what_the_graph_says_of_random_networks() -> None:
    generator = Generator(11)
    for number in range(25):
        text = written_spec(generator.program(number))
        net = cnnspec.loads(text)
        with suppress(cnnspec.SpecError):  # what cannot be written in PyTorch
            assert wrong(maker(net), net) == [], text


#: What may go wrong in source, each as a change of the text that SPEC is written as; what is told.
MUTANTS = {
    "a weight of another step": ("self.two(self.one(", "self.one(self.one(", "two.conv1"),
    "a step left out": ("self.bn(", "(", "bn"),
    "other groups": (
        "filters, 3, padding=1)\n        self.bn",
        "filters, 3, padding=1, groups=2)\n        self.bn",
        "conv2",
    ),
    "a layer of another width": ("nn.BatchNorm2d(filters)", "nn.BatchNorm2d(filters + 4)", "bn"),
    "operands the other way": ("torch.cat([F.relu(b), a]", "torch.cat([a, F.relu(b)]", "concat"),
    "a shortcut from elsewhere": ("x + y if", "y + y if", "add"),
    "in place, where it writes into the image": ("F.relu(b)", "F.relu(b, inplace=True)", "concat"),
    "in place, where nobody else reads it": (
        "F.relu(self.conv1(x), inplace=True)",
        "F.relu(self.conv1(x))",
        None,
    ),
    "a head left out": ("if self.training:", "if False:", "1 outputs in training, the graph 2"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mistake_in_source_is_caught(mutant: str) -> None:
    before, after, told = MUTANTS[mutant]
    net = cnnspec.loads(SPEC)
    written = net.emitted("torch")
    assert before in written.text, written.text
    text = written.text.replace(before, after, 1)
    found = wrong(getattr(module_of(text), written.class_name), net)
    if told is None:  # that is none
        assert found == []
    else:
        assert any(told in each for each in found), found
