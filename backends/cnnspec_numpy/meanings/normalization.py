"""Layers that bring values to a common scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from cnnspec_numpy.meanings.arrays import Array, Meaning, Weights, by_channel


def affine(y: Array, weights: Weights) -> Array:
    """Scale and shift each channel, where that is learned."""
    if "weight" not in weights:
        return y
    return y * by_channel(weights["weight"], y) + by_channel(weights["bias"], y)


def bn(op: Any, weights: Weights, x: Array) -> Array:
    """(x - mean) / sqrt(variance + eps) by the running statistics of each channel."""
    mean = by_channel(weights["running_mean"], x)
    variance = by_channel(weights["running_var"], x)
    return affine((x - mean) / np.sqrt(variance + op.eps), weights)


def bn_in_training(op: Any, weights: Weights, x: Array) -> tuple[Array, dict[str, Array]]:
    """The same by the batch's own statistics, and the running ones after the step.

    The variance that normalises is over n values, the one that is kept over n - 1 (PyTorch's rule;
    Keras keeps the one over n).
    """
    axes = (0, *range(2, x.ndim))
    mean, variance = x.mean(axes), x.var(axes)
    count = x.size // x.shape[1]
    kept = {"running_mean": mean, "running_var": variance * count / (count - 1)}
    after = {key: weights[key] + op.momentum * (new - weights[key]) for key, new in kept.items()}
    y = (x - by_channel(mean, x)) / np.sqrt(by_channel(variance, x) + op.eps)
    return affine(y, weights), after


def ln(op: Any, weights: Weights, x: Array) -> Array:
    """Over the channels at each place."""
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return affine((x - mean) / np.sqrt(variance + op.eps), weights)


def gn(op: Any, weights: Weights, x: Array) -> Array:
    """Over all values of a group of neighbouring channels."""
    grouped = x.reshape(x.shape[0], op.groups, -1)
    mean, variance = grouped.mean(2, keepdims=True), grouped.var(2, keepdims=True)
    y = (grouped - mean) / np.sqrt(variance + op.eps)
    return affine(y.reshape(x.shape), weights)


def lrn(op: Any, _: Weights, x: Array) -> Array:
    """x[c] / (k + alpha / size * sum of squares of the channels around c) ** beta.

    The channels around c are c - size // 2 up to and with c + (size - 1) // 2, those that exist.
    """
    squares = x * x
    total = np.zeros_like(x)
    for c in range(x.shape[1]):
        low, high = max(0, c - op.size // 2), c + (op.size - 1) // 2 + 1
        total[:, c] = squares[:, low:high].sum(1)
    divisor: Array = (op.k + op.alpha / op.size * total) ** op.beta
    return x / divisor


MEANINGS: Final[Mapping[str, Meaning]] = {"bn": bn, "ln": ln, "gn": gn, "lrn": lrn}
