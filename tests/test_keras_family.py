"""Several networks of one file are one file of Keras: all blocks once, a function a network."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from cnnspec import library
from cnnspec.api import load_all
from cnnspec.emit.loading import module_of
from cnnspec.family import source
from cnnspec_keras.weights import held, variables
from tests.emitted import network

pytestmark = pytest.mark.slow

FILES = (
    "alexnet.cnn",
    "densenet.cnn",
    "googlenet.cnn",
    "mobilenet_v1.cnn",
    "resnet.cnn",
    "vgg.cnn",
)


def family(file: str) -> str:
    return source(load_all(f"specs/{file}"), "keras")


@pytest.mark.parametrize("file", FILES)
def test_each_network_is_a_function_and_each_block_is_written_once(file: str) -> None:
    tree = ast.parse(family(file))
    functions = [each.name for each in tree.body if isinstance(each, ast.FunctionDef)]
    assert len(functions) == len(set(functions))
    assert set(functions) >= {each for each, where in library.shipped().items() if where == file}


@pytest.mark.framework
def test_variants_are_their_networks() -> None:
    module = vars(module_of(family("mobilenet_v3.cnn")))
    for name in ("mobilenet_v3_large", "mobilenet_v3_small"):
        model = module[name]()
        assert model.name == name
        made = {key: tuple(each.shape) for key, each in held(model).items()}
        graph = network(name).elaborated
        assert made == {(e.layer, e.variable): e.layout.keras for e in variables(graph)}


def test_a_file_of_several_networks_compiles_to_one(tmp_path: Path) -> None:
    spec = tmp_path / "two.cnn"
    spec.write_text(
        "block unit(x, width) { return x -> conv(width, 3, pad = 1) -> relu }\n"
        "network small(width = 4) { image = input(3, 8, 8)\n"
        "    output y = image -> unit(width) -> gap -> dense(2) }\n"
        'network wide = small(width = 8) { meta { title = "Wide" } }\n'
    )
    command = [sys.executable, "-m", "cnnspec", "compile", str(spec), "-b", "keras"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "two_keras.py").read_text()
    assert text.count("def unit(") == 1
    assert 'return small(width=8, name="wide", **parameters)' in text
    assert '"""Wide.' in text
