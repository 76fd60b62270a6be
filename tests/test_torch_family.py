"""Several networks of one file are one file of PyTorch: all blocks once, a function a network."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from cnnspec import library
from cnnspec.api import load_all
from cnnspec.emit.loading import module_of
from cnnspec.family import source
from cnnspec_torch.proof import differences
from tests.emitted import network
from tests.torch_proofs import lowerings

FILES = (
    "alexnet.cnn",
    "densenet.cnn",
    "googlenet.cnn",
    "mobilenet_v1.cnn",
    "mobilenet_v3.cnn",
    "resnet.cnn",
    "vgg.cnn",
)


@cache
def family(file: str) -> str:
    return source(load_all(f"specs/{file}"), "torch")


@pytest.mark.parametrize("file", FILES)
def test_each_network_is_a_function_and_each_block_is_written_once(file: str) -> None:
    tree = ast.parse(family(file))
    named = [each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.ClassDef)]
    assert len(named) == len(set(named))
    assert set(named) >= {each for each, where in library.shipped().items() if where == file}


@pytest.mark.parametrize("file", FILES)
def test_each_function_makes_its_network(file: str) -> None:
    module = vars(module_of(family(file)))
    for name in sorted(each for each, where in library.shipped().items() if where == file)[:2]:
        assert (
            differences(module[name], network(name).elaborated, lowerings(), inference=False) == []
        ), name


def test_a_file_of_several_networks_compiles_to_one(tmp_path: Path) -> None:
    spec = tmp_path / "two.cnn"
    spec.write_text(
        "block unit(x, width) { return x -> conv(width, 3, pad = 1) -> relu }\n"
        "network small(width = 4) { image = input(3, 8, 8)\n"
        "    output y = image -> unit(width) -> gap -> dense(2) }\n"
        'network wide = small(width = 8) { meta { title = "Wide" } }\n'
    )
    command = [sys.executable, "-m", "cnnspec", "compile", str(spec), "-b", "torch", "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "two_torch.py").read_text()
    assert text.count("class Unit(") == 1
    assert "return Small(width=8, **parameters)" in text
    assert '"""Wide.' in text
