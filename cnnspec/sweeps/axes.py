"""What is varied: for each parameter its values, as the language writes them, in order.

A value is `1.5`; a range `0.5..2/0.25`, both ends meant, the end only where a step lands on it;
without a step whole numbers go by 1, and decimals are drawn from with `--sample`; a list
`{relu, silu}`. Steps are exact: they are added in tenths, not in binary.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import prod
from random import Random
from typing import Any, Final, NamedTuple

from cnnspec.sweeps.refused import RefusedSweep

_NUMBER: Final = r"-?[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_RANGE: Final = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?:/({_NUMBER}))?")
#: The name of the axis that is the input's shape.
INPUT: Final = "input"
#: What takes a list apart, and texts as a whole.
_MARK: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[](){}[,]')
_SHAPE: Final = re.compile(rf"([0-9]{{1,9}})x({_NUMBER}\.\.{_NUMBER}(?:/{_NUMBER})?)")


class Value(NamedTuple):
    """One value of an axis: as the language writes it, and as a row has it."""

    text: str
    shown: Any


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter and its values; of a range without a step there is none, and it is drawn from."""

    name: str
    values: tuple[Value, ...]
    #: The ends of a range of decimals without a step.
    between: tuple[Decimal, Decimal] | None = None

    def drawn(self, random: Random) -> Value:
        """Draw a value."""
        if self.between is None:
            return self.values[random.randrange(len(self.values))]
        low, high = self.between
        found = float(low) + random.random() * float(high - low)
        return Value(repr(found), found)


Point = Mapping[str, Value]


def axis(name: str, text: str, *, most: int) -> Axis:
    """Read an axis; raises RefusedSweep for a range that is empty, reversed or has no step."""
    option = f"--set {name}"
    if text.startswith("{"):
        return Axis(name, tuple(map(_value, _listed(text, option))))
    if ".." not in text or not (match := _RANGE.fullmatch(text.replace(" ", ""))):
        if ".." in text and not text.startswith(("[", '"')):
            message = f"{text!r} is not a range: write it as 0.5..2/0.25, or 128..320/32"
            raise RefusedSweep(message, option)
        return Axis(name, (_value(text),))
    low, high = (Decimal(part.replace("_", "")) for part in match.groups()[:2])
    by = None if match[3] is None else Decimal(match[3].replace("_", ""))
    if high < low:
        raise RefusedSweep(f"the range {text} is reversed: write {high}..{low}", option)
    whole = all("." not in part and "e" not in part.lower() for part in match.groups() if part)
    if by is None and not whole:
        return Axis(name, (), (low, high))
    step = Decimal(1) if by is None else by
    if step <= 0:
        raise RefusedSweep(f"the range {text} goes in steps of {step}: it never ends", option)
    count = int((high - low) / step) + 1
    if count > most:
        raise RefusedSweep(f"the range {text} has {count:,} values, over {most:,}", option)
    return Axis(name, tuple(_number(low + step * n, whole=whole) for n in range(count)))


def shapes(text: str, *, most: int) -> Axis | None:
    """Read `3x128..320/32`: square images; None where it is one shape. Raises RefusedSweep."""
    match = _SHAPE.fullmatch(text.replace(" ", ""))
    if match is None:
        return None
    sides = axis(INPUT, match[2], most=most)
    sizes = [each.shown for each in sides.values]
    if not sizes or not all(isinstance(each, int) and each > 0 for each in sizes):
        raise RefusedSweep(f"{text!r}: an image has whole numbers of rows", "--input")
    texts = [f"{match[1]}x{side}x{side}" for side in sizes]
    return Axis(INPUT, tuple(Value(each, each) for each in texts))


def _number(value: Decimal, *, whole: bool) -> Value:
    text = format(value, "f")
    return Value(text, int(value)) if whole else Value(text, float(value))


def _value(text: str) -> Value:
    bare = text.strip()
    try:
        return Value(bare, json.loads(bare.replace("_", "") if bare[:1].isdigit() else bare))
    except ValueError:
        return Value(bare, bare)


def _listed(text: str, option: str) -> list[str]:
    """Take `{a, [1, 2]}` apart at its outermost commas; raises RefusedSweep."""
    if not text.endswith("}"):
        raise RefusedSweep(f"{text!r} is not a list: write it as {{relu, silu}}", option)
    parts, depth, start = [], 0, 1
    for found in _MARK.finditer(text):  # in a text between quotes none of them means anything
        each, place = found[0], found.start()
        depth += (each in "([{") - (each in ")]}")
        if (each == "," and depth == 1) or found.end() == len(text):
            parts.append(text[start:place].strip())
            start = place + 1
    if parts == [""]:
        raise RefusedSweep(f"the list {text} is empty", option)
    if ranges := [each for each in parts if _RANGE.fullmatch(each.replace(" ", ""))]:
        message = f"{ranges[0]!r} is a range in a list: write it alone, or its values one by one"
        raise RefusedSweep(message, option)
    if not all(parts):
        raise RefusedSweep(f"the list {text} has nothing in one of its places", option)
    if len(set(parts)) < len(parts):
        raise RefusedSweep(f"the list {text} has a value twice", option)
    return parts


def size(axes: Sequence[Axis]) -> int:
    """Count the points of a grid; raises RefusedSweep for an axis that has no steps."""
    for each in axes:
        if each.between is not None:
            low, high = each.between
            message = (
                f"the range {low}..{high} has no step: write {low}..{high}/0.1, or draw from it "
                "with --sample 1000"
            )
            raise RefusedSweep(message, f"--set {each.name}")
    return prod(len(each.values) for each in axes)


def grid_point(axes: Sequence[Axis], number: int) -> Point:
    """Give a point of the grid; the last axis goes round first."""
    found: dict[str, Value] = {}
    for each in reversed(axes):
        number, place = divmod(number, len(each.values))
        found[each.name] = each.values[place]
    return {each.name: found[each.name] for each in axes}


def drawn_point(axes: Sequence[Axis], number: int, seed: int) -> Point:
    """Draw a point: the same number and seed give the same one, whatever was drawn before."""
    random = Random(f"{seed}:{number}")
    return {each.name: each.drawn(random) for each in axes}
