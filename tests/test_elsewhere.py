"""What people of other frameworks type: each help names what computes the same, or says "not here".

A row says how a word is used there. What the help says to type is compiled, given the same weights,
and held against it in its framework. Every word that is declared has a row, and every name that
PyTorch and Keras have for a layer or function is told an operator only if it has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import cnnspec
from cnnspec.absent import ABSENT, MADE
from cnnspec.elsewhere import argument_help, near_operator, operator_help
from cnnspec.kinds import Called
from cnnspec.ops import OPERATORS
from tests.keras_models import keras

import tensorflow as tf  # isort: skip

layers = keras.layers


class Row(NamedTuple):
    """How a word is used elsewhere, and what is put behind the operator that a help names."""

    there: Any
    arguments: str = ""
    shape: tuple[int, ...] = (8, 6, 6)


def halves(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Give a function of two tensors the halves of one's channels; PyTorch's are second."""
    return lambda x: function(*torch.chunk(x, 2, 1))


def last_halves(layer: Any) -> Callable[[Any], Any]:
    """The same in Keras, where channels are last."""
    return lambda x: layer(list(tf.split(x, 2, -1)))


#: By word: PyTorch modules and functions of a tensor N x C x H x W.
TORCH: dict[str, Row] = {
    "noop": Row(nn.Identity()),
    "pass_through": Row(nn.Identity()),
    "Identity": Row(nn.Identity()),
    "Conv2d": Row(nn.Conv2d(8, 4, 3), "(4, 3)"),
    "Convolution": Row(nn.Conv2d(8, 4, 3), "(4, 3)"),
    "depthwise": Row(nn.Conv2d(8, 8, 3, groups=8), "(3)"),
    "depthwise_convolution": Row(nn.Conv2d(8, 8, 3, groups=8), "(3)"),
    "conv_transpose2d": Row(nn.ConvTranspose2d(8, 4, 3, 2, 1), "(4, 3, stride = 2, pad = 1)"),
    "ConvTranspose2d": Row(nn.ConvTranspose2d(8, 4, 3, 2, 1), "(4, 3, stride = 2, pad = 1)"),
    "deconv": Row(nn.ConvTranspose2d(8, 4, 3), "(4, 3)"),
    "deconvolution": Row(nn.ConvTranspose2d(8, 4, 3), "(4, 3)"),
    "transposed_conv": Row(nn.ConvTranspose2d(8, 4, 3), "(4, 3)"),
    "upconv": Row(nn.ConvTranspose2d(8, 4, 2, 2)),
    "Linear": Row(nn.Linear(8, 4), "(4)", (8,)),
    "fc": Row(nn.Linear(8, 4), "(4)", (8,)),
    "fully_connected": Row(nn.Linear(8, 4), "(4)", (8,)),
    "inner_product": Row(nn.Linear(8, 4), "(4)", (8,)),
    "MaxPool2d": Row(nn.MaxPool2d(3, 2, 1), "(3, 2, pad = 1)"),
    "max_pool2d": Row(lambda x: F.max_pool2d(x, 3), "(3)"),
    "AvgPool2d": Row(nn.AvgPool2d(3)),
    "avg_pool2d": Row(lambda x: F.avg_pool2d(x, 3)),
    "mean_pool": Row(nn.AvgPool2d(3, 2, 1), "(3, 2, pad = 1)"),
    "AdaptiveAvgPool2d": Row(nn.AdaptiveAvgPool2d(4), "(4)"),
    "adaptive_avg_pool2d": Row(nn.AdaptiveAvgPool2d(4), "(4)"),
    "global_avg_pool": Row(lambda x: x.mean((2, 3))),
    "global_average_pool": Row(lambda x: x.mean((2, 3))),
    "global_max_pool": Row(lambda x: x.amax((2, 3))),
    "BatchNorm2d": Row(nn.BatchNorm2d(8)),
    "BatchNorm1d": Row(nn.BatchNorm1d(8), shape=(8,)),
    "batch_norm": Row(nn.BatchNorm2d(8)),
    "SyncBatchNorm": Row(nn.BatchNorm2d(8)),  # the same on one device
    "LayerNorm": Row(nn.LayerNorm(8), shape=(8,)),
    "layer_norm": Row(nn.LayerNorm(8), shape=(8,)),
    "LayerNorm2d": Row(
        lambda x: F.layer_norm(x.permute(0, 2, 3, 1), (8,)).permute(0, 3, 1, 2),
        "(affine = false)",
    ),
    "GroupNorm": Row(nn.GroupNorm(2, 8), "(2)"),
    "group_norm": Row(nn.GroupNorm(2, 8), "(2)"),
    "InstanceNorm2d": Row(nn.InstanceNorm2d(8)),
    "instance_norm": Row(F.instance_norm),
    "LocalResponseNorm": Row(nn.LocalResponseNorm(5), "(5)"),
    "local_response_norm": Row(nn.LocalResponseNorm(5), "(5)"),
    "ReLU": Row(nn.ReLU()),
    "ReLU6": Row(nn.ReLU6()),
    "ELU": Row(nn.ELU()),
    "CELU": Row(nn.CELU()),
    "SELU": Row(nn.SELU()),
    "GLU": Row(nn.GLU(1)),
    "LeakyReLU": Row(nn.LeakyReLU()),
    "leaky_relu_": Row(nn.LeakyReLU()),
    "lrelu": Row(nn.LeakyReLU(0.2)),
    "SiLU": Row(nn.SiLU()),
    "swish": Row(nn.SiLU()),
    "Tanh": Row(nn.Tanh()),
    "Sigmoid": Row(nn.Sigmoid()),
    "logistic": Row(nn.Sigmoid()),
    "Hardswish": Row(nn.Hardswish()),
    "h_swish": Row(nn.Hardswish()),
    "Hardsigmoid": Row(nn.Hardsigmoid()),
    "h_sigmoid": Row(nn.Hardsigmoid()),
    "Mish": Row(nn.Mish()),
    "GELU": Row(nn.GELU()),
    "PReLU": Row(nn.PReLU(8)),
    "Softmax": Row(nn.Softmax(1)),
    "Softmax2d": Row(nn.Softmax2d()),
    "Softmin": Row(nn.Softmin(1)),
    "plus": Row(halves(torch.add), "(a, b)"),
    "addition": Row(halves(torch.add), "(a, b)"),
    "residual": Row(halves(torch.add), "(a, b)"),
    "times": Row(halves(torch.mul), "(a, b)"),
    "minus": Row(halves(torch.sub), "(a, b)"),
    "divide": Row(halves(torch.div), "(a, b)"),
    "absolute": Row(torch.absolute),
    "power": Row(lambda x: torch.pow(x, 3), "(3)"),
    "square": Row(torch.square),
    "cat": Row(halves(lambda a, b: torch.cat([b, a], 1)), "(b, a)"),
    "concatenation": Row(halves(lambda a, b: torch.cat([b, a], 1)), "(b, a)"),
    "Flatten": Row(nn.Flatten()),
    "flat": Row(nn.Flatten()),
    "view": Row(lambda x: x.view(-1, 2, 12, 12)),
    "transpose": Row(lambda x: x.transpose(2, 3)),
    "ZeroPad2d": Row(nn.ZeroPad2d((3, 4, 1, 2))),
    "interpolate": Row(lambda x: F.interpolate(x, scale_factor=2)),
    "Upsample": Row(nn.Upsample(scale_factor=2)),
    "UpsamplingNearest2d": Row(nn.UpsamplingNearest2d(scale_factor=2)),
    "upsample_nearest": Row(nn.UpsamplingNearest2d(scale_factor=2)),
    "shuffle": Row(nn.ChannelShuffle(2), "(2)"),
    "ChannelShuffle": Row(nn.ChannelShuffle(2), "(2)"),
    "native_channel_shuffle": Row(nn.ChannelShuffle(2), "(2)"),
    "PixelShuffle": Row(nn.PixelShuffle(2), "(2)"),
    "subpixel": Row(nn.PixelShuffle(2), "(2)"),
    "chunk": Row(lambda x: torch.chunk(x, 2, 1)[0], "(2)"),
    "Dropout": Row(nn.Dropout()),
    "Dropout2d": Row(nn.Dropout2d()),
}
#: The same in Keras, of N x H x W x C.
KERAS: dict[str, Row] = {
    "Convolution2D": Row(layers.Conv2D(4, 3), "(4, 3)"),
    "DepthwiseConv2D": Row(layers.DepthwiseConv2D(3), "(3)"),
    "Conv2DTranspose": Row(layers.Conv2DTranspose(4, 3), "(4, 3)"),
    "Convolution2DTranspose": Row(layers.Conv2DTranspose(4, 3), "(4, 3)"),
    "SeparableConv2D": Row(layers.SeparableConv2D(4, 3)),
    "SeparableConvolution2D": Row(layers.SeparableConv2D(4, 3)),
    "separable_conv": Row(layers.SeparableConv2D(4, 3)),
    "sepconv": Row(layers.SeparableConv2D(4, 3)),
    "Dense": Row(layers.Dense(4), "(4)", (8,)),
    "MaxPooling2D": Row(layers.MaxPooling2D(3), "(3)"),
    "AveragePooling2D": Row(layers.AveragePooling2D(3)),
    "AdaptiveAveragePooling2D": Row(layers.AdaptiveAveragePooling2D(4), "(4)"),
    "GlobalAveragePooling2D": Row(layers.GlobalAveragePooling2D()),
    "GlobalAvgPool2D": Row(layers.GlobalAveragePooling2D()),
    "GlobalMaxPooling2D": Row(layers.GlobalMaxPooling2D()),
    "GlobalMaxPool2D": Row(layers.GlobalMaxPooling2D()),
    "BatchNormalization": Row(layers.BatchNormalization()),
    "LayerNormalization": Row(layers.LayerNormalization()),
    "GroupNormalization": Row(layers.GroupNormalization(), shape=(64, 6, 6)),
    "InstanceNormalization": Row(layers.GroupNormalization(-1)),
    "local_response_normalization": Row(tf.nn.local_response_normalization),
    "hard_silu": Row(keras.activations.hard_silu),
    "Add": Row(last_halves(layers.Add()), "(a, b)"),
    "Multiply": Row(last_halves(layers.Multiply()), "(a, b)"),
    "Maximum": Row(last_halves(layers.Maximum()), "(a, b)"),
    "Minimum": Row(last_halves(layers.Minimum()), "(a, b)"),
    "Subtract": Row(last_halves(layers.Subtract()), "(a, b)"),
    "Concatenate": Row(last_halves(layers.Concatenate()), "(a, b)"),
    "ZeroPadding2D": Row(layers.ZeroPadding2D(((1, 2), (3, 4)))),
    "Cropping2D": Row(layers.Cropping2D(((1, 0), (2, 1)))),
    "Permute": Row(layers.Permute((2, 1, 3))),
    "Reshape": Row(
        lambda x: tf.transpose(
            tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (-1, 2, 12, 12)), (0, 2, 3, 1)
        )
    ),
    "UpSampling2D": Row(layers.UpSampling2D()),
    "SpatialDropout2D": Row(layers.SpatialDropout2D(0.5)),
    "Rescaling": Row(layers.Rescaling(2)),
}
#: Words of which no module is at hand: rows are dropped as a whole; an input computes nothing.
NOT_RUN = {"StochasticDepth", "DropPath", "Input", "InputLayer", "Parameter", "add_weight"}


