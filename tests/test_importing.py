"""Models as people have them become specs, proved; what cannot be said is refused."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
import torch
from torch import nn

import cnnspec
from cnnspec.cli import run
from cnnspec.emit.loading import module_of
from cnnspec.formatter import format_text
from cnnspec.importing.known import known
from cnnspec.source import Source
from cnnspec.zoo import entries
from tests.imported_models import MODELS, InvertedResidual, ResNetLike

#: The most lines that each spec may have, and what a person's would have in it.
WRITTEN = {
    "ResNetLike": (19, ["block residual_unit(x, planes, stride = 1)", "residual_unit(32) * 2"]),
    "InceptionLike": (32, ["train output", "block branches(x, one, reduced, three, pool)"]),
    "MobileNetLike": (40, ["drop_path(", "x.channels // 4"]),
    "DenseNetLike": (20, ["for i in range(count) { x = concat(x, "]),
    "ShuffleLike": (20, ["channel_shuffle(2)", "shuffle_unit * 3"]),
    "ConvNeXtLike": (20, ["next_block * 2", "next_block * 3", "gamma: layer_scale"]),
    "UNetLike": (32, ["conv_transpose(", "output mask", "output edge"]),
    "HardActivations": (10, ["hardswish", "silu"]),
    "TwoInputs": (12, ["image1", "features2"]),
}


@pytest.mark.parametrize("model", MODELS, ids=lambda each: each.__name__)
def test_a_model_becomes_a_spec_that_is_proved(model: type[nn.Module]) -> None:
    found = cnnspec.from_torch(model, input=MODELS[model])
    assert found.report.proved, str(found.report)
    assert any("to the last bit" in str(each) for each in found.report.findings)
    assert found.network.params == sum(each.numel() for each in model().parameters())
    most, parts = WRITTEN[model.__name__]
    assert len([line for line in found.text.splitlines() if line.strip()]) <= most, found.text
    assert [part for part in parts if part not in found.text] == [], found.text
    assert format_text(Source("again", found.text)) == found.text
    again = cnnspec.from_torch(model, input=MODELS[model], prove=False)
    said = "# Outputs were not compared with the model's: nothing was run.\n"
    assert again.text == said + found.text


def test_a_proof_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """One number of the text changed is told by every proof that sees it."""
    from cnnspec.importing import imported

    compose = imported.compose

    def wrong(*args, **how) -> str:
        return compose(*args, **how).replace("stride = 2", "stride = 3")

    monkeypatch.setattr(imported, "compose", wrong)
    found = cnnspec.from_torch(ResNetLike, input=(3, 32, 32))
    assert not found.report.proved
    assert found.text.startswith("# NOT PROVED to be the model: ")


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        return self.conv(self.conv(x))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.two.weight = self.one.weight

    def forward(self, x):
        return self.two(self.one(x))


class ByNumbers(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        x = self.conv(x)
        return torch.relu(x) if x.mean((1, 2, 3)).sum() > 0 else x


class RawParameter(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.shift = nn.Parameter(torch.ones(1, 3, 1, 1))

    def forward(self, x):
        return self.conv(x) + self.shift


class ComputedWeight(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return torch.conv2d(x, self.conv.weight * 2, self.conv.bias)


class WritesIntoPart(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        y = self.conv(x)
        one, _ = y.chunk(2, 1)
        one.relu_()
        return y * 2


class InTraining(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        return torch.relu(self.conv(x)) if self.training else self.conv(x)


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.other = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)

    def forward(self, x):
        return self.conv(x)


class Attentive(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.attention = nn.MultiheadAttention(4, 2)

    def forward(self, x):
        y = self.conv(x).flatten(2).permute(2, 0, 1)
        return self.attention(y, y, y)[0]


class NoStatistics(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3, track_running_stats=False)

    def forward(self, x):
        return self.bn(x)


class ByFraction(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return nn.functional.interpolate(self.conv(x), scale_factor=1.5)


class Breaks(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 3, 1)

    def forward(self, x):
        return self.conv(x)


REFUSED = {
    Twice: ["the weights of conv are applied twice", "in the module conv, a Conv2d"],
    Tied: ["one.weight and two.weight are one tensor"],
    ByNumbers: ["a ByNumbers", "test_importing.py:"],
    RawParameter: ["the parameter shift"],
    ComputedWeight: ["`mul` of conv.weight"],
    WritesIntoPart: ["changed in place under another name"],
    InTraining: ["in training the model computes something else"],
    Unused: ["the weights of other are never used", "Conv2d"],
    Attentive: ["flatten", "a Attentive"],
    NoStatistics: ["without running statistics", "track_running_stats"],
    ByFraction: ["`nearest` by a factor", "nearest-exact"],
    Breaks: ["does not run on an input of 3x8x8", "--input"],
}


@pytest.mark.parametrize("model", REFUSED, ids=lambda each: each.__name__)
def test_what_a_spec_cannot_say_is_refused(model: type[nn.Module]) -> None:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.from_torch(model, input=(3, 8, 8))
    assert [each for each in REFUSED[model] if each not in str(caught.value)] == []


def test_a_size_at_which_other_steps_run_is_told() -> None:
    class BySize(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)

        def forward(self, x):
            return self.conv(x) if x.shape[-1] < 50 else self.conv(torch.relu(x))

    found = cnnspec.from_torch(BySize(), input=(3, 8, 8), prove=False)
    (said,) = [each for each in found.report.findings if "3x72x72" in each.what]
    assert said.holds is None
    assert "of this size alone" in str(said)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.compile, lambda each: each.half()])
def test_what_wraps_a_model_is_taken_off(wrap) -> None:
    found = cnnspec.from_torch(wrap(ResNetLike()), input=(3, 16, 16), prove=False)
    assert "block residual_unit" in found.text
    assert found.network.name == "res_net_like"


def test_the_command_writes_a_spec_and_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    source = Path(__file__).with_name("imported_models.py").read_text()
    Path("theirs.py").write_text(source)
    typed = "import theirs.py:ResNetLike --input 3x16x16 --set classes=3 -o ours.cnn"
    assert run([*typed.split(), "--weights", "ours.weights.h5"]) == 0
    said = capsys.readouterr().err
    assert said.startswith("running theirs.py: importing a Python model runs its code\n")
    assert "proved: equal outputs (to the last bit)" in said
    net = cnnspec.load("ours.cnn")
    assert net.elaborated.outputs[0].port.shape == (3,)
    proof = "verify ours.cnn --weights ours.weights.h5 --backends numpy,torch"
    assert run(proof.split()) == 0
    capsys.readouterr()
    assert run(typed.split()) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "said", "status"),
    [
        ("import nothing.py:Net", "there is no file nothing.py", 1),
        ("import no.such:thing", "there is no module no", 1),
        ("import theirs.py:Nothing", "theirs.py has no Nothing", 1),
        ("import theirs.py:ResNetLike --set width=3", "unexpected keyword argument 'width'", 1),
        ("import theirs.py:F", "nothing that makes a model", 1),
        ("import broken.py:Net", "ZeroDivisionError", 1),
        ("import theirs.py:ResNetLike --head aux=1 --input 3x16x16", "no training head", 1),
        ("import model.xyz", "nothing here takes model.xyz", 1),
    ],
)
def test_what_is_no_model_is_told(
    typed: str, said: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("theirs.py").write_text(Path(__file__).with_name("imported_models.py").read_text())
    Path("broken.py").write_text("1 / 0\n")
    assert run(typed.split()) == status
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["squeezenet1_1", "lenet5"])
def test_a_network_of_the_zoo_is_known(name: str) -> None:
    network = cnnspec.load(name)
    emitted = network.emitted("torch")
    make = getattr(module_of(emitted.text), emitted.class_name)
    shape = tuple(network.elaborated.inputs[0].shape)
    imported = cnnspec.from_torch(make, input=shape, prove=False)
    assert (imported.known.name, imported.known.named) == (name, True)
    renamed = imported.text.replace("features: (", "others: (").replace("conv1: ", "stem: ")
    other = known(cnnspec.loads(renamed))
    assert other is not None
    assert other.name == name
    assert known(cnnspec.loads(imported.text.replace("relu", "silu"))) is None


def _emitted() -> list[str]:
    """Some networks that ship, by the seed of the run; all of them by `make import-report`."""
    small = [each.name for each in entries() if each.params < 8_000_000]
    return random.Random(int(os.environ["SEED"])).sample(small, 2)


@pytest.mark.parametrize("name", _emitted())
def test_what_the_backend_emits_is_imported_again(name: str) -> None:
    network = cnnspec.load(name)
    emitted = network.emitted("torch")
    make = getattr(module_of(emitted.text), emitted.class_name)
    shape = tuple(network.elaborated.inputs[0].shape)
    found = cnnspec.from_torch(make, input=shape, name=name, prove=False)
    assert found.report.proved, str(found.report)
    assert found.network.params == network.params
    assert found.network.macs == network.macs


class Attentions(nn.Module):
    """Dead code that no operator is, which nothing comes of."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        x = self.conv(x)
        _ = torch.fft.fft(x)
        return x


