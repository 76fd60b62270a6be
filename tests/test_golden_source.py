"""The source of fifteen networks in each backend as people read it: a change shows as a diff."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emitted import network

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent / "golden"
NETWORKS = (
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet", "inception_v3"),
    *("lenet5", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "resnet50"),
    *("shufflenet_v2_x1_0", "squeezenet1_0", "unet", "vgg16"),
)


@pytest.mark.parametrize("backend", ["torch", "keras"])
@pytest.mark.parametrize("name", NETWORKS)
def test_source_is_as_it_was_read(name: str, backend: str, pytestconfig: pytest.Config) -> None:
    path = GOLDEN / backend / f"{name}.py.txt"
    _, _, text = network(name).source(backend).partition("\n")  # a version stands in the first line
    if pytestconfig.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()
