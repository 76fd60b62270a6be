"""What torch really takes from its allocator on the CPU while an emitted model runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile


@dataclass(frozen=True, slots=True)
class Taken:
    """The most bytes at a time above those at the start, and those that are left at the end."""

    peak: int
    left: int


def taken(work: Callable[[], Any]) -> Taken:
    """Run with the allocator's hooks on: every block that torch takes or gives back is seen."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        result = work()
    events = [each for each in seen.profiler.kineto_results.events() if each.name() == "[memory]"]
    events.sort(key=lambda each: each.start_ns())
    live = most = 0
    for event in events:
        live += event.nbytes()
        most = max(most, live)
    del result
    return Taken(most, live)


def saved_bytes(model: torch.nn.Module, inputs: Iterable[torch.Tensor]) -> int:
    """Count the bytes that a step forward keeps for the way back, weights left out, each once."""
    weights = {
        tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())
    }
    found: dict[int, int] = {}
    kept = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            found[storage.data_ptr()] = storage.nbytes()
            kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = model(*inputs)
    del result
    return sum(found.values())
