"""The zoo against published implementations: counts, weights' keys and order, every layer.

A layer is compared as the emitted model runs it, on no device: convolutions, batch norms and dense
layers by the path of their module, pools as operations that run.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from cnnspec import library
from cnnspec.analysis.macs import node_macs
from cnnspec.analysis.parameters import trainable
from tests.emitted import build, network

FOLDER = Path(__file__).parent / "oracles"
#: Where a network's name here is not that of the oracle.
HERE = {
    "torchvision__alexnet": "alexnet_torchvision",
    "torchvision__googlenet_aux": "googlenet_torchvision",
    "torchvision__inception_v3_aux": "inception_v3",
    "timm__legacy_xception": "xception",
    "timm__mobilenetv1_100": "mobilenet_v1",
    "timm__seresnet101": "se_resnet101",
    "timm__seresnet152": "se_resnet152",
    "timm__seresnet50": "se_resnet50",
}


def here(stem: str) -> str:
    return HERE.get(stem, stem.partition("__")[2])


def shipping(stems: Iterable[str]) -> list[str]:
    return sorted(stem for stem in stems if here(stem) in library.shipped())


STATES = shipping(p.stem for p in FOLDER.glob("*.json"))
LISTED = {
    f"{row['source']}__{row['model']}": row
    for row in csv.DictReader((FOLDER / "state_dicts.csv").read_text().splitlines())
}
#: Members of the list that no network here is.
NOT_SHIPPED = {"torchvision__regnet_y_128gf"}
#: Members whose state dicts are held against the list in every run: those with few tensors.
FEW = 330
WEIGHTED = ("Conv2d", "Linear", "BatchNorm2d", "BatchNormAct2d")


@cache
def oracle(stem: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{stem}.json").read_text())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "listed" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        few = [each for each in shipping(LISTED) if int(LISTED[each]["tensors"]) <= FEW]
        metafunc.parametrize("listed", shipping(LISTED) if every else few)


@pytest.mark.parametrize("stem", shipping(LISTED))
def test_every_member_has_the_published_counts(stem: str) -> None:
    facts, net = LISTED[stem], network(here(stem))
    size = int(facts["input"])
    assert net.elaborated.inputs[0].shape == (3, size, size)
    assert (net.params, net.macs) == (int(facts["params"]), int(facts["macs_conv_dense"]))


def test_every_member_has_the_published_state_dict(listed: str) -> None:
    state = build(here(listed), device="meta").state_dict()
    lines = (f"{key} {'x'.join(map(str, value.shape))}\n" for key, value in state.items())
    facts = LISTED[listed]
    assert len(state) == int(facts["tensors"])
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == facts["sha256"]


@pytest.mark.parametrize("stem", STATES)
def test_counts_are_the_published_ones_to_the_integer(stem: str) -> None:
    facts, net = oracle(stem), network(here(stem))
    assert [1, *net.elaborated.inputs[0].shape] == facts["input"]
    assert [1, *net.elaborated.inference_outputs[0].port.shape] == facts["output"]
    assert net.params == facts["params"] == facts["trainable"]
    assert net.macs == facts["macs_conv_dense"]


@pytest.mark.parametrize("stem", STATES)
def test_state_dict_is_the_published_one_in_keys_shapes_and_order(stem: str) -> None:
    state = build(here(stem), device="meta").state_dict()
    assert [(key, list(value.shape)) for key, value in state.items()] == list(
        oracle(stem)["state_dict"].items()
    )


@pytest.mark.parametrize("stem", STATES)
def test_weighted_layers_give_the_published_shapes_with_the_published_settings(stem: str) -> None:
    ours = observed(here(stem)).layers
    listed = {each["path"]: each for each in oracle(stem)["layers"] if each["type"] in WEIGHTED}
    assert set(ours) == set(listed)
    for path, layer in listed.items():
        assert [1, *ours[path][1]] == layer["out"], path
        module, settings = ours[path][0], layer["cfg"]
        stated = {key: plain(getattr(module, key)) for key in settings if hasattr(module, key)}
        assert {**stated, "bias": module.bias is not None} == {
            "bias": module.bias is not None,
            **settings,
        }, path


@pytest.mark.parametrize("stem", STATES)
def test_pools_are_the_published_ones(stem: str) -> None:
    published = [pool_of(each) for each in oracle(stem)["layers"] if "Pool" in each["type"]]
    ours = Counter(observed(here(stem)).pools)
    for pool, count in Counter(published).items():
        assert ours[pool] >= count, (pool, sorted(ours))


def test_vgg16_is_keras_too_layer_by_layer() -> None:
    facts, net = oracle("keras__VGG16"), network("vgg16")
    assert net.params == facts["trainable"]
    assert net.macs == facts["macs_conv_dense"]
    kinds = {"Conv2D": "conv", "MaxPooling2D": "maxpool", "Dense": "dense", "Flatten": "flatten"}
    published = [
        (kinds[each["type"]], channels_first(each["out"]), each["params"], each["macs"])
        for each in facts["layers"][1:]
    ]
    listed = {node.kind for node in net.nodes if node.kind not in ("relu", "dropout", "input")}
    assert listed == {
        *kinds.values(),
        "adaptive_avgpool",
    }  # torchvision's, of 7 x 7 places of 7 x 7
    ours = [
        (node.kind, tuple(node.shape), trainable([node]), node_macs(node))
        for node in net.nodes
        if node.kind in kinds.values()
    ]
    assert ours == published


def test_mobilenet_v1_is_keras_too() -> None:
    facts, net = oracle("keras__MobileNet"), network("mobilenet_v1")
    assert (net.params, net.macs) == (facts["trainable"], facts["macs_conv_dense"])
    kinds = {"Conv2D": "conv", "DepthwiseConv2D": "dwconv"}
    published = [
        (kinds[each["type"]], channels_first(each["out"]), each["params"], each["macs"])
        for each in facts["layers"]
        if each["type"] in kinds
    ]
    ours = [
        (node.kind, tuple(node.shape), trainable([node]), node_macs(node))
        for node in net.nodes
        if node.kind in kinds.values()
    ]
    assert published[-1] == ("conv", (1000, 1, 1), 1_025_000, 1_024_000)  # ours is a dense layer
    assert ours == published[:-1]


def test_keras_networks_of_other_kinds_are_not_taken_for_ours() -> None:
    for stem, name in (("keras__ResNet50", "resnet50"), ("keras__InceptionV3", "inception_v3")):
        assert network(name).inference_params != oracle(stem)["trainable"]


def test_every_oracle_is_held_against_a_network_that_ships() -> None:
    used = {stem for stem in STATES if not stem.startswith("keras")}
    kept = {p.stem for p in FOLDER.glob("*.json") if not p.stem.startswith("keras")}
    assert used == kept
    members = {stem for stem in LISTED if stem not in shipping(LISTED)}
    assert members == NOT_SHIPPED


def channels_first(out: list[int]) -> tuple[int, ...]:
    return tuple(out[-1:] + out[1:-1])


class Observed(NamedTuple):
    """Layers with weights by path, each with what it gave, and every pool."""

    layers: dict[str, tuple[torch.nn.Module, tuple[int, ...]]]
    pools: tuple[tuple[Any, ...], ...]


@cache
def observed(name: str) -> Observed:
    """Run an emitted model at inference on no device and note what happens."""
    model = build(name, device="meta").eval()
    layers: dict[str, tuple[torch.nn.Module, tuple[int, ...]]] = {}
    for path, module in model.named_modules():
        if type(module).__name__ in WEIGHTED:

            def note(module: torch.nn.Module, _: Any, out: torch.Tensor, path: str = path) -> None:
                assert path not in layers
                layers[path] = (module, tuple(out.shape[1:]))

            module.register_forward_hook(note)
    inputs = (
        torch.empty(1, *node.shape, device="meta") for node in network(name).elaborated.inputs
    )
    with torch.no_grad(), Pools() as pools:
        model(*inputs)
    return Observed(layers, tuple(pools.seen))


class Pools(TorchDispatchMode):
    """Note every pool that runs: what it is, how it looks at the image, what it gives."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Any, ...]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in ("max_pool2d_with_indices", "avg_pool2d"):
            self.seen.append(windowed(name, result, *args[1:], **(kwargs or {})))
        elif name in ("_adaptive_avg_pool2d", "mean") and args[0].dim() == 4:
            height, width = result.shape[2:] if result.dim() == 4 else (1, 1)
            self.seen.append(("mean", result.shape[1], height, width))
        return result


