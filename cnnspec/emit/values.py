"""Values by numbers: a value's number says how it was made, and nothing else does.

What is made alike from values that are alike has one number, however it is written and wherever it
is kept. So a program computes what a graph says where what it gives has the numbers of the graph's
outputs, whatever the weights are: and no number is ever computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cnnspec.emit.sandbox import NotInterpreted

Lengths = tuple[int, ...]


class Made(NamedTuple):
    """How a value is made: what is done, with which arguments, to which values."""

    what: str
    arguments: object
    values: tuple[int, ...]


#: The number of an argument that is no value: no bias, no scale.
NOTHING = -1
#: Works out the shape of what is made from the shapes that go in.
ShapeRule = Callable[[object, list[Lengths]], Lengths]
#: Gives the same value as something simpler, by its number or by how it is made.
Rewrite = Callable[["Values", Made], "Made | int"]


@dataclass(slots=True)
class Values:
    """The values of a run: numbers, how they are made, and the shapes that are known.

    `rewrites` bring what is the same to one form: padding with no zeros is nothing done.
    """

    rewrites: Mapping[str, Rewrite]
    rules: Mapping[str, ShapeRule]
    #: Whether the run trains, and whether anything but the framework's own layers asked.
    training: bool = False
    asked: bool = False
    #: What is known by its name alone; that it differs somewhere is no proof of a difference.
    unknown: dict[str, None] = field(default_factory=dict)
    #: What was written over and is needed still.
    spoilt: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    keys: list[Made] = field(default_factory=list)
    shapes: dict[int, Lengths] = field(default_factory=dict)
    _numbers: dict[Made, int] = field(default_factory=dict)

    def number(self, made: Made) -> int:
        """Number a value as it is said to be made."""
        number = self._numbers.get(made)
        if number is None:
            number = self._numbers[made] = len(self.keys)
            self.keys.append(made)
        return number

    def make(self, what: str, arguments: object, values: tuple[int, ...]) -> int:
        """Number what is made of values, brought to its form."""
        made = Made(what, arguments, values)
        if what in self.rewrites:
            form = self.rewrites[what](self, made)
            if isinstance(form, int):
                return form
            made = form
        return self.number(made)

    def weight(self, key: str, shape: Lengths | None) -> int:
        """Number a weight."""
        number = self.number(Made("weight", (key, shape), ()))
        if shape is not None:
            self.shapes[number] = shape
        return number

    def input(self, position: int, shape: Lengths) -> int:
        """Number an input."""
        number = self.number(Made("input", position, ()))
        self.shapes[number] = shape
        return number

    def shape(self, number: int) -> Lengths:
        """Give a value's shape; raises NotInterpreted if nothing says it."""
        waiting = [number]
        while waiting:
            each = waiting[-1]
            made = self.keys[each]
            more = [x for x in made.values if x != NOTHING and x not in self.shapes]
            if each in self.shapes:
                waiting.pop()
            elif made.what not in self.rules:
                raise NotInterpreted(f"it asks for the shape of what {made.what} makes")
            elif more:
                waiting += more
            else:
                known = [self.shapes[x] if x != NOTHING else () for x in made.values]
                self.shapes[each] = self.rules[made.what](made.arguments, known)
        return self.shapes[number]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a proof came to: what is wrong, else why nothing is proved, else it is proved."""

    wrong: tuple[str, ...] = ()
    unproved: str | None = None

    @property
    def proved(self) -> bool:
        """Whether source does what its graph says."""
        return not self.wrong and self.unproved is None


PROVED = Verdict()


def joined(verdicts: Iterable[Verdict]) -> Verdict:
    """Give what several proofs come to together."""
    for each in verdicts:
        if not each.proved:
            return each
    return PROVED
