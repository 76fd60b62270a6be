"""Finds when a step is there: few predicates, simplest first; free search finds wrong reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from cnnspec.importing.fold import same
from cnnspec.importing.words import literal

if TYPE_CHECKING:
    from cnnspec.importing.parameters import Inference

#: So many values of a parameter are held against it.
MOST_VALUES = 4
#: What a step may depend on by its value.
DECIDING = ("stride", "dilation", "ratio")


class _Predicate(NamedTuple):
    text: str
    holds: tuple[bool, ...]


def condition(
    found: Inference, there: tuple[bool, ...], *, flags: bool, summed: bool
) -> str | None:
    """Say when a step is there, by parameters and channels; `flags`: also by constructors' own.

    What is `summed` is there, or not, for the shapes: stride and channels both say so.
    """
    for predicate in _flags(found):
        if predicate.holds == there:
            return predicate.text
    simple = [*_numbers(found), *_channels(found)]
    if summed and (text := _by_shape(simple, there)) is not None:
        return text
    for predicate in simple:
        if predicate.holds == there:
            return predicate.text
    if flags and (name := _flag(found, there, own=True)):
        return name
    text = _by_shape(simple, there)
    if text is not None:
        return text
    return _flag(found, there, own=False) if flags else None


def _by_shape(simple: Sequence[_Predicate], there: tuple[bool, ...]) -> str | None:
    """Say by stride and channels that two shapes are one, or are not."""
    told = [each for each in simple if len(set(each.holds)) == 2]
    for one, other in product(told, told):
        if not one.text.startswith("stride") or ".channels" not in other.text:
            continue
        pairs = list(zip(one.holds, other.holds, strict=True))
        differs = " != 1" in one.text and " != " in other.text
        if differs and tuple(a or b for a, b in pairs) == there:
            return f"{one.text} or {other.text}"
        equal = " == 1" in one.text and " == " in other.text
        if equal and tuple(a and b for a, b in pairs) == there:
            return f"{one.text} and {other.text}"
    return None


def _flag(found: Inference, there: tuple[bool, ...], *, own: bool) -> str | None:
    """Take up a flag of the constructor's that says it."""
    named = found.names.boolean(there, own=own)
    if named is None:
        return None
    name, negated = named
    found.add(name, [now != negated for now in there], "flag")
    return f"not {name}" if negated else name


def _flags(found: Inference) -> Iterator[_Predicate]:
    for parameter in found.parameters:
        if parameter.sense == "flag":
            holds = tuple(bool(value) for value in parameter.row)
            yield _Predicate(parameter.name, holds)
            yield _Predicate(f"not {parameter.name}", tuple(not value for value in holds))


def _numbers(found: Inference) -> Iterator[_Predicate]:
    """Whether a parameter is, or is not, some number."""
    for parameter in found.parameters:
        grouped = parameter.sense == "channels" and "group" in parameter.name
        if parameter.sense not in DECIDING and not grouped:
            continue
        if any(value is None for value in parameter.row):
            continue
        values = sorted({value for value in parameter.row if isinstance(value, int)})
        for value in values[:MOST_VALUES]:
            holds = tuple(same(each, value) for each in parameter.row)
            yield from _both(parameter.name, literal(value), holds)


def _channels(found: Inference) -> Iterator[_Predicate]:
    """Whether the channels that flow in are those of some step."""
    channels = found.atoms[0]
    seen: set[str] = set()
    for text, row in _widths(found):
        if text in seen or text == channels.text or any(value is None for value in row):
            continue
        seen.add(text)
        holds = tuple(same(a, b) for a, b in zip(channels.row, row, strict=True))
        yield from _both(channels.text, text, holds)


def _widths(found: Inference) -> Iterator[tuple[str, Sequence[object]]]:
    for column in found.columns:
        if column.sense == "channels":
            yield column.text, column.row
    count = len(found.template.instances)
    for slot in found.template.slots:
        for name in ("filters", "units"):
            shown = slot.shown.get(name)
            if shown is not None and not shown.is_expression and slot.any.template is None:
                yield literal(shown.value), [shown.value] * count


def _both(left: str, right: str, holds: tuple[bool, ...]) -> Iterator[_Predicate]:
    yield _Predicate(f"{left} == {right}", holds)
    yield _Predicate(f"{left} != {right}", tuple(not each for each in holds))
