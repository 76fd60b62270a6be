"""Activations overwrite what they are given where that changes no output and no gradient."""

from __future__ import annotations

import re
from random import Random

import pytest

import cnnspec
from cnnspec import library, witness
from cnnspec.emit.loading import module_of
from cnnspec.verify import verify
from cnnspec_torch.classes.write import write
from tests.emitted import network
from tests.test_zoo import smallest
from tests.torch_proofs import lowerings, made, wrong

FILES = sorted(set(library.shipped().values()))
SPREAD = ["googlenet", "mobilenet_v3_small", "shufflenet_v2_x0_5"]

#: Where an activation must leave its input alone, as a network's flow from `image`; and where not.
KEPT = {
    "what comes into the network": "output y = image -> relu -> conv(4, 1)",
    "a value with a name": "x = image -> conv(3, 1)\n    output y = add(x -> relu, x)",
    "a value that the gradient needs": "output y = image -> conv(4, 1) -> sigmoid -> silu",
    "an activation of an activation": "output y = image -> conv(4, 1) -> tanh -> relu6",
    "what dropout gives on in inference": (
        "x = image -> conv(3, 1)\n    output y = add(x -> dropout -> relu, x)"
    ),
    "a step that may not be there": (
        "x = image -> conv(3, 1)\n    output y = add(x -> (bn when deep) -> relu, x)"
    ),
    "half of a value": (
        "a, b = image -> conv(4, 1) -> split(2)\n    output y = add(a -> relu, b, a)"
    ),
    "a block's input": "output y = image -> conv(3, 1) -> first",
    "a turn's own result": "output y = image -> conv(3, 1) -> relu * 2",
    "a given activation where one place keeps its input": (
        "output y = image -> both -> both(act = silu)"
    ),
}
OVERWRITTEN = {
    "what a convolution made": "output y = image -> conv(4, 1) -> relu",
    "what normalisation made": "output y = image -> conv(4, 1) -> bn -> silu",
    "a sum": "x = image -> conv(3, 1)\n    output y = add(x, image) -> relu",
    "within a group": "output y = image -> body: (conv(3, 1) -> bn -> relu6)",
    "a step that may not be there, after one that is": (
        "output y = image -> conv(3, 1) -> (bn when deep) -> hardswish"
    ),
    "a given activation": "output y = image -> unit -> unit(act = silu)",
}
BLOCKS = """
block first(x) { return x -> relu -> conv(3, 1) }
block both(x, act = relu) { y = x -> act -> conv(3, 1)  return y -> bn -> act }
block unit(x, act = relu) { y = x -> conv(3, 1)  return y -> bn -> act }
"""


def spec_of(flow: str) -> str:
    used = [line for line in BLOCKS.splitlines() if re.search(rf"\b{line[6:10]}", flow)]
    blocks = "\n".join(each for each in used if each)
    return f"{blocks}\nnetwork net(deep = true) {{\n    image = input(3, 8, 8)\n    {flow}\n}}\n"


def text_of(flow: str) -> str:
    net = cnnspec.loads(spec_of(flow))
    assert wrong(made(net), net) == []
    return write(net.elaborated, lowerings(), ["A network."], inference=False).body


@pytest.mark.parametrize("kind", KEPT)
def test_what_is_needed_elsewhere_is_left_alone(kind: str) -> None:
    assert "inplace" not in text_of(KEPT[kind])


@pytest.mark.parametrize("kind", OVERWRITTEN)
def test_what_nobody_needs_is_overwritten(kind: str) -> None:
    assert "inplace=True" in text_of(OVERWRITTEN[kind])


def told(text: str, name: str, sizes: list[tuple[int, ...]], *, training: bool) -> list[object]:
    """Outputs, gradients and statistics in float64, for weights and images drawn alike."""
    import torch

    torch.manual_seed(3)
    model = getattr(module_of(text), name)().double().train(training)
    images = [torch.randn(2, *size, dtype=torch.float64, requires_grad=True) for size in sizes]
    copies = [each.detach().clone() for each in images]
    torch.manual_seed(4)
    given = model(*images)
    outputs = [given] if isinstance(given, torch.Tensor) else list(given)
    sum((each * each).mean() + each.mean() for each in outputs).backward()
    assert all(torch.equal(*pair) for pair in zip(images, copies, strict=True))
    gradients = [each.grad for each in (*images, *model.parameters()) if each.grad is not None]
    assert len(gradients) > 0
    return [*outputs, *gradients, *model.buffers()]


def same_without(net: cnnspec.Network) -> bool:
    """Whether a network does the same where nothing is overwritten; it tells whether it was."""
    import torch

    written = write(net.elaborated, lowerings(), ["A network."], inference=False)
    plain = re.sub(r"(, )?inplace=True", "", written.body)
    sizes = [tuple(node.shape) for node in net.elaborated.inputs]
    for training in (False, True):
        one = told(written.body, written.class_name, sizes, training=training)
        two = told(plain, written.class_name, sizes, training=training)
        assert len(one) == len(two)
        assert all(torch.equal(*pair) for pair in zip(one, two, strict=True))
    return plain != written.body


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        metafunc.parametrize("chosen", FILES if every else SPREAD)


def test_outputs_and_gradients_stay(chosen: str) -> None:
    assert same_without(network(smallest(chosen)))


@pytest.mark.parametrize("kind", OVERWRITTEN)
def test_values_are_told_as_they_were(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec_torch.backend.write", write)
    net = cnnspec.loads(spec_of(OVERWRITTEN[kind]))
    assert "inplace=True" in net.source("torch")
    for training in (False, True):
        found = verify(net, [witness.find("numpy"), witness.find("torch")], training=training)
        assert found.agrees


STEPS = """
    conv(3, 1)|bn|relu|silu|relu6|hardswish|mish|hardsigmoid|tanh|dropout|identity|(bn when deep)
    (conv(3, 3, pad = 1) when deep)|(conv(3, 1) -> relu)|(bn -> relu -> conv(3, 1))|unit|first
    (relu -> bn)|maxpool(3, stride = 1, pad = 1)|unit(act = silu)|bn -> hardswish
"""


def random_text(random: Random) -> str:
    """A network of steps that leave shapes as they are, and of sums of values with names."""
    steps = [each.strip() for line in STEPS.strip().splitlines() for each in line.split("|")]
    known, lines = ["image"], []
    for number in range(6):
        flow = " -> ".join(random.choices(steps, k=random.randint(1, 4)))
        head = random.choice(known)
        if random.random() < 0.4:
            head = f"{random.choice(['add', 'mul', 'sub'])}({head}, {random.choice(known)})"
        lines.append(f"    v{number} = {head} -> {flow}")
        known.append(f"v{number}")
    deep = random.choice(["true", "false"])
    body = "\n".join(lines)
    net = f"network net(deep = {deep}) {{\n    image = input(3, 6, 6)\n{body}"
    return f"{BLOCKS}\n{net}\n    output y = add({', '.join(known[-3:])})\n}}\n"


def test_outputs_and_gradients_of_random_networks_stay() -> None:
    random, times = Random(31), 0
    for _ in range(40):
        times += same_without(cnnspec.loads(random_text(random)))
    assert times > 20
