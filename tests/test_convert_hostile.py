"""`cnnspec convert` of files that mean harm or are broken: words, and nothing is left."""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import cnnspec
from tests.checkpoints import convert, group_of, names_in, saved, state

pytestmark = [
    pytest.mark.usefixtures("here"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # TensorFlow's own
]


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
    "evil.pt": (evil_pickle, "loading it would run posix.mkdir"),
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
    no_file = name in ("folder.keras", "pipe.pt", "gone.pt")
    assert convert(name, "out.safetensors") == (2 if no_file else 1)
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
