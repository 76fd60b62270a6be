"""Bodies whose shapes a generator came upon: their classes are held against the graph."""

from __future__ import annotations

import pytest

import cnnspec
from tests.torch_proofs import maker, wrong

NESTED = (
    "if n > 2 { if n > 2 { x = x -> dropout(0.2) -> tanh -> tanh } }  x = x -> silu",
    (
        "x = add(x, x -> tanh)  if n > 2 { if n > 2 { x = x -> dropout(0.2) -> tanh -> tanh } }"
        "  x = x -> silu"
    ),
    (
        "x = add(x, x)  if deep { if n > 2 { x = x -> tanh -> tanh } }"
        " else { if n > 2 { x = x -> relu -> tanh } }  if n > 2 { x = x -> conv(4, 1) -> se }"
    ),
    (
        "x = x -> se -> layer_scale  if n > 2 { x = x -> tanh -> tanh }  n = 1"
        "  if n > 2 { x = x -> tanh -> tanh }"
    ),
)

OPTIONAL = (
    "x = concat(x, x -> (layer_scale when not deep) -> avgpool(3, 1, pad = 1))",
    "x = add(x, x -> tanh)  if deep { x = x -> layer_scale }",
    "x = x -> (layer_scale when n > 2) -> (conv(4, 1) when deep) -> (layer_scale when deep)",
)

COUNTED = (
    (
        "x = x -> f: ((bn when deep) -> bn) -> g: ((bn when n > 2) -> bn)"
        "  for v in [4, 8] { x = x -> conv(v, 1) -> bn -> conv(v, 1) }"
        "  for i in range(2) { if n > 2 { x = x -> h: (conv(4, 1) -> bn) -> conv(4, 1) } }"
    ),
    (
        "x = x -> conv(4, 1)  for v in [4, 8] { x = x -> conv(w, 3, pad = 1) -> bn -> conv(v, 1) }"
        "  for i in range(2) { if n > 2 { x = x -> conv(4, 3, pad = 1) } }"
    ),
)

REBOUND = (
    "x = add(x, x)  x = x -> conv(w, 1)  w = 6  x = x -> conv(4, 1)",
    "x = x -> conv(w, 1)  w = 6  x = x -> conv(4, 1)",
)

#: Steps that are counted by a variable whose name is another's, or a word of Python's.
NAMED = (
    "in_channels = 6  x = add(x, x) -> conv(in_channels, 1)",
    "x = add(x, x)  convs = 6  if deep { x = x -> conv(convs, 1) }  x = x -> conv(convs, 1)",
    "x = add(x, x)  if deep { x = x -> channel }  x = x -> channel",
    "x = add(x, x)  if deep { x = x -> a }  x = x -> a",
)


@pytest.mark.parametrize("body", [*NESTED, *OPTIONAL, *COUNTED, *REBOUND, *NAMED])
def test_a_class_does_what_its_body_says(body: str) -> None:
    net = cnnspec.loads(
        "block se(x) { return mul(x, x -> gap(keep = true) -> conv(x.channels, 1) -> sigmoid) }\n"
        "block a(x) { return x -> conv(4, 1) -> relu }\n"
        "block channel(x) { return x -> conv(5, 1) -> relu }\n"
        f"block part(x, w = 4, n = 2, deep = false) {{ {body}  return x }}\n"
        "network net { b = input(3, 8, 8)\n"
        "  output y = b -> part(8) -> part(4, n = 3, deep = true) -> part(n = 3) -> part() }"
    )
    assert not wrong(maker(net), net)
    assert not net.mismatch("torch")
