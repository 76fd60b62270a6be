"""The ResNets as PyTorch source: equal to torchvision's to the key, and a good citizen of torch."""

from __future__ import annotations

import copy
import io
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

import cnnspec
from tests.emitted import build, network, source

ORACLES = Path(__file__).parent / "oracles"
DEPTHS = (18, 34, 50, 101, 152)


def oracle(depth: int) -> dict:
    return json.loads((ORACLES / f"torchvision__resnet{depth}.json").read_text())


@pytest.mark.parametrize("depth", DEPTHS)
def test_state_dict_is_torchvisions_in_keys_order_and_shapes(depth: int) -> None:
    state = build(f"resnet{depth}", device="meta").state_dict()
    facts = oracle(depth)["state_dict"]
    assert [(key, list(value.shape)) for key, value in state.items()] == list(facts.items())


@pytest.mark.parametrize("depth", DEPTHS)
def test_counts_are_torchvisions_to_the_integer(depth: int) -> None:
    facts = oracle(depth)
    assert network(f"resnet{depth}").params == facts["params"]
    assert network(f"resnet{depth}").macs == facts["macs_conv_dense"]
    model = build(f"resnet{depth}", device="meta")
    assert sum(each.numel() for each in model.parameters()) == facts["trainable"]


def test_a_published_checkpoint_loads_strictly() -> None:
    shapes = oracle(50)["state_dict"]
    checkpoint = {key: torch.zeros(shape) for key, shape in shapes.items()}
    checkpoint["fc.bias"] += 7
    model = build("resnet50")
    model.load_state_dict(checkpoint, strict=True)
    assert torch.equal(model.fc.bias, torch.full((1000,), 7.0))


def test_resnet50_is_short_and_resnet152_no_longer() -> None:
    lines = {depth: source(f"resnet{depth}").count("\n") for depth in (50, 152)}
    assert lines[50] <= 90
    assert abs(lines[152] - lines[50]) <= 5


def test_one_class_a_block_definition() -> None:
    assert source("resnet50").count("class ") == 2


@pytest.fixture(scope="module")
def resnet18() -> torch.nn.Module:
    torch.manual_seed(0)
    return build("resnet18")


def image(size: int = 64, batch: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, 3, size, size, generator=generator)


def test_scripts_compiles_and_exports_alike(resnet18: torch.nn.Module) -> None:
    model = copy.deepcopy(resnet18).eval()
    with torch.no_grad():
        wanted = model(image())
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            scripted = torch.jit.script(model)
        assert torch.allclose(scripted(image()), wanted, atol=1e-5)
        compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
        assert torch.allclose(compiled(image()), wanted, atol=1e-5)
        exported = torch.export.export(model, (image(),)).module()
        assert torch.allclose(exported(image()), wanted, atol=1e-5)


def test_trains_a_step(resnet18: torch.nn.Module) -> None:
    model = copy.deepcopy(resnet18).train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    before = model.conv1.weight.detach().clone()
    loss = torch.nn.functional.cross_entropy(model(image()), torch.tensor([1, 2]))
    loss.backward()
    optimiser.step()
    assert all(each.grad is not None for each in model.parameters())
    assert not torch.equal(before, model.conv1.weight)


def test_moves_copies_and_pickles(resnet18: torch.nn.Module) -> None:
    model = copy.deepcopy(resnet18).eval()
    wanted = model(image())
    double = copy.deepcopy(model).to(torch.float64)
    assert double(image().double()).dtype == torch.float64
    last = copy.deepcopy(model).to(memory_format=torch.channels_last)
    got = last(image().to(memory_format=torch.channels_last))
    assert torch.allclose(got, wanted, atol=1e-4)
    half = copy.deepcopy(model).to(torch.bfloat16)
    assert half(image().to(torch.bfloat16)).dtype == torch.bfloat16
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = build("resnet18").eval()
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other(image()), wanted)


def test_emission_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    program = "import cnnspec, sys; sys.stdout.write(cnnspec.load('resnet50').source('torch'))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "271828")
    }
    assert texts == {cnnspec.load("resnet50").source("torch")}


def test_the_number_of_classes_stays_open() -> None:
    assert "classes: int = 1000,\n    ) -> None:" in source("resnet50")
    namespace: dict = {}
    exec(compile(source("resnet18"), "resnet18_torch.py", "exec"), namespace)
    with torch.device("meta"):
        model = namespace["ResNet18"](classes=10)
    assert model.fc.weight.shape == (10, 512)