def typed(word: str, arguments: str) -> str:
    """Give what the help says to type, as an expression of `x`, or of its halves a and b."""
    said = operator_help(word, OPERATORS)
    match = re.match(r"write `(.*?)`", said or "")
    assert match is not None, said
    step = match[1] if "(" in match[1] and "->" not in match[1] else f"{match[1]}{arguments}"
    return step if re.search(r"\((a, b|b, a|a, b -> sigmoid)\)$", step) else f"x -> {step}"


def compiled(word: str, row: Row) -> cnnspec.Network:
    cut = (
        "top = 1, bottom = 0, left = 2, right = 1"
        if word == "Cropping2D"
        else ("top = 1, bottom = 2, left = 3, right = 4")
    )
    first = " a, _ = (" if word == "chunk" else ""
    expression = typed(word, row.arguments)
    lines = (
        f"{first.strip('( ')} {expression}\n output y = a -> identity"
        if first
        else f"a, b = x -> split(2)\n output y = {expression}"
    )
    return cnnspec.loads(
        f"network n(filters = 4, size = 3, factor = 2, slope = 0.2, {cut},\n"
        f"  channels = 2, height = 12, width = 12) {{\n"
        f"  x = input({', '.join(map(str, row.shape))})\n  {lines}\n}}"
    )


