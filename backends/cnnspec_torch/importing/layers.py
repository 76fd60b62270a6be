"""Functions with weights: convolutions, dense layers, norms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.importing.tree import Argument
from cnnspec_torch.importing.meaning import FIRST, LAST, Flow
from cnnspec_torch.importing.recorder import Call, Handler


def numbers(value: int | tuple[int, ...] | list[int]) -> int | tuple[int, ...]:
    """Give one number, or one an axis.

    >>> numbers((3, 3)), numbers([1, 3])
    (3, (1, 3))
    """
    if isinstance(value, int):
        return value
    return value[0] if len(set(value)) == 1 else tuple(value)


def _image(call: Call) -> Flow:
    x = call.upright()
    if len(x.value.shape) != 3:
        raise call.refusal(f"`{call.name}` runs on a value of {len(x.value.shape)} axes")
    return x


def _conv(call: Call) -> Flow:
    x = _image(call)
    weight, pad = call.get(1, "weight"), call.get(4, "padding", 0)
    path = call.owner(1, "weight", "weight")
    bias = _bias(call, path)
    dilation = numbers(call.get(5, "dilation", 1))
    if pad == "valid":
        pad = 0
    if pad == "same":  # torch has it for a stride of 1 alone
        sizes = [d * (k - 1) for d, k in zip(_pair(dilation), weight.shape[2:], strict=True)]
        even = all(each % 2 == 0 for each in sizes)
        pad = tuple(each // 2 for each in sizes) if even else "same"
    arguments: dict[str, Argument] = {
        "filters": int(weight.shape[0]),
        "size": numbers(tuple(weight.shape[2:])),
        "stride": numbers(call.get(3, "stride", 1)),
        "pad": pad if pad == "same" else numbers(pad),
        "dilation": dilation,
        "groups": int(call.get(6, "groups", 1)),
        "bias": bias,
    }
    return call.step("conv", arguments, [x], path=path)


def _pair(value: int | tuple[int, ...]) -> tuple[int, ...]:
    return (value, value) if isinstance(value, int) else value


def _bias(call: Call, path: str | None, position: int = 2) -> bool:
    """Whether there is a bias, which has to be the same module's."""
    owner = call.owner(position, "bias", "bias")
    if owner is not None and owner != path:
        raise call.refusal(f"the bias of `{call.name}` is another module's than its weight")
    return owner is not None


def _conv_transpose(call: Call) -> Flow:
    x = _image(call)
    weight = call.get(1, "weight")
    path = call.owner(1, "weight", "weight")
    groups = int(call.get(6, "groups", 1))
    arguments: dict[str, Argument] = {
        "filters": int(weight.shape[1]) * groups,
        "size": numbers(tuple(weight.shape[2:])),
        "stride": numbers(call.get(3, "stride", 1)),
        "pad": numbers(call.get(4, "padding", 0)),
        "output_pad": numbers(call.get(5, "output_padding", 0)),
        "dilation": numbers(call.get(7, "dilation", 1)),
        "groups": groups,
        "bias": _bias(call, path),
    }
    return call.step("conv_transpose", arguments, [x], path=path)


def _linear(call: Call) -> Flow:
    x = call.flow()
    path = call.owner(1, "weight", "weight")
    if x.layout not in (FIRST, LAST) or (x.layout == FIRST and len(x.value.shape) != 1):
        raise call.refusal("a dense layer runs along another axis than the channels")
    units = int(call.get(1, "weight").shape[0])
    return call.step("dense", {"units": units, "bias": _bias(call, path)}, [x], path=path)


def _batch_norm(call: Call) -> Flow:
    x = call.upright()
    path = call.owner(1, "running_mean", "running_mean")
    if path is None:
        raise call.refusal(
            "a batch norm without running statistics",
            help="`track_running_stats=True` gives it some; a batch's own say nothing at batch 1",
        )
    affine = call.get(3, "weight") is not None
    eps, momentum = float(call.get(7, "eps", 1e-5)), call.get(6, "momentum", 0.1)
    module = call.recorder.running[-1]
    if getattr(module, "momentum", 0.0) is None:
        raise call.refusal(
            "a batch norm whose statistics are the mean over all batches (momentum=None)"
        )
    if call.recorder.module.training and not call.get(5, "training", False):
        raise call.refusal(
            "a batch norm that keeps its statistics in training",
            help="call `.train()` on the whole model, or import it with `--inference`",
        )
    settings: dict[str, Argument] = {"eps": eps, "momentum": float(momentum), "affine": affine}
    return call.step("bn", settings, [x], path=path)


def _layer_norm(call: Call) -> Flow:
    x = call.flow()
    shape = tuple(call.get(1, "normalized_shape"))
    if len(shape) != 1 or (x.layout != LAST and len(x.value.shape) != 1):
        raise call.refusal("a layer norm over more than the channels of a place")
    path = call.owner(2, "weight", "weight")
    arguments = {"eps": float(call.get(4, "eps", 1e-5)), "affine": path is not None}
    if path is None:
        return call.step("ln", arguments, [x])
    if not _bias(call, path, 3):
        raise call.refusal("a layer norm with a scale and no shift")
    return call.step("ln", arguments, [x], path=path)


def _group_norm(call: Call) -> Flow:
    x = call.upright()
    path = call.owner(2, "weight", "weight")
    arguments: Mapping[str, Argument] = {
        "groups": int(call.get(1, "num_groups")),
        "eps": float(call.get(4, "eps", 1e-5)),
        "affine": path is not None,
    }
    return call.step("gn", arguments, [x], path=path)


def _local_response_norm(call: Call) -> Flow:
    arguments: Mapping[str, Argument] = {
        "size": int(call.get(1, "size")),
        "alpha": float(call.get(2, "alpha", 1e-4)),
        "beta": float(call.get(3, "beta", 0.75)),
        "k": float(call.get(4, "k", 1.0)),
    }
    return call.step("lrn", arguments, [call.upright()])


def _prelu(call: Call) -> Flow:
    x = call.upright()
    if call.get(1, "weight").numel() != x.value.shape[0]:
        raise call.refusal("a PReLU with one slope for all channels")
    return call.step("prelu", {}, [x], path=call.owner(1, "weight", "weight"))


LAYERS: Final[Mapping[str, Handler]] = {
    "conv2d": _conv,
    "conv_transpose2d": _conv_transpose,
    "linear": _linear,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "local_response_norm": _local_response_norm,
    "prelu": _prelu,
}
