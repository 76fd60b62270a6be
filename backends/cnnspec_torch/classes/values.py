"""What names of a body stand for while it is projected: data, nodes, lists of nodes, modules."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from cnnspec.emit import pytree as py
from cnnspec.emit.program import Expr
from cnnspec.source import Span

#: What is called the list of modules' names that are worked out, and what goes over them.
NAMES: Final = "names"


#: A height or width in the constructor, where there is none.
SIZE: Final = "__size__"


class Hard(Exception):
    """A body that cannot be projected, why, and where in its text if that is known."""

    def __init__(self, why: str, span: Span | None = None) -> None:
        super().__init__(why)
        self.span = span


@dataclass(frozen=True, slots=True)
class Data:
    """A plain value, in the words of the constructor and in those of `forward`."""

    made: ast.expr
    run: ast.expr


@dataclass(frozen=True, slots=True)
class Node:
    """What flows: its channels in the constructor, its tensor in `forward`."""

    channels: ast.expr
    tensor: ast.expr
    #: Whether it is an image; None: not known.
    image: bool | None = True


@dataclass(frozen=True, slots=True)
class Nodes:
    """A list of what flows: a list of channels, a list of tensors."""

    channels: ast.expr
    tensor: ast.expr
    image: bool | None = True


@dataclass(frozen=True, slots=True)
class Rows:
    """What `enumerate`, `zip` or a written list of rows gives, turn by turn."""

    kind: Literal["enumerate", "zip", "rows"]
    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """A step, or a list of steps, that is applied later."""

    step: Expr


@dataclass(frozen=True, slots=True)
class Growing:
    """A list of steps whose modules are made where they are written: it is applied once."""

    name: str
    channels: str


Value: TypeAlias = Data | Node | Nodes | Rows | Steps | Growing
Segment: TypeAlias = "str | ast.JoinedStr"


@dataclass(slots=True, eq=False)
class Box:
    """A module that holds modules: the class's own self, or what a dotted path goes through."""

    number: int
    parent: Box | None = None
    segment: Segment = ""
    kind: Literal["self", "dict", "list", "sequential"] = "dict"
    #: Where members are put in: the member's segment, how many loops deep, and the box it is.
    sites: list[tuple[Segment, int, Box | None]] = field(default_factory=list)
    #: By a member's segment, whether it is a group.
    named: dict[str, bool] = field(default_factory=dict)
    #: Whether the names of the boxes in it are written, worked out, or some of them each.
    written: set[bool] = field(default_factory=set)
    #: On which ways of which decisions each member is put.
    ways: dict[str, list[tuple[tuple[int, int], ...]]] = field(default_factory=dict)
    #: The members that are no modules but parameters, by their segments.
    parameters: set[str] = field(default_factory=set)
    #: How many loops deep it is made.
    level: int = 0
    #: On which ways of which decisions it is made.
    opened: tuple[tuple[int, int], ...] = ()
    #: Whether its members are numbered 0, 1, 2 as a loop turns.
    counts: bool | None = None


class Reach(ast.expr):
    """A module where it is used: `self.layer1`, `self.blocks[i]`. Its words are to be found."""

    _fields = ("number", "segment", "path")

    def __init__(self, box: Box, segment: ast.expr) -> None:
        super().__init__()
        self.box = box
        self.number = box.number
        self.segment = segment
        self.path = path_names(box)

    def __deepcopy__(self, _memo: dict[int, object]) -> Reach:
        return Reach(self.box, py.copied(self.segment))


class Put(ast.stmt):
    """A module put where it belongs: `self.layer1 = …`, `self.blocks.append(…)`."""

    _fields = ("number", "segment", "path", "made")

    def __init__(self, box: Box, segment: ast.expr, made: ast.expr) -> None:
        super().__init__()
        self.box = box
        self.number = box.number
        self.segment = segment
        self.path = path_names(box)
        self.made = made

    def __deepcopy__(self, _memo: dict[int, object]) -> Put:
        parts = (py.copied(each) for each in (self.segment, self.made))
        return Put(self.box, *parts)


class Opened(ast.expr):
    """A new box, where it is put into another."""

    _fields = ("number",)

    def __init__(self, box: Box) -> None:
        super().__init__()
        self.box = box
        self.number = box.number

    def __deepcopy__(self, _memo: dict[int, object]) -> Opened:
        return Opened(self.box)


class Member(ast.expr):
    """A member of a sequence that has a name."""

    _fields = ("label", "made")

    def __init__(self, label: str, made: ast.expr) -> None:
        super().__init__()
        self.label = label
        self.made = made

    def __deepcopy__(self, _memo: dict[int, object]) -> Member:
        return Member(self.label, py.copied(self.made))


def path_names(box: Box | None) -> list[ast.Name]:
    """The variables that stand in the path of a box: what reaches it reads them."""
    names: set[str] = set()
    while box is not None and box.number:
        if not isinstance(box.segment, str):
            names |= {each.id for each in ast.walk(box.segment) if isinstance(each, ast.Name)}
        box = box.parent
    return [ast.Name(each, ast.Load()) for each in sorted(names)]


def said(segment: Segment) -> ast.expr:
    """A segment as Python says it: a word, `str(i)`, or an f-string."""
    return ast.Constant(segment) if isinstance(segment, str) else segment
