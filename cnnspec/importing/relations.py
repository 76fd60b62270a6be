"""Finds how a row of numbers follows from others, as a person would say it: simplest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Final, NamedTuple

from cnnspec.elaborate.functions import call_function
from cnnspec.importing.fold import same

#: A row of values, one an instance; None: the instance has no use for it.
Row = Sequence[object]
#: The most that a width is a multiple of another, and the least share of one.
MOST_TIMES: Final = 32
MOST_PARTS: Final = 64
#: A rounded share says something if it is so many different widths; of few it is a coincidence.
MANY: Final = 4


class Atom(NamedTuple):
    """Something that an expression may speak of: its text, its values, what they count."""

    text: str
    row: Row
    sense: str


class _Numbers(NamedTuple):
    """An atom's whole numbers, at the instances that have a use for the row."""

    text: str
    values: list[int]


def related(row: Row, sense: str, atoms: Sequence[Atom]) -> str | None:
    """Give an expression whose values are the row's; None: no simple one has them."""
    used = [index for index, value in enumerate(row) if value is not None]
    wanted = [row[index] for index in used]
    for atom in atoms:
        if atom.sense == sense and all(same(atom.row[i], row[i]) for i in used):
            return atom.text
    numbers = [each for each in wanted if type(each) is int]
    if len(numbers) < len(wanted):
        return None
    if sense == "pad":
        return _pad(numbers, _known(atoms, used, "size"), _known(atoms, used, "dilation"))
    if sense == "channels":
        return _width(numbers, _known(atoms, used, sense))
    return None


def _known(atoms: Sequence[Atom], used: Sequence[int], sense: str) -> list[_Numbers]:
    """Give the atoms of a sense that have whole numbers where they are needed."""
    found = []
    for atom in atoms:
        values = [value for i in used if type(value := atom.row[i]) is int]
        if atom.sense == sense and len(values) == len(used):
            found.append(_Numbers(atom.text, values))
    return found


def _pad(wanted: list[int], sizes: Sequence[_Numbers], dilations: Sequence[_Numbers]) -> str | None:
    """Zeros that keep an image's size: half the window, times the dilation."""
    for text, values in sizes:
        if [value // 2 for value in values] == wanted:
            return f"{text} // 2"
    for text, values in dilations:
        if values == wanted:
            return text
    for size, values in sizes:
        for dilation, spread in dilations:
            if [a // 2 * b for a, b in zip(values, spread, strict=True)] == wanted:
                return f"{size} // 2 * {dilation}"
    return None


def _width(wanted: list[int], atoms: Sequence[_Numbers]) -> str | None:
    """A width as a multiple of another, a share of it, or a sum."""
    distinct = len(set(wanted))
    for atom in sorted(atoms, key=lambda each: each.text.endswith(".channels")):
        if len(set(atom.values)) < 2:
            continue
        for text, values in _forms(atom, wanted[0], distinct):
            if values == wanted:
                return text
    if distinct < 3:
        return None
    for one, other in permutations(atoms, 2):
        pairs = list(zip(one.values, other.values, strict=True))
        if [a + b for a, b in pairs] == wanted:
            return f"({one.text} + {other.text})"
        if [a - b for a, b in pairs] == wanted:
            return f"({one.text} - {other.text})"
        if all(b for _, b in pairs) and [a // b for a, b in pairs] == wanted:
            return f"{one.text} // {other.text}"
    return None


def _forms(atom: _Numbers, wanted: int, distinct: int) -> Iterator[_Numbers]:
    """Give the forms in one width that may give another, simplest first."""
    text, values = atom
    first = values[0]
    if first and wanted % first == 0 and 1 < wanted // first <= MOST_TIMES:
        times = wanted // first
        yield _Numbers(f"{times} * {text}", [value * times for value in values])
    if not wanted or first < wanted:
        return
    for parts in dict.fromkeys((first // wanted, first // wanted + 1, first // (wanted + 1))):
        if 1 < parts <= MOST_PARTS:
            yield _Numbers(f"{text} // {parts}", [value // parts for value in values])
    if distinct < MANY:
        return
    for parts in (2, 3, 4, 6, 8, 16):
        for step in (8, 4, 16):
            near = [call_function("round_to", [value / parts, step]) for value in values]
            yield _Numbers(f"round_to({text} / {parts}, {step})", near)
    for parts in (4, 8, 16):
        yield _Numbers(f"max({text} // {parts}, 8)", [max(v // parts, 8) for v in values])
