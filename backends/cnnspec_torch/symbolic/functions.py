"""The functions of `torch` and `torch.nn.functional` that emitted classes call, on symbols.

Each gives a new tensor of what is done to which values; `inplace` gives the same tensor another.
A function and a layer that do the same have one name here and one form of their arguments.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from cnnspec_torch.symbolic.tensors import Tensor

Number = int | float
Size = int | Sequence[int]


def pair(value: Size) -> tuple[int, int]:
    """Give a number for each axis of an image."""
    if isinstance(value, int):
        return (value, value)
    first, second = value
    return (int(first), int(second))


def _elementwise(
    x: Tensor, what: str, arguments: object = (), *others: Tensor | None, inplace: bool = False
) -> Tensor:
    if inplace:
        return x.onto(what, arguments, *others)
    return x.made(what, arguments, *others)


def _plain(what: str) -> Callable[..., Tensor]:
    def function(input: Tensor, inplace: bool = False) -> Tensor:
        return _elementwise(input, what, (), inplace=inplace)

    return function


def _overwriting(what: str, *arguments: Number) -> Callable[[Tensor], Tensor]:
    def function(input: Tensor) -> Tensor:
        return input.onto(what, arguments)

    return function


def hardtanh(
    input: Tensor, min_val: Number = -1.0, max_val: Number = 1.0, inplace: bool = False
) -> Tensor:
    """Cut off below and above."""
    return _elementwise(input, "hardtanh", (float(min_val), float(max_val)), inplace=inplace)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """Cut off below zero and above six."""
    return hardtanh(input, 0.0, 6.0, inplace)


def elu(input: Tensor, alpha: Number = 1.0, inplace: bool = False) -> Tensor:
    """Bend below zero."""
    return _elementwise(input, "elu", float(alpha), inplace=inplace)


def celu(input: Tensor, alpha: Number = 1.0, inplace: bool = False) -> Tensor:
    """Bend below zero."""
    return _elementwise(input, "celu", float(alpha), inplace=inplace)


def leaky_relu(input: Tensor, negative_slope: Number = 0.01, inplace: bool = False) -> Tensor:
    """Go on less steeply below zero."""
    return _elementwise(input, "leaky_relu", float(negative_slope), inplace=inplace)


def softplus(input: Tensor, beta: Number = 1.0, threshold: Number = 20.0) -> Tensor:
    """Bend smoothly at zero."""
    return input.made("softplus", (float(beta), float(threshold)))


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Weigh by the normal distribution."""
    return input.made("gelu", approximate)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Go on below zero with a slope that is learnt."""
    return input.made("prelu", (), weight)


def softmax(input: Tensor, dim: int | None = None) -> Tensor:
    """Make shares of the whole along an axis."""
    return input.made("softmax", dim)


# --- weights


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve an image; padding is left, right, top and bottom of it."""
    dilations = pair(dilation)
    if padding == "same":
        size = weight.shape[-2:]
        over = [length * (lines - 1) for length, lines in zip(dilations, size, strict=True)]
        pads = (over[1] // 2, over[1] - over[1] // 2, over[0] // 2, over[0] - over[0] // 2)
    else:
        rows, columns = pair(0 if padding == "valid" else padding)  # type: ignore[arg-type]
        pads = (columns, columns, rows, rows)
    return input.made("conv2d", (pair(stride), pads, dilations, int(groups)), weight, bias)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """Spread an image's values."""
    sizes = (pair(stride), pair(padding), pair(output_padding), int(groups), pair(dilation))
    return input.made("conv_transpose2d", sizes, weight, bias)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply by a matrix."""
    return input.made("linear", (), weight, bias)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: Number = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel over a batch, or by what was seen of batches."""
    arguments = (bool(training), None if momentum is None else float(momentum), float(eps))
    return input.made("batch_norm", arguments, running_mean, running_var, weight, bias)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise over the last axes."""
    return input.made("layer_norm", (tuple(normalized_shape), float(eps)), weight, bias)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise over groups of channels."""
    return input.made("group_norm", (int(num_groups), float(eps)), weight, bias)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide by what the channels around have."""
    arguments = (int(size), float(alpha), float(beta), float(k))
    return input.made("local_response_norm", arguments)


# --- windows


def max_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Take the largest of a window."""
    rows, columns = pair(padding)
    size = pair(kernel_size)
    moves = size if stride is None else pair(stride)
    pads = (columns, columns, rows, rows)
    return input.made("max_pool2d", (size, moves, pads, pair(dilation), bool(ceil_mode)))


def avg_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Take the mean of a window."""
    size, pads = pair(kernel_size), pair(padding)
    moves = size if stride is None else pair(stride)
    counted = bool(count_include_pad) or not any(pads)
    return input.made("avg_pool2d", (size, moves, pads, bool(ceil_mode), counted, divisor_override))


def adaptive_avg_pool2d(input: Tensor, output_size: Size) -> Tensor:
    """Take means of so many windows."""
    size = pair(output_size)
    return (
        input.mean((2, 3), keepdim=True)
        if size == (1, 1)
        else input.made("adaptive_avg_pool2d", size)
    )


def adaptive_max_pool2d(input: Tensor, output_size: Size) -> Tensor:
    """Take the largest of so many windows."""
    return input.made("adaptive_max_pool2d", pair(output_size))


def interpolate(
    input: Tensor,
    size: Size | None = None,
    scale_factor: Number | Sequence[Number] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Make an image larger or smaller."""
    scale = scale_factor
    if isinstance(scale, int | float):
        scale = (scale, scale)
    factors = None if scale is None else tuple(map(float, scale))
    flags = (bool(align_corners), bool(recompute_scale_factor), bool(antialias))
    return input.made("interpolate", (None if size is None else pair(size), factors, mode, *flags))


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: Number | None = None
) -> Tensor:
    """Put numbers around the last axes, or take them away."""
    filled = 0.0 if value is None else float(value)
    return input.made("pad", (tuple(map(int, pad)), mode, filled))


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Deal channels out as places."""
    return input.made("pixel_shuffle", int(upscale_factor))


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Deal the channels of groups out in turn."""
    return input.made("channel_shuffle", int(groups))


