"""What the tests of emitted Keras share: weights drawn for the spec, put into both frameworks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import torch

import cnnspec
from cnnspec_keras.names import layer_name
from cnnspec_keras.weights import assign, variables
from cnnspec_keras.witness import precision


def drawn(network: cnnspec.Network) -> dict[str, np.ndarray]:
    """Draw a tensor for every weight of a network, by its name in the spec; variances positive."""
    random = np.random.default_rng(0)
    tensors = {}
    for each in variables(network.elaborated):
        shape = each.layout.spec
        fan = max(int(np.prod(shape[1:])), 1)
        value = random.normal(size=shape) / np.sqrt(fan)
        if len(shape) == 1:
            value = 1 + 0.1 * value if each.key in ("weight", "running_var") else 0.1 * value
        tensors[each.name] = abs(value) if "var" in each.key else value
    return tensors


@contextmanager
def double() -> Iterator[None]:
    """Have Keras compute in float64 inside."""
    # Its policy is kept once anything has asked for it: floatx alone does not change it then.
    with precision("float64"):
        yield


def keras_model(network: cnnspec.Network, tensors: Mapping[str, np.ndarray]) -> keras.Model:
    """Build the emitted model in float64, with these weights."""
    with double():
        model = network.build("keras")
        assign(model, network.elaborated, tensors)
    return model


def torch_model(network: cnnspec.Network, tensors: Mapping[str, np.ndarray]) -> torch.nn.Module:
    """Build the emitted module in float64, with these weights."""
    model = network.build("torch").double()
    state = {key: torch.from_numpy(value) for key, value in tensors.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(key.endswith("num_batches_tracked") for key in missing)
    return model


def images(network: cnnspec.Network, batch: int = 2) -> list[np.ndarray]:
    """Draw what comes in, channels first."""
    random = np.random.default_rng(1)
    return [random.normal(size=(batch, *node.shape)) for node in network.elaborated.inputs]


def outputs_of_keras(
    model: keras.Model, given: list[np.ndarray], **how: Any
) -> dict[str, np.ndarray] | np.ndarray:
    """Run a model on images with their channels first, and give back such."""
    last = [np.moveaxis(each, 1, -1) for each in given]
    with double():
        found = model(last[0] if len(last) == 1 else last, **how)

    def first(value: Any) -> np.ndarray:
        return np.moveaxis(keras.ops.convert_to_numpy(value), -1, 1)

    if isinstance(found, dict):
        return {key: first(value) for key, value in found.items()}
    return first(found)


def agree(one: np.ndarray, other: np.ndarray, tolerance: float = 1e-6) -> None:
    """Hold two values together, relative to the larger of 1 and the largest of them."""
    assert (one.shape, one.dtype) == (other.shape, other.dtype) == (one.shape, np.float64)
    assert np.isfinite(one).all()
    assert np.abs(one - other).max() <= tolerance * max(1.0, np.abs(other).max())


__all__ = [
    "agree",
    "drawn",
    "images",
    "keras_model",
    "layer_name",
    "outputs_of_keras",
    "torch_model",
]
