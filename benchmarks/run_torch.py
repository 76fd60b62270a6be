"""Emitted PyTorch models beside torchvision's: they run, they are trained a step, compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch._dynamo.exc import BackendCompilerFailed

import cnnspec
from benchmarks.allocated import values
from benchmarks.pairs import Paired, Work, paired
from benchmarks.vision import ELSEWHERE, peer

NETWORKS: Final = (
    "resnet50",
    "densenet121",
    "efficientnet_b0",
    "mobilenet_v2",
    "googlenet",
    "convnext_tiny",
)
#: Compiling to machine code takes a minute a model on one core: two stand for all.
INDUCED: Final = ("resnet50", "mobilenet_v2")


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: its name, times, bytes of values at the fullest moment; ours stand first."""

    network: str
    how: str
    batch: int
    times: Paired | None
    remark: str = ""
    memory: tuple[int, int] | None = None


def rows(names: tuple[str, ...], *, seconds: float, quick: bool) -> Iterator[Row]:
    """Compare networks one by one."""
    torch.set_num_threads(1)
    for name in names:
        torch.manual_seed(0)
        ours: nn.Module = cnnspec.load(ELSEWHERE.get(name, name)).build("torch")
        theirs: nn.Module = peer(name)
        same(ours, theirs)
        yield from _inference(
            name, ours, theirs, seconds=seconds, batches=(1,) if quick else (1, 8)
        )
        yield from _compiled(name, ours, theirs, seconds=seconds, induced=not quick)
        yield from _training(name, ours, theirs, seconds=seconds, batch=2 if quick else 4)


def same(ours: nn.Module, theirs: nn.Module) -> None:
    """Give ours the peer's weights, and make sure that both compute the same."""
    state = theirs.state_dict()
    own = ours.state_dict()
    ours.load_state_dict({key: state[key].reshape(own[key].shape) for key in own})
    image = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        one, two = ours.eval()(image), theirs.eval()(image)
    torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-4)


def _inference(
    name: str, ours: nn.Module, theirs: nn.Module, *, seconds: float, batches: tuple[int, ...]
) -> Iterator[Row]:
    for how, form in (("eager", torch.contiguous_format), ("channels_last", torch.channels_last)):
        models = [_formed(each.eval(), form) for each in (ours, theirs)]
        for batch in batches:
            image = torch.randn(batch, 3, 224, 224).contiguous(memory_format=form)
            works = [_run(each, image) for each in models]
            times = paired(works[0], works[1], seconds=seconds)
            known = [image, *(x for each in models for x in each.state_dict().values())]
            yield Row(name, how, batch, times, memory=_fullest(works, known))
    for each in (ours, theirs):
        _formed(each, torch.contiguous_format)


def _formed(model: Any, form: torch.memory_format) -> nn.Module:
    """Lay a model's weights out in memory."""
    made: nn.Module = model.to(memory_format=form)
    return made


def _run(model: Callable[[Tensor], Any], image: Tensor) -> Work:
    def work() -> None:
        with torch.no_grad():
            model(image)

    return work


def _fullest(works: list[Work], known: list[Tensor]) -> tuple[int, int]:
    return values(works[0], known), values(works[1], known)


def _compiled(
    name: str, ours: nn.Module, theirs: nn.Module, *, seconds: float, induced: bool
) -> Iterator[Row]:
    backends = ["aot_eager", *(["inductor"] if induced and name in INDUCED else [])]
    image = torch.randn(1, 3, 224, 224)
    for backend in backends:
        torch.compiler.reset()
        works = [
            _run(torch.compile(each.eval(), backend=backend, fullgraph=True), image)
            for each in (ours, theirs)
        ]
        try:
            for each in works:
                each()
        except BackendCompilerFailed as failure:  # no compiler on this machine
            first = str(failure).splitlines()[0]
            yield Row(name, f"compiled, {backend}", 1, None, remark=first)
            continue
        yield Row(name, f"compiled, {backend}", 1, paired(works[0], works[1], seconds=seconds))
    torch.compiler.reset()


def _training(
    name: str, ours: nn.Module, theirs: nn.Module, *, seconds: float, batch: int
) -> Iterator[Row]:
    image = torch.randn(batch, 3, 224, 224)
    works = [_step(each.train(), image) for each in (ours, theirs)]
    times = paired(works[0], works[1], seconds=seconds, least=5)
    known = [image, *(x for each in (ours, theirs) for x in each.state_dict().values())]
    yield Row(name, "a step of training", batch, times, memory=_fullest(works, known))


def _step(model: nn.Module, image: Tensor) -> Work:
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-6)

    def work() -> None:
        optimiser.zero_grad()
        given = model(image)
        outputs = [given] if isinstance(given, Tensor) else list(given)
        loss = torch.stack([each.square().mean() for each in outputs]).sum()
        loss.backward()
        optimiser.step()

    return work
