"""Numbers of steps that stand behind others which may be absent: counted while the model is built.

In a group whose members are numbered, a member that only some instances of a block have shifts the
numbers of those behind it. The emitted function counts them: `i = 0`, and `i += 1` where the
member is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cnnspec.emit.merged import Merged, MergedCall, MergedDecision, MergedOp, Plan
from cnnspec.emit.names import counter_names

#: A place in paths: the segments before it, `#` for those that differ themselves.
Group = tuple[str, ...]
Unit = MergedOp | MergedCall


@dataclass(slots=True)
class _Counter:
    """One counter: its name, the steps that it numbers, its value in each instance."""

    name: str
    users: list[Unit]
    values: dict[int, int] = field(default_factory=dict)
    begun: bool = False


class Counters:
    """Follows the counters of one function as its statements are written."""

    def __init__(self, plan: Plan, taken: set[str]) -> None:
        self._order = {unit.number: n for n, unit in enumerate(_steps(plan.units))}
        names = (name for name in counter_names() if name not in taken)
        users: dict[Group, list[Unit]] = {}
        for unit in _steps(plan.units):
            for _, group in _differing(unit):
                users.setdefault(group, []).append(unit)
        self._counters = {group: _Counter(next(names), units) for group, units in users.items()}

    @property
    def names(self) -> set[str]:
        """The variables that are taken."""
        return {each.name for each in self._counters.values()}

    def numbers(self, unit: Unit) -> dict[int, str]:
        """How the segments of a step's path that differ are written, by their places."""
        result = {}
        for place, group in _differing(unit):
            counter = self._counters[group]
            (ahead,) = {
                int(path[place]) - counter.values.get(index, 0)
                for index, path in unit.paths.items()
            }
            more = f" {'+' if ahead > 0 else '-'} {abs(ahead)}" if ahead else ""
            result[place] = counter.name + more
        return result

    def steps(self, decision: MergedDecision) -> tuple[list[str], list[str]]:
        """What each arm of a decision ends with, so that the steps behind it count alike."""
        inside = [self._order[unit.number] for unit in _steps([decision])]
        lines: tuple[list[str], list[str]] = ([], [])
        for group, counter in self._counters.items():
            following = self._following(counter, max(inside, default=-1), decision)
            if following is None:
                continue
            place = len(group)
            ahead: dict[int, int] = {}
            for index, path in following.paths.items():
                if index in decision.taken:
                    wanted = int(path[place]) - counter.values.get(index, 0)
                    ahead[decision.taken[index]] = wanted
            least = min(ahead.values())
            for arm, wanted in ahead.items():
                if wanted == least:
                    continue
                more = wanted - least
                mine = [index for index, taken in decision.taken.items() if taken == arm]
                for index in mine:
                    counter.values[index] = counter.values.get(index, 0) + more
                lines[arm].append(f"{counter.name} += {more}")
        return lines

    def begin(self, lines: list[str]) -> list[str]:
        """What stands before statements that are the first to count."""
        result = []
        for counter in self._counters.values():
            if not counter.begun and any(f" {counter.name} += " in line for line in lines):
                counter.begun = True
                result.append(f"    {counter.name} = 0")
        return result

    def _following(self, counter: _Counter, after: int, decision: MergedDecision) -> Unit | None:
        for unit in counter.users:
            shared = unit.paths.keys() & decision.taken.keys()
            if self._order[unit.number] > after and shared:
                return unit
        return None


def _steps(units: list[Merged]) -> Iterator[Unit]:
    """The steps of a function in order, in decisions too; turns of a loop count by themselves."""
    for unit in units:
        if isinstance(unit, MergedOp | MergedCall):
            yield unit
        elif isinstance(unit, MergedDecision):
            for arm in unit.arms:
                yield from _steps(arm)


def _differing(unit: Unit) -> list[tuple[int, Group]]:
    """The places of a path whose numbers differ from instance to instance, and their groups."""
    result: list[tuple[int, Group]] = []
    before: list[str] = []
    for place, segments in enumerate(zip(*unit.paths.values(), strict=True)):
        if len(set(segments)) > 1:
            result.append((place, tuple(before)))
            before.append("#")
        else:
            before.append(segments[0])
    return result
