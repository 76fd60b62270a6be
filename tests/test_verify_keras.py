"""Keras under verification: every node is seen, and the mistakes that Keras invites are found."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

import cnnspec
from cnnspec import witness
from cnnspec.emit.code import Keyword, Leaf, Raw
from cnnspec.emit.lowering import Lowered
from cnnspec.verify import verify
from cnnspec.verify.table import diagnostics
from cnnspec_keras import weights
from cnnspec_keras.lowerings import LOWERINGS
from cnnspec_keras.lowerings.parts import apply, layer
from tests.test_verify import SMALL, net

pytestmark = pytest.mark.framework

RIGHT = dict(LOWERINGS)
ONNX = "lambda x: keras.ops.clip(0.2 * x + 0.5, 0, 1)"


def certify(spec: str, **how):
    witnesses = [witness.find(each) for each in ("numpy", "torch", "keras")]
    return verify(cnnspec.loads(spec), witnesses, **how)


@pytest.mark.parametrize("training", [False, True])
def test_every_node_of_keras_is_compared(*, training) -> None:
    found = certify(SMALL, training=training)
    assert found.agrees
    counts = {(each.witness, each.what): each.compared for each in found.held}
    assert counts["keras", "node"] == counts["torch", "node"]
    assert ("keras", "gradient") in counts if training else ("keras", "state") not in counts


def test_an_activation_that_a_layer_takes_along_is_a_node_still() -> None:
    spec = net("flatten -> dense(4) -> tanh", "2, 4, 5")
    text = cnnspec.loads(spec).source("keras")
    assert 'activation="tanh"' in text
    assert certify(spec).agrees


def keywords(**changed):
    """The layer of a lowering with other keywords; None leaves one out."""

    def change(operator):
        def lower(step) -> Lowered:
            lowered = RIGHT[operator](step)
            made = lowered.flow.function
            kept = [each for each in made.keywords if each.name not in changed]
            new = [Keyword(key, Leaf(each)) for key, each in changed.items() if each is not None]
            made = replace(made, keywords=(*new, *kept))
            return replace(lowered, flow=replace(lowered.flow, function=made))

        return lower

    return change


def same_for_numbers(_):
    def lower(step) -> Lowered:
        named = (
            Keyword("strides", step.leaf("stride")),
            Keyword("padding", Leaf("same")),
        )
        return layer("Conv2D", step.leaf("filters"), step.leaf("size"), keywords=named)

    return lower


def zeros_before_maxpool(_):
    def lower(step) -> Lowered:
        before = apply("layers.ZeroPadding2D", Leaf(1), word="pad")
        named = (Keyword("strides", step.leaf("stride")),)
        return Lowered(apply("layers.MaxPooling2D", step.leaf("size"), keywords=named, to=before))

    return lower


PLANTED = {
    "Keras's same at stride 2": (
        "conv",
        same_for_numbers,
        net("step: conv(4, 3, stride = 2, pad = 1)"),
    ),
    "zeros before maxpool": (
        "maxpool",
        zeros_before_maxpool,
        net("step: maxpool(3, stride = 2, pad = 1)"),
    ),
    "Keras's eps": ("bn", keywords(epsilon=None), net("step: bn")),
    "Keras's eps of ln": ("ln", keywords(epsilon=None), net("step: ln")),
    "Keras's slope": ("leaky_relu", keywords(negative_slope=None), net("step: leaky_relu")),
    "alpha not divided": ("lrn", keywords(alpha=0.5), net("step: lrn(5, alpha = 0.1)")),
    "softmax over columns": ("softmax", keywords(axis=2), net("step: softmax")),
    "ONNX's hardsigmoid": (
        "hardsigmoid",
        lambda _: (
            lambda _: layer("Activation", Raw("lambda x: keras.ops.clip(0.2 * x + 0.5, 0, 1)"))
        ),
        net("step: hardsigmoid"),
    ),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_mistake_planted_into_keras_is_found_and_named(mistake: str, monkeypatch) -> None:
    operator, wrong, spec = PLANTED[mistake]
    monkeypatch.setitem(LOWERINGS, operator, wrong(operator))
    found = certify(spec)
    assert [each.path for each in found.disagreements] == ["step"]
    assert found.disagreements[0].agree == ("numpy", "torch")


def unturned(tensor):
    """The rows of a dense layer as the spec has them, which Keras's Flatten has not."""
    return weights._matrix(tensor._replace(image=None))


def swapped(tensor):
    """In and out the other way round; equal numbers of them hide it from shapes."""
    return "kernel", weights._layout(tensor.shape, axes=(2, 3, 0, 1))


