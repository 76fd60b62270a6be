"""The layers of `torch.nn` that emitted classes are made of, with the shapes of their weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from cnnspec.emit.sandbox import NotInterpreted
from cnnspec_torch.symbolic import functions as fn
from cnnspec_torch.symbolic.functions import Number, Size, pair
from cnnspec_torch.symbolic.modules import Module, ModuleDict, ModuleList, Sequential
from cnnspec_torch.symbolic.tensors import Parameter, Tensor


class _Layer(Module):
    """A layer of torch's own: weights by name, and what its constructor was given."""

    def __init__(self, weights: dict[str, Parameter | None], **told: Any) -> None:
        self.__dict__.update(told, _modules={}, _parameters=weights, _buffers={})


class Conv2d(_Layer):
    """A convolution."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        _divides(groups, in_channels, out_channels)
        size = pair(kernel_size)
        weights: dict[str, Parameter | None] = {
            "weight": Parameter((int(out_channels), in_channels // groups, *size)),
            "bias": Parameter((int(out_channels),)) if bias else None,
        }
        super().__init__(
            weights,
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=size,
            stride=pair(stride),
            padding=padding if isinstance(padding, str) else pair(padding),
            dilation=pair(dilation),
            groups=groups,
        )

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self._parameters["weight"], self._parameters["bias"])

    def _conv_forward(self, input: Tensor, weight: Any, bias: Tensor | None) -> Tensor:
        own = self.__dict__
        moves = (own["stride"], own["padding"], own["dilation"], own["groups"])
        return fn.conv2d(input, weight, bias, *moves)


class ConvTranspose2d(_Layer):
    """A transposed convolution."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
    ) -> None:
        _divides(groups, in_channels, out_channels)
        size = pair(kernel_size)
        weights: dict[str, Parameter | None] = {
            "weight": Parameter((int(in_channels), out_channels // groups, *size)),
            "bias": Parameter((int(out_channels),)) if bias else None,
        }
        super().__init__(
            weights,
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=size,
            stride=pair(stride),
            padding=pair(padding),
            output_padding=pair(output_padding),
            groups=groups,
            dilation=pair(dilation),
        )

    def forward(self, input: Tensor) -> Tensor:
        own = self.__dict__
        return fn.conv_transpose2d(
            input,
            self.weight,
            self.bias,
            own["stride"],
            own["padding"],
            own["output_padding"],
            own["groups"],
            own["dilation"],
        )


def _divides(groups: int, *channels: int) -> None:
    for each in channels:
        if each % groups:
            raise ValueError(f"{each} channels are no {groups} groups")


class Linear(_Layer):
    """A matrix."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        weights: dict[str, Parameter | None] = {
            "weight": Parameter((int(out_features), int(in_features))),
            "bias": Parameter((int(out_features),)) if bias else None,
        }
        super().__init__(weights, in_features=in_features, out_features=out_features)

    def forward(self, input: Tensor) -> Tensor:
        return fn.linear(input, self.weight, self.bias)


class BatchNorm(_Layer):
    """Normalisation over a batch; `axes` are those that it takes."""

    axes: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: Number | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        shape = (int(num_features),)
        weights: dict[str, Parameter | None] = {
            "weight": Parameter(shape) if affine else None,
            "bias": Parameter(shape) if affine else None,
        }
        told = {"num_features": num_features, "eps": eps, "momentum": momentum}
        super().__init__(weights, **told)
        tracked = track_running_stats
        self._buffers.update(
            running_mean=Parameter(shape) if tracked else None,
            running_var=Parameter(shape) if tracked else None,
        )

    def forward(self, input: Tensor) -> Tensor:
        known = input.values.shapes.get(input.number)
        if known is not None and len(known) not in self.axes:
            raise ValueError(f"{type(self).__name__} is given {len(known)} axes")
        mean, variance = self._buffers["running_mean"], self._buffers["running_var"]
        training = self._symbol_trains() or mean is None
        weight, bias = self._parameters["weight"], self._parameters["bias"]
        return fn.batch_norm(input, mean, variance, weight, bias, training, self.momentum, self.eps)


class BatchNorm1d(BatchNorm):
    """For vectors."""

    axes = (2, 3)


class BatchNorm2d(BatchNorm):
    """For images."""

    axes = (4,)


class LayerNorm(_Layer):
    """Normalisation over the last axes."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        shape = tuple(normalized_shape)
        weights: dict[str, Parameter | None] = {
            "weight": Parameter(shape) if elementwise_affine else None,
            "bias": Parameter(shape) if elementwise_affine and bias else None,
        }
        super().__init__(weights, normalized_shape=shape, eps=eps)

    def forward(self, input: Tensor) -> Tensor:
        return fn.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class GroupNorm(_Layer):
    """Normalisation over groups of channels."""

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True
    ) -> None:
        _divides(num_groups, num_channels)
        shape = (int(num_channels),)
        weights: dict[str, Parameter | None] = {
            "weight": Parameter(shape) if affine else None,
            "bias": Parameter(shape) if affine else None,
        }
        super().__init__(weights, num_groups=num_groups, num_channels=num_channels, eps=eps)

    def forward(self, input: Tensor) -> Tensor:
        return fn.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)


