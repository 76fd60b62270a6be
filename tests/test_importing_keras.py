"""Functional Keras models become specs, proved; files of them are data."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
from keras import layers

import cnnspec
from cnnspec.cli import run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorFlow's own


def residual(x, filters: int, name: str, stride: int = 1):
    shortcut = x
    if stride != 1 or x.shape[-1] != filters:
        shortcut = layers.Conv2D(filters, 1, stride, name=f"{name}_0_conv")(x)
    y = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False, name=f"{name}_1_conv")(x)
    y = layers.BatchNormalization(name=f"{name}_1_bn")(y)
    y = layers.Activation("relu", name=f"{name}_1_relu")(y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(y)
    y = layers.Add(name=f"{name}_add")([shortcut, y])
    return layers.ReLU(name=f"{name}_out")(y)


def residual_model() -> keras.Model:
    image = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(image)
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="stem")(x)
    for index, (filters, stride) in enumerate([(8, 1), (8, 1), (16, 2), (16, 1), (16, 1)]):
        x = residual(x, filters, f"block{index + 1}", stride)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(5, activation="softmax", name="out")(x), name="residual")


def separable_model() -> keras.Model:
    image = keras.Input((24, 24, 3))
    x = layers.SeparableConv2D(8, 3, padding="same", strides=2, name="sep")(image)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="deep")(x)
    x = layers.MaxPooling2D(3, 2, padding="same")(layers.LeakyReLU(0.2)(x))
    x = layers.AveragePooling2D(2, padding="same")(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(4, name="fc")(x), name="separable")


def sequential_model() -> keras.Model:
    inner = keras.Sequential([keras.Input((8, 8, 4)), layers.Conv2D(6, 3, name="inner_conv")])
    stem = layers.Conv2D(4, 3, padding="same", name="stem")
    return keras.Sequential([keras.Input((8, 8, 3)), stem, inner, layers.GlobalMaxPooling2D()])


MODELS = {
    residual_model: ["block block_block(x, filters, stride = 1)", "pad = same"],
    separable_model: ["sep: (depthwise: dwconv(3", "pointwise: conv(8, 1)", "leaky_relu(0.2)"],
    sequential_model: ["inner_conv: conv(6, 3)", "gmp"],
}


@pytest.mark.parametrize("make", MODELS, ids=lambda each: each.__name__)
def test_a_model_becomes_a_spec_that_is_proved(make) -> None:
    found = cnnspec.from_keras(make())
    assert found.report.proved, str(found.report)
    assert "equal outputs in float64, by keras" in str(found.report)
    assert [part for part in MODELS[make] if part not in found.text] == [], found.text


def test_what_brings_pixels_to_a_scale_is_left_out_with_a_word() -> None:
    found = cnnspec.from_keras(residual_model())
    assert "left out: rescaling" in str(found.report)


def test_a_file_is_read_and_its_weights_go_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    separable_model().save("theirs.keras")
    assert run(["import", "theirs.keras", "-o", "ours.cnn", "--weights", "ours.pt"]) == 0
    said = capsys.readouterr().err
    assert "running" not in said
    assert "proved: equal outputs" in said
    proof = "verify ours.cnn --weights ours.pt --backends numpy,keras,torch"
    assert run(proof.split()) == 0
    Path("theirs.json").write_text(residual_model().to_json())
    assert run(["import", "theirs.json", "-o", "again.cnn"]) == 0


def _shift_without_scale() -> keras.Model:
    image = keras.Input((8, 8, 3))
    return keras.Model(image, layers.BatchNormalization(scale=False)(image))


def _twice() -> keras.Model:
    image = keras.Input((8, 8, 3))
    conv = layers.Conv2D(3, 1)
    return keras.Model(image, conv(conv(image)))


def _any_size() -> keras.Model:
    image = keras.Input((None, None, 3))
    return keras.Model(image, layers.Conv2D(3, 1)(image))


def _recurrent() -> keras.Model:
    given = keras.Input((8, 3))
    return keras.Model(given, layers.LSTM(4)(given))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_shift_without_scale, "a shift and no scale"),
        (_twice, "is called twice"),
        (_any_size, "has no size"),
        (_recurrent, "no operator for a LSTM"),
    ],
)
def test_what_a_spec_cannot_say_is_refused(make, said: str) -> None:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.from_keras(make())
    assert said in str(caught.value)


def _hostile(change) -> str:
    config = json.loads(separable_model().to_json())
    change(config)
    return json.dumps(config)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (lambda: _hostile(lambda c: c.update(class_name="Popen", module="subprocess")), "Popen"),
        (
            lambda: _hostile(lambda c: c["config"]["layers"][1].update(class_name="Lambda")),
            "no operator for a Lambda",
        ),
        (
            lambda: _hostile(lambda c: c["config"]["layers"][1].update(module="os")),
            "which is not Keras's own",
        ),
        (lambda: "[" * 100_000, "no Keras model"),
        (lambda: '{"a": ' * 200 + "1" + "}" * 200, "nested too deeply"),
        (lambda: "[]", "no Keras model"),
    ],
)
def test_a_hostile_file_is_refused_and_nothing_is_made(text, said: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.json"
    path.write_text(text())
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.from_keras(str(path))
    assert said in str(caught.value)


def test_an_archive_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "theirs.keras"
    path.write_bytes(b"PK nothing")
    with pytest.raises(cnnspec.SpecError, match="no Keras model"):
        cnnspec.from_keras(str(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.txt", "x")
    with pytest.raises(cnnspec.SpecError, match="no Keras model"):
        cnnspec.from_keras(str(path))
