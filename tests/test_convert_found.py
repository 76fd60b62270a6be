"""`cnnspec convert` of checkpoints as people have them: in training files, under other names."""

from __future__ import annotations

import argparse
import collections
import os
import sys
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import cnnspec
from tests.checkpoints import assert_same, convert, saved, state

pytestmark = [
    pytest.mark.usefixtures("here"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # TensorFlow's own
]

NARROW = """network small(classes = 5) { image = input(3, 8, 6)
    output logits = image -> gap -> fc: dense(classes) }"""


def small(text: str = NARROW) -> dict:
    """Write the spec that is converted for, and give a state dict of it."""
    Path("small.cnn").write_text(text)
    return state(cnnspec.load("small.cnn"))


class Touch:
    """What would leave a file, were it made again."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


class Settings(dict):
    """A dict of somebody's, as training scripts keep their settings in."""


def of_optimizer() -> dict:
    layer = torch.nn.Linear(3, 5)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return optimizer.state_dict()


# --- what lies beside a state dict


BESIDE = {
    "a tensor": lambda: {"best_acc1": torch.tensor(76.1)},
    "an optimiser": lambda: {"optimizer": of_optimizer(), "epoch": 3},
    "arguments": lambda: {"args": argparse.Namespace(lr=0.1, path=Path("x"))},
    "numbers of NumPy's": lambda: {"best": np.float64(1), "all": np.ones(3)},
    "a dict of somebody's": lambda: {"config": Settings(a=1), "log": collections.defaultdict(list)},
    "what would run": lambda: {"callback": Touch()},
    "generators' states": lambda: {"rng": torch.get_rng_state(), "cuda_rng": []},
    "sets and bytes": lambda: {"tags": {"a", "b"}, "raw": b"x" * 300, "big": 2**80},
}


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("entry", ["state_dict", "net"])
def test_a_training_file_is_its_state_dict_whatever_lies_beside_it(
    beside: str, entry: str, capfd
) -> None:
    found = small()
    more = BESIDE[beside]()
    torch.save({**more, entry: found}, "run.pt")
    assert convert("run.pt", "a.pt") == 0
    assert_same(found, torch.load("a.pt", weights_only=True), counters=True)
    said = capfd.readouterr().err
    assert f"took the state dict called {entry}" in said
    assert f"set aside, for it is no part of a network: {next(iter(more))}" in said
    assert not Path("ran").exists()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("form", ["new", "old"])
def test_any_protocol_and_the_old_form_are_read(protocol: int, form: str) -> None:
    found = small()
    found["fc.bias"] = torch.arange(20.0)[3:18:3].bfloat16()
    found["fc.weight"] = found["fc.weight"].double().T.contiguous().T
    torch.save(
        {"model": found, "args": argparse.Namespace(a={1, 2})},
        "run.pt",
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=form == "new",
    )
    assert convert("run.pt", "a.safetensors") == 0
    assert convert("a.safetensors", "a.pt") == 0
    assert_same(found, torch.load("a.pt", weights_only=True))


def test_what_holds_no_plain_values_is_named(capsys) -> None:
    found = small()
    found["fc.weight"] = found["fc.weight"].to_sparse()
    found["fc.bias"] = torch.ones(5, device="meta")
    assert convert(saved(found), "b.pt") == 1
    said = capsys.readouterr().err
    assert "different: fc.weight is of sparse values" in said
    assert "different: fc.bias is of no values (a tensor on the meta device)" in said
    found["fc.bias"] = torch.ones(5).to(torch.float8_e4m3fn)
    assert convert(saved(found), "b.pt") == 1
    assert "different: fc.bias is of float8_e4m3fn" in capsys.readouterr().err


def test_parameters_are_tensors_whatever_is_put_on_them(capfd) -> None:
    found = small()
    layer = torch.nn.Linear(3, 5)
    layer.load_state_dict({"weight": found["fc.weight"], "bias": found["fc.bias"]})
    layer.weight.shape_of = layer.weight.detach = "a method no more"
    torch.save({"fc.weight": layer.weight, "fc.bias": layer.bias}, "a.pt")
    assert convert("a.pt", "b.pt") == 0
    assert_same(found, torch.load("b.pt", weights_only=True))


def test_reading_needs_no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    saved(small())
    monkeypatch.setitem(sys.modules, "torch", None)
    assert convert("a.pt", "b.safetensors") == 0
    assert convert("a.pt", "b.pt") == 4


def test_an_entry_chooses_among_several_state_dicts(capfd) -> None:
    found, other = small(), {key: value + 1 for key, value in small().items()}
    torch.save({"student": found, "ema": {"shadow": other, "decay": 0.9}}, "run.pt")
    assert convert("run.pt", "a.pt") == 1
    said = capfd.readouterr().err
    assert "it holds several state dicts: student, ema.shadow" in said
    assert "`--entry student` takes that one" in said
    assert convert("run.pt", "a.pt", "--entry", "ema.shadow") == 0
    assert_same(other, torch.load("a.pt", weights_only=True))
    said = capfd.readouterr().err
    assert "took the state dict called ema.shadow" in said
    assert "student is one too: `--entry student` takes it" in said
    assert "no part of a network: decay" in said
    assert convert("run.pt", "b.pt", "--entry", "teacher") == 1
    said = capfd.readouterr().err
    assert "no state dict called teacher" in said
    assert "it has student, ema.shadow" in said
    saved(found, "flat.safetensors")
    assert convert("a.pt", "a.safetensors") == 0
    assert convert("a.safetensors", "b.pt", "--entry", "model") == 1
    assert "leave `--entry` out" in capfd.readouterr().err


def test_the_usual_name_is_taken_and_the_other_is_told(capfd) -> None:
    found = small()
    torch.save({"model_ema\x1b[2J": found, "model": found, "epoch\x1b[2J": 3}, "run.pt")
    assert convert("run.pt", "a.pt") == 0
    said = capfd.readouterr().err
    assert "took the state dict called model\n" in said
    assert "`--entry model_ema" in said
    assert "\x1b" not in said


def test_a_state_dict_that_fits_is_told_from_one_that_does_not() -> None:
    found = small()
    torch.save({"loss": {"centres": torch.ones(3)}, "net": found, "mean": torch.ones(3)}, "run.pt")
    assert convert("run.pt", "a.pt") == 0
    assert_same(found, torch.load("a.pt", weights_only=True))


# --- names


def test_wrappers_prefixes_are_taken_off_and_said(capfd) -> None:
    found = small()
    wrapped = {f"module._orig_mod.{key}": value for key, value in found.items()}
    torch.save({**wrapped, "n_averaged": torch.tensor(7)}, "a.pt")
    assert convert("a.pt", "b.pt") == 0
    assert_same(found, torch.load("b.pt", weights_only=True))
    said = capfd.readouterr().err
    assert "took `module.` off 2 names: DataParallel, DistributedDataParallel or" in said
    assert "took `_orig_mod.` off 2 names: torch.compile put it there" in said
    assert "no part of a network: n_averaged" in said
    assert convert("a.pt", "c.pt", "--rename", "module._orig_mod.=", "--partial") == 0
    torch.save({**found, "module.fc.bias": found["fc.bias"]}, "a.pt")
    assert convert("a.pt", "c.pt", "--force") == 1
    assert "extra: module.fc.bias" in capfd.readouterr().err


def test_a_network_that_has_a_module_keeps_its_name() -> None:
    found = small(NARROW.replace("fc:", "module.fc:"))
    assert "module.fc.bias" in found
    saved(found)
    assert convert("a.pt", "b.pt") == 0


def test_names_change_by_parts_first_and_two_never_become_one(capfd) -> None:
    found = small()
    old = {f"net.{key}": value for key, value in found.items()}
    saved(old)
    assert convert("a.pt", "b.pt") == 1
    assert "`--rename net.=` takes the prefix off" in capfd.readouterr().err
    saved({**old, "criterion.weight": torch.ones(5)})
    assert convert("a.pt", "b.pt") == 1
    assert "`--rename net.=` takes the prefix off" in capfd.readouterr().err
    assert convert("a.pt", "b.pt", "--rename", "net.=", "--partial") == 0
    assert "not taken; extra: criterion.weight, 5" in capfd.readouterr().err
    saved(old)
    for change in ("net.=", "net.fc=fc", "fc=net.fc", "ne=", "net.fc.weight=fc.weight"):
        code = convert("a.pt", "b.pt", "--rename", change, "--force")
        assert code == (1 if change in ("ne=", "net.fc.weight=fc.weight") else 0), change
    capfd.readouterr()
    assert convert("a.pt", "b.pt", "--force", "--rename", "net=fc", "--rename", "wight=x") == 1
    assert "`--rename` changes nothing: no name has wight" in capfd.readouterr().err
    assert convert("a.pt", "b.pt", "--force", "--rename", "weight=bias") == 1
    assert "makes one name of two" in capfd.readouterr().err
    assert convert("a.pt", "b.pt", "--rename", "net.") == 2


def test_a_file_of_changes_is_taken_all_at_once(capfd) -> None:
    two = NARROW.replace("fc: dense(classes)", "a: dense(3) -> b: dense(3)")
    found = small(two)
    saved({{"a": "b", "b": "a"}[key[0]] + key[1:]: value for key, value in found.items()})
    Path("names").write_text("# theirs = ours\na = b\n\nb=a  # and back\n")
    assert convert("a.pt", "b.pt", "--rename-file", "names") == 0
    assert_same(found, torch.load("b.pt", weights_only=True))
    Path("names").write_text("a=b\nc\n")
    assert convert("a.pt", "b.pt", "--rename-file", "names") == 2
    assert "line 2 is not of the form OLD=NEW: c" in " ".join(capfd.readouterr().err.split())
    assert convert("a.pt", "b.pt", "--rename-file", "nowhere") == 2


def test_what_does_not_fit_gets_a_way_on(capfd) -> None:
    found = small()
    assert convert(saved({"head.weight": found["fc.weight"], "head.b": found["fc.bias"]}), "b.pt")
    assert "`--rename head.weight=fc.weight`, or many" in capfd.readouterr().err
    assert convert(saved({"x": torch.ones(2)}), "b.pt") == 1
    assert "it is of another network: take the spec" in capfd.readouterr().err


# --- a part


def test_a_part_takes_what_fits_and_lists_the_rest(capfd) -> None:
    body = NARROW.replace("gap", "conv(4, 3) -> bn -> gap")
    theirs = small(body.replace("5", "9"))
    small(body)
    saved({**theirs, "head.2.weight": torch.ones(2)})
    assert convert("a.pt", "b.pt") == 1
    assert "`--partial` takes the 6 weights that fit" in capfd.readouterr().err
    assert convert("a.pt", "b.pt", "--partial") == 0
    said = capfd.readouterr().err
    assert "not taken; extra: head.2.weight, 2" in said
    assert "not taken; different: fc.weight is 9 x 4, and should be 5 x 4" in said
    kept = {key: value for key, value in theirs.items() if not key.startswith("fc")}
    assert_same(kept, torch.load("b.pt", weights_only=True), counters=True)
    assert convert("b.pt", "c.pt") == 1
    # Half a layer is none.
    saved({key: value for key, value in theirs.items() if key != "conv1.bias"})
    assert convert("a.pt", "c.pt", "--partial") == 0
    assert set(torch.load("c.pt", weights_only=True)) == {key for key in kept if "bn" in key}
    assert convert(saved({"x": torch.ones(2)}), "d.pt", "--partial") == 1


def test_keras_loads_a_part(capfd) -> None:
    body = NARROW.replace("gap", "conv(4, 3) -> gap")
    theirs = small(body.replace("5", "9"))
    small(body)
    saved(theirs)
    assert convert("a.pt", "b.weights.h5", "--partial") == 0
    model = cnnspec.load("small.cnn").build("keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's, on the layer that the file lacks
        model.load_weights("b.weights.h5", skip_mismatch=True)
    kernel = np.asarray(model.get_layer("conv1").kernel).transpose(3, 2, 0, 1)
    assert np.array_equal(kernel, theirs["conv1.weight"].numpy())
    capfd.readouterr()
    assert convert("a.pt", "b.keras", "--partial") == 2
    assert "write a `.weights.h5`" in capfd.readouterr().err


# --- Keras's own names


def keras_file(build) -> dict:
    """Save a model of somebody's with Keras's own names; its weights by layer, in order."""
    import keras

    image = keras.Input((8, 6, 3))
    model = keras.Model(image, build(keras.layers, image))
    model.save_weights("theirs.weights.h5")
    return {layer.name: [np.asarray(each) for each in layer.weights] for layer in model.layers}


CHAIN = """network small { image = input(3, 8, 6)
    output logits = image -> stem: conv(4, 3) -> bn -> a.b: conv(4, 3) -> gap -> fc: dense(5) }"""


def chain(layers, x):
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(x))
    return layers.Dense(5)(layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(x)))


