"""`cnnspec verify --weights`: a checkpoint in all backends, and what it can be wrong in."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import cnnspec
from cnnspec.cli import run
from cnnspec_keras import weights
from tests.checkpoints import convert, saved, state

pytestmark = [
    pytest.mark.usefixtures("here"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # TensorFlow's own
]


def verify(*more: str) -> int:
    return run(["verify", "small.cnn", "--quiet", *more])


@pytest.mark.parametrize("name", ["a.pt", "a.weights.h5", "a.safetensors"])
def test_a_checkpoint_is_proved_in_all_backends(name: str, capfd) -> None:
    found = state(cnnspec.load("small.cnn"))
    saved(found)
    if name != "a.pt":
        assert convert("a.pt", name) == 0
    assert verify("--weights", name, "--json") == 0
    facts = json.loads(capfd.readouterr().out)
    assert facts["agrees"] is True
    assert facts["witnesses"].keys() >= {"numpy", "torch", "keras"}
    assert facts["weights"]["file"] == name
    assert facts["weights"]["tensors"] == sum(not k.endswith("tracked") for k in found)
    assert len(facts["weights"]["sha256"]) == 64


def test_the_numbers_are_the_checkpoints(capfd, monkeypatch) -> None:
    network = cnnspec.load("small.cnn")
    found = state(network)
    saved(found)
    seen = {}
    from cnnspec_torch import witness

    real = witness.loaded

    def noted(make, case):
        seen.update(case.weights)
        return real(make, case)

    monkeypatch.setattr(witness, "loaded", noted)
    assert verify("--weights", "a.pt", "--backends", "numpy,torch", "--train") == 0
    assert f"{len(seen)} weights of a.pt, sha256" in capfd.readouterr().out
    for key, value in seen.items():
        np.testing.assert_array_equal(value, found[key].double().numpy())


def test_a_checkpoint_of_inference_is_enough_for_inference(capfd) -> None:
    found = state(cnnspec.load("small.cnn"))
    saved({key: value for key, value in found.items() if not key.startswith("ln1")})
    code = verify("--weights", "a.pt", "--backends", "numpy,torch")
    assert code == 0, capfd.readouterr().err
    assert verify("--weights", "a.pt", "--backends", "numpy,torch", "--train") == 1
    assert "missing: ln1" in capfd.readouterr().err


def test_a_wrong_layout_of_one_backend_is_found_on_a_checkpoint(capfd, monkeypatch) -> None:
    saved(state(cnnspec.load("small.cnn")))

    def unturned(tensor):
        return weights._matrix(tensor._replace(image=None))

    monkeypatch.setitem(weights.RULES["dense"], "weight", unturned)
    assert verify("--weights", "a.pt", "--backends", "numpy,torch,keras") == 3
    assert "numpy and torch agree; keras does not" in capfd.readouterr().err


def test_what_does_not_fit_is_said_as_convert_says_it(capfd) -> None:
    found = state(cnnspec.load("small.cnn"))
    saved({f"module.{key}": value for key, value in found.items()}, "wrapped.pt")
    assert verify("--weights", "wrapped.pt", "--backends", "numpy,torch") == 0
    saved({key.replace("stem_a", "begin"): value for key, value in found.items()}, "other.pt")
    assert verify("--weights", "other.pt", "--backends", "numpy,torch") == 1
    assert "missing: stem_a.weight" in capfd.readouterr().err
    more = ("--rename", "begin=stem_a")
    assert verify("--weights", "other.pt", "--backends", "numpy,torch", *more) == 0
    assert verify("--backends", "numpy,torch", *more) == 2
    assert "are for --weights" in capfd.readouterr().err
    assert torch.load("other.pt", weights_only=True)
