"""The layers that PyTorch lacks: each class here is copied whole into the files that need it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PaddedConv2d(nn.Conv2d):
    """Conv2d after zeros around the image: pads are left, right, top, bottom."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        *,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        pads: tuple[int, int, int, int],
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        self.pads = pads

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self._conv_forward(F.pad(x, self.pads), self.weight, self.bias)
        return y


class CroppedConvTranspose2d(nn.Module):
    """ConvTranspose2d cropped to size: crops are left, right, top, bottom, negative."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        *,
        output_padding: int | tuple[int, int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | tuple[int, int] = 1,
        crops: tuple[int, int, int, int],
    ) -> None:
        super().__init__()
        layer = nn.ConvTranspose2d(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            output_padding=output_padding,
            groups=groups,
            bias=bias,
            dilation=dilation,
        )
        self.weight = layer.weight
        self.bias = layer.bias
        self.stride = layer.stride
        self.output_padding = layer.output_padding
        self.dilation = layer.dilation
        self.groups = groups
        self.crops = crops

    def forward(self, x: Tensor) -> Tensor:
        y = F.conv_transpose2d(
            x,
            self.weight,
            self.bias,
            self.stride,
            output_padding=self.output_padding,
            groups=self.groups,
            dilation=self.dilation,
        )
        return F.pad(y, self.crops)


class ChannelLinear(nn.Linear):
    """Linear over the channels at each place of an image."""

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(torch.movedim(x, 1, -1), self.weight, self.bias)
        return torch.movedim(y, -1, 1)


class ChannelLayerNorm(nn.LayerNorm):
    """LayerNorm over the channels at each place of an image."""

    def forward(self, x: Tensor) -> Tensor:
        last = torch.movedim(x, 1, -1)
        y = F.layer_norm(last, self.normalized_shape, self.weight, self.bias, self.eps)
        return torch.movedim(y, -1, 1)


class PaddedMaxPool2d(nn.Module):
    """MaxPool2d after minus infinity around the image: left, right, top, bottom."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        *,
        pads: tuple[int, int, int, int],
    ) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(kernel_size, stride)
        self.pads = pads

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.pool(F.pad(x, self.pads, value=float("-inf")))
        return y


class PaddedAvgPool2d(nn.Module):
    """AvgPool2d with padding on any side; what hangs over the end never counts."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int],
        *,
        pads: tuple[int, int, int, int],
        over: tuple[int, int],
        count_pad: bool,
    ) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(kernel_size, stride)
        self.pads = pads
        self.over = (0, over[0], 0, over[1])
        self.count_pad = count_pad

    def forward(self, x: Tensor) -> Tensor:
        ones = torch.ones_like(x[:1, :1])
        ones = F.pad(ones, self.pads, value=1.0 if self.count_pad else 0.0)
        mean: Tensor = self.pool(F.pad(F.pad(x, self.pads), self.over))
        counted: Tensor = self.pool(F.pad(ones, self.over))
        return mean / counted


class GlobalAvgPool2d(nn.Module):
    """The mean of each channel."""

    def __init__(self, *, keep: bool = False) -> None:
        super().__init__()
        self.keep = keep

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3), keepdim=self.keep)


class GlobalMaxPool2d(nn.Module):
    """The largest value of each channel."""

    def __init__(self, *, keep: bool = False) -> None:
        super().__init__()
        self.keep = keep

    def forward(self, x: Tensor) -> Tensor:
        return x.amax((2, 3), keepdim=self.keep)


class Scale(nn.Module):
    """Times a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


class Reshape(nn.Module):
    """The same values as another shape; the batch stays."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = (-1, *shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(self.shape)


class Permute(nn.Module):
    """The axes in another order."""

    def __init__(self, *axes: int) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.axes)


class Pad(nn.Module):
    """Zeros around an image, left, right, top, bottom; negative numbers take away."""

    def __init__(self, pads: tuple[int, ...]) -> None:
        super().__init__()
        self.pads = pads

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, self.pads)


class DropPath(nn.Module):
    """Drops whole examples in training; rate is the probability of dropping."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0.0:
            return x
        shape = [x.shape[0]] + [1] * (x.dim() - 1)
        mask = torch.rand(shape, dtype=x.dtype, device=x.device) >= self.rate
        return x * mask / (1.0 - self.rate)