class PReLU(_Layer):
    """A slope below zero that is learnt."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__({"weight": Parameter((int(num_parameters),))})

    def forward(self, input: Tensor) -> Tensor:
        return fn.prelu(input, self.weight)


class _Function(_Layer):
    """A function as a layer: called with what the constructor was given."""

    def __init__(self, function: Callable[..., Tensor], *arguments: Any) -> None:
        super().__init__({}, function=function, arguments=arguments)

    def forward(self, input: Tensor) -> Tensor:
        own = self.__dict__
        result: Tensor = own["function"](input, *own["arguments"])
        return result


class Identity(_Function):
    """Nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__(_itself)


def _itself(input: Tensor) -> Tensor:
    return input


def _activation(name: str, function: Callable[..., Tensor]) -> type[_Function]:
    """Give the layer of a function whose layer takes `inplace`."""

    class Activation(_Function):
        def __init__(self, inplace: bool = False) -> None:
            super().__init__(function, inplace)

    return _named(Activation, name)


def _unary(name: str, function: Callable[..., Tensor]) -> type[_Function]:
    """Give the layer of a function of nothing but its input."""

    class Unary(_Function):
        def __init__(self) -> None:
            super().__init__(function)

    return _named(Unary, name)


def _shaped(name: str, function: Callable[..., Tensor], word: str, default: float) -> Any:
    """Give the layer of a function with a number."""

    class Shaped(_Function):
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            given = dict(zip((word, "inplace"), arguments, strict=False)) | keywords
            if given.keys() - {word, "inplace"} or len(arguments) > 2:
                raise TypeError(f"{name} has no such arguments")
            super().__init__(function, given.get(word, default), given.get("inplace", False))

    return _named(Shaped, name)


def _dropping(name: str, function: Callable[..., Tensor]) -> type[_Layer]:
    """Give a layer that drops values in training."""

    class Dropping(_Layer):
        def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
            super().__init__({}, p=p, inplace=inplace)

        def forward(self, input: Tensor) -> Tensor:
            return function(input, self.p, self._symbol_trains(), self.inplace)

    return _named(Dropping, name)


def _named(made: type[Any], name: str) -> type[Any]:
    made.__name__ = made.__qualname__ = name
    return made


class Hardtanh(_Function):
    """Cut off below and above."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(fn.hardtanh, min_val, max_val, inplace)


class GELU(_Function):
    """Weighed by the normal distribution."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(fn.gelu, approximate)


class Softmax(_Function):
    """Shares of the whole along an axis."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(fn.softmax, dim)


class Softplus(_Function):
    """Bent smoothly at zero."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(fn.softplus, beta, threshold)


