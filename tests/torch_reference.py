"""What each operator means, written out in PyTorch's arithmetic: no layer of PyTorch's is used."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

Weights = dict[str, Tensor]


def padding(op: Any, x: Tensor, stride: tuple[int, int], dilation: tuple[int, int]) -> list[int]:
    """Top, bottom, left, right."""
    if isinstance(op.pad, tuple):
        return list(op.pad)
    result = []
    for axis in (0, 1):
        length, step = x.shape[2 + axis], stride[axis]
        covered = (math.ceil(length / step) - 1) * step + (op.size[axis] - 1) * dilation[axis] + 1
        total = max(covered - length, 0)
        halves = [total // 2, total - total // 2]
        result += halves if op.pad == "same" else halves[::-1]
    return result


def frame(x: Tensor, sides: list[int], value: float, spare: int = 0) -> Tensor:
    """Put `value` around x, and on `spare` more rows and columns after."""
    batch, channels, height, width = x.shape
    top, bottom, left, right = sides
    shape = (batch, channels, top + height + bottom + spare, left + width + right + spare)
    result = torch.full(shape, value, dtype=x.dtype)
    result[:, :, top : top + height, left : left + width] = x
    return result


def count(op: Any, x: Tensor, stride: tuple[int, int], sides: list[int]) -> tuple[int, int]:
    """Windows of a pool along both axes, one by one."""
    result = []
    for axis in (0, 1):
        before, after = sides[2 * axis : 2 * axis + 2]
        length, size, start, places = x.shape[2 + axis], op.size[axis], -before, 0
        while start + size <= length + after or (
            op.ceil and start < length and start + size - stride[axis] < length + after
        ):
            places, start = places + 1, start + stride[axis]
        result.append(places)
    return result[0], result[1]


def windows(
    x: Tensor,
    size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    places: tuple[int, int],
) -> Iterator[tuple[int, int, Tensor]]:
    """Each output place with what its window sees."""
    for i in range(places[0]):
        for j in range(places[1]):
            rows = [i * stride[0] + u * dilation[0] for u in range(size[0])]
            columns = [j * stride[1] + v * dilation[1] for v in range(size[1])]
            yield i, j, x[:, :, rows][:, :, :, columns]


def shifted(y: Tensor, weights: Weights) -> Tensor:
    return y + weights["bias"][:, None, None] if "bias" in weights else y


def filtered(op: Any, weights: Weights, x: Tensor, groups: int) -> Tensor:
    weight = weights["weight"]
    padded = frame(x, padding(op, x, op.stride, op.dilation), 0.0)
    places = tuple(
        (padded.shape[2 + a] - (op.size[a] - 1) * op.dilation[a] - 1) // op.stride[a] + 1
        for a in (0, 1)
    )
    filters, each = weight.shape[:2]
    y = torch.empty(x.shape[0], filters, *places, dtype=x.dtype)
    for i, j, seen in windows(padded, op.size, op.stride, op.dilation, places):
        for f in range(filters):
            first = f // (filters // groups) * each
            y[:, f, i, j] = (seen[:, first : first + each] * weight[f]).sum((1, 2, 3))
    return shifted(y, weights)


def conv(op: Any, weights: Weights, x: Tensor) -> Tensor:
    return filtered(op, weights, x, op.groups)


def dwconv(op: Any, weights: Weights, x: Tensor) -> Tensor:
    return filtered(op, weights, x, x.shape[1])


def conv_transpose(op: Any, weights: Weights, x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    lengths, before = [], []
    for axis in (0, 1):
        full = (
            (x.shape[2 + axis] - 1) * op.stride[axis] + (op.size[axis] - 1) * op.dilation[axis] + 1
        )
        if op.pad == "same":
            lengths.append(x.shape[2 + axis] * op.stride[axis])
            before.append(max(full - lengths[axis], 0) // 2)
        else:
            first, last = op.pad[2 * axis : 2 * axis + 2]
            lengths.append(full - first - last + op.output_pad[axis])
            before.append(first)
    y = torch.zeros(batch, op.filters, *lengths, dtype=x.dtype)
    wide, each = channels // op.groups, op.filters // op.groups
    for i in range(height):
        for j in range(width):
            for u in range(op.size[0]):
                for v in range(op.size[1]):
                    row = i * op.stride[0] + u * op.dilation[0] - before[0]
                    column = j * op.stride[1] + v * op.dilation[1] - before[1]
                    if not (0 <= row < lengths[0] and 0 <= column < lengths[1]):
                        continue
                    for g in range(op.groups):
                        inside = slice(g * wide, (g + 1) * wide)
                        y[:, g * each : (g + 1) * each, row, column] += (
                            x[:, inside, i, j] @ weights["weight"][inside, :, u, v]
                        )
    return shifted(y, weights)


def maxpool(op: Any, weights: Weights, x: Tensor) -> Tensor:
    stride = op.stride or op.size
    sides = padding(op, x, stride, (1, 1))
    places = count(op, x, stride, sides)
    padded = frame(x, sides, -math.inf, spare=max(*stride, *op.size))
    y = torch.empty(*x.shape[:2], *places, dtype=x.dtype)
    for i, j, seen in windows(padded, op.size, stride, (1, 1), places):
        y[:, :, i, j] = seen.amax((2, 3))
    return y


def avgpool(op: Any, weights: Weights, x: Tensor) -> Tensor:
    stride = op.stride or op.size
    sides = padding(op, x, stride, (1, 1))
    places = count(op, x, stride, sides)
    spare = max(*stride, *op.size)
    counted = frame(torch.ones_like(x), sides, 1.0 if op.count_pad else 0.0)
    counted = frame(counted, [0, 0, 0, 0], 0.0, spare)
    padded = frame(x, sides, 0.0, spare)
    y = torch.empty(*x.shape[:2], *places, dtype=x.dtype)
    shares = windows(counted, op.size, stride, (1, 1), places)
    for (i, j, seen), (_, _, share) in zip(
        windows(padded, op.size, stride, (1, 1), places), shares, strict=True
    ):
        y[:, :, i, j] = seen.sum((2, 3)) / share.sum((2, 3))
    return y


def adaptive_avgpool(op: Any, weights: Weights, x: Tensor) -> Tensor:
    height, width = x.shape[2:]
    rows, columns = op.size
    y = torch.empty(*x.shape[:2], rows, columns, dtype=x.dtype)
    for i in range(rows):
        for j in range(columns):
            tall = slice(i * height // rows, math.ceil((i + 1) * height / rows))
            wide = slice(j * width // columns, math.ceil((j + 1) * width / columns))
            y[:, :, i, j] = x[:, :, tall, wide].sum((2, 3)) / x[0, 0, tall, wide].numel()
    return y


def gap(op: Any, weights: Weights, x: Tensor) -> Tensor:
    y = x.flatten(2).sum(2) / x[0, 0].numel()
    return y[:, :, None, None] if op.keep else y


def gmp(op: Any, weights: Weights, x: Tensor) -> Tensor:
    y = x.flatten(2).sort(2).values[:, :, -1]
    return y[:, :, None, None] if op.keep else y


def dense(op: Any, weights: Weights, x: Tensor) -> Tensor:
    y = torch.einsum("oc,bc...->bo...", weights["weight"], x)
    return y + along(weights["bias"], y) if "bias" in weights else y


def along(values: Tensor, x: Tensor) -> Tensor:
    """Line one number a channel up with x."""
    return values.reshape(-1, *[1] * (x.dim() - 2))


def affine(weights: Weights, y: Tensor) -> Tensor:
    if "weight" not in weights:
        return y
    return y * along(weights["weight"], y) + along(weights["bias"], y)


def bn(op: Any, weights: Weights, x: Tensor) -> Tensor:
    mean, variance = along(weights["running_mean"], x), along(weights["running_var"], x)
    return affine(weights, (x - mean) / (variance + op.eps) ** 0.5)


def centred(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    x = x - x.mean(axes, keepdim=True)
    return x / ((x * x).mean(axes, keepdim=True) + eps) ** 0.5


def ln(op: Any, weights: Weights, x: Tensor) -> Tensor:
    return affine(weights, centred(x, (1,), op.eps))


def gn(op: Any, weights: Weights, x: Tensor) -> Tensor:
    return affine(
        weights, centred(x.reshape(x.shape[0], op.groups, -1), (2,), op.eps).reshape(x.shape)
    )


def lrn(op: Any, weights: Weights, x: Tensor) -> Tensor:
    y = torch.empty_like(x)
    for c in range(x.shape[1]):
        near = x[:, max(c - op.size // 2, 0) : c + (op.size - 1) // 2 + 1]
        total = op.k + op.alpha / op.size * (near * near).sum(1)
        y[:, c] = x[:, c] / total**op.beta
    return y


def hardsigmoid(x: Tensor) -> Tensor:
    return (x + 3).clamp(0, 6) / 6


def logistic(x: Tensor) -> Tensor:
    return 1 / (1 + (-x).exp())


def gelu(op: Any, weights: Weights, x: Tensor) -> Tensor:
    if op.approximate == "exact":
        return x * (1 + torch.erf(x / math.sqrt(2))) / 2
    return x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def softmax(op: Any, weights: Weights, x: Tensor) -> Tensor:
    return x.exp() / x.exp().sum(1, keepdim=True)


def sloped(x: Tensor, slope: Tensor | float) -> Tensor:
    return torch.where(x > 0, x, slope * x)


def spread(x: Tensor, *, image: bool) -> Tensor:
    return x[:, :, None, None] if image and x.dim() == 2 else x


def merged(operation: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def apply(op: Any, weights: Weights, *inputs: Tensor) -> Tensor:
        image = any(x.dim() == 4 for x in inputs)
        result = spread(inputs[0], image=image)
        for x in inputs[1:]:
            result = operation(result, spread(x, image=image))
        return result

    return apply


def concat(op: Any, weights: Weights, *inputs: Tensor) -> Tensor:
    return torch.stack([channel for x in inputs for channel in x.unbind(1)], 1)


def permute(op: Any, weights: Weights, x: Tensor) -> Tensor:
    letters = "chw"
    return torch.einsum(f"bchw->b{''.join(letters[axis] for axis in op.axes)}", x)


def pad(op: Any, weights: Weights, x: Tensor) -> Tensor:
    y = frame(x, list(op.sides), 0.0)
    before, after = op.channels
    zeros = torch.zeros_like(y[:, :1])
    return torch.cat([zeros] * before + [y] + [zeros] * after, 1)


def crop(op: Any, weights: Weights, x: Tensor) -> Tensor:
    top, bottom, left, right = op.sides
    return x[:, :, top : x.shape[2] - bottom, left : x.shape[3] - right]


def upsample(op: Any, weights: Weights, x: Tensor) -> Tensor:
    for axis in (2, 3):
        length = x.shape[axis]
        size = math.floor(length * op.factor)
        centres = [(i + 0.5) * length / size for i in range(size)]
        if op.mode == "nearest":
            x = x.index_select(axis, torch.tensor([math.floor(each) for each in centres]))
            continue
        places = [min(max(each - 0.5, 0.0), length - 1) for each in centres]
        low = [math.floor(each) for each in places]
        high = [min(each + 1, length - 1) for each in low]
        share = torch.tensor([p - q for p, q in zip(places, low, strict=True)], dtype=x.dtype)
        share = share[:, None] if axis == 2 else share
        near = x.index_select(axis, torch.tensor(low))
        x = near + share * (x.index_select(axis, torch.tensor(high)) - near)
    return x


def channel_shuffle(op: Any, weights: Weights, x: Tensor) -> Tensor:
    each = x.shape[1] // op.groups
    return x[:, [group * each + i for i in range(each) for group in range(op.groups)]]


def split(op: Any, weights: Weights, x: Tensor) -> tuple[Tensor, ...]:
    each = x.shape[1] // op.n
    return tuple(x[:, part * each : (part + 1) * each] for part in range(op.n))


def alone(function: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda op, weights, x: function(x)


#: An operator's value, from the operator, its weights and its inputs; noise as at inference.
REFERENCE: dict[str, Callable[..., Any]] = {
    **{each.__name__: each for each in (conv, dwconv, conv_transpose, dense, maxpool, avgpool)},
    **{each.__name__: each for each in (adaptive_avgpool, gap, gmp, bn, ln, gn, lrn, gelu)},
    **{each.__name__: each for each in (softmax, concat, permute, pad, crop, upsample)},
    **{each.__name__: each for each in (channel_shuffle, split)},
    **dict.fromkeys(("identity", "dropout", "spatial_dropout", "drop_path"), alone(lambda x: x)),
    "relu": alone(lambda x: x.clamp(min=0)),
    "relu6": alone(lambda x: x.clamp(0, 6)),
    "leaky_relu": lambda op, weights, x: sloped(x, op.slope),
    "prelu": lambda op, weights, x: sloped(x, along(weights["weight"], x)),
    "elu": lambda op, weights, x: torch.where(x > 0, x, op.alpha * (x.exp() - 1)),
    "silu": alone(lambda x: x * logistic(x)),
    "tanh": alone(lambda x: (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())),
    "sigmoid": alone(logistic),
    "hardswish": alone(lambda x: x * hardsigmoid(x)),
    "hardsigmoid": alone(hardsigmoid),
    "mish": alone(lambda x: x * torch.tanh((1 + x.exp()).log())),
    "add": merged(lambda a, b: a + b),
    "mul": merged(lambda a, b: a * b),
    "sub": merged(lambda a, b: a - b),
    "scale": lambda op, weights, x: x * op.factor,
    "layer_scale": lambda op, weights, x: x * weights[""],
    "flatten": alone(lambda x: torch.stack([each.reshape(-1) for each in x])),
    "reshape": lambda op, weights, x: torch.stack([each.reshape(op.to) for each in x]),
}
