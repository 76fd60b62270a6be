"""What stands for Keras in the proof is like Keras: shapes, weights, arguments; and for NumPy."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest

from cnnspec_keras import layers_source
from cnnspec_keras.layers import LAYERS as OURS
from cnnspec_keras.symbolic import numbers
from cnnspec_keras.symbolic.building import Built
from cnnspec_keras.symbolic.graph import NAME, new_run
from cnnspec_keras.symbolic.graph import _Names as Names
from cnnspec_keras.symbolic.layers import LAYERS
from cnnspec_keras.symbolic.own import OWN
from cnnspec_keras.symbolic.tensors import tensors_in
from cnnspec_keras.symbolic.world import modules

#: Layers of one value, on an image x, a smaller one z, a vector v.
CALLS = """
layers.Conv2D(6, 3, strides=2, padding="same", name="step")(x)
layers.Conv2D(6, (3, 2), dilation_rate=2, groups=2, name="step")(x)
layers.Conv2D(6, 3, activation="relu", use_bias=False, name="step")(x)
layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2, padding="same", name="step")(x)
layers.DepthwiseConv2D((3, 1), use_bias=False, dilation_rate=2, name="step")(x)
layers.Conv2DTranspose(6, 3, strides=2, padding="same", name="step")(x)
layers.Conv2DTranspose(6, 2, strides=3, name="step")(x)
layers.Conv2DTranspose(6, 4, strides=2, output_padding=1, use_bias=False, name="step")(x)
layers.Conv2DTranspose(6, 4, strides=(2, 3), output_padding=0, name="step")(x)
layers.Dense(5, name="step")(v)
layers.Dense(5, use_bias=False, name="step")(x)
layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="step")(x)
layers.BatchNormalization(center=False, scale=False, name="step")(v)
layers.LayerNormalization(epsilon=1e-6, name="step")(x)
layers.LayerNormalization(epsilon=1e-6, center=False, scale=False, name="step")(v)
layers.GroupNormalization(4, epsilon=1e-5, name="step")(x)
layers.PReLU(alpha_initializer=keras.initializers.Constant(0.1), shared_axes=[1, 2], name="step")(x)
layers.PReLU(name="step")(v)
layers.Activation("silu", name="step")(x)
layers.ReLU(max_value=6.0, name="step")(x)
layers.LeakyReLU(negative_slope=0.1, name="step")(x)
layers.ELU(0.5, name="step")(x)
layers.Softmax(name="step")(x)
layers.Identity(name="step")(x)
layers.Rescaling(0.5, name="step")(x)
layers.ZeroPadding2D(((1, 2), (0, 3)), name="step")(x)
layers.ZeroPadding2D((1, 2), name="step")(x)
layers.Cropping2D(((1, 2), (0, 3)), name="step")(x)
layers.MaxPooling2D(3, strides=2, padding="same", name="step")(x)
layers.MaxPooling2D((2, 3), name="step")(x)
layers.AveragePooling2D(3, strides=2, name="step")(x)
layers.AveragePooling2D(3, strides=2, padding="same", name="step")(x)
layers.GlobalAveragePooling2D(keepdims=True, name="step")(x)
layers.GlobalAveragePooling2D(name="step")(x)
layers.GlobalMaxPooling2D(name="step")(x)
layers.AdaptiveAveragePooling2D((3, 2), name="step")(x)
layers.UpSampling2D(2, name="step")(x)
layers.Resizing(13, 5, interpolation="nearest", name="step")(x)
layers.Flatten(name="step")(x)
layers.Reshape((4, -1), name="step")(x)
layers.Permute((3, 1, 2), name="step")(x)
layers.Dropout(0.5, noise_shape=(None, 1, 1, 1), name="step")(x)
layers.SpatialDropout2D(0.5, name="step")(x)
layers.Add(name="step")([x, x, v])
layers.Subtract(name="step")([x, v])
layers.Multiply(name="step")([x, z])
layers.Maximum(name="step")([x, x])
layers.Minimum(name="step")([x, x])
layers.Concatenate(name="step")([x, x])
LocalResponseNormalization(5, name="step")(x)
LayerScale(0.1, name="step")(x)
ChannelShuffle(4, name="step")(x)
PixelShuffle(2, name="step")(x)
ChannelPadding((1, 2), name="step")(x)
LowestPadding2D(((1, 2), (0, 3)), name="step")(x)
PaddedAveragePooling2D(3, 2, padding=1, overhang=(1, 0), name="step")(x)
PaddedAveragePooling2D((3, 2), 2, count_pad=False, padding=((0, 1), (1, 0)), name="step")(x)
ChannelsFirstReshape((4, 9, 22), name="step")(x)
ChannelsFirstReshape((8 * 9 * 11,), name="step")(x)
ChannelsFirstPermute((1, 2, 0), name="step")(x)
TanhGELU(name="step")(x)
Split(2, name="step")(x)
Split([3, 5], name="step")(x)
Split((4, 5), axis=1, name="step")(x)
Reduction("mean", (1, 2), name="step")(x)
Reduction("max", 3, name="step")(x)
SoftmaxOver((1, 2), name="step")(x)
SoftmaxOver(-1, name="step")(v)
BilinearUpSampling2D(1.5, name="step")(x)
LearnedTensor((2, 3, 6), 0.5, name="step")(x)
LearnedTensor((6,), 0, name="step")(v)
Elementwise("add", number=2.0, name="step")([x])
Elementwise("divide", name="step")([x, v])
Pointwise("sqrt", name="step")(x)
Power(3.0, name="step")(x)
""".strip().split("\n")
SHAPES = {"x": (9, 11, 8), "z": (1, 1, 8), "v": (8,)}


def symbols(call: str) -> tuple[list[tuple[int | None, ...]], dict[str, tuple[int, ...]]]:
    """Do it with symbols: the shapes that come out, and the weights'."""
    run = new_run()
    names = Names(modules(lambda: run))
    for name, shape in SHAPES.items():
        names[name] = modules(lambda: run)["keras"].Input(shape, name=name)
    made = tensors_in(eval(call, names))
    weights = [each.arguments for each in run.values.keys if each.what == "weight"]
    return [each.shape for each in made], {
        key.removeprefix(f"{NAME}/"): shape
        for key, shape in weights  # type: ignore[misc]
    }


