"""Carries tensors from one kind of checkpoint into another, and reads back what it wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnnspec.checkpoint import Kind, Place, Unreadable
from cnnspec.convert import fit
from cnnspec.convert.choose import unreadable
from cnnspec.convert.words import shown
from cnnspec.diagnostics import error
from cnnspec.kinds import Refusal
from cnnspec.witness import weight_key

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array
    from cnnspec.network import Network


@dataclass(frozen=True, slots=True)
class Converted:
    """What was carried, by the spec's keys, and what was not.

    `types` counts the weights of each type. `started` are counters that the source has not and that
    begin at zero, `dropped` what the target has no place for, `aside` what in the source is no
    part of a network.
    """

    carried: tuple[str, ...]
    types: Mapping[str, int]
    started: tuple[str, ...]
    dropped: tuple[str, ...]
    aside: tuple[str, ...]


def convert(
    network: Network,
    source: Path,
    reads: Kind,
    target: Path,
    writes: Kind,
    *,
    inference: bool = False,
    rename: Sequence[tuple[str, str]] = (),
) -> Converted:
    """Write the weights of `source` into `target`, which is overwritten, in its layout.

    Values keep their bits and their types. Names of the source are changed by `rename` first. With
    `inference` the target is for source without training heads. Raises SpecError for a file that
    is not read or does not fit, and then `target` is not touched; ImportError where a package is
    not installed.
    """
    tensors, aside = _read(network, source, reads, inference=inference, rename=rename)
    places = _places(network, writes, inference=inference)
    started = [each for each in places if each.key not in tensors]
    filled = {**tensors, **{each.key: each.start for each in started}}
    laid = {each.name: each.lay(filled[each.key]) for each in places}
    writes.write(target, laid, lambda: network.build(writes.backend, inference=inference))
    _check_written(target, writes, places, laid)
    own = {each.key for each in places}
    weights = [each.key for each in places if each.start is None]
    types: dict[str, int] = {}
    for key in weights:
        types[filled[key].dtype.name] = types.get(filled[key].dtype.name, 0) + 1
    return Converted(
        carried=tuple(key for key in tensors if key in own),
        types=types,
        started=tuple(each.key for each in started),
        dropped=tuple(key for key in tensors if key not in own),
        aside=aside,
    )


def _read(
    network: Network,
    path: Path,
    kind: Kind,
    *,
    inference: bool,
    rename: Sequence[tuple[str, str]],
) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Give a checkpoint's tensors by the spec's keys, after all that it has was found to fit."""
    graph = network.elaborated
    places = _places(network, kind, inference=False)
    try:
        with kind.open(path, places) as stored:
            names = fit.renamed(stored, rename, shown(path))
            found = {new: stored.tensors[name] for new, name in names.items()}
            heads = _heads(network)
            fit.check(
                found,
                places,
                heads,
                inference=inference,
                file=shown(path),
                network=network.name,
                open_parameters={name: graph.parameters[name] for name in graph.open_parameters},
            )
            tensors = {
                each.key: each.restore(stored.read(names[each.name]))
                for each in places
                if each.name in names
            }
            return tensors, tuple(stored.aside)
    except Unreadable as failure:
        raise unreadable(path, failure.reason, failure.help) from None


def _places(network: Network, kind: Kind, *, inference: bool) -> tuple[Place, ...]:
    try:
        return kind.places(network.elaborated, inference=inference)
    except Refusal as refusal:
        raise error(
            "not-expressible",
            f"a checkpoint of {kind.name} cannot hold {network.name}: {refusal.message}",
            help=refusal.help,
        ) from None


def _heads(network: Network) -> frozenset[str]:
    """Give the keys of weights that training alone needs."""
    graph = network.elaborated
    kept = {node.index for node in graph.inference_nodes}
    return frozenset(
        weight_key(node, weight)
        for node in graph.nodes
        if node.index not in kept
        for weight in node.weights
    )


def _check_written(
    path: Path, kind: Kind, places: Sequence[Place], laid: Mapping[str, Array]
) -> None:
    """Read back what was written; raises RuntimeError where a bit differs: that is our mistake."""
    with kind.open(path, places) as stored:
        if stored.tensors.keys() != laid.keys():
            raise RuntimeError("what was written has other tensors than it should")
        for name, array in laid.items():
            back = stored.read(name)
            same = back.dtype == array.dtype and back.shape == array.shape
            if not same or back.tobytes() != array.tobytes():
                raise RuntimeError(f"{name} did not come back as it was written")
