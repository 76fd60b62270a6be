"""What every front end gives: the steps that a model runs, in the tree of its modules.

A front end runs or reads a model once, with sizes that are known, and records each operation as a
step of an operator of the registry. What has no operator is recorded under a name of its own (a
leaning step, `shift` say), which a rewrite may make an operator of; what is left of those is
refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

#: What an argument of a step may be: numbers, words, pairs and sides.
Argument = int | float | bool | str | tuple[int, ...]
Shape = tuple[int, ...]
#: The last part of the path of a step that no module is alone in.
PLACE: Final = "~"
NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(eq=False, slots=True)
class Value:
    """What flows: channels first, without a batch. `step` made it; None: it is an input."""

    shape: Shape
    step: Step | None = None
    index: int = 0

    def __repr__(self) -> str:
        origin = "input" if self.step is None else self.step.operator
        return f"<{origin}: {' x '.join(map(str, self.shape))}>"


@dataclass(eq=False, slots=True)
class Step:
    """One operation. `path` is where its weights are, or the module that does it without any."""

    operator: str
    arguments: dict[str, Argument]
    inputs: list[Value]
    outputs: list[Value]
    path: str
    weighted: bool = False

    def __repr__(self) -> str:
        return f"<{self.path}: {self.operator}>"


@dataclass(frozen=True, eq=False, slots=True)
class Origin:
    """What a scope is an instance of.

    `kind` is a class's name, `key` tells classes of one name apart; `constructed` are the arguments
    that its constructor was given, by name, and `attributes` the plain numbers that it keeps. What
    is a `container` runs its members one after another, and has no meaning of its own.
    """

    kind: str
    key: object
    constructed: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    attributes: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    container: bool = False
    #: Where its code stands, for people: `file.py:12`.
    place: str = ""


@dataclass(eq=False, slots=True)
class Scope:
    """A module's call: what ran in it, in order."""

    path: str
    origin: Origin
    members: list[Step | Scope] = field(default_factory=list)

    def steps(self) -> Iterator[Step]:
        """Give all steps below, in order."""
        for member in self.members:
            if isinstance(member, Scope):
                yield from member.steps()
            else:
                yield member

    def scopes(self) -> Iterator[Scope]:
        """Give all scopes below, inner ones first."""
        for member in self.members:
            if isinstance(member, Scope):
                yield from member.scopes()
                yield member

    def __repr__(self) -> str:
        return f"<{self.path or 'the root'}: {self.origin.kind}>"


@dataclass(eq=False, slots=True)
class Result:
    """An output under its name; `train`: it is there in training only."""

    name: str
    value: Value
    train: bool = False


@dataclass(eq=False, slots=True)
class Record:
    """A model as it ran: its inputs by name, its tree and what it gives."""

    root: Scope
    inputs: Sequence[tuple[str, Value]]
    results: list[Result]
    #: What to call the network.
    name: str
    #: Trainable numbers in it, as its own framework counts them.
    parameters: int
    #: Facts to state: where it came from, by which versions.
    meta: Mapping[str, str | int | float] = field(default_factory=dict)

    def uses(self) -> dict[Value, list[Step]]:
        """Give the steps that read each value."""
        found: dict[Value, list[Step]] = {}
        for step in self.root.steps():
            for value in step.inputs:
                found.setdefault(value, []).append(step)
        return found
