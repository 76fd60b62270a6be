"""The layers of `torch.nn` that have weights, with the shapes of those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from cnnspec_torch.symbolic import functions as fn
from cnnspec_torch.symbolic.functions import Number, Size, pair
from cnnspec_torch.symbolic.modules import Module
from cnnspec_torch.symbolic.tensors import Parameter, Tensor


class Layer(Module):
    """A layer of torch's own: weights by name, and what its constructor was given."""

    def __init__(self, weights: dict[str, Parameter | None], **told: Any) -> None:
        self.__dict__.update(told, _modules={}, _parameters=weights, _buffers={})


class Conv2d(Layer):
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


class ConvTranspose2d(Layer):
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


class Linear(Layer):
    """A matrix."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        weights: dict[str, Parameter | None] = {
            "weight": Parameter((int(out_features), int(in_features))),
            "bias": Parameter((int(out_features),)) if bias else None,
        }
        super().__init__(weights, in_features=in_features, out_features=out_features)

    def forward(self, input: Tensor) -> Tensor:
        return fn.linear(input, self.weight, self.bias)


class BatchNorm(Layer):
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
            running_mean=Parameter(shape, requires_grad=False) if tracked else None,
            running_var=Parameter(shape, requires_grad=False) if tracked else None,
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


class LayerNorm(Layer):
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


class GroupNorm(Layer):
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


class PReLU(Layer):
    """A slope below zero that is learnt."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__({"weight": Parameter((int(num_parameters),))})

    def forward(self, input: Tensor) -> Tensor:
        return fn.prelu(input, self.weight)


LAYERS: Final = (
    Conv2d,
    ConvTranspose2d,
    Linear,
    BatchNorm1d,
    BatchNorm2d,
    LayerNorm,
    GroupNorm,
    PReLU,
)
