"""The layers that PyTorch lacks: each class here is copied whole into the files that need it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def both(value: int | tuple[int, int]) -> tuple[int, int]:
    """One number for both axes, or a number each."""
    return value if isinstance(value, tuple) else (value, value)


def same_pads(
    x: Tensor,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...] = (1, 1),
    lower: bool = False,
) -> list[int]:
    """The zeros that make an output ceil(input / stride): left, right, top, bottom."""
    pads = []
    for axis in (1, 0):
        length, step = x.shape[2 + axis], stride[axis]
        reach = (-(-length // step) - 1) * step + (size[axis] - 1) * dilation[axis] + 1
        total = max(reach - length, 0)
        halves = [total // 2, total - total // 2]
        pads += halves[::-1] if lower else halves
    return pads


def pool_pads(
    x: Tensor,
    size: tuple[int, int],
    stride: tuple[int, int],
    pad: str | tuple[int, int, int, int],
) -> list[int]:
    """Padding as left, right, top, bottom."""
    if isinstance(pad, str):
        return same_pads(x, size, stride, lower=pad == "same_lower")
    return list(pad)


def reaching(
    x: Tensor, size: tuple[int, int], stride: tuple[int, int], pads: list[int]
) -> list[int]:
    """Padding with what a last window, that starts on the image, hangs over the end."""
    result = list(pads)
    for axis, before, after in ((1, 0, 1), (0, 2, 3)):
        padded = x.shape[2 + axis] + pads[before] + pads[after]
        count = -(-(padded - size[axis]) // stride[axis]) + 1
        if count > 1 and (count - 1) * stride[axis] >= x.shape[2 + axis] + pads[before]:
            count -= 1
        result[after] += max((count - 1) * stride[axis] + size[axis] - padded, 0)
    return result


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


class SameConv2d(nn.Conv2d):
    """Conv2d whose output is ceil(input / stride): the odd zero comes after, or before."""

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
        lower: bool = False,
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
        self.lower = lower

    def forward(self, x: Tensor) -> Tensor:
        pads = same_pads(x, self.kernel_size, self.stride, self.dilation, self.lower)
        y: Tensor = self._conv_forward(F.pad(x, pads), self.weight, self.bias)
        return y


class CroppedConvTranspose2d(nn.Module):
    """ConvTranspose2d cropped by a number, height and width, four sides, or to input * stride."""

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
        pad: str | int | tuple[int, ...],
    ) -> None:
        super().__init__()
        layer = nn.ConvTranspose2d(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            groups=groups,
            bias=bias,
            dilation=dilation,
        )
        self.weight = layer.weight
        self.bias = layer.bias
        self.stride = layer.stride
        self.dilation = layer.dilation
        self.groups = groups
        sides, longer = [0, 0, 0, 0], list(both(output_padding))
        if isinstance(pad, str):
            for axis, size in enumerate(layer.kernel_size):
                over = (size - 1) * self.dilation[axis] + 1 - self.stride[axis]
                crop, longer[axis] = max(over, 0), max(-over, 0)
                sides[2 * axis : 2 * axis + 2] = [crop // 2, crop - crop // 2]
        elif isinstance(pad, int):
            sides = [pad] * 4
        else:
            sides = [each for each in pad for _ in range(4 // len(pad))]
        top, bottom, left, right = sides
        self.even = top == bottom and left == right
        self.padding = (top, left) if self.even else (0, 0)
        self.output_padding = (longer[0], longer[1])
        self.crops = (-left, -right, -top, -bottom)

    def forward(self, x: Tensor) -> Tensor:
        y = F.conv_transpose2d(
            x,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.dilation,
        )
        return y if self.even else F.pad(y, self.crops)


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
    """MaxPool2d after minus infinity around the image: left, right, top, bottom, or `same`."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        *,
        pad: str | tuple[int, int, int, int],
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.size = both(kernel_size)
        self.stride = self.size if stride is None else both(stride)
        self.pad = pad
        self.ceil_mode = ceil_mode

    def forward(self, x: Tensor) -> Tensor:
        pads = pool_pads(x, self.size, self.stride, self.pad)
        if self.ceil_mode:
            pads = reaching(x, self.size, self.stride, pads)
        return F.max_pool2d(F.pad(x, pads, value=float("-inf")), self.size, self.stride)


