"""What a model computes, as six figures: whatever has the same state-dict keys can be held to them.

A fingerprint is taken of what a model gives for weights and an image that exact arithmetic makes.
It depends on every padding, epsilon, pool and order, which counts and keys do not show.
`tools/measure_published.py` measured `tests/oracles/fingerprints.csv` on published implementations.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

#: The published model of a network here, where that is not torchvision's of the same name.
ELSEWHERE = {
    "alexnet_torchvision": "torchvision:alexnet",
    "googlenet_torchvision": "torchvision:googlenet",
    "inception_resnet_v2": "timm:inception_resnet_v2",
    "inception_v4": "timm:inception_v4",
    "mobilenet_v1": "timm:mobilenetv1_100",
    "se_resnet50": "timm:seresnet50",
    "se_resnet101": "timm:seresnet101",
    "se_resnet152": "timm:seresnet152",
    "xception": "timm:legacy_xception",
}
COLUMNS = ("network", "published", "mean", "std", "first", "second", "middle", "last")
#: How wide and high the image is: enough for any of them, and quick.
SIZE = 96
SPREAD = 2_654_435_761  # Knuth's multiplicative hash


def numbers(count: int, salt: int) -> Tensor:
    """Give `count` numbers from 0 to 1 that look random: exact arithmetic, the same everywhere."""
    whole = (torch.arange(count, dtype=torch.int64) + salt * 7919) * SPREAD % 2**32
    return (whole.to(torch.float64) / 2**32).to(torch.float32)


def fill(model: torch.nn.Module) -> None:
    """Set every weight by its place in the state dict; variances are small, so that eps counts."""
    for salt, (key, value) in enumerate(model.state_dict().items()):
        if key.endswith("num_batches_tracked"):
            continue
        drawn = numbers(value.numel(), salt).reshape(value.shape)
        per_filter = value.numel() // max(1, value.shape[0])
        if key.endswith("running_var"):
            drawn = 0.002 + 0.05 * drawn
        elif per_filter > 1:
            drawn = (2 * drawn - 1) * math.sqrt(6 / per_filter)
        elif key.endswith("weight"):
            drawn = 0.02 + 0.06 * drawn
        else:
            drawn = drawn - 0.5
        value.copy_(drawn)


def image(size: int) -> Tensor:
    return 2 * numbers(3 * size * size, 1).reshape(1, 3, size, size) - 1


def fingerprint(model: torch.nn.Module, size: int = SIZE) -> list[float]:
    """Give six figures of the outputs of a model that has been filled."""
    fill(model)
    with torch.no_grad():
        given = model.eval()(image(size))
    out = given if isinstance(given, Tensor) else given.logits
    out = out[0].to(torch.float64)
    figures = [out.mean(), out.std(), *(out[i] for i in (0, 1, len(out) // 2, -1))]
    return [float(f"{each.item():.7g}") for each in figures]
