"""What a value is where it is read: steps that only some instances do have no name behind them.

A decision that instances take differently chooses values: `Phi`. Instances that read the same step
read it by that name too, where the step stands in an arm of a decision that is over. What the
others have there is nothing that they read: what their arm ends in, or what flowed into the step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from cnnspec.emit.merged import Merged, MergedDecision, Phi, Ref, Value

#: An arm of a decision: the decision's number, and 0 or 1.
Arm = tuple[int, int]
Place = tuple[Arm, ...]


class Joins:
    """Knows in which arms values were made, and gives what they are elsewhere."""

    def __init__(self) -> None:
        #: The arms around what is merged just now, outermost first.
        self.inside: Place = ()
        #: The decisions that are over, in order.
        self.decisions: list[MergedDecision] = []
        #: The arms around each unit, and the units, by their numbers.
        self._places: dict[int, Place] = {}
        self._units: dict[int | None, Merged] = {}
        #: Values that were made up because a step was read outside of its arm.
        self._joined: list[Phi] = []

    @contextmanager
    def arm(self, number: int, arm: int) -> Iterator[None]:
        """Merge an arm of a decision."""
        outer, self.inside = self.inside, (*self.inside, (number, arm))
        try:
            yield
        finally:
            self.inside = outer

    def made(self, unit: Merged) -> None:
        """Take down a unit that was merged."""
        self._places[unit.number] = self.inside
        self._units[unit.number] = unit
        if isinstance(unit, MergedDecision):
            self.decisions.append(unit)

    def resolve(self, refs: Mapping[int, Value]) -> Value | None:
        """One value for those of several instances, here: the same, or what a decision chooses."""
        return self._resolve(refs, len(self.decisions), self.inside)

    def _resolve(self, refs: Mapping[int, Value], before: int, place: Place) -> Value | None:
        distinct = set(refs.values())
        if len(distinct) == 1:
            value = distinct.pop()
            return self._joined_already(value, refs, before, place) or self._read(value, place)
        for position in range(before - 1, -1, -1):
            decision = self.decisions[position]
            if not refs.keys() <= decision.taken.keys():
                continue
            around = self._places[decision.number]
            arms = []
            for arm in (0, 1):
                part = {i: ref for i, ref in refs.items() if decision.taken[i] == arm}
                if not part:
                    break
                chosen = self._resolve(part, position, (*around, (decision.number, arm)))
                if chosen is None:
                    break
                arms.append((arm, chosen))
            if len(arms) == 2:
                return self._read(Phi(decision.number, tuple(arms)), place)
        return None

    def _joined_already(
        self, value: Value, who: Collection[int], before: int, place: Place
    ) -> Value | None:
        """Find a value that was made up and that is this one in these instances."""
        if not self._joined:  # as nearly always: reads are many
            return None
        earlier = {each.number: each.taken for each in self.decisions[:before]}
        for phi in reversed(self._joined):
            taken = earlier.get(phi.decision)
            if taken is None or not self._is_here(phi, place):
                continue
            arms = dict(phi.arms)
            if all(i in taken and arms[taken[i]] == value for i in who):
                return phi
        return None

    def _read(self, value: Value, place: Place) -> Value | None:
        """Give what a value is at a place; None if there it is nothing."""
        if self._is_here(value, place):
            return value
        made = self._place(value)
        depth = next(i for i, arm in enumerate(made) if place[i : i + 1] != (arm,))
        number, arm = made[depth]
        inner = self._read(value, made[: depth + 1])
        other = None if inner is None else self._other(number, 1 - arm, inner)
        if inner is None or other is None:
            return None
        arms = ((0, inner), (1, other)) if arm == 0 else ((0, other), (1, inner))
        phi = Phi(number, arms)
        self._joined.append(phi)
        return phi

    def _other(self, number: int, arm: int, value: Value) -> Value | None:
        """Give what stands for a value in the other arm: its end, or what flowed into this one."""
        decision = self._units[number]
        assert isinstance(decision, MergedDecision)
        last = decision.arms[arm][-1] if decision.arms[arm] else None
        if last is not None and not isinstance(last, MergedDecision) and last.inputs:
            return Ref(last.number, 0)
        here = (number, 1 - arm)
        while here in self._place(value):
            if isinstance(value, Phi):
                value = value.arms[1][1]
                continue
            unit = self._units.get(value.unit) if isinstance(value, Ref) else None
            if unit is None or isinstance(unit, MergedDecision) or not unit.inputs:
                return None
            value = unit.inputs[0]
        return value

    def _is_here(self, value: Value, place: Place) -> bool:
        made = self._place(value)
        return made == place[: len(made)]

    def _place(self, value: Value) -> Place:
        number = value.decision if isinstance(value, Phi) else getattr(value, "unit", None)
        return () if number is None else self._places.get(number, ())
