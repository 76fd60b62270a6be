"""`cnnspec convert`: bit for bit both ways, and equal outputs."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import cnnspec
from tests.checkpoints import (
    SPEC,
    assert_same,
    convert,
    group_of,
    names_in,
    outputs_apart,
    saved,
    state,
)

pytestmark = [
    pytest.mark.usefixtures("here"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # TensorFlow's own
]

#: Every network that the command is shown on, and an input small enough to run it at once.
SHOWN = {
    "mobilenet_v2": (3, 64, 64),
    "googlenet_torchvision": (3, 64, 64),
    "resnet50": (3, 64, 64),
    "vgg16": (3, 64, 64),
    "densenet121": (3, 64, 64),
    "efficientnet_b0": (3, 64, 64),
}
QUICK = ("mobilenet_v2",)


# --- both ways


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shown" in metafunc.fixturenames:
        metafunc.parametrize("shown", SHOWN if metafunc.config.getoption("--zoo") else QUICK)


def test_a_checkpoint_runs_in_keras_and_comes_back_bit_for_bit(shown: str, capfd) -> None:
    found = state(cnnspec.load(shown))
    saved(found)
    assert convert("a.pt", "a.weights.h5", spec=shown) == 0
    assert convert("a.weights.h5", "b.pt", spec=shown) == 0
    assert "set to 0" in capfd.readouterr().err or shown == "vgg16"
    assert_same(found, torch.load("b.pt", weights_only=True))
    assert outputs_apart(cnnspec.load(shown, input=SHOWN[shown]), found, "a.weights.h5") < 1e-4


def test_every_operators_weights_cross_and_give_equal_outputs(capfd) -> None:
    network = cnnspec.load("small.cnn")
    found = state(network)
    saved(found)
    for way in (["a.weights.h5", "b.pt"], ["a.keras", "b.pt"], ["a.safetensors", "b.pt"]):
        names = ["a.pt", *way]
        for source, target in pairwise(names):
            assert convert(source, target, "--force") == 0
        assert_same(found, torch.load("b.pt", weights_only=True), counters="safe" in way[0])
    assert outputs_apart(network, found, "a.weights.h5") < 1e-5
    assert outputs_apart(network, found, "a.keras") < 1e-5
    said = capfd.readouterr().err
    assert "set to 0, for the checkpoint has none: 1.bn1" not in said
    assert "num_batches_tracked and 1 more like it" in said


def test_a_whole_keras_file_loads_by_itself() -> None:
    import keras

    network = cnnspec.load("small.cnn")
    saved(state(network))
    assert convert("a.pt", "a.keras") == 0
    network.build("keras")  # registers the layers that Keras lacks
    model = keras.saving.load_model("a.keras")
    kernel = model.get_layer("stem__a").kernel
    expected = torch.load("a.pt", weights_only=True)["stem_a.weight"].permute(2, 3, 1, 0)
    assert np.array_equal(np.asarray(kernel), expected.numpy())


def test_models_inside_models_are_read_and_written(monkeypatch: pytest.MonkeyPatch) -> None:
    import cnnspec_keras.depth

    monkeypatch.setattr(cnnspec_keras.depth, "LONGEST", 5)
    network = cnnspec.load("small.cnn")
    found = state(network)
    saved(found)
    assert convert("a.pt", "a.weights.h5") == 0
    with h5py.File("a.weights.h5") as file:
        assert any("layers" in group for group in file["layers"].values())
    assert convert("a.weights.h5", "b.pt") == 0
    assert_same(found, torch.load("b.pt", weights_only=True))
    assert outputs_apart(network, found, "a.weights.h5") < 1e-5


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_types_stay_what_they_are(dtype, capfd) -> None:
    network = cnnspec.load("small.cnn")
    found = state(network, dtype=dtype)
    saved(found)
    names = ["a.pt", "a.weights.h5", "a.safetensors", "a.keras", "b.pt"]
    for source, target in pairwise(names):
        assert convert(source, target) == 0
    assert_same(found, torch.load("b.pt", weights_only=True))
    assert str(dtype).removeprefix("torch.") in capfd.readouterr().err
    ours = network.build("keras")
    ours.load_weights("a.weights.h5")
    kernel = found["stem_a.weight"].permute(2, 3, 1, 0).float().numpy()
    assert np.array_equal(np.asarray(ours.get_layer("stem__a").kernel), kernel)


def test_every_pattern_of_bits_survives() -> None:
    draws = np.random.default_rng(2)
    found = {
        key: torch.from_numpy(draws.integers(0, 2**32, value.shape, np.uint32).view(np.float32))
        if value.is_floating_point()
        else value
        for key, value in state(cnnspec.load("small.cnn")).items()
    }
    saved(found)
    assert convert("a.pt", "a.weights.h5") == 0
    assert convert("a.weights.h5", "b.pt") == 0
    assert_same(found, torch.load("b.pt", weights_only=True))


def test_the_same_weights_are_the_same_bytes() -> None:
    saved(state(cnnspec.load("small.cnn")))
    for suffix in ("pt", "safetensors", "weights.h5"):
        for name in ("one", "two"):
            assert convert("a.pt", f"{name}.{suffix}") == 0
        assert Path(f"one.{suffix}").read_bytes() == Path(f"two.{suffix}").read_bytes(), suffix


def test_training_heads_may_be_left_out(capfd) -> None:
    found = state(cnnspec.load("small.cnn"))
    heads = {key for key in found if key.startswith(("ln1", "dense1"))}
    assert heads
    saved({key: value for key, value in found.items() if key not in heads})
    assert convert("a.pt", "a.weights.h5") == 1
    assert "`--inference` does without" in capfd.readouterr().err
    assert convert("a.pt", "a.weights.h5", "--inference") == 0
    network = cnnspec.load("small.cnn")
    network.build("keras", inference=True).load_weights("a.weights.h5")
    saved(found)
    assert convert("a.pt", "b.pt", "--inference") == 0
    assert torch.load("b.pt", weights_only=True).keys() == found.keys() - heads
    assert "left out" in capfd.readouterr().err


def test_a_checkpoint_of_another_width_is_told_the_parameter(capfd) -> None:
    torch.save(state(cnnspec.loads(SPEC.replace("classes = 5", "classes = 2"))), "two.pt")
    assert convert("two.pt", "a.pt") == 1
    assert "= help: if it was made for 2: `--set classes=2`" in capfd.readouterr().err
    assert convert("two.pt", "a.pt", "--set", "classes=2") == 0


def test_an_optimisers_state_in_a_keras_file_is_set_aside(capfd) -> None:
    network = cnnspec.load("small.cnn")
    model = network.build("keras", inference=True)
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 8, 6, 3)), np.zeros((2, 5)), verbose=0)
    model.save_weights("run.weights.h5")
    model.save("run.keras")
    for name in ("run.weights.h5", "run.keras"):
        assert convert(name, "a.pt", "--inference", "--force") == 0
        assert "no part of a network: optimizer" in capfd.readouterr().err
    weight = torch.load("a.pt", weights_only=True)["stem_a.weight"].permute(2, 3, 1, 0)
    assert np.array_equal(np.asarray(model.get_layer("stem__a").kernel), weight.numpy())


def test_what_a_file_is_its_bytes_say() -> None:
    found = state(cnnspec.load("small.cnn"))
    saved(found, "a.safetensors")
    assert convert("a.safetensors", "a.weights.h5") == 0
    Path("a.weights.h5").rename("h5.pt")
    assert convert("h5.pt", "b.safetensors") == 0
    Path("b.safetensors").rename("safe.keras")
    torch.save(found, "old.pth", _use_new_zipfile_serialization=False)
    assert convert("old.pth", "c.pt") == 0
    assert convert("safe.keras", "d.pt") == 0
    assert_same(found, torch.load("c.pt", weights_only=True), counters=True)
    assert_same(found, torch.load("d.pt", weights_only=True))


@pytest.mark.parametrize("missing", ["h5py", "safetensors"])
def test_what_is_not_installed_is_named(missing: str, monkeypatch, capfd) -> None:
    source = {"h5py": "a.weights.h5", "safetensors": "a.safetensors"}
    saved(state(cnnspec.load("small.cnn")))
    for each in ("a.weights.h5", "a.safetensors"):
        assert convert("a.pt", each) == 0
    monkeypatch.setitem(sys.modules, missing, None)
    assert convert(source[missing], "b.safetensors") == 4
    assert f"{missing}, which is not installed: `pip install 'h5py>=3.11' " in (
        capfd.readouterr().err
    )
    assert not Path("b.safetensors").exists()


# --- what is not overwritten


def test_nothing_is_overwritten_without_force(here: Path, capfd) -> None:
    saved(state(cnnspec.load("small.cnn")))
    Path("b.pt").write_text("mine")
    assert convert("a.pt", "b.pt") == 2
    assert "`--force` overwrites it" in capfd.readouterr().err
    assert convert("a.pt", "b.pt", "--force", "--rename", "stem=stern") == 1
    assert Path("b.pt").read_text() == "mine"
    assert convert("a.pt", "b.pt", "--force") == 0
    assert convert("a.pt", "a.pt", "--force") == 0
    assert convert("a.pt", "nowhere/b.pt") == 2
    Path("folder.pt").mkdir()
    assert convert("a.pt", "folder.pt") == 2
    assert names_in(here) == ["a.pt", "b.pt", "folder.pt", "small.cnn"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["b.dat"], "does not say what to write"),
        (["b.h5"], "does not say what to write"),
        (["b.dat", "--to", "torch"], "let its name end in .pt or .pth or .bin"),
        (["b.pt", "--to", "troch"], "did you mean `torch`?"),
    ],
)
def test_what_to_write_must_be_clear(arguments: list[str], said: str, capfd) -> None:
    saved(state(cnnspec.load("small.cnn")))
    assert convert("a.pt", *arguments) == 2
    assert said in capfd.readouterr().err


# --- planted mistakes


@pytest.fixture
def weights() -> str:
    saved(state(cnnspec.load("small.cnn")))
    assert convert("a.pt", "a.weights.h5") == 0
    return "a.weights.h5"


def test_layers_in_another_order_are_found_by_name(weights: str) -> None:
    with h5py.File(weights, "r+") as file:
        layers = file["layers"]
        layers.move("conv2d", "aside")
        layers.move("conv2d_1", "conv2d")
        layers.move("aside", "conv2d_1")
    assert convert(weights, "b.pt") == 0
    assert_same(torch.load("a.pt", weights_only=True), torch.load("b.pt", weights_only=True))


def test_a_renamed_layer_is_named(weights: str, capfd) -> None:
    with h5py.File(weights, "r+") as file:
        group_of(file, "stem__a").attrs["name"] = "stern__a"
    assert convert(weights, "b.pt") == 1
    said = capfd.readouterr().err
    assert "2 missing, 2 extra" in said
    assert "missing: stem__a/kernel, 3 x 3 x 3 x 4; the file has stern__a/0" in said


def test_two_layers_of_one_name_are_refused(weights: str, capfd) -> None:
    with h5py.File(weights, "r+") as file:
        group_of(file, "unit1_conv1").attrs["name"] = "unit2_conv1"
    assert convert(weights, "b.pt") == 1
    assert "two layers called unit2_conv1" in capfd.readouterr().err


@pytest.mark.parametrize("layer", ["stem__a", "dense2"])
def test_a_transposed_kernel_is_of_another_shape(layer: str, weights: str, capfd) -> None:
    with h5py.File(weights, "r+") as file:
        group = group_of(file, layer)
        kernel = group["0"][...].swapaxes(-1, -2)
        del group["0"]
        group["0"] = kernel
    assert convert(weights, "b.pt") == 1
    assert f"different: {layer}/kernel is " in capfd.readouterr().err


@pytest.mark.parametrize("rule", ["conv", "dwconv", "conv_transpose", "dense", "prelu", "bn", "gn"])
def test_a_wrong_layout_gives_other_outputs(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec_keras import weights as places

    network = cnnspec.load("small.cnn")
    found = state(network)
    saved(found)
    right = places.place

    def wrong(key: str, tensor):
        variable, layout = right(key, tensor)
        mistaken = tensor.op.name == rule and key == "weight"
        return variable, Mistaken(layout) if mistaken else layout

    monkeypatch.setattr(places, "place", wrong)
    assert convert("a.pt", "a.weights.h5") == 0
    assert outputs_apart(network, found, "a.weights.h5") > 1e-3


class Mistaken:
    """A layout of the right shape that swaps rows and columns, or turns the last axis about."""

    def __init__(self, layout) -> None:
        self.layout, self.keras, self.to_spec = layout, layout.keras, layout.to_spec

    def to_keras(self, array):
        right = self.layout.to_keras(array)
        return right.swapaxes(0, 1) if right.ndim == 4 else right[..., ::-1]


def test_a_writer_that_loses_a_bit_is_our_mistake(monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    from cnnspec_torch import checkpoint

    saved(state(cnnspec.load("small.cnn")))
    right = checkpoint._tensor
    monkeypatch.setattr(checkpoint, "_tensor", lambda array: right(array) * (1 + 2**-20))
    assert convert("a.pt", "b.pt") == 3
    assert "did not come back as it was written" in capfd.readouterr().err
    assert not Path("b.pt").exists()
