"""Steps of a flow that take nodes beside what flows: `x -> conv(8) -> add(shortcut) -> relu`."""

from __future__ import annotations

import pytest

import cnnspec

pytestmark = pytest.mark.framework

BLOCK = """block unit(x, width) {
    y = x -> conv(width, 3, pad = 1) -> bn
    return y -> conv(width, 1) -> add(y) -> relu
}
"""
FLOWS = (
    "b -> relu -> add(b) -> tanh",
    "b -> add(b, b)",
    "b -> conv(4, 1) -> sum: add(b -> tanh) -> relu -> conv(4, 1)",
    "b -> concat(b -> conv(2, 1), b) -> concat(b)",
    "add(b -> relu -> mul(b -> sigmoid), b)",
    "b -> unit(4) -> unit(4) -> add(b)",
    "b -> head: (relu -> conv(4, 1)) -> add(b) -> tail: (relu -> conv(4, 1))",
)


@pytest.mark.parametrize("backend", ["torch", "keras"])
@pytest.mark.parametrize("flow", FLOWS)
def test_what_joins_a_flow_is_written(flow: str, backend: str) -> None:
    block = BLOCK if "unit" in flow else ""
    net = cnnspec.loads(f"{block}network n {{ b = input(4, 8, 8)  output y = {flow} }}")
    assert net.mismatch(backend) == []
