"""Carries tensors from one kind of checkpoint into another, and reads back what it wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnnspec.checkpoint import Kind, Place, Stored, Unreadable
from cnnspec.convert.choose import unreadable
from cnnspec.convert.fit import Fit, fit, refusal
from cnnspec.convert.rename import Change, renamed, turned
from cnnspec.convert.words import shown
from cnnspec.diagnostics import error
from cnnspec.kinds import Refusal
from cnnspec.witness import weight_key

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array
    from cnnspec.network import Network


@dataclass(frozen=True, slots=True)
class How:
    """What a user asks of the reading of a checkpoint.

    `rename` changes names first. With `inference` training heads are left out. `partial` takes what
    fits. `entry` names one of several state dicts. `building` is called before a framework builds
    the network, for a kind of file that takes it: it may refuse.
    """

    inference: bool = False
    rename: Sequence[Change] = ()
    partial: bool = False
    entry: str | None = None
    building: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Read:
    """A checkpoint's tensors by the spec's keys, in the spec's layout, and what is to be told.

    `aside` is what in the file is no part of a network, `said` what was chosen and renamed, `rest`
    what does not fit, a line each, where a part was asked for.
    """

    tensors: Mapping[str, Array]
    aside: tuple[str, ...]
    said: tuple[str, ...]
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Converted:
    """What was carried, by the spec's keys, and what was not.

    `types` counts the weights of each type. `started` are counters that the source has not and that
    begin at zero, `dropped` what the target has no place for, `read` what the source had.
    """

    carried: tuple[str, ...]
    types: Mapping[str, int]
    started: tuple[str, ...]
    dropped: tuple[str, ...]
    read: Read

    def facts(self) -> dict[str, object]:
        """Give it as plain data: lists of keys and of sentences."""
        return {
            "carried": list(self.carried),
            "types": dict(self.types),
            "started": list(self.started),
            "dropped": list(self.dropped),
            "aside": list(self.read.aside),
            "said": list(self.read.said),
            "rest": list(self.read.rest),
        }


def convert(
    network: Network, source: Path, reads: Kind, target: Path, writes: Kind, how: How
) -> Converted:
    """Write the weights of `source` into `target`, which is overwritten, in its layout.

    Values keep their bits and their types. Raises SpecError for a file that is not read or does not
    fit, and then `target` is not touched; ImportError where a package is not installed.
    """
    found = read(network, source, reads, how)
    tensors = found.tensors
    places = _places(network, writes, inference=how.inference)
    if how.partial:
        there = {_owner(key) for key in tensors}
        places = tuple(each for each in places if _owner(each.key) in there)
    started = [each for each in places if each.key not in tensors]
    filled = {**tensors, **{each.key: each.start for each in started}}
    laid = {each.name: each.lay(filled[each.key]) for each in places}

    _write(network, target, writes, places, laid, how)
    own = {each.key for each in places}
    return Converted(
        carried=tuple(key for key in tensors if key in own),
        types=Counter(filled[each.key].dtype.name for each in places if each.start is None),
        started=tuple(each.key for each in started),
        dropped=tuple(key for key in tensors if key not in own),
        read=found,
    )


def save(network: Network, tensors: Mapping[str, Array], target: Path, writes: Kind) -> int:
    """Write a network's weights, given by the spec's keys, into `target`, and say how many.

    Counters that are not given begin at zero. Raises SpecError where the kind has no place for one.
    """
    places = _places(network, writes, inference=False)
    filled = {each.key: tensors.get(each.key, each.start) for each in places}
    laid = {each.name: each.lay(filled[each.key]) for each in places}
    _write(network, target, writes, places, laid, How())
    return len(laid)


def _write(
    network: Network,
    target: Path,
    writes: Kind,
    places: Sequence[Place],
    laid: Mapping[str, Array],
    how: How,
) -> None:
    """Write tensors that are laid out already, and read them back."""

    def build() -> object:
        how.building()
        return network.build(writes.backend, inference=how.inference)

    with _refused(writes, network):
        writes.write(target, laid, build, partial=how.partial)
    _check_written(target, writes, places, laid)


def read(network: Network, path: Path, kind: Kind, how: How) -> Read:
    """Read a checkpoint's tensors after all that it has was found to fit; raises SpecError."""
    places = _places(network, kind, inference=False)
    try:
        with kind.open(path, places, how.entry) as stored:
            return _read(network, path, kind, how, places, stored)
    except Unreadable as failure:
        raise unreadable(path, failure.reason, failure.help) from None


