"""Functions that pool, resize, and drop values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.importing.tree import Argument
from cnnspec_torch.importing.layers import numbers
from cnnspec_torch.importing.meaning import FIRST, LAST, Flow
from cnnspec_torch.importing.recorder import Call, Handler


def _maxpool(call: Call) -> Flow:
    size = numbers(call.get(1, "kernel_size"))
    if numbers(call.get(4, "dilation", 1)) != 1:
        raise call.refusal("a maximum over places that lie apart (dilation)")
    if call.get(6, "return_indices", False):
        raise call.refusal("a maximum whose places are kept (return_indices)")
    arguments: Mapping[str, Argument] = {
        "size": size,
        "stride": numbers(call.get(2, "stride", None) or size),
        "pad": numbers(call.get(3, "padding", 0)),
        "ceil": bool(call.get(5, "ceil_mode", False)),
    }
    return call.step("maxpool", arguments, [call.upright()])


def _avgpool(call: Call) -> Flow:
    size = numbers(call.get(1, "kernel_size"))
    if call.get(6, "divisor_override", None) is not None:
        raise call.refusal("a mean with a divisor of its own (divisor_override)")
    arguments: Mapping[str, Argument] = {
        "size": size,
        "stride": numbers(call.get(2, "stride", None) or size),
        "pad": numbers(call.get(3, "padding", 0)),
        "ceil": bool(call.get(4, "ceil_mode", False)),
        "count_pad": bool(call.get(5, "count_include_pad", True)),
    }
    return call.step("avgpool", arguments, [call.upright()])


def _adaptive(call: Call, one: str, many: str | None) -> Flow:
    x = call.upright()
    size = call.get(1, "output_size")
    if isinstance(size, tuple | list):
        sizes = zip(size, x.value.shape[1:], strict=True)
        size = numbers([length if each is None else each for each, length in sizes])
    if size == 1:
        return call.step(one, {"keep": True}, [x])
    if many is None:
        raise call.refusal(f"there is no operator for `{call.name}` to more than 1 x 1")
    return call.step(many, {"size": size}, [x])


def _mean(call: Call) -> Flow:
    x = call.flow()
    axes = call.get(1, "dim", None)
    if axes is None:
        raise call.refusal("a mean over the batch")
    rank = len(x.value.shape) + 1
    axes = sorted(each % rank for each in ([axes] if isinstance(axes, int) else axes))
    keep = bool(call.get(2, "keepdim", False))
    places = {FIRST: [2, 3], LAST: [1, 2]}.get(x.layout)
    if rank != 4 or axes != places or (keep and x.layout != FIRST):
        raise call.refusal(f"a mean over the axes {axes}")
    channels = x.value.shape[0]
    made = call.step("gap", {"keep": keep}, [x], shape=(channels, 1, 1) if keep else (channels,))
    return Flow(made.value)


def _interpolate(call: Call) -> Flow:
    x = call.upright()
    mode = str(call.get(3, "mode", "nearest"))
    before, after = x.value.shape[1:], tuple(call.result.shape[2:])
    if before == after and mode in ("nearest", "bilinear", "nearest-exact"):
        return x
    if call.get(4, "align_corners", None):
        raise call.refusal("interpolation whose corners are aligned")
    if call.get(6, "antialias", False):
        raise call.refusal("interpolation with antialiasing")
    factors = {new / old for new, old in zip(after, before, strict=True)}
    factor = factors.pop()
    if factors:
        raise call.refusal(
            f"interpolation from {before} to {after}: the axes grow by different factors"
        )
    if mode == "nearest" and factor != int(factor):
        raise call.refusal(
            "`nearest` by a factor that is no whole number",
            help="PyTorch's `nearest` rounds down, where a spec's takes the pixel's centre: "
            "`nearest-exact` is the same in both",
        )
    if mode not in ("nearest", "bilinear", "nearest-exact"):
        raise call.refusal(f"interpolation by `{mode}`")
    whole: int | float = int(factor) if factor == int(factor) else factor
    word = "bilinear" if mode == "bilinear" else "nearest"
    return call.step("upsample", {"factor": whole, "mode": word}, [x])


def _dropout(call: Call) -> Flow:
    x, rate = call.flow(), float(call.get(1, "p", 0.5))
    if rate == 0:
        return x
    if call.name == "feature_dropout" or call.name.startswith("dropout2d"):
        return call.step("spatial_dropout", {"rate": rate}, [x])
    return call.step("dropout", {"rate": rate}, [x])


POOLS: Final[Mapping[str, Handler]] = {
    "max_pool2d": _maxpool,
    "avg_pool2d": _avgpool,
    "adaptive_avg_pool2d": lambda call: _adaptive(call, "gap", "adaptive_avgpool"),
    "adaptive_max_pool2d": lambda call: _adaptive(call, "gmp", None),
    "mean": _mean,
    "interpolate": _interpolate,
    "dropout": _dropout,
    "dropout_": _dropout,
    "dropout2d": _dropout,
}
