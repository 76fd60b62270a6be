"""What a comparison finds: hunks, what follows from them, figures, keys of checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from cnnspec.graph import Graph, Node

HunkKind = Literal[
    "changed", "inserted", "removed", "replaced", "moved", "renamed", "rewired", "regrouped"
]


class Place(NamedTuple):
    """Where a hunk is: paths in A and in B (None: not there), files and lines of the specs."""

    a: str | None
    b: str | None
    file_a: str | None
    line_a: int | None
    file_b: str | None
    line_b: int | None


class Change(NamedTuple):
    """One value that differs, as a spec would write it; None where there is none."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Hunk:
    """One change that a person would count as one, however many instances it shows in.

    `where` says in what, `what` says what changed; `changes` are the values of it. A hunk that
    shows in many instances of a block, or in many turns of a loop, has as many places.
    """

    kind: HunkKind
    where: str
    what: str
    places: tuple[Place, ...]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the whole network before and after; `unit` is `count`, `bytes` or `text`."""

    name: str
    unit: str
    before: Any
    after: Any


class Reshaped(NamedTuple):
    """A tensor that both have, in two shapes."""

    key: str
    before: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """What a checkpoint of A would lack in B, have too much, or have in another shape.

    `renamed` pairs the keys of tensors that are the same step's under another path: with them
    changed, `missing` and `extra` are what is left. Without, they are among both.
    """

    missing: tuple[str, ...]
    extra: tuple[str, ...]
    reshaped: tuple[Reshaped, ...]
    renamed: tuple[tuple[str, str], ...]
    kept: int


@dataclass(frozen=True, slots=True)
class Diff:
    """Two networks held against each other.

    `follows` are differences that come of the hunks: a shortcut that needs a projection since the
    width changed. `pairs` are the nodes of A with those of B that they became.
    """

    a: Graph
    b: Graph
    hunks: tuple[Hunk, ...]
    follows: tuple[Hunk, ...]
    figures: tuple[Figure, ...]
    keys: Keys
    pairs: Mapping[Node, Node]
    #: Nodes of A and of B that a hunk or what follows from it is about.
    touched: frozenset[Node]

    @property
    def same(self) -> bool:
        """Whether there is no difference between the networks."""
        return not self.hunks and not self.follows
