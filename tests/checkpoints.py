"""What tests of `convert` share: a spec with many kinds of layer, checkpoints, comparisons."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch

import cnnspec
from cnnspec.cli import run

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SPEC = """
block unit(x, n) { return add(x, x -> conv(n, 3, pad = 1) -> bn -> relu) }
network small(classes = 5) {
    image = input(3, 8, 6)
    x = image -> stem_a: conv(4, 3, pad = 1) -> (unit(4) * 2) -> dwconv(3, pad = 1) -> prelu
    x = x -> layer_scale -> dropout(0.2)
    train output side = x -> gap -> ln -> dense(classes)
    x = x -> maxpool(2) -> conv_transpose(4, 3, stride = 2) -> gn(2) -> maxpool(2)
    output logits = x -> flatten -> dense(7) -> relu -> dense(classes)
}
"""


def state(network: cnnspec.Network, seed: int = 0, dtype=torch.float32) -> dict:
    """A state dict with statistics and counters as after training."""
    torch.manual_seed(seed)
    model = network.build("torch")
    found = model.state_dict()
    for key, value in found.items():
        if key.endswith("num_batches_tracked"):
            found[key] = torch.tensor(7)
        elif key.endswith(("running_mean", "bias")):
            found[key] = torch.randn(value.shape) / 10
        elif value.ndim in (1, 3):
            found[key] = torch.rand(value.shape) + 0.5
    return {
        key: value.to(dtype) if value.is_floating_point() else value for key, value in found.items()
    }


def saved(found: dict, name: str = "a.pt") -> str:
    torch.save(found, name)
    return name


def convert(source: str, target: str, *more: str, spec: str = "small.cnn") -> int:
    return run(["convert", source, "--spec", spec, "-o", target, *more])


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def bits(tensor) -> bytes:
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()


def assert_same(left: dict, right: dict, *, counters: bool = False) -> None:
    assert left.keys() == right.keys()
    for key, value in left.items():
        if key.endswith("num_batches_tracked") and not counters:
            assert right[key].item() == 0
            continue
        assert right[key].dtype == value.dtype, key
        assert right[key].shape == value.shape, key
        assert bits(right[key]) == bits(value), key


def outputs_apart(network: cnnspec.Network, found: dict, weights: str) -> float:
    """How far the two emitted models' outputs are apart, relative to the largest."""
    images = np.random.default_rng(1).normal(size=(2, *network.elaborated.inputs[0].shape))
    theirs = network.build("torch").eval()
    theirs.load_state_dict(found)
    ours = network.build("keras")
    ours.load_weights(weights)
    with torch.no_grad():
        expected = theirs(torch.from_numpy(images.astype("float32")))
    result = ours(images.transpose(0, 2, 3, 1).astype("float32"), training=False)
    name = network.elaborated.inference_outputs[0].name
    values = np.asarray(result[name] if isinstance(result, dict) else result)
    expected = expected.numpy()
    return float(abs(values - expected).max() / abs(expected).max())


def group_of(file, layer: str):
    found = [g for g in file["layers"].values() if g["vars"].attrs["name"] == layer]
    assert len(found) == 1
    return found[0]["vars"]
