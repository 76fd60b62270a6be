"""What `keras.layers` has, as far as emitted functions call it."""

from __future__ import annotations

from typing import Final

from cnnspec_keras.symbolic import plain, weighted
from cnnspec_keras.symbolic.building import Built, Does
from cnnspec_keras.symbolic.tensors import Layer


def _layer(name: str, does: Does, *, several: bool = False) -> type[Built]:
    return type(name, (Built,), {"does": staticmethod(does), "takes_several": several})


_ONE: Final[dict[str, Does]] = {
    "Conv2D": weighted.conv,
    "DepthwiseConv2D": weighted.depthwise,
    "Conv2DTranspose": weighted.conv_transpose,
    "Dense": weighted.dense,
    "BatchNormalization": weighted.batch_norm,
    "LayerNormalization": weighted.layer_norm,
    "GroupNormalization": weighted.group_norm,
    "Activation": plain.activation,
    "ReLU": plain.relu,
    "LeakyReLU": plain.leaky_relu,
    "ELU": plain.elu,
    "PReLU": weighted.prelu,
    "Softmax": plain.softmax,
    "Identity": plain.identity,
    "Rescaling": plain.rescaling,
    "ZeroPadding2D": plain.zero_padding,
    "Cropping2D": plain.cropping,
    "MaxPooling2D": plain.max_pool,
    "AveragePooling2D": plain.average_pool,
    "GlobalAveragePooling2D": plain.over_all("global_average"),
    "GlobalMaxPooling2D": plain.over_all("global_max"),
    "AdaptiveAveragePooling2D": plain.adaptive_average,
    "UpSampling2D": plain.upsampling,
    "Resizing": plain.resizing,
    "Flatten": plain.flatten,
    "Reshape": plain.reshape,
    "Permute": plain.permute,
    "Dropout": plain.dropout,
    "SpatialDropout2D": plain.spatial_dropout,
}
_SEVERAL: Final[dict[str, Does]] = {
    "Add": plain.join("add"),
    "Subtract": plain.join("subtract"),
    "Multiply": plain.join("multiply"),
    "Maximum": plain.join("maximum"),
    "Minimum": plain.join("minimum"),
    "Concatenate": plain.concatenate,
}
#: What `keras.layers` has.
LAYERS: Final[dict[str, type[Layer]]] = {
    "Layer": Layer,
    **{name: _layer(name, does) for name, does in _ONE.items()},
    **{name: _layer(name, does, several=True) for name, does in _SEVERAL.items()},
}
