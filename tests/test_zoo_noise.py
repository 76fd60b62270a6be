"""Noise in training, which no output at inference shows: published rates, in published order."""

from __future__ import annotations

import pytest

from tests.emitted import build, network
from tests.test_zoo_oracles import STATES, here, oracle

KINDS = {"Dropout": "dropout", "StochasticDepth": "drop_path"}


def published(stem: str) -> list[tuple[str, float]]:
    """Give kind and rate of the layers with noise, in the order in which they run."""
    layers = [each for each in oracle(stem)["layers"] if each["type"] in KINDS]
    return [(KINDS[each["type"]], each["cfg"]["p"]) for each in layers]


#: Timm leaves dropout to its training scripts.
NOISY = [stem for stem in STATES if stem.startswith("torchvision") and published(stem)]


@pytest.mark.parametrize("stem", NOISY)
def test_noise_is_the_published_one(stem: str) -> None:
    nodes = network(here(stem)).elaborated.inference_nodes
    ours = [(each.kind, each.op.rate) for each in nodes if each.kind in KINDS.values()]
    assert ours == published(stem)


@pytest.mark.parametrize("stem", ["torchvision__efficientnet_b0", "torchvision__efficientnet_b7"])
def test_stochastic_depth_grows_with_depth_in_what_is_emitted(stem: str) -> None:
    layers = [each for each in oracle(stem)["layers"] if each["type"] == "StochasticDepth"]
    modules = dict(build(here(stem), device="meta").named_modules())
    rates = [modules[each["path"]].rate for each in layers]
    assert rates == [each["cfg"]["p"] for each in layers]
    assert rates == sorted(rates)


def test_convnext_drops_paths_from_none_to_its_full_rate() -> None:
    nodes = network("convnext_tiny").nodes
    rates = [each.op.rate for each in nodes if each.kind == "drop_path"]
    assert rates == pytest.approx([0.1 * i / 17 for i in range(18)])