def test_what_nothing_comes_of_is_left_out() -> None:
    found = cnnspec.from_torch(Attentions, input=(3, 8, 8))
    assert found.report.proved
    assert "image -> conv: conv(4, 1)\n" in found.text


class Padded(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2)

    def forward(self, x):
        x = self.conv(nn.functional.pad(x, (0, 1, 0, 1)))
        x = nn.functional.pad(x, (0, 1, 0, 1), value=float("-inf"))
        return nn.functional.max_pool2d(x, 3, 2)


def test_padding_before_a_layer_is_the_layers() -> None:
    found = cnnspec.from_torch(Padded, input=(3, 16, 16))
    assert found.report.proved, str(found.report)
    assert "conv(4, 3, stride = 2, pad = [0, 1, 0, 1])" in found.text
    assert "maxpool(3, 2, pad = [0, 1, 0, 1])" in found.text


class Dropping(nn.Module):
    """Stages of blocks that drop more the deeper they stand."""

    def __init__(self):
        super().__init__()
        widths, at, stages = [8, 16, 24], 0, []
        for index, width in enumerate(widths):
            units = []
            for turn in range(3):
                before = widths[max(index - 1, 0)] if turn == 0 else width
                stride = 2 if turn == 0 and index else 1
                units.append(InvertedResidual(before, width, stride, 2, False, 0.2 * at / 9))
                at += 1
            stages.append(nn.Sequential(*units))
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.stages = nn.Sequential(*stages)

    def forward(self, x):
        return self.stages(self.stem(x))


def test_rates_that_grow_become_a_rule_and_stages_a_table() -> None:
    found = cnnspec.from_torch(Dropping, input=(3, 32, 32))
    assert found.report.proved, str(found.report)
    assert "0.2 * done / 9" in found.text
    assert "stages = [  # oup, stride, n" in found.text
    assert "x -> stages.{i}.{j}: inverted_residual(" in found.text
