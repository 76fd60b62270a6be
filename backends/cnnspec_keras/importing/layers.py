"""What steps a Keras layer is: one function a class, from its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cnnspec.importing.refusal import refused
from cnnspec.importing.tree import Argument, Shape, Value

#: Records a step: operator, arguments, inputs, shape that comes out, key below the layer's path.
Put = Callable[..., Value]
#: What Keras calls activations.
ACTIVATIONS: Final[Mapping[str, tuple[str, Mapping[str, Argument]]]] = {
    "relu": ("relu", {}),
    "relu6": ("relu6", {}),
    "silu": ("silu", {}),
    "swish": ("silu", {}),
    "sigmoid": ("sigmoid", {}),
    "hard_sigmoid": ("hardsigmoid", {}),
    "hard_silu": ("hardswish", {}),
    "hard_swish": ("hardswish", {}),
    "tanh": ("tanh", {}),
    "mish": ("mish", {}),
    "softmax": ("softmax", {}),
    "gelu": ("gelu", {"approximate": "exact"}),
    "elu": ("elu", {}),
}


class Layer:
    """A call of a layer while it is read: what went in, what it puts."""

    def __init__(
        self, layer: Any, inputs: Sequence[Value], shape: Shape, put: Put, *, keeps_same: bool
    ) -> None:
        self.layer = layer
        #: Whether `same` stays that word: where a stride needs it, it is the same everywhere.
        self.keeps_same = keeps_same
        self.inputs = list(inputs)
        self.shape = shape
        self._put = put

    def put(
        self,
        operator: str,
        arguments: Mapping[str, Argument],
        *,
        weighted: bool = False,
        inputs: Sequence[Value] | None = None,
        shape: Shape | None = None,
        key: str = "",
    ) -> Value:
        """Record a step."""
        read = self.inputs if inputs is None else inputs
        made = self.shape if shape is None else shape
        return self._put(operator, dict(arguments), read, made, weighted=weighted, key=key)

    def activated(self, value: Value, given: Any) -> Value:
        """Record the activation that a layer has built in."""
        name = getattr(given, "__name__", given)
        if name in (None, "linear"):
            return value
        if name not in ACTIVATIONS:
            raise self.refusal(f"there is no operator for the activation {name}")
        operator, arguments = ACTIVATIONS[name]
        return self.put(operator, arguments, inputs=[value], shape=value.shape)

    def refusal(self, what: str) -> Exception:
        """Make the refusal of what the layer does."""
        return refused(what, f"in the layer {self.layer.name}, a {type(self.layer).__name__}")

    def needs_image(self) -> None:
        """Refuse layers whose channels stand first."""
        if getattr(self.layer, "data_format", "channels_last") != "channels_last":
            raise self.refusal("a layer with channels first")


def numbers(value: Any) -> int | tuple[int, ...]:
    """Give one number, or one an axis."""
    if isinstance(value, int):
        return value
    return int(value[0]) if len(set(value)) == 1 else tuple(int(each) for each in value)


def _pad(call: Layer, size: Any, dilation: Any = 1) -> int | tuple[int, ...] | str:
    """Say `same` by numbers where the stride is 1 and the window is odd."""
    layer = call.layer
    if layer.padding == "valid":
        return 0
    if layer.padding != "same":
        raise call.refusal(f"there is no padding {layer.padding}")
    windows, spreads = _both(size), _both(dilation)
    reach = [(window - 1) * spread for window, spread in zip(windows, spreads, strict=True)]
    if not call.keeps_same and numbers(layer.strides) == 1 and all(each % 2 == 0 for each in reach):
        return numbers([each // 2 for each in reach])
    return "same"


def _both(value: Any) -> Sequence[int]:
    return value if isinstance(value, tuple | list) else (value, value)


def _conv(call: Layer) -> Value:
    call.needs_image()
    layer = call.layer
    value = call.put(
        "conv",
        {
            "filters": int(layer.filters),
            "size": numbers(layer.kernel_size),
            "stride": numbers(layer.strides),
            "pad": _pad(call, layer.kernel_size, layer.dilation_rate),
            "dilation": numbers(layer.dilation_rate),
            "groups": int(layer.groups),
            "bias": bool(layer.use_bias),
        },
        weighted=True,
    )
    return call.activated(value, layer.activation)


def _depthwise(call: Layer) -> Value:
    call.needs_image()
    layer = call.layer
    channels = call.inputs[0].shape[0]
    value = call.put(
        "conv",
        {
            "filters": channels * int(layer.depth_multiplier),
            "size": numbers(layer.kernel_size),
            "stride": numbers(layer.strides),
            "pad": _pad(call, layer.kernel_size, layer.dilation_rate),
            "dilation": numbers(layer.dilation_rate),
            "groups": channels,
            "bias": bool(layer.use_bias),
        },
        weighted=True,
    )
    return call.activated(value, layer.activation)


def _separable(call: Layer) -> Value:
    """Two steps: each channel by itself, then 1 x 1."""
    call.needs_image()
    layer = call.layer
    channels = call.inputs[0].shape[0]
    inner = (channels * int(layer.depth_multiplier), *call.shape[1:])
    depth = call.put(
        "conv",
        {
            "filters": inner[0],
            "size": numbers(layer.kernel_size),
            "stride": numbers(layer.strides),
            "pad": _pad(call, layer.kernel_size, layer.dilation_rate),
            "dilation": numbers(layer.dilation_rate),
            "groups": channels,
            "bias": False,
        },
        weighted=True,
        shape=inner,
        key="depthwise",
    )
    value = call.put(
        "conv",
        {"filters": int(layer.filters), "size": 1, "bias": bool(layer.use_bias)},
        weighted=True,
        inputs=[depth],
        key="pointwise",
    )
    return call.activated(value, layer.activation)


def _transposed(call: Layer) -> Value:
    call.needs_image()
    layer = call.layer
    if layer.padding != "valid" or layer.output_padding is not None:
        raise call.refusal("a transposed convolution that pads")
    value = call.put(
        "conv_transpose",
        {
            "filters": int(layer.filters),
            "size": numbers(layer.kernel_size),
            "stride": numbers(layer.strides),
            "dilation": numbers(layer.dilation_rate),
            "bias": bool(layer.use_bias),
        },
        weighted=True,
    )
    return call.activated(value, layer.activation)


def _dense(call: Layer) -> Value:
    layer = call.layer
    arguments = {"units": int(layer.units), "bias": bool(layer.use_bias)}
    return call.activated(call.put("dense", arguments, weighted=True), layer.activation)


def _batch_norm(call: Layer) -> Value:
    layer = call.layer
    axis = layer.axis if isinstance(layer.axis, int) else layer.axis[0]
    if axis not in (-1, len(call.shape)):
        raise call.refusal("a norm along another axis than the channels")
    if layer.center != layer.scale:
        raise call.refusal("a batch norm with a shift and no scale, or the other way about")
    arguments: Mapping[str, Argument] = {
        "eps": float(layer.epsilon),
        "momentum": round(1 - float(layer.momentum), 12),
        "affine": bool(layer.scale),
    }
    return call.put("bn", arguments, weighted=True)


def _layer_norm(call: Layer) -> Value:
    layer = call.layer
    axes = [layer.axis] if isinstance(layer.axis, int) else list(layer.axis)
    if axes not in ([-1], [len(call.shape)]) or layer.center != layer.scale:
        raise call.refusal("a layer norm over more than the channels, or without scale or shift")
    arguments = {"eps": float(layer.epsilon), "affine": bool(layer.scale)}
    return call.put("ln", arguments, weighted=bool(layer.scale))


def _group_norm(call: Layer) -> Value:
    layer = call.layer
    if layer.center != layer.scale:
        raise call.refusal("a group norm without scale, or without shift")
    arguments = {
        "groups": int(layer.groups),
        "eps": float(layer.epsilon),
        "affine": bool(layer.scale),
    }
    return call.put("gn", arguments, weighted=bool(layer.scale))


def _relu(call: Layer) -> Value:
    layer = call.layer
    top, slope, threshold = layer.max_value, layer.negative_slope, layer.threshold
    if threshold or (slope and top is not None) or top not in (None, 6):
        raise call.refusal("a ReLU with a threshold, or cut off elsewhere than at 6")
    if slope:
        return call.put("leaky_relu", {"slope": float(slope)})
    return call.put("relu" if top is None else "relu6", {})


def _softmax(call: Layer) -> Value:
    if call.layer.axis not in (-1, len(call.shape)):
        raise call.refusal("a softmax along another axis than the channels")
    return call.put("softmax", {})


def _prelu(call: Layer) -> Value:
    shared = list(call.layer.shared_axes or [])
    if len(call.shape) == 3 and shared != [1, 2]:
        raise call.refusal("a PReLU with a slope for each place")
    return call.put("prelu", {}, weighted=True)


def _sides(call: Layer) -> Value:
    cropping = type(call.layer).__name__ == "Cropping2D"
    (top, bottom), (left, right) = call.layer.cropping if cropping else call.layer.padding
    sides = numbers([top, bottom, left, right])
    return call.put("crop" if cropping else "pad", {"sides": sides})


def _pool(operator: str) -> Callable[[Layer], Value]:
    def pool(call: Layer) -> Value:
        call.needs_image()
        layer = call.layer
        arguments: dict[str, Argument] = {
            "size": numbers(layer.pool_size),
            "stride": numbers(layer.strides),
            "pad": 0 if layer.padding == "valid" else "same",
        }
        if operator == "avgpool":
            arguments["count_pad"] = layer.padding == "valid"
        return call.put(operator, arguments)

    return pool


def _global(operator: str) -> Callable[[Layer], Value]:
    def pool(call: Layer) -> Value:
        call.needs_image()
        return call.put(operator, {"keep": bool(call.layer.keepdims)})

    return pool


def _dropout(call: Layer) -> Value:
    layer = call.layer
    rate = float(layer.rate)
    if rate == 0:
        return call.inputs[0]
    noise = getattr(layer, "noise_shape", None)
    if noise is None:
        return call.put("dropout", {"rate": rate})
    if all(length == 1 for length in tuple(noise)[1:]):
        return call.put("drop_path", {"rate": rate})
    raise call.refusal("values are dropped together in another way than by examples")


def _merge(operator: str) -> Callable[[Layer], Value]:
    def merge(call: Layer) -> Value:
        axis = getattr(call.layer, "axis", -1)
        if operator == "concat" and axis not in (-1, len(call.shape)):
            raise call.refusal("what is put together along another axis than the channels")
        return call.put(operator, {})

    return merge


def _reshape(call: Layer) -> Value:
    (x,) = call.inputs
    if x.shape == call.shape:
        return x
    if len(x.shape) == 1 and call.shape == (x.shape[0], 1, 1):
        step = x.step
        if step is not None and step.operator in ("gap", "gmp") and not step.arguments["keep"]:
            return call.put(step.operator, {"keep": True}, inputs=step.inputs)
        return call.put("reshape", {"to": call.shape})
    if len(call.shape) == 1 and x.shape[1:] == (1, 1):
        return call.put("flatten", {})
    raise call.refusal("what is put into another shape")


def _upsample(call: Layer) -> Value:
    factor, mode = numbers(call.layer.size), call.layer.interpolation
    if not isinstance(factor, int) or mode not in ("nearest", "bilinear"):
        raise call.refusal("an image that grows by two factors, or by another rule")
    return call.put("upsample", {"factor": factor, "mode": mode})


def _layer_scale(call: Layer) -> Value:
    return call.put("layer_scale", {}, weighted=True)


def _drop_path(call: Layer) -> Value:
    return call.put("drop_path", {"rate": float(call.layer.drop_path_rate)})


LAYERS: Final[Mapping[str, Callable[[Layer], Value]]] = {
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Conv2DTranspose": _transposed,
    "Dense": _dense,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "Activation": lambda call: call.activated(call.inputs[0], call.layer.activation),
    "ReLU": _relu,
    "LeakyReLU": lambda c: c.put("leaky_relu", {"slope": float(c.layer.negative_slope)}),
    "ELU": lambda call: call.put("elu", {"alpha": float(call.layer.alpha)}),
    "PReLU": _prelu,
    "Softmax": _softmax,
    "ZeroPadding2D": _sides,
    "Cropping2D": _sides,
    "MaxPooling2D": _pool("maxpool"),
    "AveragePooling2D": _pool("avgpool"),
    "GlobalAveragePooling2D": _global("gap"),
    "GlobalMaxPooling2D": _global("gmp"),
    "Dropout": _dropout,
    "SpatialDropout2D": lambda c: c.put("spatial_dropout", {"rate": float(c.layer.rate)}),
    "Add": _merge("add"),
    "Multiply": _merge("mul"),
    "Subtract": _merge("sub"),
    "Concatenate": _merge("concat"),
    "Flatten": lambda call: call.put("flatten", {}),
    "Reshape": _reshape,
    "UpSampling2D": _upsample,
    "LayerScale": _layer_scale,
    "StochasticDepth": _drop_path,
    "Identity": lambda call: call.inputs[0],
}
#: Layers that bring pixels to a scale, in front of a network.
PREPROCESSING: Final = ("Rescaling", "Normalization")
