"""Specs that emitted PyTorch once got wrong, and calls of their classes that no text has."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterable
from typing import Any

import pytest
import torch

import cnnspec
from cnnspec.emit.loading import module_of
from tests.torch_proofs import maker, wrong

UIB = """
block dw(x, size, stride = 1) {
    return x -> conv: dwconv(size, stride = stride, pad = size // 2) -> bn: bn }
block uib(x, start, middle, filters, stride = 1) {
    y = x
    if start > 0 { y = y -> dw_start: dw(start, stride = if middle > 0 then 1 else stride) }
    y = y -> pw: conv(filters, 1)
    if middle > 0 { y = y -> dw_mid: dw(middle, stride = stride) }
    return y
}
network n { image = input(16, 8, 8)
    output y = image -> a: uib(3, 3, 32, stride = 2) -> b: uib(3, 0, 32)
                     -> c: uib(0, 5, 64, stride = 2) }
"""
GATED = """
block se(x, squeezed) { return mul(x, x -> gap(keep = true) -> fc1: conv(squeezed, 1) -> relu
                                       -> fc2: conv(x.channels, 1) -> sigmoid) }
block unit(x, wide, ratio) {
    y = x -> conv(wide, 1) -> relu
    if ratio > 0 { y = y -> se: se(round_to(ratio * wide, 8)) }
    return y -> conv2: conv(x.channels, 1)
}
network n { image = input(16, 8, 8)
    output y = image -> a: unit(64, 0) -> b: unit(96, 0.25) -> c: unit(128, 0) }
"""
RESHAPED = """
network p { image = input(4, 8, 8)  output y = image -> reshape([1, 16, 16]) -> conv(2, 3) }
"""
SPECS = {
    "an argument that one call has not taken": UIB,
    "a branch that is not taken": GATED,
    "a step that is given, several times": """
        block unit(x, act = relu) { return x -> (conv(4, 3, pad = 1) -> act) * 4 }
        network net { image = input(4, 8, 8)  output y = image -> unit -> unit(silu) }
    """,
    "a step that is given, in a group and after it": """
        block unit(x, n, last = tanh) {
            return x -> main: ((relu when n > 4) -> last) -> last }
        network net { image = input(3, 5, 6)  output y = image -> unit(6, silu) -> unit(4) }
    """,
    "outputs whose names are no fields": """
        network u { image = input(3, 8, 8)
            output _0 = image -> conv(2, 1)  output b = image -> conv(2, 3)
            output _b = image -> conv(2, 5) }
    """,
    "a reshape": RESHAPED,
    "a given step of several kinds": """
        block unit(x, act) { return x -> conv(4, 1) -> act -> bn -> act }
        network net { image = input(4, 8, 8)
            output y = image -> unit(prelu) -> unit(bn) -> unit(relu) }
    """,
    "a given step whose argument decides what is written": """
        block unit(x, act = prelu) { return x -> conv(4, 1) -> act }
        network net { image = input(4, 8, 8)
            output y = image -> unit(gelu) -> unit(gelu(approximate = tanh_form)) -> unit }
    """,
    "a group that is entered again": """
        network net { image = input(3, 8, 8)
            x = image -> a: (conv(4, 1) -> relu) -> b: conv(4, 1)
            output y = x -> a: (conv(4, 1) -> relu) }
    """,
    "a parameter among modules": """
        network net { image = input(3, 8, 8)
            output y = image -> in: layer_scale(init = 0.5) -> g: (conv(3, 1) -> layer_scale) }
    """,
    "channels that were rows": """
        block turn(x) { return x -> permute([1, 2, 0]) -> conv(x.channels, 1) }
        network net { image = input(4, 6, 8)  output y = image -> turn -> turn -> turn }
    """,
    "a size that differs between calls": """
        block head(x) { return x -> flatten -> dense(2) }
        network net { image = input(4, 8, 8)
            output a = image -> head  output b = image -> maxpool(2) -> head }
    """,
    "a result that nobody reads": """
        block two(x) { return x -> a: conv(2, 1), x -> b: conv(2, 1) }
        network net { image = input(2, 4, 4)
            p, q = image -> two
            r, s = q -> two
            output y = add(p, r) }
    """,
}


def calls_of(block: str, calls: Iterable[str]) -> str:
    """A network whose every output is one call of a block."""
    outputs = [f"output y{i} = image -> unit({each})" for i, each in enumerate(calls)]
    return "\n".join((block, "network net { image = input(3, 6, 7)", *outputs, "}"))


SPECS["a transposed convolution whose window decides what is cropped"] = calls_of(
    """block unit(x, size, stride, dilation) {
        return x -> conv_transpose(2, size, stride = stride, dilation = dilation, pad = same) }
    """,
    [
        *(f"{k}, {s}, {d}" for k in range(1, 5) for s in range(1, 4) for d in (1, 2)),
        "[1, 4], [2, 1], 1",
        "[3, 2], [1, 3], [2, 1]",
    ],
)
SPECS["a transposed convolution whose rows alone differ"] = calls_of(
    """block unit(x, size, stride) {
        return x -> conv_transpose(2, [size, 2], stride = [stride, 1], pad = same) }
    """,
    ["1, 2", "3, 1", "2, 3"],
)
SPECS["a transposed convolution whose pad is of several kinds"] = calls_of(
    """block unit(x, pad, more = 0) {
        return x -> conv_transpose(2, 4, stride = 2, pad = pad, output_pad = more) }
    """,
    ["1", "same", "0, 1", "[1, 2]", "[0, 1, 2, 1]", "[1, 1, 1, 1], [1, 0]"],
)
SPECS["a transposed convolution of two pads in words"] = calls_of(
    """block unit(x, p, q) {
        return x -> conv_transpose(2, 4, stride = 2, pad = [p, q])
                 -> conv_transpose(2, 3, pad = [p, q, q, p]) }
    """,
    ["1, 1", "0, 1", "2, 0"],
)
SPECS["a transposed convolution whose pad is four equal numbers"] = calls_of(
    "block unit(x, pad) { return x -> conv_transpose(2, 4, stride = 2, pad = pad) }",
    ["1", "[1, 1, 1, 1]", "0"],
)
SPECS["a transposed convolution of one size for all calls"] = calls_of(
    "block unit(x, pad = 1) { return x -> conv_transpose(2, 4, stride = 2, pad = pad) }",
    ["", "2", "0"],
)
for label in ("1x1", "0", "7", "a-b", "3d", "class", "None"):
    SPECS[f"a step that is there at times, called {label}"] = f"""
        block u(x, p) {{ return x -> q: conv(3, 1) -> {label}: conv(3, 1) when p -> relu }}
        network t {{ image = input(3, 8, 8)  output y = image -> u(true) -> u(false) }}
    """


@pytest.mark.parametrize("name", SPECS)
def test_what_is_written_does_what_the_graph_says(name: str) -> None:
    net = cnnspec.loads(SPECS[name])
    assert wrong(maker(net), net) == []
    assert net.mismatch("torch") == []


#: Words of Python as labels: what `torch.export` writes for them is no Python.
TIMES = "a step that is there at times, called"
WORDS = ("a parameter among modules", f"{TIMES} class", f"{TIMES} None")


@pytest.mark.parametrize("name", [each for each in SPECS if each not in WORDS])
def test_what_is_written_can_be_pickled_and_exported(name: str) -> None:
    net = cnnspec.loads(SPECS[name])
    model = net.build("torch").eval()
    image = torch.randn(2, *net.elaborated.inputs[0].shape)
    wanted = model(image)
    exported = torch.export.export(model, (image,)).module()(image)
    compiled = torch.compile(model, fullgraph=True, backend="eager")(image)
    for one, other, third in zip(*map(_listed, (wanted, exported, compiled)), strict=True):
        assert torch.equal(one, other)
        assert torch.equal(one, third)
    again = type(model)()
    again.load_state_dict(pickle.loads(pickle.dumps(model.state_dict())))
    for one, other in zip(*map(_listed, (wanted, again.eval()(image))), strict=True):
        assert torch.equal(one, other)


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, torch.Tensor) else list(value)


def test_an_argument_that_no_call_has_taken_is_taken() -> None:
    made = module_of(cnnspec.loads(UIB).source("torch")).Uib
    assert made(32, 3, 0, 32, stride=2)(torch.zeros(1, 32, 8, 8)).shape == (1, 32, 4, 4)


def test_a_transposed_convolution_is_cropped_as_its_arguments_say() -> None:
    block = (
        "block unit(x, stride) { return x -> conv_transpose(2, 3, stride = stride, pad = same) }"
    )
    made = module_of(cnnspec.loads(calls_of(block, ["2"])).source("torch")).Unit
    for stride in (1, 2, 3, 5):
        assert made(3, stride)(torch.zeros(1, 3, 6, 7)).shape == (1, 2, 6 * stride, 7 * stride)


def test_one_number_in_words_is_torchs_own_padding() -> None:
    source = cnnspec.loads(SPECS["a transposed convolution of one size for all calls"])
    assert "padding=pad" in source.source("torch")


def test_no_argument_is_made_up() -> None:
    made = module_of(cnnspec.loads(GATED).source("torch")).Unit
    assert list(inspect.signature(made).parameters) == ["in_channels", "wide", "ratio"]


def test_an_image_of_another_size_is_refused_where_a_reshape_says_the_size() -> None:
    model = cnnspec.loads(RESHAPED).build("torch")
    assert model(torch.zeros(3, 4, 8, 8)).shape == (3, 2, 14, 14)
    with pytest.raises(RuntimeError):
        model(torch.zeros(1, 4, 16, 16))
