"""The layers of `torch.nn` without weights: functions, called with what a constructor was given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from cnnspec.emit.sandbox import NotInterpreted
from cnnspec_torch.symbolic import functions as fn
from cnnspec_torch.symbolic.functions import Number, Size, pair
from cnnspec_torch.symbolic.tensors import Tensor
from cnnspec_torch.symbolic.weighted import Layer


class Function(Layer):
    """A function as a layer: called with what the constructor was given."""

    def __init__(self, function: Callable[..., Tensor], *arguments: Any) -> None:
        super().__init__({}, function=function, arguments=arguments)

    def forward(self, input: Tensor) -> Tensor:
        own = self.__dict__
        result: Tensor = own["function"](input, *own["arguments"])
        return result


class Identity(Function):
    """Nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__(_itself)


def _itself(input: Tensor) -> Tensor:
    return input


def activation(name: str, function: Callable[..., Tensor]) -> type[Function]:
    """Give the layer of a function whose layer takes `inplace`."""

    class Activation(Function):
        def __init__(self, inplace: bool = False) -> None:
            super().__init__(function, inplace)

    return _named(Activation, name)


def unary(name: str, function: Callable[..., Tensor]) -> type[Function]:
    """Give the layer of a function of nothing but its input."""

    class Unary(Function):
        def __init__(self) -> None:
            super().__init__(function)

    return _named(Unary, name)


def shaped(name: str, function: Callable[..., Tensor], word: str, default: float) -> Any:
    """Give the layer of a function with a number."""

    class Shaped(Function):
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            given = dict(zip((word, "inplace"), arguments, strict=False)) | keywords
            if given.keys() - {word, "inplace"} or len(arguments) > 2:
                raise TypeError(f"{name} has no such arguments")
            super().__init__(function, given.get(word, default), given.get("inplace", False))

    return _named(Shaped, name)


def dropping(name: str, function: Callable[..., Tensor]) -> type[Layer]:
    """Give a layer that drops values in training."""

    class Dropping(Layer):
        def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
            super().__init__({}, p=p, inplace=inplace)

        def forward(self, input: Tensor) -> Tensor:
            return function(input, self.p, self._symbol_trains(), self.inplace)

    return _named(Dropping, name)


def _named(made: type[Any], name: str) -> type[Any]:
    made.__name__ = made.__qualname__ = name
    return made


class Hardtanh(Function):
    """Cut off below and above."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(fn.hardtanh, min_val, max_val, inplace)


class GELU(Function):
    """Weighed by the normal distribution."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(fn.gelu, approximate)


class Softmax(Function):
    """Shares of the whole along an axis."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(fn.softmax, dim)


class Softplus(Function):
    """Bent smoothly at zero."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(fn.softplus, beta, threshold)


class LocalResponseNorm(Function):
    """Divided by what the channels around have."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__(fn.local_response_norm, size, alpha, beta, k)


class MaxPool2d(Function):
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


class AvgPool2d(Function):
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


class AdaptiveAvgPool2d(Function):
    """Means of so many windows."""

    def __init__(self, output_size: Size) -> None:
        super().__init__(fn.adaptive_avg_pool2d, output_size)


class AdaptiveMaxPool2d(Function):
    """The largest of so many windows."""

    def __init__(self, output_size: Size) -> None:
        super().__init__(fn.adaptive_max_pool2d, output_size)


class Upsample(Function):
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


class Flatten(Function):
    """One axis of several."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__(Tensor.flatten, start_dim, end_dim)


class PixelShuffle(Function):
    """Channels dealt out as places."""

    def __init__(self, upscale_factor: int) -> None:
        super().__init__(fn.pixel_shuffle, upscale_factor)


class ChannelShuffle(Function):
    """The channels of groups dealt out in turn."""

    def __init__(self, groups: int) -> None:
        super().__init__(fn.channel_shuffle, groups)


LAYERS: Final = (
    Identity,
    Hardtanh,
    GELU,
    Softmax,
    Softplus,
    LocalResponseNorm,
    MaxPool2d,
    AvgPool2d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    Upsample,
    Flatten,
    PixelShuffle,
    ChannelShuffle,
)
