"""What is read where: a variable's name is free again when nothing reads its value any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from cnnspec.emit.merged import (
    Merged,
    MergedDecision,
    MergedLoop,
    Phi,
    Plan,
    Ref,
    Value,
)
from cnnspec.emit.signature import Signature
from cnnspec_keras.spoken import names_in, spoken_by


class Reads:
    """Counts the reads of values in one function that are still to come.

    A tensor's channels are read of the tensor.
    """

    def __init__(self, plan: Plan, signatures: Mapping[int, Signature], *, keep: bool) -> None:
        self._signatures = signatures
        #: The inputs by the words that expressions have for their channels.
        self.channels = {f"{word}.channels": Ref(None, n) for n, word in enumerate(plan.inputs)}
        self.left: Counter[Value] = Counter()
        #: The values that each decision chooses.
        self.phis: dict[int, list[Phi]] = {}
        for value in (*self._inside(plan.units), *plan.results):
            self._read(value)
        if keep:  # for the model that is made of them at the end
            self.left.update(Ref(None, index) for index in range(len(plan.inputs)))

    def of(self, unit: Merged) -> list[Value]:
        """The values that a unit's own text reads."""
        values: list[Value] = []
        words: Iterator[str]
        if isinstance(unit, MergedDecision):
            words = names_in(unit.test)
        elif isinstance(unit, MergedLoop):
            words, values = names_in(unit.stop), [*unit.inputs]
        else:
            words, values = spoken_by(unit, self._signatures), [*unit.inputs]
        return [*values, *(self.channels[word] for word in words if word in self.channels)]

    def within(self, units: list[Merged]) -> list[Value]:
        """The values that units read, and what is chosen or handed on inside them."""
        return [*self._inside(units), *self._chosen_within(units)]

    def chosen(self, decision: MergedDecision, arm: int) -> list[Value]:
        """The values that a decision takes from one of its arms."""
        return [dict(phi.arms)[arm] for phi in self.phis.get(decision.number, [])]

    def spend(self, values: list[Value]) -> None:
        """Say that these reads have happened."""
        self.left.subtract(values)

    def _inside(self, units: list[Merged]) -> Iterator[Value]:
        for unit in units:
            yield from self.of(unit)
            if isinstance(unit, MergedDecision):
                for arm in unit.arms:
                    yield from self._inside(arm)
            elif isinstance(unit, MergedLoop):
                yield from self._inside(unit.body)
                yield from (each.following for each in unit.carried)

    def _chosen_within(self, units: list[Merged]) -> list[Value]:
        result: list[Value] = []
        for each in units:
            if isinstance(each, MergedDecision):
                for number, arm in enumerate(each.arms):
                    result += self.chosen(each, number) + self._chosen_within(arm)
            elif isinstance(each, MergedLoop):
                result += self._chosen_within(each.body)
        return result

    def _read(self, value: Value) -> None:
        self.left[value] += 1
        if isinstance(value, Phi) and self.left[value] == 1:
            self.phis.setdefault(value.decision, []).append(value)
            for _, inner in value.arms:
                self._read(inner)