def frameworks(call: str) -> tuple[list[tuple[int | None, ...]], dict[str, tuple[int, ...]]]:
    """Do it with Keras."""
    names = {**vars(layers_source), "layers": keras.layers}
    names |= {name: keras.Input(shape, name=name) for name, shape in SHAPES.items()}
    made = keras.tree.flatten(eval(call, names))
    model = keras.Model([names[name] for name in SHAPES], made)
    weights = {each.name: tuple(each.shape) for each in model.get_layer("step").weights}
    noise = {"seed_generator_state"}
    return [tuple(each.shape) for each in made], {
        k: v for k, v in weights.items() if k not in noise
    }


@pytest.mark.parametrize("call", CALLS)
def test_shapes_and_weights_are_those_of_keras(call: str) -> None:
    assert symbols(call) == frameworks(call)


def test_every_layer_is_called_here() -> None:
    called = "\n".join(CALLS)
    for name in {*LAYERS, *OURS} - {"Layer"}:
        assert f"{name}(" in called, name
    assert set(OWN) == set(OURS)


@pytest.mark.parametrize("name", sorted(set(LAYERS) - {"Layer"}))
def test_arguments_are_those_of_keras(name: str) -> None:
    ours, theirs = LAYERS[name], getattr(keras.layers, name)
    assert issubclass(ours, Built)
    wanted = inspect.signature(theirs.__init__).parameters
    mine = list(inspect.signature(ours.does).parameters.values())[2:]
    words = [word for word in wanted if word != "self"]
    for place, each in enumerate(mine):
        assert each.name in wanted, each.name
        if each.default is each.empty:
            assert words[place] == each.name


@pytest.mark.parametrize(
    "words",
    [
        "np.broadcast_to(3, 2).tolist()",
        "np.broadcast_to((1, 2), (2, 2)).tolist()",
        "np.broadcast_to(((1,), (2,)), (2, 2)).tolist()",
        "np.multiply((1, 2), 3).tolist()",
        "np.subtract(((1, 2), (3, 4)), (1, 1)).tolist()",
        "bool(np.all(np.multiply(1, 2) == np.subtract((3, 3), 1)))",
        "bool(np.all(np.multiply((1, 2), 2) == np.subtract(3, 1)))",
        "bool(np.any(((0, 0), (0, 1))))",
        "int(np.max((1, 3)))",
        "int(np.max(2))",
        "np.repeat(np.broadcast_to(1, 2), 2).reshape(2, 2).tolist()",
        "np.repeat(np.broadcast_to((1, 2), 2), 2).reshape(2, 2).tolist()",
        "[int(n) for n in np.broadcast_to(np.multiply(np.subtract((3, 5), 1), 2), 2) + 1]",
        "np.inf",
    ],
)
def test_numbers_are_those_of_numpy(words: str) -> None:
    assert eval(words, {"np": numbers}) == eval(words, {"np": np})