def test_kerass_own_names_need_no_rename_where_one_way_is_left(capfd) -> None:
    Path("small.cnn").write_text(CHAIN)
    held = list(keras_file(chain).values())
    assert convert("theirs.weights.h5", "a.pt") == 0
    said = capfd.readouterr().err
    assert "order and shapes leave one way for conv2d" in said
    assert " is stem, conv2d" in said
    assert " is a.b" in said
    found = torch.load("a.pt", weights_only=True)
    kernels = [each[0].transpose(3, 2, 0, 1) for each in held if each and each[0].ndim == 4]
    assert np.array_equal(found["stem.weight"], kernels[0])
    assert np.array_equal(found["a.b.weight"], kernels[1])


def parallel(filters: int):
    def build(layers, x):
        x = layers.Conv2D(4, 3, padding="same")(x)
        left = layers.Conv2D(4, 3, padding="same")(x)
        return layers.Concatenate()([left, layers.Conv2D(filters, 3, padding="same")(x)])

    return build


def branches(filters: int) -> None:
    Path("small.cnn").write_text(f"""network small {{ image = input(3, 8, 6)
    x = image -> stem: conv(4, 3, pad = 1)
    right = x -> right: conv({filters}, 3, pad = 1)
    output y = concat(right, x -> left: conv(4, 3, pad = 1)) }}""")


