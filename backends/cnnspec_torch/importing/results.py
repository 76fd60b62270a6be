"""What a module returns, by names: a tensor, a tuple, a dict, or those in one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import torch

from cnnspec.importing.refusal import refused


def named(given: object) -> list[tuple[str, torch.Tensor]]:
    """Give the tensors of a result by name.

    >>> [name for name, _ in named({"out": torch.zeros(1, 2, 3, 3), "aux": (torch.zeros(1, 2),)})]
    ['out', 'aux']
    """
    found: dict[str, torch.Tensor] = {}
    for name, tensor in _walk(given, ""):
        own, number = name, 2
        while own in found:
            own, number = f"{name}{number}", number + 1
        found[own] = tensor
    if not found:
        raise refused("the model gives no tensor")
    return [*found.items()]


def _walk(given: object, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(given, torch.Tensor):
        yield name or ("logits" if given.dim() == 2 else "features"), given
    elif isinstance(given, Mapping):
        for key, each in given.items():
            own = re.sub(r"\W+", "_", str(key)).strip("_") or "features"
            own = own if not own[0].isdigit() else f"features{own}"
            yield from _walk(each, own if not name else f"{name}_{own}")
    elif hasattr(given, "_fields"):
        for field in given._fields:
            yield from _walk(getattr(given, field), field)
    elif isinstance(given, Sequence):
        for each in given:
            yield from _walk(each, name)
    elif given is not None:
        raise refused(f"the model gives {type(given).__name__} beside tensors")
