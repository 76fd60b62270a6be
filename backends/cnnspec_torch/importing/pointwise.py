"""Functions of each number: activations, sums and products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.importing.rewrite import UNSCALED
from cnnspec_torch.importing.meaning import Flow, Held, Made, Noise
from cnnspec_torch.importing.recorder import Call, Handler

#: Activations without arguments, by their functions' names.
SAME_NAME: Final = (
    "relu",
    "relu6",
    "silu",
    "mish",
    "tanh",
    "sigmoid",
    "hardswish",
    "hardsigmoid",
)


def _activation(operator: str) -> Handler:
    return lambda call: call.step(operator, {}, [call.flow()])


def _gelu(call: Call) -> Flow:
    form = "tanh_form" if call.get(1, "approximate", "none") == "tanh" else "exact"
    return call.step("gelu", {"approximate": form}, [call.flow()])


def _leaky_relu(call: Call) -> Flow:
    slope = float(call.get(1, "negative_slope", 0.01))
    return call.step("leaky_relu", {"slope": slope}, [call.flow()])


def _elu(call: Call) -> Flow:
    if (call.get(2, "scale", 1.0), call.get(3, "input_scale", 1.0)) != (1.0, 1.0):
        raise call.refusal("an ELU that scales")
    return call.step("elu", {"alpha": float(call.get(1, "alpha", 1.0))}, [call.flow()])


def _hardtanh(call: Call) -> Flow:
    low, high = call.get(1, "min_val", -1.0), call.get(2, "max_val", 1.0)
    if (low, high) != (0, 6):
        raise call.refusal(f"values cut off at {low} and {high}")
    return call.step("relu6", {}, [call.flow()])


def _softmax(call: Call) -> Flow:
    x, axis = call.flow(), call.get(1, "dim")
    rank = len(x.value.shape) + 1
    channels = rank - 1 if x.layout.kind == "last" else 1
    if axis is None or axis % rank != channels:
        raise call.refusal(f"a softmax over another axis than the channels ({axis})")
    return call.step("softmax", {}, [x])


def _sides(call: Call) -> tuple[object, object]:
    """Give both sides of an operation, what flows first where the other is no tensor."""
    return call.get(0, "input"), call.get(1, "other")


def _add(call: Call) -> Flow:
    if call.kwargs.get("alpha", 1) != 1:
        raise call.refusal("a sum with a factor (alpha)")
    left, right = _sides(call)
    if not _tensor(left) or not _tensor(right):
        return _with_number(call, "shift")
    return _both(call, "add")


def _sub(call: Call) -> Flow:
    if call.kwargs.get("alpha", 1) != 1:
        raise call.refusal("a difference with a factor (alpha)")
    left, right = _sides(call)
    if _tensor(left) and isinstance(right, int | float) and call.name != "__rsub__":
        return _number(call, "shift", -right)
    if not _tensor(left) or not _tensor(right):
        raise call.refusal("a value taken from a number")
    return _both(call, "sub")


def _mul(call: Call) -> Flow:
    left, right = _sides(call)
    if not _tensor(left) or not _tensor(right):
        return _with_number(call, "scale")
    for one, other in ((0, 1), (1, 0)):
        flow, meaning = call.meaning(one, "input"), call.meaning(other, "other")
        if isinstance(flow, Flow) and isinstance(meaning, Noise):
            return _dropped(call, flow, meaning)
        if isinstance(flow, Flow) and isinstance(meaning, Held):
            return _layer_scale(call, flow, other)
    return _both(call, "mul")


def _div(call: Call) -> Flow:
    _, right = _sides(call)
    if isinstance(right, int | float) and call.name not in ("__rtruediv__", "__rdiv__"):
        return _number(call, "scale", 1 / right)
    raise call.refusal("a division by what flows")


def _tensor(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _with_number(call: Call, operator: str) -> Flow:
    left, right = _sides(call)
    number = right if isinstance(right, int | float) else left
    if not isinstance(number, int | float):
        raise call.refusal(f"`{call.name}` with {type(number).__name__}")
    return _number(call, operator, number, 0 if number is right else 1)


def _number(call: Call, operator: str, number: float, position: int = 0) -> Flow:
    """Record a step with a number; a sum with 0 or a product with 1 is none."""
    x = call.flow(position, "input" if position == 0 else "other")
    if number == (0 if operator == "shift" else 1):
        return x
    name = "by" if operator == "shift" else "factor"
    return call.step(operator, {name: float(number)}, [x])


def _both(call: Call, operator: str) -> Flow:
    left, right = call.flow(0, "input"), call.flow(1, "other")
    if left.layout != right.layout or len(left.value.shape) != len(right.value.shape):
        raise call.refusal(f"`{call.name}` of tensors whose axes differ")
    return call.step(operator, {}, [left, right])


def _layer_scale(call: Call, flow: Flow, position: int) -> Flow:
    """Multiply by a parameter: one number a channel, else refused."""
    parameter = call.get(position, "other" if position else "input")
    name = call.owner(position, "other" if position else "input", None)
    channels = flow.value.shape[0]
    spread = tuple(parameter.shape)
    along = spread[-1:] if flow.layout.kind == "last" or len(flow.value.shape) == 1 else spread[-3:]
    whole = parameter.numel() == channels and along[0] == channels and set(along[1:]) <= {1}
    if not whole or name is None:
        raise call.refusal(f"the parameter {name} is no number a channel")
    return call.step("layer_scale", {}, [flow], path=name)


def _dropped(call: Call, flow: Flow, noise: Noise) -> Flow:
    """Multiply by ones and zeros: whole examples are dropped."""
    sizes = [tuple(each.shape) for each in call.args if _tensor(each)]
    batch = call.result.shape[0]
    if not any(size[0] == batch and set(size[1:]) <= {1} for size in sizes):
        raise call.refusal("random numbers that drop other things than whole examples")
    rate = _as_written(call, 1 - noise.keep)
    if noise.divided:
        return call.step("drop_path", {"rate": rate}, [flow])
    # what is left is scaled before or after: a rewrite looks for it
    return call.step(UNSCALED, {"rate": rate, "keep": noise.keep}, [flow])


def _as_written(call: Call, rate: float) -> float:
    """Give a rate as the module keeps it, which 1 - (1 - rate) is not quite."""
    for value in vars(call.recorder.running[-1]).values():
        if isinstance(value, float) and abs(value - rate) < 1e-12:
            return value
    return round(rate, 12)


def _same(call: Call) -> Flow:
    return call.flow()


def _made(call: Call) -> Made:
    """Make a tensor of another's shape, which says nothing of its numbers."""
    return Made("rand" if call.name == "rand_like" else call.name)


