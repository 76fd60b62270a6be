"""The layers that Keras lacks: each class here is copied whole into the files that need it."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class LocalResponseNormalization(layers.Layer):
    """x / (k + alpha / size * sum of squares over size channels) ** beta."""

    def __init__(
        self,
        size: int = 5,
        *,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def call(self, x: KerasTensor) -> KerasTensor:
        channels = x.shape[-1]
        around = [[0, 0], [0, 0], [0, 0], [self.size // 2, (self.size - 1) // 2]]
        squares = ops.pad(ops.square(x), around)
        total = sum(squares[..., i : i + channels] for i in range(self.size))
        return x / (self.k + self.alpha / self.size * total) ** self.beta

    def get_config(self) -> dict[str, Any]:
        own = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="cnnspec")
class LayerScale(layers.Layer):
    """Times a learned number a channel."""

    def __init__(self, init: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.init = init

    def build(self, input_shape: Sequence[int]) -> None:
        start = keras.initializers.Constant(self.init)
        self.scale = self.add_weight((input_shape[-1],), start, name="scale")

    def call(self, x: KerasTensor) -> KerasTensor:
        return x * self.scale

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "init": self.init}


@keras.saving.register_keras_serializable(package="cnnspec")
class LearnedTensor(layers.Layer):
    """A learned tensor, once for each example that is given."""

    def __init__(self, shape: Sequence[int], init: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.init = init

    def build(self, input_shape: Sequence[int]) -> None:
        start = keras.initializers.Constant(self.init)
        self.value = self.add_weight(self.shape, start, name="value")

    def call(self, x: KerasTensor) -> KerasTensor:
        return ops.broadcast_to(self.value, (ops.shape(x)[0], *self.shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shape": self.shape, "init": self.init}


@keras.saving.register_keras_serializable(package="cnnspec")
class Elementwise(layers.Layer):
    """Values put together place by place, with a number after them, or first."""

    def __init__(
        self,
        operation: str,
        *,
        number: float | None = None,
        first: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.operation = operation
        self.number = number
        self.first = first

    def call(self, inputs: Sequence[KerasTensor]) -> KerasTensor:
        rank = max(len(x.shape) for x in inputs)
        values = []
        for x in inputs:
            flat = len(x.shape) < rank
            values.append(ops.expand_dims(x, (1, 2)) if flat else x)
        if self.number is not None:
            values.insert(0 if self.first else len(values), self.number)
        result = values[0]
        for value in values[1:]:
            if self.operation == "add":  # TensorFlow's may take the value for a bias
                result = result - (-value)
            else:
                result = getattr(ops, self.operation)(result, value)
        return result

    def get_config(self) -> dict[str, Any]:
        own = {
            "operation": self.operation,
            "number": self.number,
            "first": self.first,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="cnnspec")
class Pointwise(layers.Layer):
    """A function of each value by itself."""

    def __init__(self, function: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function

    def call(self, x: KerasTensor) -> KerasTensor:
        return getattr(ops, self.function)(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "function": self.function}


@keras.saving.register_keras_serializable(package="cnnspec")
class Power(layers.Layer):
    """Each value to a power."""

    def __init__(self, exponent: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.exponent = exponent

    def call(self, x: KerasTensor) -> KerasTensor:
        return ops.power(x, self.exponent)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "exponent": self.exponent}


@keras.saving.register_keras_serializable(package="cnnspec")
class ChannelShuffle(layers.Layer):
    """Deals the channels of groups out in turn."""

    def __init__(self, groups: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups = groups

    def call(self, x: KerasTensor) -> KerasTensor:
        height, width, channels = x.shape[1:]
        apart = (-1, height, width, self.groups, channels // self.groups)
        y = ops.transpose(ops.reshape(x, apart), (0, 1, 2, 4, 3))
        return ops.reshape(y, (-1, height, width, channels))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups}


@keras.saving.register_keras_serializable(package="cnnspec")
class PixelShuffle(layers.Layer):
    """Deals channels out as places; each channel's places lie together in its channels."""

    def __init__(self, factor: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x: KerasTensor) -> KerasTensor:
        height, width, channels = x.shape[1:]
        f, c = self.factor, channels // self.factor**2
        y = ops.reshape(x, (-1, height, width, c, f, f))
        y = ops.transpose(y, (0, 1, 4, 2, 5, 3))
        return ops.reshape(y, (-1, height * f, width * f, c))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="cnnspec")
