"""The proof at each compile: a printed class is held against its graph without torch."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import cnnspec
from cnnspec import backend, library
from cnnspec.cli import main
from cnnspec.emit.code import THROUGH, Call, Input, Keyword, Leaf, Raw, call
from cnnspec.emit.loading import module_of
from cnnspec.emit.lowering import Applied, Lowered
from cnnspec.emit.values import Verdict
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec as written_spec
from cnnspec_torch.backend import TorchBackend
from cnnspec_torch.lowerings import LOWERINGS
from tests.emitted import network
from tests.test_zoo import smallest
from tests.torch_proofs import maker, wrong

NAMES = sorted(library.shipped())
FILES = sorted(set(library.shipped().values()))

SPEC = """
block unit(x, filters, stride = 1, shortcut = true) {
    y = x -> conv1: conv(filters, 3, stride = stride, pad = 1) -> bn1: bn -> relu
          -> conv2: conv(filters, 3, pad = 1) -> bn2: bn
    y = if shortcut then add(x, y) else y
    return y -> dropout(0.5)
}
block wide(x, filters, n) {
    for i in range(n) {
        x = x -> steps.{i}: (conv(filters, 1) -> silu)
    }
    return x
}
network net {
    image = input(8, 16, 16)
    a, b = image -> split(2)
    x = concat(b -> relu, a) -> one: unit(8) -> two: unit(8) -> three: unit(12, shortcut = false)
    x = x -> wide: wide(12, 3) -> maxpool(3, stride = 2, pad = same) -> drop: drop_path(0.2)
    left = x -> left: conv(4, 1)
    right = x -> right: conv(4, 1)
    x = sub(left, right)
    output y = x -> gap -> fc: dense(5)
    train output early = left -> early: (gap -> dense(5))
    train output late = right -> late: (gap -> dense(5))
}
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        metafunc.parametrize("chosen", NAMES if every else FILES)


def verdict(text: str, name: str, net: cnnspec.Network, *, inference: bool = False) -> Verdict:
    return backend.verdict("torch", text, name, net.elaborated, inference=inference)


def test_every_network_that_ships_is_proved(chosen: str) -> None:
    net = network(smallest(chosen))
    assert net.emitted("torch").unproved is None
    if any(output.train for output in net.elaborated.outputs):
        assert net.emitted("torch", inference=True).unproved is None


def test_random_networks_are_proved_or_told_as_by_the_proof_with_torch() -> None:
    generator = Generator(23)
    for number in range(25):
        text = written_spec(generator.program(number))
        net = cnnspec.loads(text)
        with suppress(cnnspec.SpecError):  # what cannot be written in PyTorch
            assert net.emitted("torch").unproved is None, text
            assert wrong(maker(net), net) == [], text


