"""The shapes of what operations make, for source that asks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from math import prod
from typing import Any, Final

from cnnspec.emit.values import Lengths, ShapeRule


def _same(arguments: Any, given: list[Lengths]) -> Lengths:
    return given[0]


def _broadcast(arguments: Any, given: list[Lengths]) -> Lengths:
    rows = zip_longest(*(reversed(each) for each in given), fillvalue=1)
    return tuple(max(each) if 0 not in each else 0 for each in rows)[::-1]


def _slid(length: int, size: int, move: int, dilation: int, *, ceil: bool, before: int) -> int:
    over = length - dilation * (size - 1) - 1
    count = (-(-over // move) if ceil else over // move) + 1
    # a last window that would begin behind the image is left out
    return count - 1 if ceil and (count - 1) * move >= length - before else count


def _conv2d(arguments: Any, given: list[Lengths]) -> Lengths:
    moves, (left, right, top, bottom), dilations, _ = arguments
    batch, _, height, width = given[0]
    filters, _, *size = given[1]
    rows, columns = (
        (length - dilation * (each - 1) - 1) // move + 1
        for length, each, move, dilation in zip(
            (height + top + bottom, width + left + right), size, moves, dilations, strict=True
        )
    )
    return (batch, filters, rows, columns)


def _conv_transpose2d(arguments: Any, given: list[Lengths]) -> Lengths:
    moves, pads, longer, groups, dilations = arguments
    batch, _, *lengths = given[0]
    _, filters, *size = given[1]
    made = [
        (length - 1) * move - 2 * pad + dilation * (each - 1) + more + 1
        for length, move, pad, more, dilation, each in zip(
            lengths, moves, pads, longer, dilations, size, strict=True
        )
    ]
    return (batch, filters * groups, *made)


def _linear(arguments: Any, given: list[Lengths]) -> Lengths:
    return (*given[0][:-1], given[1][0])


def _max_pool2d(arguments: Any, given: list[Lengths]) -> Lengths:
    size, moves, (left, right, top, bottom), dilations, ceil = arguments
    *first, height, width = given[0]
    rows = zip((height, width), ((top, bottom), (left, right)), size, moves, dilations, strict=True)
    return (
        *first,
        *[
            _slid(n + before + after, k, s, d, ceil=ceil, before=after)
            for n, (before, after), k, s, d in rows
        ],
    )


def _avg_pool2d(arguments: Any, given: list[Lengths]) -> Lengths:
    size, moves, pads, ceil, *_ = arguments
    *first, height, width = given[0]
    rows = zip((height, width), pads, size, moves, strict=True)
    return (*first, *[_slid(n + 2 * p, k, s, 1, ceil=ceil, before=p) for n, p, k, s in rows])


def _adaptive(arguments: Any, given: list[Lengths]) -> Lengths:
    return (*given[0][:-2], *arguments)


def _interpolate(arguments: Any, given: list[Lengths]) -> Lengths:
    size, factors, *_ = arguments
    *first, height, width = given[0]
    if size is not None:
        return (*first, *size)
    return (*first, int(height * factors[0]), int(width * factors[1]))


def _pad(arguments: Any, given: list[Lengths]) -> Lengths:
    sides, *_ = arguments
    lengths = list(given[0])
    for place in range(len(sides) // 2):
        lengths[-1 - place] += sides[2 * place] + sides[2 * place + 1]
    return tuple(lengths)


def _pixel_shuffle(factor: Any, given: list[Lengths]) -> Lengths:
    batch, channels, height, width = given[0]
    return (batch, channels // factor**2, height * factor, width * factor)


def _cat(dim: Any, given: list[Lengths]) -> Lengths:
    first = list(given[0])
    first[dim] = sum(each[dim] for each in given)
    return tuple(first)


def _chunk(arguments: Any, given: list[Lengths]) -> Lengths:
    (chunks, dim), place = arguments
    lengths = list(given[0])
    each = -(-lengths[dim] // chunks)
    lengths[dim] = min(each, lengths[dim] - each * place)
    return tuple(lengths)


def _expand(sizes: Any, given: list[Lengths]) -> Lengths:
    own = (1,) * (len(sizes) - len(given[0])) + tuple(given[0])
    return tuple(n if size == -1 else size for size, n in zip(sizes, own, strict=True))


def _split(arguments: Any, given: list[Lengths]) -> Lengths:
    (parts, dim), place = arguments
    lengths = list(given[0])
    lengths[dim] = parts[place]
    return tuple(lengths)


def _reduced(arguments: Any, given: list[Lengths]) -> Lengths:
    dim, keeps = arguments
    count = len(given[0])
    dims = range(count) if dim in (None, ()) else (dim,) if isinstance(dim, int) else dim
    gone = {each % count for each in dims}
    if keeps:
        return tuple(1 if place in gone else n for place, n in enumerate(given[0]))
    return tuple(n for place, n in enumerate(given[0]) if place not in gone)


def _flatten(arguments: Any, given: list[Lengths]) -> Lengths:
    lengths = given[0]
    first, last = (each % len(lengths) for each in arguments)
    return (*lengths[:first], prod(lengths[first : last + 1]), *lengths[last + 1 :])


def _reshape(to: Any, given: list[Lengths]) -> Lengths:
    left = prod(given[0]) // max(prod(each for each in to if each != -1), 1)
    return tuple(left if each == -1 else each for each in to)


def _permute(dims: Any, given: list[Lengths]) -> Lengths:
    return tuple(given[0][each] for each in dims)


def _movedim(arguments: Any, given: list[Lengths]) -> Lengths:
    lengths = list(given[0])
    source, destination = (each % len(lengths) for each in arguments)
    lengths.insert(destination, lengths.pop(source))
    return tuple(lengths)


def _transpose(arguments: Any, given: list[Lengths]) -> Lengths:
    lengths = list(given[0])
    one, other = arguments
    lengths[one], lengths[other] = lengths[other], lengths[one]
    return tuple(lengths)


def _unsqueeze(dim: Any, given: list[Lengths]) -> Lengths:
    place = dim % (len(given[0]) + 1)
    return (*given[0][:place], 1, *given[0][place:])


def _item(index: Any, given: list[Lengths]) -> Lengths:
    lengths = list(given[0])
    taken = len([each for each in index if each is not None and each is not Ellipsis])
    result: list[int] = []
    for each in index:
        if each is None:
            result.append(1)
        elif each is Ellipsis:
            result += [lengths.pop(0) for _ in range(len(lengths) - taken)]
        elif isinstance(each, int):
            lengths.pop(0)
            taken -= 1
        else:
            result.append(len(range(lengths.pop(0))[slice(*each[1:])]))
            taken -= 1
    return (*result, *lengths)


def _filled(arguments: Any, given: list[Lengths]) -> Lengths:
    shape, *_ = arguments
    return tuple(shape)


RULES: Final[Mapping[str, ShapeRule]] = {
    **dict.fromkeys(
        (
            *(
                "relu",
                "hardtanh",
                "silu",
                "hardswish",
                "hardsigmoid",
                "mish",
                "selu",
                "elu",
                "celu",
            ),
            *(
                "leaky_relu",
                "softplus",
                "gelu",
                "prelu",
                "softmax",
                "tanh",
                "sigmoid",
                "neg",
                "pow",
                "rdiv",
                "clamp",
                *("sqrt", "exp", "abs"),
            ),
            *("batch_norm", "layer_norm", "group_norm", "local_response_norm", "channel_shuffle"),
            *("dropout", "dropout1d", "dropout2d", "dropout3d", "ones_like", "zeros_like", "rsub"),
            "overwritten",
            *("logsigmoid", "softsign", "tanhshrink"),
        ),
        _same,
    ),
    **dict.fromkeys(
        ("add", "sub", "mul", "div", "ge", "gt", "le", "lt", "maximum", "minimum"), _broadcast
    ),
    **dict.fromkeys(("adaptive_avg_pool2d", "adaptive_max_pool2d"), _adaptive),
    **dict.fromkeys(("mean", "amax", "amin", "sum"), _reduced),
    **dict.fromkeys(("full", "rand"), _filled),
    "conv2d": _conv2d,
    "conv_transpose2d": _conv_transpose2d,
    "linear": _linear,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "interpolate": _interpolate,
    "pad": _pad,
    "pixel_shuffle": _pixel_shuffle,
    "cat": _cat,
    "chunk": _chunk,
    "split": _split,
    "expand": _expand,
    "flatten": _flatten,
    "reshape": _reshape,
    "permute": _permute,
    "movedim": _movedim,
    "transpose": _transpose,
    "unsqueeze": _unsqueeze,
    "item": _item,
}
