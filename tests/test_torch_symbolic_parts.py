"""What stands for torch in the proof is like torch: arguments, shapes, memory, what gradients need.

Each line is done in both: with symbols, and with numbers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnspec_torch.symbolic.functions import FUNCTIONAL, TORCH
from cnnspec_torch.symbolic.graph import new_values
from cnnspec_torch.symbolic.layers import LAYERS
from cnnspec_torch.symbolic.shapes import RULES
from cnnspec_torch.symbolic.tensors import Parameter, Tensor
from cnnspec_torch.symbolic.world import modules

SHAPES = {"x": (2, 8, 9, 11), "z": (2, 8, 9, 11), "v": (2, 12), "s": (2, 8, 1, 1)}
WEIGHTS = {
    "w": (6, 4, 3, 3),
    "t": (8, 3, 3, 3),
    "b": (6,),
    "m": (5, 12),
    "c": (8,),
    "l": (11,),
}

#: Operations of one value or more, on images x and z, a vector v, and weights.
CALLS = """
F.conv2d(x, w, b, 2, (1, 2), 1, 2)
F.conv2d(x, w, None, 1, "same", 2, 2)
F.conv2d(x, w, None, padding="valid", groups=2)
F.conv2d(F.pad(x, (1, 2, 0, 3)), w, None, groups=2)
F.conv_transpose2d(x, t, None, 2, 1, 1, 2)
F.conv_transpose2d(x, t, None, (2, 3), dilation=2)
F.linear(v, m)
F.batch_norm(x, None, None, c, c, True)
F.layer_norm(x, (11,), l, l)
F.group_norm(x, 4, c, c)
F.local_response_norm(x, 3)
F.prelu(x, c)
F.relu(x)
F.relu6(x)
F.hardtanh(x, -2, 3)
F.silu(x)
F.hardswish(x)
F.hardsigmoid(x)
F.mish(x)
F.elu(x, 0.5)
F.celu(x)
F.selu(x)
F.leaky_relu(x, 0.2)
F.softplus(x)
F.gelu(x)
F.gelu(x, approximate="tanh")
F.softmax(x, dim=1)
F.logsigmoid(x)
F.softsign(x)
F.tanhshrink(x)
torch.tanh(x)
torch.sigmoid(x)
F.max_pool2d(x, 3, 2, 1)
F.max_pool2d(x, 3, 2, 1, ceil_mode=True)
F.max_pool2d(x, (2, 3), ceil_mode=True)
F.max_pool2d(x, 2, 3, dilation=2)
F.max_pool2d(F.pad(x, (1, 0, 2, 1), value=float("-inf")), 3, 2)
F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False)
F.avg_pool2d(x, (3, 2))
F.adaptive_avg_pool2d(x, (3, 2))
F.adaptive_avg_pool2d(x, 1)
F.adaptive_max_pool2d(x, 3)
F.interpolate(x, scale_factor=2)
F.interpolate(x, scale_factor=1.5, mode="bilinear", recompute_scale_factor=True)
F.interpolate(x, size=(4, 5))
F.pad(x, (1, 2, -3, 4))
F.pad(x, (0, 0, 0, 0, 1, 2))
F.pixel_shuffle(x, 2)
F.channel_shuffle(x, 4)
F.dropout(x, 0.5, True)
F.dropout2d(x, 0.5, True)
torch.cat([x, z], dim=1)
torch.cat([z, x], 3)
x.mean((2, 3))
x.mean((2, 3), keepdim=True)
x.mean()
x.sum(1)
x.amax((2, 3))
x.amin((2, 3))
x.split((3, 5), dim=1)[1]
torch.split(x, [2, 6], 1)[0]
x.split(3, dim=1)[2]
x.flatten(1)
x.reshape(2, -1)
x.reshape([x.shape[0], 4, -1])
x.permute(0, 2, 3, 1)
torch.movedim(x, 1, -1)
x.transpose(1, 3)
x.unsqueeze(-1)
x.chunk(2, dim=1)[1]
x.chunk(3, dim=2)[2]
v[:, :, None, None]
x[:1, 2:, ..., ::2]
x[0]
x + z
x - z
x * z
x / z
x + s
s * x
v * 2
2 - v
-x
x ** 2
x * 2 + 1
1.0 * x
x + 0
torch.sqrt(x)
torch.exp(x)
torch.abs(x)
torch.pow(x, 3)
torch.clamp(x, min=0.5)
torch.maximum(x, z)
torch.minimum(z, x)
torch.maximum(s, x)
2 / v
""".strip().split("\n")


def world() -> dict[str, Any]:
    values = new_values()
    known = modules(lambda: values)
    names = {"torch": known["torch"], "F": known["torch.nn.functional"]}
    for position, (name, shape) in enumerate(SHAPES.items()):
        names[name] = Tensor(values, values.input(position, shape), learns=True)
    for name, shape in WEIGHTS.items():
        names[name] = Parameter(shape)
        names[name].known(values, name)
    names["values"] = values
    return names


def real() -> dict[str, Any]:
    torch.manual_seed(0)
    names: dict[str, Any] = {"torch": torch, "F": F}
    for name, shape in (*SHAPES.items(), *WEIGHTS.items()):
        names[name] = torch.rand(shape, dtype=torch.float64, requires_grad=True)
    for name in SHAPES:  # no leaf, so that it may be written over
        names[name] = names[name] * 1
    return names


@pytest.mark.parametrize("call", CALLS)
def test_shapes_are_those_of_torch(call: str) -> None:
    assert eval(call, world()).shape == tuple(eval(call, real()).shape)


@pytest.mark.parametrize("call", CALLS)
def test_memory_is_shared_where_torch_may_share_it(call: str) -> None:
    """Where torch shares it always or at times, symbols say so; else they do not."""
    symbols, numbers = world(), real()
    made, found = eval(call, symbols), eval(call, numbers)
    shared = any(
        found.untyped_storage().data_ptr() == numbers[x].untyped_storage().data_ptr()
        for x in SHAPES
    )
    says = made.memory is not None or any(made is symbols[x] for x in SHAPES)
    assert says or not shared or call == "x + 0"
    if says:
        assert shared or "dropout" in call  # which is off in inference


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("whom", ["x", "v", "what it makes"])
def test_what_gradients_need_is_not_written_over(call: str, whom: str) -> None:
    symbols, numbers = world(), real()
    if whom != "what it makes" and whom not in call:
        return
    made, found = eval(call, symbols), eval(call, numbers)
    before = len(symbols["values"].spoilt)
    target = made if whom == "what it makes" else symbols[whom]
    target += 1
    says = len(symbols["values"].spoilt) > before
    # a sum that keeps nothing of its own
    loss = found.sum() if whom != "what it makes" else None
    failure = ""
    try:
        written = found if whom == "what it makes" else numbers[whom]
        written += 1
        (written.sum() if loss is None else loss).backward()
    except RuntimeError as modified:
        failure = str(modified)
    assert says == ("modified" in failure), symbols["values"].spoilt


IN_PLACE = (
    *("relu", "relu6", "hardtanh", "silu", "hardswish", "hardsigmoid", "mish", "elu", "celu"),
    *("selu", "leaky_relu", "dropout"),
)


@pytest.mark.parametrize("name", IN_PLACE)
def test_what_an_operation_in_place_keeps(name: str) -> None:
    told = []
    for names in (world(), real()):
        x, z = names["x"], names["z"]
        y = x + z
        made = getattr(names["F"], name)(y, inplace=True)
        assert made is y
        try:
            y += 1
            if "values" not in names:
                y.sum().backward()
        except RuntimeError:
            told.append(True)
        else:
            told.append("values" in names and bool(names["values"].spoilt))
    assert told[0] == told[1]


def parameters(made: Callable[..., Any]) -> list[tuple[str, object]]:
    """The parameters of a function or a layer, with their defaults; none where torch has none."""
    try:
        signature = inspect.signature(made)
    except ValueError:
        return []
    return [
        (each.name, each.default)
        for each in signature.parameters.values()
        if each.name != "self" and each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
    ]


KNOWN = {
    **{f"F.{name}": (each, getattr(F, name, None)) for name, each in FUNCTIONAL.items()},
    **{f"nn.{name}": (each, getattr(nn, name, None)) for name, each in LAYERS.items()},
    **{f"torch.{name}": (each, getattr(torch, name, None)) for name, each in TORCH.items()},
}


@pytest.mark.parametrize("name", KNOWN)
def test_arguments_are_those_of_torch(name: str) -> None:
    ours, theirs = KNOWN[name]
    assert theirs is not None
    mine, wanted = parameters(ours), parameters(theirs)
    if not wanted:
        return
    words = [word for word, _ in wanted]
    positions = [words.index(word) for word, _ in mine if word in words]
    assert positions == sorted(positions)
    for word, default in mine:
        if word in words:
            theirs_ = dict(wanted)[word]
            assert default == theirs_ or (default, theirs_) == (inspect.Parameter.empty, None), word
        else:
            assert word == "inplace", word  # what has none is not given it


def test_every_operation_has_a_shape() -> None:
    values = {call: world() for call in CALLS}
    made = {call: eval(call, names) for call, names in values.items()}
    for call, tensor in made.items():
        used = values[call]["values"].keys[tensor.number].what
        assert used in RULES or used in ("input", "weight"), used
