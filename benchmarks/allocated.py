"""What torch really takes on the CPU: values one by one, and its allocator as a whole."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Values(TorchDispatchMode):
    """Follow every value that an operator gives, from its making to its last holder's end.

    Operators that autograd runs on the way back are seen too. Memory that a library takes inside an
    operator and gives back before its end is not. `most` is the bytes at the fullest moment.
    """

    def __init__(self, known: Iterable[torch.Tensor]) -> None:
        super().__init__()
        self.live: int = 0
        self.most: int = 0
        self._known = {tensor.untyped_storage().data_ptr() for tensor in known}
        self._seen: dict[int, weakref.ref[Any]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run an operator and note what it gives."""
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self._note(leaf.untyped_storage())
        return result

    def _note(self, storage: torch.UntypedStorage) -> None:
        place, size = storage.data_ptr(), storage.nbytes()
        if place in self._known or place in self._seen:
            return

        def gone(_: object) -> None:
            self.live -= size
            del self._seen[place]

        self._seen[place] = weakref.ref(storage, gone)
        self.live += size
        self.most = max(self.most, self.live)


def values(work: Callable[[], Any], known: Iterable[torch.Tensor]) -> int:
    """Give the bytes of values at the fullest moment, without those in `known`."""
    with Values(known) as seen:
        work()
    most: int = seen.most
    return most


def allocated(work: Callable[[], Any]) -> int:
    """Give the most bytes that torch's allocator has out at a time, by its own hooks."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    kineto: Any = seen.profiler
    events = [each for each in kineto.kineto_results.events() if each.name() == "[memory]"]
    live = most = 0
    for event in sorted(events, key=lambda each: each.start_ns()):
        live += event.nbytes()
        most = max(most, live)
    return most


def saved(model: torch.nn.Module, inputs: Iterable[torch.Tensor]) -> int:
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
        model(*inputs)
    return sum(found.values())