class LocalResponseNorm(_Function):
    """Divided by what the channels around have."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__(fn.local_response_norm, size, alpha, beta, k)


class MaxPool2d(_Function):
    """The largest of a window."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        if return_indices:
            raise NotInterpreted("it asks where the largest of a window is")
        _half(kernel_size, padding)
        super().__init__(fn.max_pool2d, kernel_size, stride, padding, dilation, ceil_mode)


class AvgPool2d(_Function):
    """The mean of a window."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        _half(kernel_size, padding)
        how = (padding, ceil_mode, count_include_pad, divisor_override)
        super().__init__(fn.avg_pool2d, kernel_size, stride, *how)


def _half(kernel_size: Size, padding: Size) -> None:
    for size, around in zip(pair(kernel_size), pair(padding), strict=True):
        if 2 * around > size:
            raise RuntimeError("pad should be at most half of effective kernel size")


class AdaptiveAvgPool2d(_Function):
    """Means of so many windows."""

    def __init__(self, output_size: Size) -> None:
        super().__init__(fn.adaptive_avg_pool2d, output_size)


class AdaptiveMaxPool2d(_Function):
    """The largest of so many windows."""

    def __init__(self, output_size: Size) -> None:
        super().__init__(fn.adaptive_max_pool2d, output_size)


class Upsample(_Function):
    """An image of another size."""

    def __init__(
        self,
        size: Size | None = None,
        scale_factor: Number | Sequence[Number] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        how = (mode, align_corners, recompute_scale_factor)
        super().__init__(fn.interpolate, size, scale_factor, *how)


class Flatten(_Function):
    """One axis of several."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__(Tensor.flatten, start_dim, end_dim)


class PixelShuffle(_Function):
    """Channels dealt out as places."""

    def __init__(self, upscale_factor: int) -> None:
        super().__init__(fn.pixel_shuffle, upscale_factor)


class ChannelShuffle(_Function):
    """The channels of groups dealt out in turn."""

    def __init__(self, groups: int) -> None:
        super().__init__(fn.channel_shuffle, groups)


#: Layers of functions of nothing but their input, that may overwrite it.
_ACTIVATIONS: Final = {
    "ReLU": "relu",
    "ReLU6": "relu6",
    "SiLU": "silu",
    "Hardswish": "hardswish",
    "Hardsigmoid": "hardsigmoid",
    "Mish": "mish",
    "SELU": "selu",
}
_UNARY: Final = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "LogSigmoid": "logsigmoid",
    "Softsign": "softsign",
    "Tanhshrink": "tanhshrink",
}
_NOISE: Final = {
    "Dropout": "dropout",
    "Dropout1d": "dropout1d",
    "Dropout2d": "dropout2d",
    "Dropout3d": "dropout3d",
}
#: What `torch.nn` has.
LAYERS: Final[dict[str, type[Any]]] = {
    **{
        each.__name__: each
        for each in (
            *(Module, Sequential, ModuleList, ModuleDict, Parameter),
            *(Conv2d, ConvTranspose2d, Linear, BatchNorm1d, BatchNorm2d, LayerNorm, GroupNorm),
            *(PReLU, Identity, Hardtanh, GELU, Softmax, Softplus, LocalResponseNorm),
            *(MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, AdaptiveMaxPool2d, Upsample),
            *(Flatten, PixelShuffle, ChannelShuffle),
        )
    },
    **{name: _activation(name, fn.FUNCTIONAL[word]) for name, word in _ACTIVATIONS.items()},
    **{name: _unary(name, fn.FUNCTIONAL[word]) for name, word in _UNARY.items()},
    **{name: _dropping(name, fn.FUNCTIONAL[word]) for name, word in _NOISE.items()},
    "ELU": _shaped("ELU", fn.elu, "alpha", 1.0),
    "CELU": _shaped("CELU", fn.celu, "alpha", 1.0),
    "LeakyReLU": _shaped("LeakyReLU", fn.leaky_relu, "negative_slope", 0.01),
}
