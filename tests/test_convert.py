"""`cnnspec convert`: bit for bit both ways, equal outputs, and no file that does harm."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import cnnspec
from cnnspec.cli import run

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow's own.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

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


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.cnn").write_text(SPEC)
    return tmp_path


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


def test_a_training_runs_file_is_looked_into_and_names_are_changed(capfd) -> None:
    found = state(cnnspec.load("small.cnn"))
    around = {f"module.{key}": value for key, value in found.items()}
    torch.save({"state_dict": around, "epoch": 3, "optimizer": {"state": {}}}, "run.pt")
    assert convert("run.pt", "a.pt") == 1
    said = capfd.readouterr().err
    assert "the file has module.stem_a.weight" in said
    assert "`--rename module.=` takes the prefix off" in said
    assert convert("run.pt", "a.pt", "--rename", "module.=") == 0
    assert "set aside, for it is no part of a network: epoch" in capfd.readouterr().err
    assert_same(found, torch.load("a.pt", weights_only=True), counters=True)
    assert convert("run.pt", "b.pt", "--rename", "module.=", "--rename", "weight=bias") == 1
    assert "makes one name of two" in capfd.readouterr().err
    assert convert("run.pt", "b.pt", "--rename", "module.") == 2


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


@pytest.mark.parametrize("missing", ["torch", "h5py", "safetensors"])
def test_what_is_not_installed_is_named(missing: str, monkeypatch, capfd) -> None:
    source = {"torch": "a.pt", "h5py": "a.weights.h5", "safetensors": "a.safetensors"}
    saved(state(cnnspec.load("small.cnn")))
    for each in ("a.weights.h5", "a.safetensors"):
        assert convert("a.pt", each) == 0
    monkeypatch.setitem(sys.modules, missing, None)
    assert convert(source[missing], "b.safetensors") == 4
    extra = "torch" if missing == "torch" else "convert"
    assert f"{missing}, which is not installed: `pip install 'cnnspec[{extra}]'`" in (
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
    assert convert("a.pt", *arguments) == 1
    assert said in capfd.readouterr().err


# --- planted mistakes


@pytest.fixture
def weights() -> str:
    saved(state(cnnspec.load("small.cnn")))
    assert convert("a.pt", "a.weights.h5") == 0
    return "a.weights.h5"


def group_of(file, layer: str):
    found = [g for g in file["layers"].values() if g["vars"].attrs["name"] == layer]
    assert len(found) == 1
    return found[0]["vars"]


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


# --- files that mean harm, or are broken


class Evil:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def evil_pickle(name: str) -> None:
    Path(name).write_bytes(pickle.dumps({"a": Evil()}, protocol=2))


def evil_archive(name: str) -> None:
    saved(state(cnnspec.load("small.cnn")), "inner.pt")
    with zipfile.ZipFile("inner.pt") as source, zipfile.ZipFile(name, "w") as target:
        for member in source.namelist():
            evil = member.endswith("data.pkl")
            content = pickle.dumps({"a": Evil()}, protocol=2) if evil else source.read(member)
            target.writestr(member, content)
    Path("inner.pt").unlink()


def whole_model(name: str) -> None:
    torch.save(cnnspec.load("small.cnn").build("torch"), name)


def cut(kind: str):
    def make(name: str) -> None:
        saved(state(cnnspec.load("small.cnn")), "inner.pt")
        assert convert("inner.pt", f"inner.{kind}", "--force") == 0
        whole = Path(f"inner.{kind}").read_bytes()
        Path(name).write_bytes(whole[: len(whole) * 2 // 3])
        for each in {"inner.pt", f"inner.{kind}"}:
            Path(each).unlink()

    return make


def bomb(name: str) -> None:
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
        member = "model.weights.h5" if name.endswith(".keras") else "archive/data.pkl"
        archive.writestr(member, bytes(2**26))


def keras_without_weights(name: str) -> None:
    with zipfile.ZipFile(name, "w") as archive:
        archive.writestr("config.json", "{}")


def huge_by_stride(name: str) -> None:
    found = state(cnnspec.load("small.cnn"))
    found["stem_a.weight"] = torch.zeros(1).expand(2**30, 2**20)
    saved(found, name)


def integers(name: str) -> None:
    found = state(cnnspec.load("small.cnn"))
    found["stem_a.weight"] = found["stem_a.weight"].to(torch.int32)
    saved(found, name)


def h5(change):
    def make(name: str) -> None:
        saved(state(cnnspec.load("small.cnn")), "inner.pt")
        assert convert("inner.pt", name) == 0
        Path("inner.pt").unlink()
        with h5py.File(name, "r+") as file:
            change(file, group_of(file, "stem__a"))

    return make


def replaced(group, **how):
    shape = group["0"].shape
    del group["0"]
    return group.create_dataset("0", shape, "f4", **how)


def external_link(file, group) -> None:
    del group["0"]
    group["0"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(file, group) -> None:
    del group["0"]
    group["0"] = h5py.SoftLink("/layers/dense/vars/0")


def soft_link_to_layers(file, group) -> None:
    file["layers"]["more"] = h5py.SoftLink("/layers/dense")


def external_data(file, group) -> None:
    replaced(group, external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def virtual_data(file, group) -> None:
    layout = h5py.VirtualLayout(group["0"].shape, "f4")
    layout[...] = h5py.VirtualSource("other.h5", "x", group["0"].shape)
    del group["0"]
    group.create_virtual_dataset("0", layout)


def compressed(file, group) -> None:
    replaced(group, compression="gzip")


def never_stored(file, group) -> None:
    replaced(group)


def huge(file, group) -> None:
    del group["0"]
    group.create_dataset("0", (2**20, 2**20), "f4", chunks=(2**10, 2**10), compression="gzip")


def nameless(file, group) -> None:
    del group.attrs["name"]


def numbered_name(file, group) -> None:
    group.attrs["name"] = 3


def a_circle(file, group) -> None:
    file["layers"]["conv2d"]["again"] = file["layers"]


def no_variable(file, group) -> None:
    del group["0"]
    group.create_group("0")


def words_for_weights(file, group) -> None:
    del group["0"]
    group["0"] = ["a", "b"]


def nothing(file, group) -> None:
    del file["layers"]


HARMFUL = {
    "evil.pt": (evil_pickle, "more than tensors"),
    "evil_archive.pt": (evil_archive, "more than tensors"),
    "whole_model.pt": (whole_model, "torch.save(model.state_dict()"),
    "cut.pt": (cut("pt"), "broken"),
    "cut.safetensors": (cut("safetensors"), "broken"),
    "cut.weights.h5": (cut("weights.h5"), "broken"),
    "cut.keras": (cut("keras"), "broken"),
    "bomb.pt": (bomb, "compressed"),
    "bomb.keras": (bomb, "compressed"),
    "empty.pt": (lambda name: Path(name).touch(), "it is empty"),
    "folder.keras": (os.mkdir, "it is a folder"),
    "pipe.pt": (os.mkfifo, "it is no plain file"),
    "gone.pt": (lambda name: None, "there is no such file"),
    "text.pt": (lambda name: Path(name).write_text("conv1.weight = 3"), "broken"),
    "noise.dat": (lambda name: Path(name).write_bytes(bytes(range(256))), "no checkpoint that is"),
    "noise.keras": (lambda name: Path(name).write_bytes(bytes(range(256))), "broken"),
    "without.keras": (keras_without_weights, "it holds no model.weights.h5"),
    "list.pt": (lambda name: torch.save([1, 2], name), "no tensors by name, but a list"),
    "numbers.pt": (lambda name: torch.save({"a": 1}, name), "no tensors by name"),
    "stride.pt": (huge_by_stride, "is 1073741824 x 1048576, and should be 4 x 3 x 3 x 3"),
    "integers.pt": (integers, "is of int32"),
    "external_link.weights.h5": (h5(external_link), "is a link"),
    "soft_link.weights.h5": (h5(soft_link), "is a link"),
    "soft_link_2.weights.h5": (h5(soft_link_to_layers), "is a link"),
    "external.weights.h5": (h5(external_data), "leads to another file"),
    "virtual.weights.h5": (h5(virtual_data), "leads to another file"),
    "compressed.weights.h5": (h5(compressed), "chunked or compressed"),
    "huge.weights.h5": (h5(huge), "chunked or compressed"),
    "never_stored.weights.h5": (h5(never_stored), "is cut off"),
    "nameless.weights.h5": (h5(nameless), "does not say its layer's name"),
    "numbered_name.weights.h5": (h5(numbered_name), "does not say its layer's name"),
    "circle.weights.h5": (h5(a_circle), "has two names"),
    "no_variable.weights.h5": (h5(no_variable), "is no variable"),
    "words.weights.h5": (h5(words_for_weights), "does not fit"),
    "nothing.weights.h5": (h5(nothing), "no layers as Keras 3 saves them"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_or_broken_file_gets_words_and_leaves_nothing(
    name: str, here: Path, capfd
) -> None:
    make, said = HARMFUL[name]
    make(name)
    capfd.readouterr()
    before = names_in(here)
    assert convert(name, "out.safetensors") == 1
    printed = capfd.readouterr().err
    assert printed.startswith("error[")
    assert said in printed
    assert "Traceback" not in printed
    assert names_in(here) == before
    assert "ran" not in before


def test_a_name_from_outside_does_nothing_to_the_terminal(capfd) -> None:
    found = state(cnnspec.load("small.cnn"))
    found["\x1b[2Jx" + "y" * 5000] = torch.zeros(1)
    saved(found)
    assert convert("a.pt", "b.pt") == 1
    printed = capfd.readouterr().err
    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) < 300


@pytest.mark.parametrize("kind", ["pt", "safetensors", "weights.h5", "keras"])
def test_flipped_bytes_never_end_in_a_traceback(kind: str, capfd) -> None:
    """A flip may hit a weight, and then the file is as good as before."""
    saved(state(cnnspec.load("small.cnn")))
    shutil.copy("a.pt", "whole.pt")
    assert convert("whole.pt", f"whole.{kind}", "--force") == 0
    whole = Path(f"whole.{kind}").read_bytes()
    draws = np.random.default_rng(3)
    ends = {0: 0, 1: 0}
    for _ in range(25):
        broken = bytearray(whole)
        # What says how the file is made stands at its ends.
        for place in draws.integers(0, 1500, 4) * draws.choice((1, -1), 4):
            broken[place] = draws.integers(256)
        Path("broken").write_bytes(broken)
        ends[convert("broken", "out.safetensors", "--force", "--rename", "x=x")] += 1
    assert ends[1] > 0
    assert "Traceback" not in capfd.readouterr().err
