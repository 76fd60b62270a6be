"""Networks in another type of number: what runs in it stays in it, and nothing else is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import cnnspec
from cnnspec import library
from tests.emitted import network
from tests.test_zoo import smallest

FILES = sorted(set(library.shipped().values()))
SPREAD = ["convnext_tiny", "googlenet", "mobilenet_v3_small"]
SPECS = ("tests/specs/yolov8.cnn:yolov8n", "tests/specs/ghostnet.cnn")
TYPES = [torch.bfloat16, torch.float16, torch.float64]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        metafunc.parametrize("chosen", [*FILES, *SPECS] if every else SPREAD)


class Types(TorchDispatchMode):
    """Notes the types of fractions that operations give."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[torch.dtype] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        leaves = [each for each in tree_leaves(result) if isinstance(each, Tensor)]
        # what torch's own norms keep for the gradient is in float32
        leaves = leaves[:1] if "_norm" in str(func) else leaves
        self.seen |= {each.dtype for each in leaves if each.is_floating_point()}
        return result


def net_of(chosen: str) -> cnnspec.Network:
    return cnnspec.load(chosen) if "/" in chosen else network(smallest(chosen))


def outputs(given: Any) -> Iterator[Tensor]:
    return (each for each in tree_leaves(given) if isinstance(each, Tensor))


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("training", [False, True])
def test_a_network_of_another_type_stays_in_it(
    chosen: str, dtype: torch.dtype, *, training
) -> None:
    net = net_of(chosen)
    with torch.device("meta"):
        model = net.build("torch").to(dtype).train(training)
        images = [torch.empty(2, *node.shape, dtype=dtype) for node in net.elaborated.inputs]
    with torch.no_grad(), Types() as types:
        given = model(*images)
    assert types.seen == {dtype}
    assert {each.dtype for each in outputs(given)} == {dtype}


@pytest.mark.parametrize("training", [False, True])
def test_under_autocast_a_network_gives_the_narrow_type(chosen: str, *, training) -> None:
    net = net_of(chosen)
    with FakeTensorMode():
        model = net.build("torch").train(training)
        images = [torch.empty(2, *node.shape) for node in net.elaborated.inputs]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            given = model(*images)
            assert {each.dtype for each in outputs(given)} == {torch.bfloat16}
            loss = torch.stack([each.float().mean() for each in outputs(given)]).sum()
        loss.backward()
        reached = {each.grad is not None for each in model.parameters()}
        assert (
            reached == {True} if training else True in reached
        )  # heads are there in training only


def test_tensors_are_weights_or_states_that_a_checkpoint_has(chosen: str) -> None:
    with torch.device("meta"):
        model = net_of(chosen).build("torch")
    for part in model.modules():
        own = [key for key, each in vars(part).items() if isinstance(each, Tensor)]
        assert own == []  # what is no buffer stays behind where a model goes elsewhere
    kept = set(model.state_dict())
    buffers = {key for key, _ in model.named_buffers()}
    told = ("running_mean", "running_var", "num_batches_tracked")
    assert all(key.endswith(told) for key in buffers & kept)


def test_autocast_gives_nearly_what_float32_gives() -> None:
    torch.manual_seed(0)
    model: nn.Module = cnnspec.load("mobilenet_v3_small").build("torch").eval()
    image = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        exact = model(image)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            narrow = model(image)
    assert narrow.dtype == torch.bfloat16
    assert torch.allclose(narrow.float(), exact, atol=0.05 * float(exact.abs().max()))