class Split(layers.Layer):
    """Parts of an axis: so many of one length, or of the lengths that are listed."""

    def __init__(self, parts: Any, *, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = parts if isinstance(parts, int) else list(parts)
        self.axis = axis

    def call(self, x: KerasTensor) -> list[KerasTensor]:
        if isinstance(self.parts, int):
            return ops.split(x, self.parts, axis=self.axis)
        ends = [sum(self.parts[: i + 1]) for i in range(len(self.parts) - 1)]
        return ops.split(x, ends, axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "parts": self.parts, "axis": self.axis}


@keras.saving.register_keras_serializable(package="cnnspec")
class Reduction(layers.Layer):
    """One number of all along axes, which stay with length 1."""

    def __init__(self, operation: str, axis: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.operation = operation
        self.axis = axis if isinstance(axis, int) else tuple(axis)

    def call(self, x: KerasTensor) -> KerasTensor:
        return getattr(ops, self.operation)(x, axis=self.axis, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        own = {"operation": self.operation, "axis": self.axis}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="cnnspec")
class SoftmaxOver(layers.Layer):
    """Shares of 1 along axes together."""

    def __init__(self, axis: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else tuple(axis)

    def call(self, x: KerasTensor) -> KerasTensor:
        y = ops.exp(x - ops.max(x, axis=self.axis, keepdims=True))
        return y / ops.sum(y, axis=self.axis, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@keras.saving.register_keras_serializable(package="cnnspec")
class ChannelPadding(layers.Layer):
    """Channels of zeros, before and after."""

    def __init__(self, padding: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = (padding,) * 2 if isinstance(padding, int) else tuple(padding)

    def call(self, x: KerasTensor) -> KerasTensor:
        return ops.pad(x, [[0, 0], [0, 0], [0, 0], list(self.padding)])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding}


@keras.saving.register_keras_serializable(package="cnnspec")
class LowestPadding2D(layers.Layer):
    """Minus infinity around an image: ((top, bottom), (left, right))."""

    def __init__(
        self,
        padding: Sequence[tuple[int, int]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.padding = tuple(map(tuple, padding))

    def call(self, x: KerasTensor) -> KerasTensor:
        rows, columns = self.padding
        around = [[0, 0], list(rows), list(columns), [0, 0]]
        return ops.pad(x, around, constant_values=-np.inf)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding}


@keras.saving.register_keras_serializable(package="cnnspec")
class PaddedAveragePooling2D(layers.Layer):
    """Means over windows of a padded image, counting padding or not.

    What hangs over the end, overhang rows and columns, never counts.
    """

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        *,
        padding: Any = 0,
        overhang: Sequence[int] = (0, 0),
        count_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = tuple(np.broadcast_to(pool_size, 2).tolist())
        self.strides = tuple(np.broadcast_to(strides, 2).tolist())
        self.padding = tuple(map(tuple, np.broadcast_to(padding, (2, 2)).tolist()))
        self.overhang = tuple(overhang)
        self.count_pad = count_pad

    def build(self, input_shape: Sequence[int]) -> None:
        counted = []
        for axis in (0, 1):
            before, after = self.padding[axis]
            around = 1.0 if self.count_pad else 0.0
            row = np.full(before + input_shape[axis + 1] + after, around)
            row[before : before + input_shape[axis + 1]] = 1.0
            row = np.pad(row, (0, self.overhang[axis]))
            view = np.lib.stride_tricks.sliding_window_view
            windows = view(row, self.pool_size[axis])[:: self.strides[axis]]
            counted.append(windows.mean(axis=1))
        self.share = 1.0 / np.outer(*counted)[None, :, :, None]

    def call(self, x: KerasTensor) -> KerasTensor:
        (top, bottom), (left, right) = self.padding
        rows, columns = self.overhang
        around = [[0, 0], [top, bottom + rows], [left, right + columns], [0, 0]]
        mean = ops.average_pool(ops.pad(x, around), self.pool_size, self.strides)
        return mean * ops.cast(self.share, mean.dtype)

    def get_config(self) -> dict[str, Any]:
        own = {
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "overhang": self.overhang,
            "count_pad": self.count_pad,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="cnnspec")
class ChannelsFirstReshape(layers.Layer):
    """The same values, channels first, as another shape: (features,) or (c, h, w)."""

    def __init__(self, to: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.to = tuple(to)

    def call(self, x: KerasTensor) -> KerasTensor:
        if len(x.shape) == 4:
            x = ops.transpose(x, (0, 3, 1, 2))
        y = ops.reshape(x, (-1, *self.to))
        return ops.transpose(y, (0, 2, 3, 1)) if len(self.to) == 3 else y

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "to": self.to}


@keras.saving.register_keras_serializable(package="cnnspec")
class ChannelsFirstPermute(layers.Layer):
    """The axes in another order: 0 channels, 1 rows, 2 columns."""

    def __init__(self, axes: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axes = tuple(axes)

    def call(self, x: KerasTensor) -> KerasTensor:
        place = {0: 3, 1: 1, 2: 2}
        channels, rows, columns = (place[each] for each in self.axes)
        return ops.transpose(x, (0, rows, columns, channels))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes}


@keras.saving.register_keras_serializable(package="cnnspec")
class TanhGELU(layers.Layer):
    """GELU by its tanh approximation, which is another function than the exact one."""

    def call(self, x: KerasTensor) -> KerasTensor:
        return ops.gelu(x, approximate=True)


@keras.saving.register_keras_serializable(package="cnnspec")
class BilinearUpSampling2D(layers.Layer):
    """Bilinear between pixel centres, in the precision of its input."""

    def __init__(self, factor: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape: Sequence[int]) -> None:
        self.places = []
        for length in input_shape[1:3]:
            count = int(length * self.factor)
            place = (np.arange(count) + 0.5) * length / count - 0.5
            place = np.clip(place, 0.0, length - 1.0)
            lower = np.floor(place).astype("int32")
            upper = np.minimum(lower + 1, length - 1)
            self.places.append((lower, upper, place - lower))

    def call(self, x: KerasTensor) -> KerasTensor:
        for axis, (lower, upper, share) in enumerate(self.places, start=1):
            along = (-1, 1, 1) if axis == 1 else (-1, 1)
            weight = ops.cast(share.reshape(along), x.dtype)
            below, above = ops.take(x, lower, axis), ops.take(x, upper, axis)
            x = below * (1.0 - weight) + above * weight
        return x

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}
