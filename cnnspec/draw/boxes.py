"""What stands in a picture: boxes for layers and closed scopes, frames around what is opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from cnnspec.analysis.fold import Cost
from cnnspec.graph import Node, Port
from cnnspec.shapes import Shape
from cnnspec.source import Span

Role = Literal["input", "output", "layer", "closed", "more"]


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """One box: its path, what its header says, what it takes and gives, and its cost.

    `cost` is of one; `all_cost` of all that the box stands for, where frames around it say how
    many. `node` is its layer, None for a scope; `before` is the shape that comes in where a
    folded scope changes it; `outs` are the shapes that come out where there are several.
    """

    path: str
    name: str
    title: str
    role: Role
    node: Node | None
    family: str
    before: Shape | None
    shape: Shape
    cost: Cost
    all_cost: Cost
    span: Span
    order: int
    trains: bool
    paths: str
    outs: tuple[Shape, ...] = ()
    aside: bool = False

    @property
    def kind(self) -> str:
        """The operator's name, empty for a scope."""
        if self.node is None:
            return "output" if self.role == "output" else ""
        return self.node.kind

    @property
    def joins(self) -> bool:
        """Whether it is a layer that puts channels side by side."""
        return self.node is not None and self.node.op.joins

    @property
    def has_volume(self) -> bool:
        """Whether a map of its own comes out: not of what only drops values, or moves one map's."""
        if self.node is None:
            return True
        op, node = self.node.op, self.node
        window = op.window(*node.input_shapes) if node.shape.is_image else None
        if window is not None and window.stride != (1, 1):
            return True
        alone = len(node.inputs) == 1 and len(node.shapes) == 1
        return op.noise is None and not (op.only_moves and alone)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Boxes with a frame around them; `times` of them where it stands for several.

    `cost` is of all, `each` of one where they are equal; `grows` is how many channels each adds.
    """

    path: str
    name: str
    title: str
    inner: tuple[Box | Frame, ...]
    times: int
    grows: int
    before: Shape | None
    shape: Shape
    cost: Cost
    each: Cost | None
    span: Span
    trains: bool
    paths: str


@dataclass(slots=True)
class Picture:
    """All that is drawn: `inner` at the top level, `boxes` in order, and which box has a node.

    `whole` is the network's cost, `taken` are what boxes take: of equal ones in a row only the
    first's inputs are drawn.
    """

    whole: Cost = field(default_factory=Cost)
    #: The path that is drawn alone, if not all of the network is.
    focus: str = ""
    boxes: list[Box] = field(default_factory=list)
    inner: tuple[Box | Frame, ...] = ()
    owner: dict[int, Box] = field(default_factory=dict)
    taken: list[tuple[Box, tuple[Port, ...], Node | None]] = field(default_factory=list)


def within(each: Box | Frame) -> Iterator[Box]:
    """Walk the boxes in a frame, in order; a box is its own."""
    pending = [each]
    while pending:
        one = pending.pop()
        if isinstance(one, Box):
            yield one
        else:
            pending.extend(reversed(one.inner))
