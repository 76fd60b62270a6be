"""Finds a network's nodes among the operations that a framework was seen to run.

A value is known by how it was computed: what was done, with which arguments, to which values and
weights. Values that are computed alike have one number. The steps of the spec are lowered one by
one and numbered in the same way, so a node is where its number turns up in the run: the order in
which branches run does not matter, nor by which names the source calls them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Final

#: So many ways to name a step's inputs are tried, where they were made in several.
MOST_ALIKE: Final = 64


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a run: its number, its number without regard to arguments, its weight's key."""

    exact: int
    rough: int
    weight: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value came to be: the number of the operation in the run, and which output it is."""

    operation: int
    output: int


@dataclass(slots=True)
class Run:
    """The operations that were seen, and what is looked up among them."""

    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _operations: list[tuple[Value, ...]] = field(default_factory=list)
    _by_number: dict[int, int] = field(default_factory=dict)
    _by_weight: dict[tuple[str, str], int] = field(default_factory=dict)
    _alike: dict[Hashable, list[int]] = field(default_factory=dict)
    _claimed: set[int] = field(default_factory=set)
    _same: dict[int, list[int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._operations)

    def given(self, *name: Hashable, weight: str | None = None) -> Value:
        """Number a value that no operation makes: an input, or a weight with its key."""
        number = self._number(("given", *name, weight))
        return Value(number, number, weight)

    def saw(self, label: str, arguments: str, inputs: Sequence[Value], outputs: int) -> list[Value]:
        """Take down the next operation of the run and number its outputs."""
        exact, rough = _keys(label, arguments, inputs)
        values = self._values(exact, rough, outputs)
        index = len(self._operations)
        self._operations.append(tuple(values))
        self._by_number.setdefault(self._number(exact), index)
        self._alike.setdefault(rough, []).append(index)
        for value in inputs:
            if value.weight is not None:
                self._by_weight.setdefault((label, value.weight), index)
        return values

    def expects(
        self,
        label: str,
        arguments: str,
        inputs: Sequence[Value],
        outputs: int,
        *,
        loose: bool = False,
    ) -> list[Value]:
        """Find the operation of the run that does this, and give its values.

        Where none does exactly this, it is the one that takes the same weights; `loose`, one that
        does the same to the same values with other arguments and is no other step's. Then the
        values tell whether it is right. Where there is none, the values are of no operation.
        """
        exact, rough = _keys(label, arguments, inputs)
        found = None
        alike = product(*(self.alike(each) for each in inputs))
        for numbers in islice(alike, MOST_ALIKE):
            if found is None:
                found = self._by_number.get(self._number((label, arguments, numbers)))
        for value in inputs:
            if found is None and value.weight is not None:
                found = self._by_weight.get((label, value.weight))
        for index in self._alike.get(rough, ()) if loose else ():
            if found is None and index not in self._claimed:
                found = index
        if found is None or len(self._operations[found]) != outputs:
            return self._values(exact, rough, outputs)
        self._claimed.add(found)
        return list(self._operations[found])

    def same(self, value: Value, other: Value) -> None:
        """Say that two values of the run are one: a step was done to one value in two ways."""
        if other.exact != value.exact:
            self._same.setdefault(value.exact, []).append(other.exact)

    def alike(self, value: Value) -> list[int]:
        """Give the numbers of a value: its own, then those that it is the same as."""
        return [value.exact, *self._same.get(value.exact, ())]

    def places(self) -> dict[int, Place]:
        """Give, by a value's number, where it first came to be."""
        result: dict[int, Place] = {}
        for index, values in enumerate(self._operations):
            for output, value in enumerate(values):
                result.setdefault(value.exact, Place(index, output))
        return result

    def _number(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _values(self, exact: Hashable, rough: Hashable, outputs: int) -> list[Value]:
        return [
            Value(self._number((exact, position)), self._number((rough, position)))
            for position in range(outputs)
        ]


def _keys(label: str, arguments: str, inputs: Sequence[Value]) -> tuple[Hashable, Hashable]:
    exact = (label, arguments, tuple(value.exact for value in inputs))
    rough = (label, tuple(value.rough for value in inputs))
    return exact, rough


def written(value: object) -> str:
    """Write an argument such that equal ones are equal: lists as tuples, 2.0 as 2.

    >>> written([1, 2.0, {"a": None}]), written("x"), written(True)
    ('(1,2,{a:None})', "'x'", 'True')
    """
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return f"({','.join(map(written, value))})"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{written(each)}" for key, each in value.items()) + "}"
    return repr(value)