#: Functions that ask a tensor for its shape alone.
MAKERS: Final = (
    *("new_empty", "new_zeros", "new_ones", "new_full", "new_tensor"),
    *("empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like"),
)
POINTWISE: Final[Mapping[str, Handler]] = {
    **{name: _activation(name) for name in SAME_NAME},
    **{f"{name}_": _activation(name) for name in SAME_NAME},
    "gelu": _gelu,
    "leaky_relu": _leaky_relu,
    "leaky_relu_": _leaky_relu,
    "elu": _elu,
    "elu_": _elu,
    "hardtanh": _hardtanh,
    "hardtanh_": _hardtanh,
    "softmax": _softmax,
    **dict.fromkeys(("add", "add_", "__iadd__", "__radd__", "__add__"), _add),
    **dict.fromkeys(("sub", "sub_", "__isub__", "__rsub__", "__sub__"), _sub),
    **dict.fromkeys(("mul", "mul_", "__imul__", "__rmul__", "__mul__", "multiply"), _mul),
    **dict.fromkeys(("div", "div_", "__truediv__", "__itruediv__", "true_divide"), _div),
    **dict.fromkeys(MAKERS, _made),
    **dict.fromkeys(
        ("contiguous", "clone", "to", "float", "detach", "type", "alias", "requires_grad_"), _same
    ),
}
