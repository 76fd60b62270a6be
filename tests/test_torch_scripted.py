"""TorchScript, export and compile take what docs/training.md says that they take."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
import torch

from cnnspec import library
from tests.emitted import network
from tests.test_zoo import smallest

FILES = sorted(set(library.shipped().values()))
SPREAD = ["densenet.cnn", "mobilenet_v3.cnn", "resnet.cnn", "unet.cnn", "wide_resnet.cnn"]
PAGE = Path(__file__).parent.parent / "docs" / "training.md"


def refused() -> set[str]:
    """The files that the page names."""
    told = re.search(r"of the specs that ship all but ([^.]+)\.", PAGE.read_text())
    assert told is not None
    return {f"{each}.cnn" for each in re.findall(r"`(\w+)`", told[1])}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "file" in metafunc.fixturenames:
        metafunc.parametrize("file", FILES if metafunc.config.getoption("--zoo") else SPREAD)
    if "whole" in metafunc.fixturenames:
        some = ["nin.cnn", "unet.cnn"]
        metafunc.parametrize("whole", FILES if metafunc.config.getoption("--zoo") else some)


def test_the_page_names_files_that_ship() -> None:
    assert refused() < set(FILES)


def test_torchscript_takes_all_that_the_page_does_not_name(file: str) -> None:
    with torch.device("meta"):
        model = network(smallest(file)).build("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            torch.jit.script(model)
        except (RuntimeError, torch.jit.frontend.NotSupportedError):
            taken = False
        else:
            taken = True
    assert taken == (file not in refused())


def test_export_with_any_batch_and_compile_take_every_network(whole: str) -> None:
    net = network(smallest(whole))
    with torch.device("meta"):
        model = net.build("torch").eval()
        image = torch.empty(2, *net.elaborated.inputs[0].shape)
    batch = torch.export.Dim("batch", min=1, max=64)
    exported = torch.export.export(model, (image,), dynamic_shapes=({0: batch},)).module()
    with torch.no_grad():
        wanted = model(image).shape[1:]
        assert exported(image[:1]).shape == (1, *wanted)
        torch.compiler.reset()
        compiled = torch.compile(model, fullgraph=True, backend="eager")
        assert compiled(image).shape == (2, *wanted)
