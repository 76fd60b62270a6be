"""Emitted Keras models beside those of keras.applications, as TensorFlow's functions."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from collections.abc import Iterator
from typing import Any, Final

import keras
import tensorflow as tf

import cnnspec
from benchmarks.pairs import Work, paired
from benchmarks.run_torch import Row

#: Ours and theirs. Their ResNet-50 strides in its first convolution, which costs less.
NETWORKS: Final = {
    "densenet121": "DenseNet121",
    "efficientnet_b0": "EfficientNetB0",
    "mobilenet_v2": "MobileNetV2",
    "convnext_tiny": "ConvNeXtTiny",
}


def rows(names: tuple[str, ...], *, seconds: float, quick: bool) -> Iterator[Row]:
    """Compare networks one by one."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for name in names:
        if name not in NETWORKS:
            continue
        keras.utils.set_random_seed(0)
        ours = cnnspec.load(name).build("keras")
        theirs = getattr(keras.applications, NETWORKS[name])(weights=None)
        for batch in (1,) if quick else (1, 8):
            image = tf.random.normal((batch, 224, 224, 3))
            works = [_run(each, image) for each in (ours, theirs)]
            times = paired(works[0], works[1], seconds=seconds)
            yield Row(name, "Keras, a function", batch, times)


def _run(model: Any, image: Any) -> Work:
    function = tf.function(lambda x: model(x, training=False))
    return lambda: function(image)
