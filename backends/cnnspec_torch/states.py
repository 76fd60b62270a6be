"""Finds the state dict in what a training script saved, whatever lies beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cnnspec.checkpoint import Unreadable
from cnnspec.convert.words import shown
from cnnspec_torch.pickled import Listed, items
from cnnspec_torch.tensors import OTHERS, Tensor, tensor
from cnnspec_torch.wrappers import unwrapped

#: Under which names training scripts keep the state dict that is meant.
USUAL: Final = ("state_dict", "model_state_dict", "model")
#: How deep a state dict may lie, and how many dicts are looked into.
DEPTH, MOST = 3, 10_000
NAMED: Final = 8
SAVE: Final = "`torch.save(model.state_dict(), 'weights.pt')`"


@dataclass(frozen=True, slots=True)
class State:
    """A state dict that was found: by which names from the top, and what else there is."""

    entry: str
    tensors: Mapping[str, Tensor]
    aside: tuple[str, ...] = ()
    #: Other state dicts of the same network.
    others: tuple[str, ...] = ()


def state_in(listed: Listed, wanted: Collection[str], entry: str | None) -> State:
    """Find the state dict that is meant: by its entry, or the only one that fits `wanted`.

    `wanted` are the names that a network needs. Raises Unreadable where there is none, or several.
    """
    found = {name: held for name, held in _dicts(listed.value) if held}
    if entry is not None:
        if entry not in found:
            raise Unreadable(
                f"it holds no state dict called {shown(entry)}",
                f"it has {_said(found)}" if found else None,
            )
        chosen = entry
    else:
        chosen = _meant(listed, found, wanted)
    fitting = _fitting(found, wanted)
    others = tuple(name for name in found if name != chosen and name and name in fitting)
    return State(chosen, found[chosen], _aside(listed.value, chosen, found[chosen], others), others)


def _meant(
    listed: Listed, found: Mapping[str, Mapping[str, Tensor]], wanted: Collection[str]
) -> str:
    if not found:
        raise _no_state(listed)
    left = _fitting(found, wanted) or [name for name in found if name] or list(found)
    if len(left) > 1:
        left = [str(name) for name in USUAL if name in left][:1] or left
    if len(left) > 1:
        raise Unreadable(
            f"it holds several state dicts: {_said(left)}",
            f"`--entry {shown(left[0] or left[1])}` takes that one",
        )
    return left[0]


def _fitting(found: Mapping[str, Mapping[str, Tensor]], wanted: Collection[str]) -> list[str]:
    """Give those that have a name, a wrapper's prefix off, that the network has."""
    return [
        name
        for name, held in found.items()
        if any(key in wanted or unwrapped(key) in wanted for key in held)
    ]


def _dicts(value: Any) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Give the dicts of something and the tensors in them, by the names from the top and dots."""
    pending: list[tuple[str, Any, int]] = [("", value, 0)]
    for name, held, depth in pending:  # which grows
        inside = items(held)
        if inside is None:
            continue
        tensors = {}
        for key, each in inside.items():
            if (one := tensor(each)) is not None:
                tensors[key] = one
            elif depth < DEPTH and len(pending) < MOST:
                pending.append((f"{name}.{key}" if name else key, each, depth + 1))
        yield name, tensors


def _aside(
    value: Any, chosen: str, tensors: Mapping[str, Tensor], others: tuple[str, ...]
) -> tuple[str, ...]:
    """Name what stands beside the state dict, on the way to it and in it."""
    result: list[str] = []
    held, rest = items(value), chosen
    while held is not None and rest:
        key = next((k for k in held if rest == k or rest.startswith(f"{k}.")), None)
        result += [each for each in held if each != key]
        held, rest = (items(held[key]), rest[len(key) + 1 :]) if key is not None else (None, "")
    result += [each for each in held or () if each not in tensors]
    return tuple(name for name in result if name not in others)


def _no_state(listed: Listed) -> Unreadable:
    """Say what a file holds instead of a state dict."""
    strange = [name for name in listed.names if not _usual(name)]
    if strange:
        return Unreadable(
            f"it holds more than tensors: loading it would run {shown(strange[0])}",
            f"if you trust it, load it where that is defined and save the weights alone: {SAVE}",
        )
    inside = items(listed.value)
    keys = f" of {_said(inside)}" if inside else ""
    kind = "dict" if inside is not None else type(listed.value).__name__
    return Unreadable(
        f"it holds no tensors by name, but a {kind}{keys}", f"what is converted is {SAVE}"
    )


def _usual(name: str) -> bool:
    return name.startswith((*OTHERS, "torch.")) or name == "collections.OrderedDict"


def _said(names: Iterable[object]) -> str:
    known = list(names)
    first = [shown(name) or "the file itself" for name in known[:NAMED]]
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return ", ".join(first) + more