#: What may go wrong in a printed class, each as a change of the text of SPEC's; what is told of it.
LEFT = "        self.left = nn.Conv2d(self.wide.out_channels, 4, 1)\n"
RIGHT = LEFT.replace("left", "right")
MUTANTS = {
    "another window": (
        "filters, 3, padding=1)",
        "filters, 5, padding=1)",
        "conv2.weight: the graph",
    ),
    "other padding": ("3, padding=1)", "3, padding=2)", "one.conv2: no operation"),
    "another stride": (
        "(channels, filters, 1)",
        "(channels, filters, 1, stride=2)",
        "wide.steps.0.0: no operation",
    ),
    "other groups": ("3, padding=1)", "3, padding=1, groups=2)", "conv2.weight: the graph"),
    "no bias": ("3, padding=1)", "3, padding=1, bias=False)", "one.conv2.bias: the graph has (8,)"),
    "an activation left out": (
        "F.relu(self.bn1(self.conv1(x)), inplace=True)",
        "self.bn1(self.conv1(x))",
        "one.relu1: no operation",
    ),
    "another activation": ("nn.SiLU(inplace=True)", "nn.ReLU(inplace=True)", "wide.steps.0.1"),
    "a normalisation left out": ("self.bn2(self.conv2(y))", "self.conv2(y)", "one.bn2"),
    "a dropout left out": ("self.dropout1(x + y if", "(x + y if", "one.dropout1: no operation"),
    "another rate": ("nn.Dropout(0.5)", "nn.Dropout(0.4)", "one.dropout1: no operation"),
    "whole examples are never dropped": (
        "self.drop = DropPath(0.2)",
        "self.drop = DropPath(0.0)",
        "drop: no operation of the class does this drop_path in training",
    ),
    "branches the other way": ("(left - right)", "(right - left)", "sub1: no operation"),
    "joined the other way": ("[F.relu(b), a]", "[a, F.relu(b)]", "concat1"),
    "a shortcut from elsewhere": ("x + y if", "y + y if", "one.add1"),
    "a weight of another step": ("self.two(self.one(", "self.one(self.one(", "two.conv1"),
    "a step twice": ("self.wide(x))", "self.wide(self.wide(x)))", "maxpool1: no operation"),
    "another key": ("self.left", "self.leftmost", "left.weight: the graph has (4, 12, 1, 1)"),
    "another order": (
        LEFT + RIGHT,
        RIGHT + LEFT,
        "left.weight: the class has right.weight in its place",
    ),
    "in place, where it writes into the image": ("F.relu(b)", "F.relu(b, inplace=True)", "concat1"),
    "in place, on what is read again": (
        "right = self.right(x)\n",
        "right = self.right(x)\n        F.relu(left, inplace=True)\n",
        "sub1: no operation",
    ),
    "in place, through another name for it": (
        "        right = self.right(x)\n",
        "        right = self.right(x)\n        z = left.flatten(1)\n        z += 1\n",
        "sub1: no operation",
    ),
    "in place, after noise that is off": (
        "return self.dropout1(x + y if self.shortcut else y)",
        "z = self.dropout1(x)\n        z += 1\n        return self.dropout1(x + y)",
        "one.add1",
    ),
    "in place, where nobody else reads it": (
        "F.relu(self.bn1(self.conv1(x)), inplace=True)",
        "F.relu(self.bn1(self.conv1(x)))",
        None,
    ),
    "as a layer, which is the same": (
        "F.relu(self.bn1(self.conv1(x)), inplace=True)",
        "nn.ReLU()(self.bn1(self.conv1(x)))",
        None,
    ),
    "one module for all turns": (
        "return self.steps(x)",
        "for _ in self.steps:\n            x = self.steps[0](x)\n        return x",
        "wide.steps.1.0: no operation",
    ),
    "a turn too few": ("return self.steps(x)", "return self.steps[:-1](x)", "wide.steps.2.0"),
    "pooled as elsewhere": ('pad="same")', 'pad="same_lower")', "maxpool1: no operation"),
    "a head of another head": ("self.early(left)", "self.late(left)", "early.1"),
    "heads the other way": (
        "self.early(left), self.late(right)",
        "self.late(right), self.early(left)",
        "the output early is another value in training",
    ),
    "no heads": (
        "if self.training:\n            return Outputs",
        "if False:\n            return Outputs",
        "gives 1 outputs in training",
    ),
    "heads in inference": (
        "if self.training:\n            return Outputs",
        "if True:\n            return Outputs",
        "gives 3 outputs in inference",
    ),
    "what is not there": ("self.fc(", "self.fd(", "the class stops in inference: AttributeError"),
    "what cannot be made": (
        "self.fc = nn.Linear(4, 5)",
        "self.fc = nn.Linear(4)",
        "the class cannot be made: TypeError",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mistake_in_source_is_told(mutant: str) -> None:
    before, after, told = MUTANTS[mutant]
    net = cnnspec.loads(SPEC)
    written = net.emitted("torch")
    assert before in written.text, written.text
    times = -1 if mutant == "another key" else 1
    text = written.text.replace(before, after, times)
    found = verdict(text, written.class_name, net)
    assert found.unproved is None
    # torch itself says so too, save of keys
    spoilt = getattr(module_of(text), written.class_name)
    if told is None:
        assert found.proved, found
        assert wrong(spoilt, net) == []
    else:
        assert any(told in each for each in found.wrong), found
        if mutant not in ("another key", "another order", "what cannot be made"):
            assert wrong(spoilt, net)


def test_torch_is_not_imported() -> None:
    program = (
        "import sys, cnnspec; net = cnnspec.load('googlenet'); net.emitted('torch');"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"False\n"


def test_compile_writes_nothing_that_is_not_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, target = tmp_path / "net.cnn", tmp_path / "net.py"
    spec.write_text(SPEC)
    emit = TorchBackend.emit

    def spoilt(*arguments: object, **keywords: object) -> tuple[str, str]:
        body, name = emit(*arguments, **keywords)  # type: ignore[arg-type]
        return body.replace("(left - right)", "(left - left)"), name

    monkeypatch.setattr(TorchBackend, "emit", spoilt)
    with pytest.raises(SystemExit) as done:
        main(["compile", str(spec), "-b", "torch", "-o", str(target)])
    assert done.value.code == 3
    assert "sub1: no operation of the class does this sub in inference" in capsys.readouterr().err
    assert not target.exists()


UNKNOWN = "network net { image = input(4, 8, 8)  output y = image -> relu -> bn -> conv(4, 1) }"


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower two operators by parts of torch that the proof does not know."""
    named = (Keyword("affine", Leaf(True)),)
    monkeypatch.setitem(LOWERINGS, "relu", lambda _: Lowered(call("F.rrelu", Input())))

    def norm(step: Applied) -> Lowered:
        return Lowered(THROUGH, Call(Raw("nn.InstanceNorm2d"), (step.channels(),), named))

    monkeypatch.setitem(LOWERINGS, "bn", norm)


@pytest.mark.usefixtures("strange")
def test_what_is_not_known_is_proved_by_its_name_and_its_place() -> None:
    net = cnnspec.loads(UNKNOWN)
    written = net.emitted("torch")
    assert written.unproved is None
    assert "nn.InstanceNorm2d(4, affine=True)" in written.text
    for before, after in (("F.rrelu(image)", "image"), ("affine=True", "affine=False")):
        spoilt = written.text.replace(before, after)
        assert spoilt != written.text
        found = verdict(spoilt, written.class_name, net)
        assert found.unproved is not None
        assert found.unproved.startswith("it uses ")


@pytest.mark.usefixtures("strange")
def test_what_is_not_proved_is_held_with_torch_or_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, target = tmp_path / "net.cnn", tmp_path / "net.py"
    spec.write_text(UNKNOWN.replace(" -> bn", ""))
    emit = TorchBackend.emit

    def spoilt(*arguments: object, **keywords: object) -> tuple[str, str]:
        body, name = emit(*arguments, **keywords)  # type: ignore[arg-type]
        return body.replace("F.rrelu(image)", "F.rrelu(image + 1)"), name

    monkeypatch.setattr(TorchBackend, "emit", spoilt)
    command = ["compile", str(spec), "-b", "torch", "-o", str(target)]
    with pytest.raises(SystemExit) as done:
        main(command)
    assert done.value.code == 3
    assert "no operation of the class does this" in capsys.readouterr().err
    assert not target.exists()

    def absent(*_: object, **__: object) -> list[str]:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(backend, "checked", absent)
    with pytest.raises(SystemExit) as done:
        main(command)
    assert not done.value.code
    told = capsys.readouterr().err
    assert "note: net was not held against its graph: it uses F.rrelu" in told
    assert "where torch is installed, it is held against it with that" in told
    assert target.exists()