@pytest.mark.parametrize("word", TORCH)
def test_what_is_typed_for_pytorch_computes_the_same(word: str) -> None:
    row = TORCH[word]
    torch.manual_seed(0)
    model = compiled(word, row).build("torch")
    x = torch.randn(4, *row.shape)
    there = row.there
    if isinstance(there, nn.Module):
        state = there.state_dict()
        for key, value in state.items():
            if value.is_floating_point():
                state[key] = torch.rand_like(value) + 0.5
        there.load_state_dict(state)
        model.load_state_dict(dict(zip(model.state_dict(), state.values(), strict=True)))
        for training in (False, True):
            there.train(training), model.train(training)
            torch.manual_seed(1)
            wanted = there(x)
            torch.manual_seed(1)
            torch.testing.assert_close(model(x), wanted)
        mine, theirs = model.state_dict().values(), there.state_dict().values()
        for a, b in zip(mine, theirs, strict=True):
            torch.testing.assert_close(a, b)
    else:
        torch.testing.assert_close(model.eval()(x), there(x))


@pytest.mark.parametrize("word", KERAS)
def test_what_is_typed_for_keras_computes_the_same(word: str) -> None:
    row = KERAS[word]
    random = np.random.default_rng(0)
    model = compiled(word, row).build("keras")
    x = random.normal(size=(4, *row.shape[1:], row.shape[0])).astype("float32")
    there = row.there
    there(x)
    if isinstance(there, keras.Layer):
        weights = [random.random(each.shape) + 0.5 for each in there.weights]
        there.set_weights(weights)
        model.set_weights(weights)
    np.testing.assert_allclose(model(x), there(x), rtol=1e-4, atol=1e-5)
    if isinstance(there, layers.BatchNormalization):
        there(x, training=True), model(x, training=True)
        for a, b in zip(model.get_weights(), there.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4)