def test_two_ways_are_refused_and_named(capfd) -> None:
    branches(4)
    names = list(keras_file(parallel(4)))[1:4]
    assert convert("theirs.weights.h5", "a.pt") == 1
    said = capfd.readouterr().err
    assert f"{names[1]} may be right or left" in said
    assert f"missing: stem/kernel, 3 x 3 x 3 x 4; the file has {names[0]}/0" in said
    changes = [
        f"{theirs}={ours}" for theirs, ours in zip(names, ("stem", "left", "right"), strict=True)
    ]
    three = [each for change in changes for each in ("--rename", change)]
    assert convert("theirs.weights.h5", "a.pt", *three) == 0
    # One name less to guess may leave one way.
    assert convert("theirs.weights.h5", "b.pt", *three[2:4]) == 0
    assert Path("a.pt").read_bytes() == Path("b.pt").read_bytes()


def test_another_number_of_layers_is_said(capsys) -> None:
    Path("small.cnn").write_text(CHAIN.replace(" -> a.b: conv(4, 3)", ""))
    keras_file(chain)
    assert convert("theirs.weights.h5", "a.pt") == 1
    said = capsys.readouterr().err
    assert "Keras called 2 layers so, and 1 steps of the network are left for them" in said
    assert "order and shapes leave one way for dense" in said