def _read(
    network: Network, path: Path, kind: Kind, how: How, places: Sequence[Place], stored: Stored
) -> Read:
    graph = network.elaborated
    names, aside, said = _names(network, kind, how, places, stored, shown(path))
    found = {new: stored.tensors[name] for new, name in names.items()}
    heads = _heads(network)
    held = fit(found, places, heads, inference=how.inference)
    fitting = [each for each in places if each.name in names]
    if how.partial:
        fitting = _whole_steps(held, fitting)
    if not (held.whole or (how.partial and fitting)):
        raise refusal(
            held,
            heads,
            file=shown(path),
            network=network.name,
            open_parameters={name: graph.parameters[name] for name in graph.open_parameters},
            said=said,
        )
    tensors = {each.key: each.restore(stored.read(names[each.name])) for each in fitting}
    return Read(tensors, (*stored.aside, *aside), said, held.lines)


def _names(
    network: Network, kind: Kind, how: How, places: Sequence[Place], stored: Stored, file: str
) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Give the checkpoint's own names by the network's: changed as asked, then as its kind knows.

    Beside them what is no part of a network, and what is to be said. A change may lead to a
    tensor's key in the spec, and may be written the other way about.
    """
    names = {each.name for each in places}
    keys = {each.key: each.name for each in places if each.key not in names}
    changes = turned(how.rename, stored.tensors, [*names, *keys])
    changed = renamed(stored.tensors, changes, file)
    ours = {keys.get(new, new): own for new, own in changed.names.items()}
    if len(ours) < len(changed.names):
        ours = changed.names
    sizes = {new: stored.tensors[own] for new, own in ours.items()}
    recognised = kind.recognise(sizes, places, network.elaborated)
    idle = tuple(f"`--rename` changes nothing: no name has {shown(old)}" for old in changed.idle)
    return (
        {new: ours[name] for new, name in recognised.names.items()},
        recognised.aside,
        (*stored.said, *idle, *recognised.said),
    )


def _whole_steps(held: Fit, places: Sequence[Place]) -> list[Place]:
    """Keep the tensors of the steps all of whose weights are there and fit."""
    broken = {_owner(each.key) for each in (*held.missing, *held.different)}
    return [each for each in places if _owner(each.key) not in broken]


def _owner(key: str) -> str:
    """Give the path of the step that a tensor belongs to."""
    return key.rpartition(".")[0]


def _places(network: Network, kind: Kind, *, inference: bool) -> tuple[Place, ...]:
    with _refused(kind, network):
        return kind.places(network.elaborated, inference=inference)


@contextmanager
def _refused(kind: Kind, network: Network) -> Iterator[None]:
    """Turn a kind's refusal into words on the network."""
    try:
        yield
    except Refusal as refused:
        raise error(
            "not-expressible",
            f"a checkpoint of {kind.name} cannot hold {network.name}: {refused.message}",
            help=refused.help,
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
    with kind.open(path, places, None) as stored:
        if stored.tensors.keys() != laid.keys():
            raise RuntimeError("what was written has other tensors than it should")
        for name, array in laid.items():
            back = stored.read(name)
            same = back.dtype == array.dtype and back.shape == array.shape
            if not same or back.tobytes() != array.tobytes():
                raise RuntimeError(f"{name} did not come back as it was written")