def mixed(tensor):
    """A depthwise kernel with what each channel gives first."""
    _, (x, *_), shape, _ = tensor
    channels = x.channels
    parts = (shape[0] // channels, channels, *shape[2:])
    return "kernel", weights._layout(shape, parts, (2, 3, 1, 0))


LAID_OUT = {
    "rows of a dense layer not permuted": (
        "dense",
        unturned,
        net("flatten -> step: dense(4) -> identity"),
    ),
    "in and out of a transposed convolution swapped": (
        "conv_transpose",
        swapped,
        net("step: conv_transpose(3, 2, stride = 2)"),
    ),
    "a depthwise kernel transposed": ("dwconv", mixed, net("step: dwconv(3, multiplier = 2)")),
}


@pytest.mark.parametrize("mistake", LAID_OUT)
def test_a_wrong_layout_is_found_and_named(mistake: str, monkeypatch) -> None:
    operator, wrong, spec = LAID_OUT[mistake]
    assert certify(spec).agrees
    monkeypatch.setitem(weights.RULES[operator], "weight", wrong)
    found = certify(spec)
    assert [each.path for each in found.disagreements] == ["step"]
    assert found.disagreements[0].agree == ("numpy", "torch")


TRAINED = {
    "momentum not converted": (
        "bn",
        keywords(momentum=0.1),
        net("step: bn"),
        ("state", "step.running_mean"),
    ),
    "probability of keeping": (
        "dropout",
        lambda _: lambda _: layer("Dropout", Leaf(0.8)),
        net("step: dropout(0.2)"),
        ("noise", "step"),
    ),
}


@pytest.mark.parametrize("mistake", TRAINED)
def test_a_mistake_in_training_is_found(mistake: str, monkeypatch) -> None:
    operator, wrong, spec, where = TRAINED[mistake]
    monkeypatch.setitem(LOWERINGS, operator, wrong(operator))
    found = certify(spec, training=True)
    assert where in [(each.what, each.path) for each in found.disagreements]


@dataclass(frozen=True)
class Doubled:
    """PyTorch, but for one gradient that it says twice as large."""

    name: str = "torch"
    key: str = "twice1.bn1.weight"

    def __getattr__(self, word: str):
        return getattr(witness.find("torch"), word)

    def observe(self, case, emitted, see):
        told = witness.find("torch").observe(case, emitted, see)
        return replace(told, gradients={**told.gradients, self.key: 2 * told.gradients[self.key]})


@pytest.mark.parametrize("order", ["keras torch", "torch keras"])
def test_the_reference_tells_by_differences_whose_gradient_is_wrong(order: str) -> None:
    given = {"keras": witness.find("keras"), "torch": Doubled()}
    heard = [witness.find("numpy"), *(given[name] for name in order.split())]
    (found,) = verify(cnnspec.loads(SMALL), heard, training=True).disagreements
    assert (found.what, found.path) == ("gradient", Doubled.key)
    assert set(found.agree) == {"numpy", "keras"}
    told = {name: float(value.split(",")[0]) for name, value in found.told.items()}
    assert told["numpy"] == pytest.approx(told["keras"], abs=1e-6)
    assert told["torch"] == pytest.approx(2 * told["keras"])
    assert found.told["numpy"].endswith(", by differences")


def test_nobody_is_alone_where_only_two_tell() -> None:
    heard = [witness.find("keras"), Doubled()]
    (found,) = verify(cnnspec.loads(SMALL), heard, training=True).disagreements
    (said,) = diagnostics(verify(cnnspec.loads(SMALL), heard, training=True))
    assert found.agree == ()
    assert said.title == "keras and torch do not agree on the gradient twice1.bn1.weight"
    assert len(said.notes) == 2


def test_one_number_an_example_is_no_bias() -> None:
    # Keras's add takes it for one where the image is as high as the batch: docs/frameworks.md
    spec = "network n { x = input(1, 2, 1) output y = add(x, x -> gmp, x -> gap(keep = true)) }"
    assert certify(spec).agrees


@pytest.mark.parametrize("pad", ["same", "same_lower"])
@pytest.mark.parametrize("pool", ["avgpool", "maxpool"])
def test_nothing_hangs_over_where_padding_is_worked_out(pool: str, pad: str) -> None:
    for shape in ("1, 1, 1", "2, 7, 5"):
        assert certify(net(f"{pool}(2, stride = 3, pad = {pad}, ceil = true)", shape)).agrees