def declared() -> list[str]:
    words = [str(each) for op in OPERATORS.values() for each in op.elsewhere]
    return [*words, *map(str, MADE)]


def plain(word: str) -> str:
    return word.lower().replace("_", "")


COVERED = {plain(word) for word in (*TORCH, *KERAS, *NOT_RUN)}


def test_every_declared_word_is_held_against_its_framework() -> None:
    assert [word for word in declared() if plain(word) not in COVERED] == []


@pytest.mark.parametrize("word", ["StochasticDepth", "DropPath"])
def test_stochastic_depth_drops_whole_examples(word: str) -> None:
    text = f"network n {{ x = input(8, 6, 6)  output y = {typed(word, '(0.5)')} }}"
    model = cnnspec.loads(text).build("torch").train()
    x = torch.rand(64, 8, 6, 6) + 1
    kept = (model(x) / x).flatten(1)
    assert set(kept.unique().round(decimals=3).tolist()) == {0.0, 2.0}
    assert bool((kept == kept[:, :1]).all())


def layers_of_frameworks() -> list[str]:
    kinds = [name for name in dir(nn) if isinstance(getattr(nn, name), type)]
    kinds += [name for name in dir(layers) if isinstance(getattr(layers, name), type)]
    functions = [*dir(F), *dir(keras.activations)]
    return sorted({*kinds, *(each for each in functions if not each.startswith("__"))})


@pytest.mark.parametrize("wrong", ["write `", "did you mean"])
def test_no_other_name_of_a_framework_is_told_an_operator(wrong: str) -> None:
    told = {
        name: near_operator(name, OPERATORS)
        for name in layers_of_frameworks()
        if plain(name) not in COVERED and name not in OPERATORS
    }
    own = {plain(name) for name in OPERATORS}
    assert {
        name: said
        for name, said in told.items()
        if said.startswith(wrong) and plain(name) not in own
    } == {}


@pytest.mark.parametrize(
    "word",
    [
        *("Conv3d", "Conv1d", "conv_transpose1d", "pixel_unshuffle"),
        *("depth_to_space", "MaxUnpool2d", "grn", "matmul", "hardtanh", "hard_tanh", "Average"),
        *("AdaptiveMaxPool2d", "center_crop", "CenterCrop", "resize", "Resizing", "LSTM"),
        *("RMSNorm", "ReflectionPad2d", "softplus", "LogSoftmax", "MultiHeadAttention"),
    ],
)
def test_what_is_not_here_is_said_to_be_not_here(word: str) -> None:
    assert near_operator(word, OPERATORS).startswith("not here")


def test_an_operator_that_comes_to_be_here_is_named_and_not_said_to_be_absent() -> None:
    for name in OPERATORS:
        assert (operator_help(name.upper(), OPERATORS) or "").startswith("write `")
    assert [word for word in ABSENT if plain(word) != word] == []


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("covn", "did you mean `conv`?"),
        ("rleu", "did you mean `relu`?"),
        ("denes", "did you mean `dense`?"),
        ("maxpol", "did you mean `maxpool`?"),
        ("gnr", "`cnnspec ops` lists them"),
        ("con", "`cnnspec ops` lists them"),
        ("hardsig", "`cnnspec ops` lists them"),
    ],
)
def test_only_near_spellings_are_guessed(word: str, said: str) -> None:
    assert near_operator(word, OPERATORS) == said


def test_words_for_arguments_name_an_argument_or_what_is_typed() -> None:
    for op in OPERATORS.values():
        for name, arg in op.arguments.items():
            for each in arg.elsewhere:
                said = argument_help(str(each), op)
                assert said == (each.help if isinstance(each, Called) else f"write `{name}`")
