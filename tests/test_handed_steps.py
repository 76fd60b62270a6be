"""Steps put together, handed to a block: what source cannot say is refused at its place."""

from __future__ import annotations

import pytest

import cnnspec

pytestmark = pytest.mark.framework

SPEC = """block unit(x, act) { return x -> conv(4, 3) -> act }
network n {
    x = input(3, 16, 16)
    output y = x -> unit(act = %s) -> unit(act = tanh)
}
"""
TOGETHER = (
    "(bn -> relu)",
    "relu * 2",
    "(bn -> relu) * 2",
    "a: relu",
    "relu when 1 > 2",
    "[bn, relu]",
    "if 1 > 2 then (bn -> relu) else relu",
)


@pytest.mark.parametrize("backend", ["torch", "keras"])
@pytest.mark.parametrize("steps", TOGETHER)
def test_several_steps_as_one_are_refused_where_they_stand(steps: str, backend: str) -> None:
    net = cnnspec.loads(SPEC % steps)
    with pytest.raises(cnnspec.SpecError) as caught:
        net.source(backend)
    (found,) = caught.value.diagnostics
    assert found.code == "not-expressible"
    assert found.labels[0].span.line == 4
    assert "block act1(x)" in str(found.help)


@pytest.mark.parametrize("backend", ["torch", "keras"])
@pytest.mark.parametrize("step", ["(relu)", "((relu))", "leaky_relu(0.1)", "(silu)"])
def test_a_single_step_in_parentheses_is_that_step(step: str, backend: str) -> None:
    net = cnnspec.loads(SPEC % step)
    assert net.mismatch(backend) == []
