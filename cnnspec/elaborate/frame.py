"""One block instance while it is elaborated: its names, its place in the tree, its trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnnspec.expression import SCALARS, Written, spoken
from cnnspec.graph import Port, Scope
from cnnspec.source import Span
from cnnspec.syntax import tree
from cnnspec.syntax.files import FileNames
from cnnspec.trace import Item


@dataclass(slots=True, eq=False)
class Place:
    """A scope as steps are put into it: which names are taken, which number comes next.

    The scope joins its parent's members when something is first put into it, so that a group that
    turns out empty leaves no trace.
    """

    scope: Scope
    parent: Place | None = None
    numbered: bool = False
    position: int = 0
    #: The last number of each kind of step; None so far, as for most groups.
    ordinals: dict[str, int] | None = None
    #: Segments in use: the group that one is, or where the step was made; None so far.
    taken: dict[str, Place | Span] | None = None
    attached: bool = False

    def number(self, kind: str) -> int:
        """Count one more step of a kind."""
        if self.ordinals is None:
            self.ordinals = {}
        self.ordinals[kind] = number = self.ordinals.get(kind, 0) + 1
        return number

    def take(self, segment: str, by: Place | Span) -> Place | Span | None:
        """Take a segment, unless it is taken: then give by what."""
        if self.taken is None:
            self.taken = {}
        known = self.taken.get(segment)
        if known is None:
            self.taken[segment] = by
        return known

    def give_back(self, segment: str) -> None:
        """Free a segment."""
        if self.taken is not None:
            self.taken.pop(segment, None)

    def attach(self) -> None:
        """Join the tree of scopes, parents first."""
        place: Place | None = self
        chain = []
        while place is not None and not place.attached:
            chain.append(place)
            place = place.parent
        for each in reversed(chain):
            each.attached = True
            if each.parent is not None:
                each.parent.scope.members.append(each.scope)

    def path(self, segment: str) -> str:
        """Give the path of a member."""
        return f"{self.scope.path}.{segment}" if self.scope.path else segment


@dataclass(slots=True, eq=False)
class Frame:
    """What a body can see and where its steps go."""

    file: FileNames
    #: Declarations from this index of the file on are not visible; itself is, to recur.
    index: int
    definition: tree.Block | tree.NetworkDef | None
    place: Place | None
    names: dict[str, Any] = field(default_factory=dict)
    #: Parameters on whose value more than a width or a rate was decided.
    consumed: set[str] = field(default_factory=set)
    #: How the channels of a node are written in this body, by the port's identity.
    channels: dict[int, Any] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    target: str | None = None
    #: The call with which the value begins that the name is given.
    head: tree.Call | None = None
    level: int | None = None

    @property
    def here(self) -> str:
        """The path of the scope into which steps go now."""
        return self.place.scope.path if self.place is not None else ""

    def consume(self, *values: Any) -> None:
        """Note that something was decided by these values."""
        for value in values:
            kind = value.__class__
            if kind in SCALARS:
                continue
            if kind is Written:
                self.consumed |= value.expression.names
            elif isinstance(value, tuple):
                self.consume(*value)

    def channels_of(self, port: Port) -> Any:
        """Give a port's channels, written in this body's words if they can be."""
        return self.channels.get(id(port), port.shape.channels)


def spoken_all(values: Iterable[tuple[str, Any]]) -> Mapping[str, Any]:
    """Say each value as an expression where one can."""
    pairs = ((key, spoken(value)) for key, value in values)
    return {key: expression for key, expression in pairs if expression is not None}
