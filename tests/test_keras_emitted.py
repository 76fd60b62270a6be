"""Every emitted Keras file is source that a good engineer would have left: lint, format, types."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import cnnspec
from cnnspec import library
from tests.emitted import network
from tests.test_cases import CASES, loaded

pytestmark = pytest.mark.framework

FENCED = re.MULTILINE | re.DOTALL
COMPILES = [
    case for case in CASES if any(kind in ("paths", "facts", "torch") for kind, _ in case.blocks)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """The smallest network of each file (with `--zoo` all), every case, our own layers."""
    place = tmp_path_factory.mktemp("emitted")
    layers = files("cnnspec_keras") / "layers_source.py"
    (place / "layers.py").write_text(layers.read_text())
    shipped = library.shipped()
    chosen = {
        min((n for n in shipped if shipped[n] == file), key=lambda n: (network(n).params, n))
        for file in shipped.values()
    }
    for name in sorted(shipped if pytestconfig.getoption("--zoo") else chosen):
        (place / f"{name}_keras.py").write_text(network(name).source("keras"))
    for number, case in enumerate(COMPILES):
        net = loaded(case.blocks[0][1])
        (place / f"case{number}_keras.py").write_text(net.source("keras"))
        (place / f"case{number}_inference.py").write_text(net.source("keras", inference=True))
    return place


def run(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments, "."],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing(folder: Path) -> None:
    run(folder, "ruff", "check", "--isolated", "--no-cache")


def test_ruff_would_format_nothing(folder: Path) -> None:
    run(folder, "ruff", "format", "--isolated", "--no-cache", "--diff")


def test_mypy_finds_nothing(folder: Path) -> None:
    run(folder, "mypy", "--config-file=", "--ignore-missing-imports", "--explicit-package-bases")


@pytest.mark.parametrize("case", COMPILES, ids=lambda case: case.title)
def test_weights_of_the_cases_are_the_graphs(case) -> None:
    net = loaded(case.blocks[0][1])
    assert net.mismatch("keras") == []
    assert net.mismatch("keras", inference=True) == []


def test_the_source_in_the_manual_is_what_is_written_now() -> None:
    root = Path(__file__).parent.parent
    (spec,) = re.findall(r"^```cnn\n(.*?)^```$", (root / "README.md").read_text(), FENCED)
    (shown,) = re.findall(r"^```python\n(.*?)^```$", (root / "docs/keras.md").read_text(), FENCED)
    written = cnnspec.loads(spec, name="small.cnn").source("keras")
    assert written[written.index("def ") :] == shown


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("conv(4, 3, stride = 2, dilation = 2)", "a stride or a dilation, not both"),
        ("conv_transpose(4, 3, groups = 2)", "no groups"),
        ("conv_transpose(4, 3, dilation = 2)", "no dilation"),
        ("dwconv(3, stride = [1, 2], dilation = 2)", "one stride for both axes"),
    ],
)
def test_what_keras_cannot_express_is_refused_at_its_line(step: str, said: str) -> None:
    text = f"network n() {{\n    x = input(4, 9, 9)\n    output y = x -> {step}\n}}\n"
    net = cnnspec.loads(text)
    assert net.source("torch")
    with pytest.raises(cnnspec.SpecError) as caught:
        net.source("keras")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "not-expressible"
    assert said in diagnostic.title
    assert [label.span.line for label in diagnostic.labels] == [3]


def test_emission_does_not_depend_on_the_hash_seed() -> None:
    program = (
        "import cnnspec, sys; [sys.stdout.write(cnnspec.load(each).source('keras'))"
        " for each in ('googlenet', 'efficientnet_b0', 'resnet20_cifar10')]"
    )
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
    assert len(texts) == 1


def test_writing_keras_loads_no_framework() -> None:
    program = (
        "import cnnspec, sys; cnnspec.load('resnet50').source('keras');"
        " assert not {'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