def test_shapes_tell_branches_apart_whatever_their_order() -> None:
    branches(6)
    held = keras_file(parallel(6))
    assert convert("theirs.weights.h5", "a.pt") == 0
    found = torch.load("a.pt", weights_only=True)
    kernels = [each[0].transpose(3, 2, 0, 1) for each in held.values() if each]
    for name, kernel in zip(("stem", "left", "right"), kernels, strict=True):
        assert np.array_equal(found[f"{name}.weight"], kernel)


@pytest.mark.parametrize(
    "change",
    [
        *("{0}=a.b", "{0}=a_b", "a_b={0}", "a.b={0}"),
        *("{0}/0=a_b/kernel {0}/1=a_b/bias", "{0}/0=a.b.weight {0}/1=a.b.bias"),
    ],
)
def test_a_rename_takes_the_names_that_are_shown_in_both_directions(change: str) -> None:
    Path("small.cnn").write_text(CHAIN)
    keras_file(chain)
    with h5py.File("theirs.weights.h5", "r+") as file:
        groups = [group["vars"] for group in file["layers"].values() if len(group["vars"])]
        for group in groups:
            group.attrs["name"] = f"their_{group.attrs['name']}"
        found = [group.attrs["name"] for group in groups]
    batch, first, second, dense = found
    more = [f"{batch}=bn1", f"{first}=stem", f"{dense}=fc", *change.format(second).split()]
    assert convert("theirs.weights.h5", "a.pt", *(f"--rename={each}" for each in more)) == 0


# --- what is something else


def test_torchscript_and_exported_programs_are_named(capfd) -> None:
    small()
    layer = torch.nn.Linear(3, 5)
    torch.jit.script(layer).save("script.pt")
    assert convert("script.pt", "a.pt") == 1
    said = capfd.readouterr().err
    assert "it is a TorchScript program (`torch.jit.save`)" in said
    assert "torch.save(torch.jit.load('script.pt', 'cpu').state_dict(), 'weights.pt')" in said
    torch.export.save(torch.export.export(layer, (torch.ones(1, 3),)), "program.pt2")
    assert convert("program.pt2", "a.pt") == 1
    assert "torch.export.load('program.pt2').state_dict" in capfd.readouterr().err


def test_a_saved_model_is_named(capfd) -> None:
    small()
    Path("saved").mkdir()
    Path("saved/saved_model.pb").touch()
    assert convert("saved", "a.pt") == 1
    assert "a TensorFlow SavedModel" in capfd.readouterr().err


def test_legacy_files_of_keras_are_named(capfd) -> None:
    import keras

    small()
    image = keras.Input((3,))
    keras.Model(image, keras.layers.Dense(5)(image)).save("model.h5")
    capfd.readouterr()
    assert convert("model.h5", "a.pt") == 1
    said = capfd.readouterr().err
    assert "a whole model in Keras's legacy HDF5 format" in said
    assert "load_model('model.h5').save_weights('x.weights.h5')" in said
    with h5py.File("model.h5") as source, h5py.File("weights.h5", "w") as target:
        held = source["model_weights"]
        for key, value in held.attrs.items():
            target.attrs[key] = value
        for name in held:
            source.copy(held[name], target)
    assert convert("weights.h5", "a.pt") == 1
    assert "model.load_weights('weights.h5')" in capfd.readouterr().err