# --- noise


def _dropping(what: str) -> Callable[..., Tensor]:
    """Give what drops values in training; outside it gives its input's own memory."""

    def function(
        input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        arguments = (float(p), bool(training))
        return input.onto(what, arguments) if inplace else input.view(what, arguments)

    return function


# --- several


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Put tensors side by side."""
    first, *others = tensors
    return first.made("cat", int(dim), *others)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Put tensors side by side along a new axis."""
    first, *others = tensors
    return first.made("stack", int(dim), *others)


def ones_like(input: Tensor, **_: object) -> Tensor:
    """Give ones."""
    return input.made("ones_like")


def zeros_like(input: Tensor, **_: object) -> Tensor:
    """Give zeros."""
    return input.made("zeros_like")


def clamp(input: Tensor, min: Number | None = None, max: Number | None = None) -> Tensor:
    """Cut off below and above."""
    return input.made("clamp", tuple(None if each is None else float(each) for each in (min, max)))


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """Take the larger of two."""
    return input.made("maximum", (), other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """Take the smaller of two."""
    return input.made("minimum", (), other)


def _method(name: str) -> Callable[..., Any]:
    def function(input: Tensor, /, *arguments: Any, **keywords: Any) -> Any:
        return getattr(input, name)(*arguments, **keywords)

    return function


_NAMES: Final = (
    *("relu", "silu", "hardswish", "hardsigmoid", "mish", "selu"),
    *("tanh", "sigmoid", "logsigmoid", "softsign", "tanhshrink"),
)
_PLAIN: Final = {name: _plain(name) for name in _NAMES}
relu, silu = _PLAIN["relu"], _PLAIN["silu"]
#: What `torch.nn.functional` has.
FUNCTIONAL: Final[dict[str, Callable[..., Any]]] = {
    **_PLAIN,
    **{f"{name}_": _overwriting(name) for name in ("relu", "selu")},
    "relu6": relu6,
    "hardtanh": hardtanh,
    "elu": elu,
    "celu": celu,
    "leaky_relu": leaky_relu,
    "softplus": softplus,
    "gelu": gelu,
    "prelu": prelu,
    "softmax": softmax,
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "linear": linear,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "local_response_norm": local_response_norm,
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "adaptive_avg_pool2d": adaptive_avg_pool2d,
    "adaptive_max_pool2d": adaptive_max_pool2d,
    "interpolate": interpolate,
    "pad": pad,
    "pixel_shuffle": pixel_shuffle,
    "channel_shuffle": channel_shuffle,
    **{name: _dropping(name) for name in ("dropout", "dropout1d", "dropout2d", "dropout3d")},
}
_METHODS: Final = (
    *("reshape", "flatten", "permute", "movedim", "transpose", "unsqueeze", "squeeze", "chunk"),
    *("mean", "amax", "amin", "sum", "split"),
)
#: What `torch` has besides.
TORCH: Final[dict[str, Callable[..., Any]]] = {
    **{name: _PLAIN[name] for name in ("relu", "tanh", "sigmoid")},
    **{name: _plain(name) for name in ("sqrt", "exp", "abs")},
    **{f"{name}_": _overwriting(name) for name in ("relu", "tanh", "sigmoid")},
    **{name: _method(name) for name in _METHODS},
    "cat": cat,
    "concat": cat,
    "stack": stack,
    "ones_like": ones_like,
    "zeros_like": zeros_like,
    "softmax": softmax,
    "clamp": clamp,
    "maximum": maximum,
    "minimum": minimum,
    "pow": operator.pow,
    "add": operator.add,
    "mul": operator.mul,
    "sub": operator.sub,
}