def windowed(
    name: str,
    result: Any,
    size: list[int],
    stride: list[int] | None = None,
    padding: list[int] | int = 0,
    *rest: Any,
) -> tuple[Any, ...]:
    """Say what a pool does: max pools have dilation and ceil left, mean pools ceil and count."""
    out = result[0] if isinstance(result, tuple) else result
    kind = name[:3]
    defaults = (1, False) if kind == "max" else (False, True)
    first, second = (*rest, *defaults[len(rest) :])[:2]
    if kind == "max":
        assert pair(first) == (1, 1)
        first = None
    else:
        first, second = second, first
    return (kind, pair(size), pair(stride or size), pair(padding), second, first, *out.shape[1:])


def pool_of(layer: dict[str, Any]) -> tuple[Any, ...]:
    """Say what a published pool does, in the same words."""
    settings, shape = layer["cfg"], layer["out"][1:]
    if layer["type"] == "AdaptiveAvgPool2d":
        return ("mean", *shape)
    kind = {"MaxPool2d": "max", "AvgPool2d": "avg"}[layer["type"]]
    size, stride = pair(settings["kernel_size"]), pair(settings["stride"])
    count = settings["count_include_pad"] if kind == "avg" else None
    return (kind, size, stride, pair(settings["padding"]), settings["ceil_mode"], count, *shape)


def pair(value: Any) -> tuple[int, int]:
    values = value if isinstance(value, list | tuple) else [value]
    return (values[0], values[-1])


def plain(value: Any) -> Any:
    """Write a module's setting as JSON has it."""
    return list(value) if isinstance(value, tuple) else value
