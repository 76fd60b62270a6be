"""The proof at each compile: a printed function is held against its graph without Keras."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import cnnspec
from cnnspec import backend, library
from cnnspec.cli import main
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec as written_spec
from cnnspec_keras.backend import KerasBackend
from tests.emitted import network
from tests.test_torch_symbolic import SPEC
from tests.test_zoo import smallest

NAMES = sorted(library.shipped())
FILES = sorted(set(library.shipped().values()))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        metafunc.parametrize("chosen", NAMES if every else FILES)


def test_every_network_that_ships_is_proved(chosen: str) -> None:
    net = network(smallest(chosen))
    assert net.emitted("keras").unproved is None
    if any(output.train for output in net.elaborated.outputs):
        assert net.emitted("keras", inference=True).unproved is None


def test_a_chain_of_models_is_proved() -> None:
    assert network("resnet1202_cifar10").emitted("keras").unproved is None


def test_random_networks_are_proved() -> None:
    generator = Generator(29)
    for number in range(50):
        text = written_spec(generator.program(number))
        with suppress(cnnspec.SpecError):  # what cannot be written in Keras
            assert cnnspec.loads(text).emitted("keras").unproved is None, text


#: What may go wrong in a printed function, each as a change of SPEC's text; what is told of it.
MUTANTS = {
    "another window": ("filters, 3, padding", "filters, 5, padding", "one.conv2: no layer"),
    "other padding": ("ZeroPadding2D(1,", "ZeroPadding2D(2,", "shapes do not go together"),
    "padded as it is not": (
        'padding="same", name=f"{name}_conv2"',
        'name=f"{name}_conv2"',
        "Error",
    ),
    "another stride": ("filters, 1, activation", "filters, 1, strides=2, activation", "steps.0.0"),
    "no bias": ("(4, 1, name", "(4, 1, use_bias=False, name", "left: no layer"),
    "an activation left out": ('activation="silu", ', "", "wide.steps.0.1: no layer"),
    "another activation": ('"silu"', '"relu"', "wide.steps.0.1: no layer"),
    "another eps": ("epsilon=1e-5", "epsilon=1e-3", "one.bn1: no layer"),
    "another momentum": ("momentum=0.9,", "momentum=0.99,", "one.bn1: no layer"),
    "another rate": ("Dropout(0.5", "Dropout(0.4", "one.dropout1: no layer"),
    "values for whole examples": ("noise_shape=(None, 1, 1, 1), ", "", "drop: no layer"),
    "branches the other way": ("[left, right]", "[right, left]", "sub1: no layer"),
    "joined the other way": ("[z, a]", "[a, z]", "concat1: no layer"),
    "a sum the other way, which is the same": ("[x, y]", "[y, x]", None),
    "a shortcut from elsewhere": ("[x, y]", "[y, y]", "one.add1: no layer"),
    "a step left out": (
        "left = layers.Conv2D(4, 1, name",
        "left = x; layers.Conv2D(4, 1, name",
        "do not go together",
    ),
    "weights under another name": ('name="left"', 'name="west"', "left: no layer"),
    "a layer under another's name": ('name="right"', 'name="left"', "two layers are called 'left'"),
    "names of layers exchanged": ('"gap1"', '"early_0"', "two layers are called"),
    "a layer of another step's name": ('name="maxpool1"', 'name="gap1"', "two layers are called"),
    "one block for all": ('name="two"', 'name="one"', "two layers are called 'one_conv1_pad'"),
    "a head of another head": ('name="early_0")(left)', 'name="early_0")(right)', "early.0"),
    "heads the other way": ('"early": early', '"early": late', "the output early"),
    "no head": (', "late": late', "", "the model gives y, early"),
    "an output of another name": (
        '"late": late',
        '"later": late',
        "the model gives y, early, later",
    ),
    "heads in inference": ('model.output["y"]', 'model.output["late"]', "without heads"),
    "a copied layer that is another": ("axis=self.axis", "axis=1", "the layer Split is another"),
    "what is not there": ("layers.Dense(5", "layers.Danse(5", ""),
    "what cannot be made": ("(4, 1, name", "(name", "cannot be made: TypeError"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mistake_in_source_is_told(mutant: str) -> None:
    before, after, told = MUTANTS[mutant]
    net = cnnspec.loads(SPEC)
    written = net.emitted("keras")
    assert before in written.text, written.text
    text = written.text.replace(before, after, 1)
    found = backend.verdict("keras", text, written.class_name, net.elaborated, inference=False)
    if told is None:
        assert found.proved, found
    elif not told:  # a layer that is not known proves no difference
        assert found.unproved == "it uses layers.Danse"
    else:
        assert any(told in each for each in found.wrong), found


def test_keras_is_not_imported() -> None:
    program = (
        "import sys, cnnspec; net = cnnspec.load('googlenet'); net.emitted('keras');"
        "print(sorted({'keras', 'tensorflow', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_compile_writes_nothing_that_is_not_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, target = tmp_path / "net.cnn", tmp_path / "net.py"
    spec.write_text(SPEC)
    emit = KerasBackend.emit

    def spoilt(*arguments: object, **keywords: object) -> tuple[str, str]:
        body, name = emit(*arguments, **keywords)  # type: ignore[arg-type]
        return body.replace("[left, right]", "[left, left]"), name

    monkeypatch.setattr(KerasBackend, "emit", spoilt)
    with pytest.raises(SystemExit) as done:
        main(["compile", str(spec), "-b", "keras", "-o", str(target)])
    assert done.value.code == 3
    assert "sub1: no layer of the model does this sub" in capsys.readouterr().err
    assert not target.exists()
