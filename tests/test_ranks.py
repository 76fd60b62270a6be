"""Steps that are handed to blocks, where images flow at one place and vectors at another."""

from __future__ import annotations

import pytest

import cnnspec
from cnnspec import witness
from cnnspec.verify import verify
from tests.torch_proofs import maker, wrong

STEPS = (
    *("layer_scale(init = 2.0)", "layer_scale", "bn", "bn(eps = 0.01)", "ln", "dense(3)"),
    *("prelu(init = 0.1)", "dropout(0.3)", "drop_path(0.2)", "softmax", "elu(alpha = 0.5)"),
    "gn(groups = 3)",
)
FLAT = """block part(x, act = hardswish) {
    v = x -> gap
    return v -> act
}
network n {
    image = input(3, 5, 6)
    a = image -> part(act = %s)
    output y = add(a, image -> part)
}
"""
BOTH = """block part(x, act = relu) {
    y = x -> act
    z = x -> gap -> act
    return mul(y, z)
}
network n {
    image = input(3, 5, 6)
    output y = image -> part(act = %s) -> part
}
"""
HANDED_ON = """block inner(x, step = silu) { return x -> s: step }
block part(x, act = relu) {
    y = x -> b: inner(act)
    z = x -> gap -> c: inner(act)
    return mul(y, z)
}
network n {
    image = input(3, 5, 6)
    output y = image -> part(act = %s) -> part
}
"""
APART = """block part(x, act = relu) { return x -> conv(3, 1) -> act }
block head(x, act = relu) { return x -> act }
network n {
    image = input(3, 5, 6)
    a = image -> part(act = %s) -> head(act = %s)
    output y = mul(a, a -> gap -> head(act = %s))
}
"""


def certified(text: str) -> None:
    network = cnnspec.loads(text)
    assert network.mismatch("torch") == []
    assert wrong(maker(network), network) == []
    assert network.mismatch("keras") == []
    found = verify(network, [witness.find(each) for each in ("numpy", "torch", "keras")])
    assert found.agrees


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("spec", [FLAT, BOTH, HANDED_ON, APART], ids=["flat", "both", "on", "two"])
def test_a_step_that_is_given_knows_whether_it_gets_an_image(spec: str, step: str) -> None:
    certified(spec.replace("%s", step))


def test_a_default_that_no_call_takes_is_of_what_flows_in() -> None:
    spec = FLAT.replace("hardswish", "layer_scale").replace("-> part)", "-> gap)")
    text = cnnspec.loads(spec % "relu").source("torch")
    assert "torch.full((channels,), 1e-6)" in text
    assert "(channels, 1, 1)" not in text


CHOSEN = """block part(x, flat) {
    y = %s
    return y -> %s
}
network n {
    image = input(3, 5, 6)
    output y = mul(image -> part(1 > 2), image -> part(2 > 1))
}
"""
WAYS = (
    "if flat then x -> gap else x",
    "x -> (gap when flat)",
    "x\n    if flat { y = y -> gap }",
    "x -> (if flat then gap else identity)",
)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_an_image_at_some_calls_of_a_class_is_refused_where_that_matters(way: str) -> None:
    certified(CHOSEN % (way, "relu"))
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(CHOSEN % (way, "layer_scale")).source("torch")
    (found,) = caught.value.diagnostics
    assert found.code == "not-expressible"
    assert "layer_scale of an image at some calls, a vector at others" in found.title
