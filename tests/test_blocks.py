"""The blocks that several families share, each run in every backend."""

from __future__ import annotations

import pytest

import cnnspec
from cnnspec import witness
from cnnspec.verify import verify

pytestmark = pytest.mark.framework

#: A step that a block is, by its name, on an image of eight channels; the keys of its weights.
STEPS = {
    "squeeze_excite(2)": {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"},
    "cbam(2)": {
        *("channel.fc1.weight", "channel.fc2.weight", "spatial.conv.conv.weight"),
        *(f"spatial.conv.bn.{key}" for key in ("weight", "bias", "running_mean", "running_var")),
    },
    "eca": {"conv.weight"},
    "grn": {"weight", "bias"},
    "rezero(conv(8, 3, pad = 1, bias = false))": {"conv1.weight", "resweight"},
    "gem": set(),
}


def network(step: str) -> cnnspec.Network:
    text = f"""use "blocks.cnn"
    network n {{ image = input(8, 6, 5)  output y = image -> part: {step} }}"""
    return cnnspec.loads(text)


@pytest.mark.parametrize("step", STEPS)
def test_a_block_has_its_keys_and_is_the_same_everywhere(step: str) -> None:
    net = network(step)
    keys = {
        f"{node.path}.{weight.key}".rstrip(".")
        for node in net.elaborated.nodes
        for weight in node.weights
    }
    assert {key.removeprefix("part.") for key in keys} == STEPS[step]
    names = [witness.find(each) for each in ("numpy", "torch", "keras")]
    for training in (False, True):
        assert verify(net, names, training=training).agrees


def test_two_values_are_summed_by_shares_that_are_learned() -> None:
    net = cnnspec.loads(
        """use "blocks.cnn"
        network n {
            image = input(8, 6, 5)
            output y = image -> level: weighted_sum(image -> conv(8, 1))
        }"""
    )
    assert [node.path for node in net.elaborated.nodes if node.kind == "parameter"] == ["level.w"]
    assert verify(net, [witness.find(each) for each in ("numpy", "torch", "keras")]).agrees
