"""Holds what a checkpoint has against what a network needs, and says all that is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from cnnspec.checkpoint import FLOATS, Place, Stored
from cnnspec.convert.words import shown, size
from cnnspec.diagnostics import error, nearest

#: How many tensors of each sort of mistake are named.
NAMED: Final = 8

Sizes = Mapping[str, tuple[tuple[int, ...], str]]


def renamed(stored: Stored, changes: Sequence[tuple[str, str]], file: str) -> dict[str, str]:
    """Give the checkpoint's own names by the changed ones; raises SpecError if two become one."""
    result: dict[str, str] = {}
    for name in stored.tensors:
        new = name
        for old, instead in changes:
            new = new.replace(old, instead)
        if new in result:
            raise error(
                "checkpoint-mismatch",
                f"--rename makes one name of two in {file}: {shown(new)}",
                notes=(f"they are {shown(result[new])} and {shown(name)}",),
            )
        result[new] = name
    return result


def check(
    found: Sizes,
    places: Sequence[Place],
    heads: frozenset[str],
    *,
    inference: bool,
    file: str,
    network: str,
    open_parameters: Mapping[str, Any],
) -> None:
    """Refuse a checkpoint that lacks a tensor, has one too many, or one of another shape or type.

    `heads` holds the keys that training alone needs: for inference they may be there.
    `open_parameters` are the network's that set widths and counts. Raises SpecError.
    """
    wanted = {each.name: each for each in places}
    extra = [name for name in found if name not in wanted]
    missing = [
        each
        for each in places
        if each.name not in found and each.start is None and not (inference and each.key in heads)
    ]
    different = [each for each in places if each.name in found and _differs(found, each)]
    if not (extra or missing or different):
        return
    notes = (
        *_listed("missing", [_missing(each, extra, found) for each in missing]),
        *_listed("extra", [f"{shown(name)}, {size(found[name][0])}" for name in extra]),
        *_listed("different", [_different(each, found) for each in different]),
    )
    counts = {
        "missing": len(missing),
        "extra": len(extra),
        "of another shape or type": len(different),
    }
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    help = None
    if prefix := _prefix(extra, wanted):
        help = f"`--rename {shown(prefix)}=` takes the prefix off"
    elif missing and not extra and all(each.key in heads for each in missing):
        help = "they belong to heads for training: `--inference` does without"
    elif different and not (missing or extra):
        help = _setting(different, found, open_parameters)
    title = f"{file} does not fit {network}: {said}"
    raise error("checkpoint-mismatch", title, notes=notes, help=help)


def _differs(found: Sizes, place: Place) -> bool:
    shape, dtype = found[place.name]
    fine = FLOATS if place.start is None else (place.start.dtype.name,)
    return tuple(shape) != tuple(place.shape) or dtype not in fine


def _listed(word: str, lines: Sequence[str]) -> Iterable[str]:
    yield from (f"{word}: {line}" for line in lines[:NAMED])
    if len(lines) > NAMED:
        yield f"{word}: and {len(lines) - NAMED:,} more"


def _missing(place: Place, extra: Sequence[str], found: Sizes) -> str:
    alike = [name for name in extra if tuple(found[name][0]) == tuple(place.shape)]
    guess = alike[0] if len(alike) == 1 else nearest(place.name, alike)
    words = f"{place.name}, {size(place.shape)}"
    return f"{words}; the file has {shown(guess)}" if guess else words


def _different(place: Place, found: Sizes) -> str:
    shape, dtype = found[place.name]
    if tuple(shape) != tuple(place.shape):
        return f"{place.name} is {size(shape)}, and should be {size(place.shape)}"
    return f"{place.name} is of {dtype}, which no weight is converted from"


def _setting(different: Sequence[Place], found: Sizes, parameters: Mapping[str, Any]) -> str | None:
    """Find the one parameter whose value is what all shapes differ in."""
    changes: set[tuple[int, int]] = set()
    for place in different:
        shape = found[place.name][0]
        if len(shape) != len(place.shape):
            return None
        changes |= {pair for pair in zip(place.shape, shape, strict=True) if pair[0] != pair[1]}
    if len(changes) != 1:
        return None
    ((before, after),) = changes
    names = [name for name, value in parameters.items() if value == before]
    return f"if it was made for {after:,}: `--set {names[0]}={after}`" if len(names) == 1 else None


def _prefix(extra: Sequence[str], wanted: Collection[str]) -> str | None:
    """Find what stands before every name that would fit without it."""
    fits = Counter(
        name[: -len(rest)] for name in extra for rest in [_rest(name, wanted)] if rest is not None
    )
    best = fits.most_common(1)
    return best[0][0] if best and best[0][1] == len(extra) else None


def _rest(name: str, wanted: Collection[str]) -> str | None:
    first = name.partition(".")[2]
    while first:
        if first in wanted:
            return first
        first = first.partition(".")[2]
    return None
