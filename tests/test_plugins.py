"""Strangers: an operator, its lowering for a backend not theirs, and a backend, from outside."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import cnnspec
from cnnspec import backend, kinds, plugins, witness
from cnnspec.analysis.fold import fold
from cnnspec.analysis.receptive_field import receptive_fields
from cnnspec.analysis.storage import moves_nothing
from cnnspec.cli import run
from cnnspec.draw import drawing
from cnnspec.emit.code import Raw
from cnnspec.testing import conformance
from cnnspec.testing.fuzz import fuzz, written_by_all
from cnnspec.verify import verify
from cnnspec_sample import archive, lowerings, outline

SPEC = """
network smooth(classes = 10) {
    image = input(3, 8, 8)
    output logits = image -> conv(4, 3) -> softplus(beta = 2.0)
                          -> features: (conv(4, 3) -> softplus) -> gap -> dense(classes)
}
"""


def test_a_strangers_operator_becomes_pytorch_by_a_strangers_lowering() -> None:
    text = cnnspec.loads(SPEC).source("torch")
    assert "F.softplus(" in text
    assert "beta=2.0" in text
    assert "nn.Softplus()" in text


def test_the_model_computes_what_the_operator_says() -> None:
    spec = "network n {{ image = input(2, 3, 3)  output y = image -> {} }}"
    image = torch.linspace(-3, 3, 18).reshape(1, 2, 3, 3)
    model = cnnspec.loads(spec.format("softplus(beta = 2.0)")).build("torch")
    wanted = torch.log1p(torch.exp(2 * image)) / 2
    torch.testing.assert_close(model(image), wanted)


def test_a_strangers_backend_writes_every_operator_strangers_too() -> None:
    net = cnnspec.loads(SPEC)
    text = net.source("outline")
    assert "softplus1: softplus(beta = 2.0) -> 4 x 6 x 6\n" in text
    assert net.build("outline")[0].startswith("image: input(")
    assert net.mismatch("outline") == []


def test_strangers_are_listed_with_their_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backends"]) == 0
    assert "outline  cnnspec-sample  an outline" in capsys.readouterr().out
    assert run(["ops", "softplus"]) == 0
    assert "softplus(*, beta = 1.0)" in capsys.readouterr().out


def test_an_operator_without_a_lowering_is_a_diagnostic_at_its_line(monkeypatch) -> None:
    monkeypatch.setattr(backend, "lowerings", lambda _: {})
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(SPEC).source("torch")
    found = caught.value.diagnostics
    assert {each.code for each in found} == {"missing-lowering"}
    assert [each.labels[0].span.line for each in found] == [4, 5]


def test_a_lowering_that_does_not_load_is_named_with_its_distribution(monkeypatch) -> None:
    every = plugins.every

    def broken(group):
        if not group.startswith(backend.LOWERINGS):
            return every(group)

        class Broken:
            name = "softplus"
            dist = type("Dist", (), {"name": "their-dist"})

            def load(self):
                raise ImportError("no module named theirs")

        return [Broken()]

    monkeypatch.setattr(plugins, "every", broken)
    with pytest.raises(cnnspec.SpecError, match="their-dist does not load: no module named theirs"):
        cnnspec.loads(SPEC).source("torch")


def test_a_spec_may_have_a_block_that_is_called_like_a_strangers_operator() -> None:
    own = "block softplus(x) { return x -> relu -> relu }\n" + SPEC.replace("(beta = 2.0)", "")
    assert {node.kind for node in cnnspec.loads(own).nodes} >= {"relu"}
    assert "softplus" not in {node.kind for node in cnnspec.loads(own).nodes}


# --- the conformance suite, as a stranger runs it


@pytest.mark.parametrize("operator", conformance.operators())
def test_every_operator_is_written_right(operator: str) -> None:
    assert conformance.steps_agree(operator, "outline", count=3) == 3


def test_whole_networks_are_written_right() -> None:
    assert conformance.networks_agree("outline", count=20).ran == 20
    assert conformance.weights_agree("outline", count=10) == 10


def test_a_strangers_mistake_is_found_and_made_small(monkeypatch) -> None:
    def show(value):
        return kinds.show(value / 2 if isinstance(value, float) else value)

    monkeypatch.setattr(outline, "show", show)
    with pytest.raises(AssertionError, match="do not agree on the node") as caught:
        conformance.networks_agree("outline", count=100, training=False)
    assert str(caught.value).count("\n") < 40


def test_a_strangers_operator_is_verified_by_its_meaning() -> None:
    pair = [witness.find("numpy"), witness.find("torch")]
    assert verify(cnnspec.loads(SPEC), pair, training=True).agrees


def test_a_strangers_kind_of_checkpoint_joins_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("smooth.cnn").write_text(SPEC)
    found = cnnspec.load("smooth.cnn").build("torch").state_dict()
    torch.save(found, "a.pt")
    for source, target in (("a.pt", "a.npz"), ("a.npz", "b.pt")):
        assert run(["convert", source, "--spec", "smooth.cnn", "-o", target]) == 0
    back = torch.load("b.pt", weights_only=True)
    assert back.keys() == found.keys()
    assert all(torch.equal(back[key], value) for key, value in found.items())
    Path("a.npz").write_bytes(Path("a.npz").read_bytes()[:-30])
    assert run(["convert", "a.npz", "--spec", "smooth.cnn", "-o", "c.pt"]) == 1
    assert "cannot read a.npz: it is broken" in capsys.readouterr().err


def test_a_kind_of_checkpoint_that_fails_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("smooth.cnn").write_text(SPEC)
    torch.save(cnnspec.load("smooth.cnn").build("torch").state_dict(), "a.pt")
    monkeypatch.delattr(archive, "NPZ")
    command = ["convert", "a.pt", "--spec", "smooth.cnn", "-o"]
    assert run([*command, "b.safetensors"]) == 0
    assert run([*command, "b.npz", "--to", "npz"]) == 2
    assert "the checkpoints of npz do not load" in capsys.readouterr().err


# --- what an operator says of itself is all that is known of it

THIN = """
network n(classes = 5) {
    image = input(3, 16, 16)
    x = image -> conv(4, 3) -> thin(2, rate = 0.25) -> conv(4, 3)
    output logits = x -> gap -> dense(classes)
}
"""


def test_a_strangers_operator_that_resamples_has_its_receptive_field() -> None:
    fields = receptive_fields(cnnspec.loads(THIN).elaborated)
    assert [fields[path] for path in ("conv1", "thin1", "conv2")] == [
        ((3, 3), (1, 1)),
        ((3, 3), (2, 2)),
        ((7, 7), (2, 2)),
    ]


def test_a_strangers_view_takes_no_memory_but_where_it_drops() -> None:
    graph = cnnspec.loads(THIN).elaborated
    (thin,) = (node for node in graph.nodes if node.kind == "thin")
    assert moves_nothing(thin, training=False)
    assert not moves_nothing(thin, training=True)
    assert thin.op.noted(thin.input_shapes, thin.shapes) == (4, 0)  # one number a channel


def test_a_strangers_operator_has_a_volume_where_it_resamples() -> None:
    for step, has in ((1, False), (2, True)):
        graph = cnnspec.loads(THIN.replace("thin(2", f"thin({step}")).elaborated
        shown = drawing(graph, style="volumes").content.decode()
        said = re.findall(r"<text[^>]*>([^<]*)</text>", shown)
        assert any("thin" in each for each in said) is has


def test_equal_blocks_of_strangers_noise_fold_whatever_the_rate_and_not_whatever_the_step() -> None:
    spec = "network n { x = input(3, 64, 64)  output y = x -> conv(4, 3) ->"
    parts = "u: (thin({}, rate = 0.1) -> relu) -> v: (thin({}, rate = 0.2) -> relu) }}"
    for first, second, kept in ((1, 1, True), (1, 2, False)):
        graph = cnnspec.loads(f"{spec} {parts.format(first, second)}").elaborated
        times = max(each.times for each in fold(graph))
        assert (times == 2) is kept


def test_a_strangers_operator_is_drawn_at_random_and_verified() -> None:
    assert conformance.steps_agree("thin", "torch", count=4) == 4
    pair = [witness.find("numpy"), witness.find("torch")]
    report = fuzz(pair, count=6, seed=1, operators=("thin", "conv", "relu"))
    assert not report.failures
    assert report.coverage.operators["thin"] > 3
    assert {"thin", "softplus"} <= {*written_by_all(pair)}
    assert "thin" not in written_by_all([witness.find("keras")])


def test_a_strangers_noise_is_held_against_what_it_declares(monkeypatch) -> None:
    pair = [witness.find("numpy"), witness.find("torch")]
    assert verify(cnnspec.loads(THIN), pair, training=True).agrees
    right = lowerings.torch_thin

    def single(applied):
        lowered = right(applied)
        return replace(lowered, module=replace(lowered.module, function=Raw("nn.Dropout")))

    real = backend.lowerings
    monkeypatch.setattr(backend, "lowerings", lambda name: {**real(name), "thin": single})
    (found,) = verify(cnnspec.loads(THIN), pair, training=True).disagreements
    assert (found.what, found.path, found.told) == (
        "noise",
        "thin1",
        {"torch": "values along the height are dropped apart"},
    )