class PaddedAvgPool2d(nn.Module):
    """AvgPool2d with padding on any side, or `same`; what hangs over the end never counts."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        *,
        pad: str | tuple[int, int, int, int],
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.size = both(kernel_size)
        self.stride = self.size if stride is None else both(stride)
        self.pad = pad
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        pads = pool_pads(x, self.size, self.stride, self.pad)
        every = reaching(x, self.size, self.stride, pads) if self.ceil_mode else pads
        over = [end - start for end, start in zip(every, pads, strict=True)]
        ones = torch.ones_like(x[:1, :1])
        ones = F.pad(ones, pads, value=1.0 if self.count_include_pad else 0.0)
        mean = F.avg_pool2d(F.pad(x, every), self.size, self.stride)
        return mean / F.avg_pool2d(F.pad(ones, over), self.size, self.stride)


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


class Plus(nn.Module):
    """Plus a number."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number

    def forward(self, x: Tensor) -> Tensor:
        return x + self.number


class Minus(nn.Module):
    """Minus a number, or a number minus the value."""

    def __init__(self, number: float, *, first: bool = False) -> None:
        super().__init__()
        self.number = number
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        return self.number - x if self.first else x - self.number


class Over(nn.Module):
    """Divided by a number, or a number divided by the value."""

    def __init__(self, number: float, *, first: bool = False) -> None:
        super().__init__()
        self.number = number
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        return self.number / x if self.first else x / self.number


class AtLeast(nn.Module):
    """The value, or a number where that is larger."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number

    def forward(self, x: Tensor) -> Tensor:
        return torch.clamp(x, min=self.number)


class AtMost(nn.Module):
    """The value, or a number where that is smaller."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number

    def forward(self, x: Tensor) -> Tensor:
        return torch.clamp(x, max=self.number)


class Sqrt(nn.Module):
    """The square root."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sqrt(x)


class Exp(nn.Module):
    """e to the power of the value."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(x)


class Abs(nn.Module):
    """The value without its sign."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.abs(x)


class Power(nn.Module):
    """To a power."""

    def __init__(self, exponent: float) -> None:
        super().__init__()
        self.exponent = exponent

    def forward(self, x: Tensor) -> Tensor:
        return torch.pow(x, self.exponent)


def dims(axis: str | tuple[str, ...] | list[str]) -> list[int]:
    """The axes of an image by their names, the batch first."""
    named = {axis} if isinstance(axis, str) else set(axis)
    if "places" in named:
        named |= {"height", "width"}
    places = {"channels": 1, "height": 2, "width": 3}
    return [place for name, place in places.items() if name in named]


class MeanOver(nn.Module):
    """The mean along axes, which stay with length 1."""

    def __init__(self, dim: int | tuple[int, ...] | list[int]) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(self.dim, keepdim=True)


class SumOver(nn.Module):
    """The sum along axes, which stay with length 1."""

    def __init__(self, dim: int | tuple[int, ...] | list[int]) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(self.dim, keepdim=True)


class MaxOver(nn.Module):
    """The largest number along axes, which stay with length 1."""

    def __init__(self, dim: int | tuple[int, ...] | list[int]) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return x.amax(self.dim, keepdim=True)


class MinOver(nn.Module):
    """The smallest number along axes, which stay with length 1."""

    def __init__(self, dim: int | tuple[int, ...] | list[int]) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return x.amin(self.dim, keepdim=True)


def softmax_over(x: Tensor, dim: list[int]) -> Tensor:
    """Shares of 1 along several axes together."""
    y = torch.exp(x - x.amax(dim, keepdim=True))
    return y / y.sum(dim, keepdim=True)


class SoftmaxOver(nn.Module):
    """Shares of 1 along several axes together."""

    def __init__(self, dim: list[int]) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return softmax_over(x, self.dim)


def reshaped(x: Tensor, sizes: list[int]) -> Tensor:
    """The same values as another shape; the batch stays."""
    return x.reshape([x.shape[0]] + sizes)


class Reshape(nn.Module):
    """The same values as another shape; the batch stays."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.sizes = list(sizes)

    def forward(self, x: Tensor) -> Tensor:
        return reshaped(x, self.sizes)


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
