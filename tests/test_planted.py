"""Mistakes planted into the backends that hide: most of these were once certified.

What cuts off far from zero was never met, a number around a pool's image was never larger than
what is in it, and of what drops values only the share was counted. The mistakes that frameworks'
differences invite stand in `test_verify` and `test_verify_keras`; all are listed and printed here.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

import cnnspec
import cnnspec_keras.lowerings
import cnnspec_torch.lowerings
from cnnspec import witness
from cnnspec.emit.code import Call, Input, Keyword, Leaf, Module, Raw
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec.verify import verify
from cnnspec_keras.lowerings.parts import apply, layer
from tests import test_verify, test_verify_keras
from tests.test_verify import net

pytestmark = pytest.mark.framework

LOWERINGS: dict[str, Any] = {
    "torch": cnnspec_torch.lowerings.LOWERINGS,
    "keras": cnnspec_keras.lowerings.LOWERINGS,
}
STEM = "conv(6, 3, pad = 1) -> bn"


def formula(words: str) -> Lowering:
    """Write a step in PyTorch as a formula of x."""
    return lambda _: Lowered(Call(Raw(f"(lambda x: {words})"), (Input(),)))


def activation(words: str) -> Lowering:
    """Write a step in Keras as an activation, a formula of x."""
    return lambda _: layer("Activation", Raw(f"lambda x: {words}"))


def module(words: str) -> Lowering:
    """Write a step that drops values in PyTorch as this layer."""
    return lambda step: Lowered(
        Call(Module(), (Input(),)), Call(Raw(f"nn.{words}"), (step.leaf("rate"),))
    )


def dropping(name: str, *noise_shape: int | None) -> Lowering:
    """Write a step that drops values in Keras as this layer, with this shape of mask."""
    more = (Keyword("noise_shape", Leaf(noise_shape)),) if noise_shape else ()
    return lambda step: layer(name, step.leaf("rate"), keywords=more)


def padded_by(value: float) -> dict[str, Lowering]:
    """Put a number around an image, and take largest values."""

    def torch(step: Applied) -> Lowered:
        around = (Keyword("value", Leaf(value)),)
        padded = Call(Raw("F.pad"), (Input(), Leaf((1, 1, 1, 1))), around)
        return Lowered(Call(Raw("F.max_pool2d"), (padded, Leaf(3), Leaf(2))))

    def keras(step: Applied) -> Lowered:
        words = f"lambda x: ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values={value})"
        before = apply("layers.Lambda", Raw(words), word="pad")
        named = (Keyword("strides", step.leaf("stride")),)
        return Lowered(apply("layers.MaxPooling2D", step.leaf("size"), keywords=named, to=before))

    return {"torch": torch, "keras": keras}


#: Backend, operator, how it is written, the step, and whether it shows in training only.
Mistake = tuple[str, str, Lowering, str, bool]
ACTIVATIONS = {
    "relu6 without its six": ("relu6", "{f}.relu(x)"),
    "hardswish without its upper end": ("hardswish", "x * {f}.relu(x + 3) / 6"),
    "hardsigmoid without its upper end": ("hardsigmoid", "{f}.relu(x + 3) / 6"),
    "sigmoid kept from 0 and 1": ("sigmoid", "{clip}({f}.sigmoid(x), 1e-3, 0.999)"),
    "elu cut off below": ("elu", "{f}.elu({clip}(x, -4, 1000))"),
}
WORDS = {
    "torch": {"f": "F", "clip": "torch.clamp"},
    "keras": {"f": "ops", "clip": "ops.clip"},
}
PLANTED: dict[str, Mistake] = {
    **{
        f"{backend}: {name}": (
            backend,
            operator,
            {"torch": formula, "keras": activation}[backend](words.format(**WORDS[backend])),
            operator,
            False,
        )
        for backend in LOWERINGS
        for name, (operator, words) in ACTIVATIONS.items()
    },
    **{
        f"{backend}: maxpool padded by -10": (
            backend,
            "maxpool",
            wrong,
            "maxpool(3, stride = 2, pad = 1)",
            False,
        )
        for backend, wrong in padded_by(-10).items()
    },
    **{
        f"torch: {word} for {right}": ("torch", right, module(word), f"{right}(0.2)", True)
        for right, word in (
            ("drop_path", "Dropout"),
            ("drop_path", "Dropout2d"),
            ("spatial_dropout", "Dropout"),
            ("dropout", "Dropout2d"),
        )
    },
    **{
        f"keras: {name}{shape or ''} for {right}": (
            "keras",
            right,
            dropping(name, *shape),
            f"{right}(0.2)",
            True,
        )
        for right, name, shape in (
            ("drop_path", "Dropout", ()),
            ("drop_path", "SpatialDropout2D", ()),
            ("drop_path", "Dropout", (1, 1, 1, 1)),
            ("spatial_dropout", "Dropout", ()),
            ("spatial_dropout", "Dropout", (None, 1, 1, 1)),
            ("spatial_dropout", "Dropout", (1, 1, 1, None)),
            ("dropout", "SpatialDropout2D", ()),
            ("dropout", "Dropout", (None, None, 1, None)),
        )
    },
}


def planted(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Plant a mistake and give the certificate."""
    backend, operator, wrong, step, training = PLANTED[name]
    monkeypatch.setitem(LOWERINGS[backend], operator, wrong)
    heard = [witness.find(each) for each in ("numpy", backend)]
    return verify(cnnspec.loads(net(f"{STEM} -> step: {step}")), heard, training=training)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found_and_its_node_named(name: str, monkeypatch) -> None:
    found = planted(name, monkeypatch)
    what = "noise" if PLANTED[name][-1] else "node"
    assert [(each.what, each.path) for each in found.disagreements] == [(what, "step")]


def test_the_mistakes_that_are_planted_are_listed(capsys) -> None:
    lists = {
        "torch": [*test_verify.PLANTED, *test_verify.TRAINED],
        "keras": [
            *test_verify_keras.PLANTED,
            *test_verify_keras.LAID_OUT,
            *test_verify_keras.TRAINED,
        ],
    }
    names = [f"{backend}: {name}" for backend, some in lists.items() for name in some]
    names += PLANTED
    assert len(names) == len({*names})
    assert len(names) >= 48
    with capsys.disabled():
        sys.stdout.write("\n".join([f"\n{len(names)} mistakes are planted:", *names, ""]))
