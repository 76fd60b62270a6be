"""Blocks that are one chain: as a sequence or not, their classes run every step that they have."""

from __future__ import annotations

import pytest

import cnnspec
from cnnspec import witness
from cnnspec.verify import verify

pytestmark = pytest.mark.framework

BODIES = (
    "for i in range(3) { x = x -> conv(4, 3, pad = 1) -> relu }  return x",
    "for i in range(3) { x = x -> conv(4, 3, pad = 1) -> act }  return x -> conv(4, 1)",
    "for i in range(3) { x = x -> act -> dropout(0.3) }  return x -> conv(4, 1)",
    "return x -> (conv(4, 3, pad = 1) -> act) * 3",
    "return x -> act * 3 -> conv(4, 1)",
    "for i in range(2) { x = x -> g{i}: (conv(4, 1) -> act) }  return x",
    "for w in [4, 8] { x = x -> conv(w, 1) -> bn(affine = false) -> act }  return x",
    "for i in range(2) { for j in range(2) { x = x -> act -> conv(4, 1) } }  return x",
    "return x -> act -> act -> conv(4, 1) -> act",
    "y = x -> act  return y -> act -> conv(4, 1) -> tanh -> tanh",
    "for i in range(3) { x = x -> maxpool(2, 1, pad = same) -> conv(4, 1) }  return x -> act",
    "for i in range(3) { if i == 1 { x = x -> act }  x = x -> conv(4, 1) }  return x",
    "return x -> f: (conv(4, 1) -> act) * 2",
    "return x -> (act when true) -> conv(4, 1) -> (act when false) -> act",
    "for i in range(2) { x = x -> unit(act) }  return x -> act",
)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("step", ["tanh", "leaky_relu(0.1)", "spatial_dropout"])
def test_every_step_of_a_chain_is_run(body: str, step: str) -> None:
    unit = "block unit(x, act) { return x -> conv(4, 1) -> act }\n" if "unit" in body else ""
    given = f"act = {step}" if "act" in body else ""
    named = "x, act = relu" if given else "x"
    net = cnnspec.loads(
        f"{unit}block part({named}) {{ {body} }}\n"
        f"network n {{ b = input(4, 6, 6)  output y = b -> part({given}) -> part() }}"
    )
    pair = [witness.find("numpy"), witness.find("torch")]
    assert verify(net, pair, training="dropout" in step).agrees


def test_members_with_names_that_tell_their_channels_keep_their_names() -> None:
    net = cnnspec.loads("""
        block growing(x, n) {
            for i in range(n) { x = concat(x, x -> layer{i + 1}: conv(2, 3, pad = 1)) }
            return x
        }
        network n {
            b = input(3, 6, 6)
            output y = b -> f: (one: growing(3) -> two: growing(2) -> bn -> last: conv(4, 1))
        }""")
    assert net.mismatch() == []
    assert verify(net, [witness.find("numpy"), witness.find("torch")]).agrees
