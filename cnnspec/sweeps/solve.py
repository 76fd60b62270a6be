"""The value of one parameter that meets a target: `macs ~ 600M`, by bisection.

A figure that rises or falls all over the range crosses the target once, and halving the range finds
where. Whether it does so is checked at places over all of the range, and at every place that is
looked at on the way; where it does not, what was seen is said and nothing is found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import pairwise
from math import floor, log10
from pathlib import Path
from typing import Any, Final, Literal

from cnnspec import library
from cnnspec.api import loaded_from
from cnnspec.elaborate.values import describe
from cnnspec.sweeps.axes import Axis, Value, axis
from cnnspec.sweeps.conditions import Condition
from cnnspec.sweeps.measure import tried
from cnnspec.sweeps.plan import Job, check_names, plan
from cnnspec.sweeps.refused import RefusedSweep

#: So many places over the range are looked at first.
PLACES: Final = 17
#: A range without a step is searched in so many steps, and a few more.
STEPS: Final = 10_000
#: Without a range a parameter is looked for between so many times less and more than it is.
TIMES: Final = 8
_TARGET: Final = re.compile(r"(.+?)\s*(~|<=|>=)\s*([^~<>=]+)")

Relation = Literal["~", "<=", ">="]


@dataclass(frozen=True, slots=True)
class Solved:
    """What was found: the value, the figure there, the target, and the row of its figures.

    `other` is the neighbouring value on the other side of the target, None at an end of the range.
    """

    parameter: str
    value: Any
    figure: float
    target: float
    row: Mapping[str, Any]
    other: Mapping[str, Any] | None
    looked_at: int


def solve(
    spec: str | Path, *, set: Mapping[str, Any], where: str, most: int = 1_000_000, **how: Any
) -> Solved:
    """Find the value of a parameter at which a figure meets a target.

    In `set` one parameter is `"?"` or a range, and `where` is `figure ~ target` for the nearest
    value, `figure <= target` for the last one within it, `figure >= target` for the first one that
    reaches it. Raises RefusedSweep where no value does, or where the figure both rises and falls;
    SpecError for a wrong spec or condition.
    """
    match = _TARGET.fullmatch(where.strip())
    if match is None:
        message = f"{where!r} is no target: write it as 'macs ~ 600M', or with <= or >="
        raise RefusedSweep(message, "--where")
    left, relation, right = match.groups()
    unknown, asked = _asked(spec, set, most, how)
    given = {**set, unknown.name: asked}
    known = plan(spec, set=given, most=most, **how).job.known
    figure, target = (Condition(text, known, asks=False) for text in (left, right))
    made = plan(spec, set=given, where=[f"{left} == {right}"], most=most, **how)
    job = replace(made.job, where=(), axes=(unknown,))
    search = _Search(job, unknown, figure, target, relation)  # type: ignore[arg-type]
    return search.found(left)


def _asked(
    spec: str | Path, given: Mapping[str, Any], most: int, how: Mapping[str, Any]
) -> tuple[Axis, str]:
    """Give the axis that is searched, and two of its values as text, for the plan."""
    axes = {
        name: axis(name, str(value), most=most) for name, value in given.items() if value != "?"
    }
    open_ = [name for name, value in given.items() if value == "?"]
    open_ += [name for name, each in axes.items() if each.between or len(each.values) > 1]
    if len(open_) != 1:
        message = f"one parameter is looked for, and here are {len(open_)}: write one as width=?"
        raise RefusedSweep(message, "--set")
    name = open_[0]
    found = axes.get(name)
    if found is None:
        found = _around(name, _default(spec, name, given, how))
    if found.between is not None:
        found = _fine(name, *found.between)
    first, last = found.values[0].text, found.values[-1].text
    return found, f"{{{first}, {last}}}"


def _default(spec: str | Path, name: str, given: Mapping[str, Any], how: Mapping[str, Any]) -> Any:
    """Give what a parameter is if nobody sets it; raises RefusedSweep where there is none."""
    source, network, root = library.find(str(spec))
    fixed = {key: value for key, value in given.items() if value != "?"}
    shape = how.get("input")
    graph = loaded_from(source, network, root, set=fixed, input=shape).elaborated
    check_names([name], tuple(graph.parameters), graph.name)
    return graph.parameters[name]


def _around(name: str, value: Any) -> Axis:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedSweep(f"`{name}` is {describe(value)}, and a number is looked for", "--set")
    if value <= 0:
        message = f"`{name}` is {value} by default: say where to look, --set {name}=1..100"
        raise RefusedSweep(message, "--set")
    if isinstance(value, int):
        values = range(max(1, value // TIMES), value * TIMES + 1)
        return Axis(name, tuple(Value(str(each), each) for each in values))
    return _fine(name, Decimal(repr(value)) / TIMES, Decimal(repr(value)) * TIMES)


def _fine(name: str, low: Decimal, high: Decimal) -> Axis:
    """Take a range without a step in round steps."""
    step = Decimal(10) ** (floor(log10(float(high - low) or 1.0)) - floor(log10(STEPS)) + 1)
    start = (low / step).to_integral_value()
    count = int(high / step - start) + 1
    numbers = [low, *(n for k in range(count) if low < (n := (start + k) * step) < high), high]
    return Axis(name, tuple(Value(format(n, "f"), float(n)) for n in numbers))


class _Search:
    """Looks at places of the range, each once."""

    def __init__(
        self, job: Job, unknown: Axis, figure: Condition, target: Condition, relation: Relation
    ) -> None:
        self.job, self.unknown, self.relation = job, unknown, relation
        self.left, self.right = figure, target
        self.rows: dict[int, Mapping[str, Any]] = {}
        self.values: dict[int, Mapping[str, Any]] = {}
        self.at = cache(self._at)

    def _at(self, place: int) -> float:
        """Give the figure less the target at a place; raises RefusedSweep, SpecError."""
        row, values = self.rows[place], self.values[place] = tried(self.job, place)
        if row["error"] is not None:
            message = (
                f"{self._said(place)} does not compile ({row['error']}): look in a range that does"
            )
            raise RefusedSweep(message, f"--set {self.unknown.name}")
        found, wanted = self.left.value(values), self.right.value(values)
        for value in (found, wanted):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise RefusedSweep("a target compares two numbers: 'macs ~ 600M'", "--where")
        return float(found - wanted)

    def _said(self, place: int) -> str:
        return f"{self.unknown.name} = {self.unknown.values[place].text}"

    def found(self, figure: str) -> Solved:
        last = len(self.unknown.values) - 1
        count = min(PLACES, last + 1)
        places = [round(last * n / (count - 1)) for n in range(count)]
        values = [self.at(place) for place in places]
        rising = values[-1] >= values[0]
        for a, b in pairwise(places):
            self._check(a, b, rising=rising, figure=figure)
        signed = values if rising else [-value for value in values]
        if signed[0] > 0 or signed[-1] < 0:
            self._outside(places, figure, rising=rising)
        low = max(p for p, v in zip(places, signed, strict=True) if v <= 0)
        high = min(p for p, v in zip(places, signed, strict=True) if v >= 0)
        while high - low > 1:
            middle = (low + high) // 2
            self._check(low, middle, rising=rising, figure=figure)
            self._check(middle, high, rising=rising, figure=figure)
            below = (self.at(middle) <= 0) == rising if self.at(middle) else True
            low, high = (middle, high) if below else (low, middle)
        return self._chosen(low, high, rising=rising)

    def _chosen(self, low: int, high: int, *, rising: bool) -> Solved:
        if self.relation == "~":
            place = min((low, high), key=lambda each: (abs(self.at(each)), each))
        else:
            sign = 1 if self.relation == "<=" else -1
            ordered = (low, high) if (sign > 0) != rising else (high, low)
            place = next(each for each in ordered if sign * self.at(each) <= 0)
        other = next((each for each in (low, high) if each != place), None)
        row, values = self.rows[place], self.values[place]
        return Solved(
            self.unknown.name,
            self.unknown.values[place].shown,
            self.left.value(values),
            self.right.value(values),
            row,
            None if other is None else self.rows[other],
            len(self.rows),
        )

    def _check(self, a: int, b: int, *, rising: bool, figure: str) -> None:
        one, other = self.at(a), self.at(b)
        if one == other or (other > one) == rising:
            return
        shown = ", ".join(f"{self._figure(p, figure)} at {self._said(p)}" for p in (a, b))
        way = "rises" if rising else "falls"
        message = (
            f"`{figure}` {way} over this range, but not everywhere: {shown}. Take a smaller range, "
            "or see all values with `cnnspec sweep`"
        )
        raise RefusedSweep(message, f"--set {self.unknown.name}")

    def _outside(self, places: list[int], figure: str, *, rising: bool) -> None:
        ends = (places[0], places[-1]) if rising else (places[-1], places[0])
        least, most = (f"{self._figure(p, figure)} at {self._said(p)}" for p in ends)
        message = (
            f"`{figure}` does not meet the target in this range: it goes from {least} to {most}"
        )
        raise RefusedSweep(message, f"--set {self.unknown.name}")

    def _figure(self, place: int, figure: str) -> str:
        found = self.left.value(self.values[place])
        return f"{found:,}" if isinstance(found, int) else f"{found:.6g}"
