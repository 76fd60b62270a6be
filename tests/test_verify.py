"""`cnnspec verify`: what agrees is certified, and every planted mistake is found and named."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import cnnspec
from cnnspec import witness
from cnnspec.cli import run
from cnnspec.emit.code import Call, Infix, Input, Keyword, Leaf, Member, Module, Raw
from cnnspec.emit.lowering import Lowered
from cnnspec.verify import verify
from cnnspec.verify.table import diagnostics
from cnnspec_torch.lowerings import LOWERINGS

pytestmark = pytest.mark.framework

RIGHT = dict(LOWERINGS)
SMALL = """
block twice(x, filters) {
    y = x -> conv(filters, 3, pad = 1) -> bn -> relu
    return add(y, x -> skip: conv(filters, 1))
}
network small(classes = 5) {
    image = input(3, 9, 8)
    x = image -> twice(4) -> maxpool(2) -> twice(6) -> drop: dropout(0.3)
    a, b = x -> split(2)
    train output side(weight = 0.5) = a -> gap -> dense(classes)
    output logits = concat(a, b) -> gap -> dense(classes)
}
"""


def witnesses(*names: str):
    return [witness.find(each) for each in names or ("numpy", "torch")]


def certify(spec: str, **how):
    return verify(cnnspec.loads(spec), witnesses(), **how)


@pytest.mark.parametrize("training", [False, True])
def test_every_node_is_compared_once(*, training) -> None:
    found = certify(SMALL, training=training)
    assert found.agrees
    network = cnnspec.loads(SMALL).elaborated
    nodes = network.nodes if training else network.inference_nodes
    counts = {each.what: each.compared for each in found.held}
    assert counts["node"] == len(nodes)  # `split` gives two values, and is one
    assert counts["output"] == (2 if training else 1)
    if training:
        assert counts["state"] == 4
        assert counts["noise"] == 1
        # numpy has no gradients, so torch's are held against nobody's here
        assert "gradient" not in counts


def test_the_same_seed_gives_the_same_figures_and_another_gives_others() -> None:
    one, again, other = (certify(SMALL, seed=seed) for seed in (1, 1, 2))
    assert one.held == again.held
    assert one.held != other.held


def test_float32_has_its_own_bound() -> None:
    found = certify(SMALL, dtype="float32")
    assert found.agrees
    assert found.worst.difference > 1e-9


def test_the_command_prints_a_certificate(tmp_path, capfd) -> None:
    spec = tmp_path / "small.cnn"
    spec.write_text(SMALL)
    assert run(["verify", str(spec), "--backends", "torch,numpy", "--train"]) == 0
    out, err = capfd.readouterr()
    count = len(cnnspec.loads(SMALL).nodes)
    assert f"numpy and torch agree on all {count} nodes" in out
    assert err == ""
    assert run(["verify", str(spec), "--backends", "torch,numpy", "--json"]) == 0
    facts = json.loads(capfd.readouterr().out)
    assert facts["schema"] == "cnnspec.certificate/1"
    assert facts["agrees"] is True
    assert facts["mode"] == "inference"
    assert facts["witnesses"]["numpy"].keys() == {"numpy"}


def test_wrong_names_are_refused(capfd) -> None:
    assert run(["verify", "resnet18", "--backends", "troch,numpy"]) == 2
    assert "did you mean `torch`?" in capfd.readouterr().err
    assert run(["verify", "resnet18", "--backends", "numpy"]) == 4
    assert "it takes two to agree" in capfd.readouterr().err
    assert run(["verify", "resnet18", "--backends", "numpy,numpy"]) == 2


# --- planted mistakes


def net(flow: str, shape: str = "3, 8, 8") -> str:
    return f"network n {{ image = input({shape})  output y = image -> {flow} -> last: relu }}"


def with_keywords(lowered: Lowered, **changed) -> Lowered:
    """The same step with other keywords."""

    def mend(code):
        if not isinstance(code, Call):
            return code
        kept = [each for each in code.keywords if each.name not in changed]
        new = [Keyword(key, Leaf(value)) for key, value in changed.items() if value is not None]
        return replace(code, keywords=(*kept, *new))

    if lowered.module is not None:
        return replace(lowered, module=mend(lowered.module), standalone=mend(lowered.standalone))
    return replace(lowered, flow=mend(lowered.flow), standalone=mend(lowered.standalone))


def plant(operator: str, **changed):
    """Lower an operator as ever, but with these keywords."""
    right = RIGHT[operator]
    return lambda step: with_keywords(right(step), **changed)


def symmetric(step):
    """Padding alike on both sides, where the odd pixel belongs after."""
    module = RIGHT["conv"](step).module
    kept = tuple(each for each in module.keywords if each.name not in ("padding", "pad"))
    half = step.op.size[0] // 2
    named = (*kept, Keyword("padding", Leaf(half)))
    padded = replace(module, function=Raw("nn.Conv2d"), keywords=named)
    return Lowered(Call(Module(), (Input(),)), padded)


def zeros_before_maxpool(step):
    lowered = RIGHT["maxpool"](step)
    around = Call(Raw("F.pad"), (Input(), Leaf((1, 1, 1, 1))))
    return replace(
        lowered,
        flow=Call(Module(), (around,)),
        module=Call(Raw("nn.MaxPool2d"), (Leaf(3),), (Keyword("stride", Leaf(2)),)),
        standalone=None,
    )


def function(name: str, **keywords):
    named = tuple(Keyword(key, Leaf(value)) for key, value in keywords.items())
    return lambda _: Lowered(Call(Raw(name), (Input(),), named))


def onnx_hardsigmoid(_):
    line = Infix("+", (Infix("*", (Leaf(0.2), Input())), Leaf(0.5)))
    return Lowered(Call(Raw("torch.clamp"), (line, Leaf(0), Leaf(1))))


def channels_last(_):
    """Flatten as a framework with channels last would."""
    turned = Call(Member(Input(), "permute"), tuple(map(Leaf, (0, 2, 3, 1))))
    return Lowered(Call(Member(turned, "flatten"), (Leaf(1),)))


PLANTED = {
    "padding 1 for same at stride 2": (
        "conv",
        symmetric,
        net("step: conv(4, 3, stride = 2, pad = same)"),
    ),
    "symmetric padding for an even kernel": (
        "conv",
        symmetric,
        net("step: conv(4, 2, pad = same)"),
    ),
    "zeros before maxpool": (
        "maxpool",
        zeros_before_maxpool,
        net("step: maxpool(3, stride = 2, pad = 1)"),
    ),
    "count_pad dropped": (
        "avgpool",
        plant("avgpool", count_include_pad=None),
        net("step: avgpool(3, pad = 1, count_pad = false)"),
    ),
    "ceil dropped": (
        "maxpool",
        plant("maxpool", ceil_mode=None),
        net("step: maxpool(3, stride = 2, ceil = true)"),
    ),
    "bn eps": ("bn", plant("bn", eps=1e-3), net("step: bn")),
    "rows of a dense layer not permuted": (
        "flatten",
        channels_last,
        net("step: flatten -> dense(4)"),
    ),
    "lrn alpha unscaled": (
        "lrn",
        plant("lrn", alpha=5 * 0.1),
        net("step: lrn(5, alpha = 0.1)"),
    ),
    "gelu by tanh": ("gelu", plant("gelu", approximate="tanh"), net("step: gelu")),
    "hardsigmoid 0.2 x + 0.5": ("hardsigmoid", onnx_hardsigmoid, net("step: hardsigmoid")),
    "slope of leaky_relu": (
        "leaky_relu",
        plant("leaky_relu", negative_slope=0.3),
        net("step: leaky_relu"),
    ),
    "nearest for nearest-exact": (
        "upsample",
        plant("upsample", mode="nearest"),
        net("step: upsample(1.5)"),
    ),
    "align_corners": (
        "upsample",
        plant("upsample", align_corners=True),
        net("step: upsample(2, mode = bilinear)"),
    ),
    "softmax over the last axis": (
        "softmax",
        plant("softmax", dim=-1),
        net("step: softmax"),
    ),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_found_and_named(mistake: str, monkeypatch) -> None:
    operator, wrong, spec = PLANTED[mistake]
    assert certify(spec).agrees
    monkeypatch.setitem(LOWERINGS, operator, wrong)
    found = certify(spec)
    assert [each.path for each in found.disagreements] == ["step"]
    (said,) = diagnostics(found)
    assert said.labels[0].span.text.startswith(operator)
    assert said.title == "numpy and torch do not agree on the node step"


TRAINED = {
    "momentum of the other convention": (
        "bn",
        plant("bn", momentum=0.9),
        net("step: bn"),
        ("state", "step.running_mean"),
    ),
    "probability of keeping for that of dropping": (
        "dropout",
        lambda _: Lowered(Call(Module(), (Input(),)), Call(Raw("nn.Dropout"), (Leaf(0.8),))),
        net("step: dropout(0.2)"),
        ("noise", "step"),
    ),
}


@pytest.mark.parametrize("mistake", TRAINED)
def test_a_mistake_that_shows_in_training_is_found(mistake: str, monkeypatch) -> None:
    operator, wrong, spec, where = TRAINED[mistake]
    assert certify(spec, training=True).agrees
    monkeypatch.setitem(LOWERINGS, operator, wrong)
    found = certify(spec, training=True)
    assert where in [(each.what, each.path) for each in found.disagreements]


def test_a_permuted_image_may_be_normalised() -> None:
    # PyTorch's group norm ends the process here, if its input needs no gradient: docs/frameworks.md
    spec = "network n { output y = input(3, 3, 2) -> permute(axes = [2, 0, 1]) -> gn(groups = 2) }"
    assert verify(cnnspec.loads(spec), witnesses(), training=True).agrees


def test_a_step_that_is_written_in_two_ways_is_found_in_both() -> None:
    # Without its noise, `relu6` is done to the image twice: once in the flow, once in a sequence.
    spec = """network n {
        image = input(4, 2, 2)
        output a = image -> relu6
        output b = image -> g: (dropout -> relu6) -> channel_shuffle(2) -> tanh
    }"""
    assert verify(cnnspec.loads(spec), witnesses(), training=True).agrees


GIVEN = {
    "by default": (
        "block part(x, act = spatial_dropout) { return x -> act }",
        "part() -> identity",
    ),
    "twice to one block": (
        "block part(x, one, two = relu) { return x -> conv(4, 3, pad = 1) -> one -> two -> one }",
        "part(dropout(0.3), dropout(0.6)) -> part(dropout(0.1))",
    ),
    "within a loop": (
        """block part(x, act) {
            for i in range(3) { x = add(x, x -> conv(2, 3, pad = 1) -> act) }
            return x -> (conv(2, 3, pad = 1) -> act) * 2
        }""",
        "part(dropout(0.3)) -> part(spatial_dropout)",
    ),
    "in branches of one value": (
        "block part(x, act, other) { return add(x, x -> act -> act, x -> other) }",
        "part(drop_path(0.3), drop_path(0.6))",
    ),
    "optionally": (
        """block part(x, act, wanted = true) {
            return x -> conv(4, 3, pad = 1) -> (act when wanted) -> relu
        }""",
        "part(dropout(0.3)) -> part(dropout(0.4), wanted = false)",
    ),
}


@pytest.mark.parametrize("how", GIVEN)
def test_noise_that_a_block_is_given_is_found_where_the_class_has_it(how: str) -> None:
    block, flow = GIVEN[how]
    spec = f"""{block}
    network n {{
        image = input(2, 4, 4)
        output y = image -> {flow}
    }}"""
    found = certify(spec, training=True)
    assert found.agrees
    noisy = [node for node in cnnspec.loads(spec).elaborated.nodes if node.op.noise is not None]
    assert {each.what: each.compared for each in found.held}["noise"] == len(noisy) > 0


def test_a_mistake_in_noise_that_a_block_is_given_is_found(monkeypatch) -> None:
    _, wrong, _, _ = TRAINED["probability of keeping for that of dropping"]
    spec = """block part(x, act) { return x -> act -> conv(2, 1) -> act }
        network n {
            image = input(1, 2, 2)
            output y = image -> part(dropout(0.2))
        }"""
    monkeypatch.setitem(LOWERINGS, "dropout", wrong)
    found = certify(spec, training=True)
    assert {each.what for each in found.disagreements} == {"noise"}
    assert len(found.disagreements) == 2
