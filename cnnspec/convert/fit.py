"""Holds what a checkpoint has against what a network needs, and says all that is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cnnspec.checkpoint import FLOATS, Place, Sizes
from cnnspec.convert.words import shown, size
from cnnspec.diagnostics import SpecError, error, nearest

#: How many tensors of each sort of mistake are named.
NAMED: Final = 8
#: What a tensor's values may be at all, beside the types that a weight may have.
NUMBERS: Final = (*FLOATS, "int64", "int32", "int16", "int8", "uint8", "bool")


@dataclass(frozen=True, slots=True)
class Fit:
    """How a checkpoint and a network go together: what is missing, extra, or another tensor."""

    found: Sizes
    places: Sequence[Place]
    missing: Sequence[Place]
    extra: Sequence[str]
    different: Sequence[Place]

    @property
    def whole(self) -> bool:
        """Whether every tensor is there, and no other."""
        return not (self.missing or self.extra or self.different)

    @property
    def lines(self) -> tuple[str, ...]:
        """What does not go together, the first few of each sort."""
        extra = [f"{shown(name)}, {size(self.found[name][0])}" for name in self.extra]
        return (
            *_listed("missing", [_missing(each, self.extra, self.found) for each in self.missing]),
            *_listed("extra", extra),
            *_listed("different", [_different(each, self.found) for each in self.different]),
        )

    @property
    def counts(self) -> str:
        """How many there are of each sort, in words."""
        counts = {
            "missing": len(self.missing),
            "extra": len(self.extra),
            "of another shape or type": len(self.different),
        }
        return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def fit(found: Sizes, places: Sequence[Place], heads: frozenset[str], *, inference: bool) -> Fit:
    """Hold a checkpoint against a network.

    `heads` holds the keys that training alone needs: for inference they may be there.
    """
    wanted = {each.name for each in places}
    spared = heads if inference else frozenset()
    return Fit(
        found,
        places,
        missing=[
            each
            for each in places
            if each.name not in found and each.start is None and each.key not in spared
        ],
        extra=[name for name in found if name not in wanted],
        different=[each for each in places if each.name in found and _differs(found, each)],
    )


def refusal(
    held: Fit,
    heads: frozenset[str],
    *,
    file: str,
    network: str,
    open_parameters: Mapping[str, Any],
    said: Sequence[str] = (),
) -> SpecError:
    """Make the exception for a checkpoint that does not fit: all that is wrong, and what to do.

    `open_parameters` are the network's that set widths and counts, `said` is what was made of the
    checkpoint before.
    """
    return error(
        "checkpoint-mismatch",
        f"{file} does not fit {network}: {held.counts}",
        notes=(*held.lines, *said),
        help=_help(held, heads, open_parameters),
    )


def _help(held: Fit, heads: frozenset[str], parameters: Mapping[str, Any]) -> str:
    missing, extra, different = held.missing, held.extra, held.different
    if prefix := _prefix(extra, {each.name for each in held.places}):
        return f"`--rename {shown(prefix)}=` takes the prefix off"
    if missing and not (extra or different) and all(each.key in heads for each in missing):
        return "they belong to heads for training: `--inference` does without"
    alone = different and not (missing or extra)
    if alone and (setting := _setting(different, held.found, parameters)):
        return setting
    weights = sum(each.start is None for each in held.places)
    fitting = weights - len(missing) - len(different)
    if fitting * 2 >= weights:
        return f"`--partial` takes the {fitting:,} weights that fit, and lists the rest"
    if pair := _pair(missing, extra, held.found):
        first = f"`--rename {shown(pair[0])}={pair[1]}`"
        return f"if names differ alone: {first}, or many of them with `--rename-file`"
    return "it is of another network: take the spec that it was trained with"


def _pair(missing: Sequence[Place], extra: Sequence[str], found: Sizes) -> tuple[str, str] | None:
    """Give what may be one tensor under two names, if all shapes agree in their order."""
    left = [name for name in extra if found[name][1] in FLOATS]
    same = [tuple(found[name][0]) for name in left] == [tuple(each.shape) for each in missing]
    return (left[0], missing[0].name) if left and same else None


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
    if tuple(shape) == tuple(place.shape) or dtype not in NUMBERS:
        return f"{place.name} is of {dtype}, which no weight is converted from"
    return f"{place.name} is {size(shape)}, and should be {size(place.shape)}"


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
    """Find what stands before the names that would fit without it, if those are most of the rest.

    Beside a network a training module may hold a loss with weights of its own.
    """
    fits = Counter(
        name[: -len(rest)] for name in extra for rest in [_rest(name, wanted)] if rest is not None
    )
    best = fits.most_common(1)
    return best[0][0] if best and 2 * best[0][1] > len(extra) else None


def _rest(name: str, wanted: Collection[str]) -> str | None:
    first = name.partition(".")[2]
    while first:
        if first in wanted:
            return first
        first = first.partition(".")[2]
    return None
