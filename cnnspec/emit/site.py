"""One step as a lowering sees it: its arguments as they are to be written, and what is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cnnspec.emit.code import Code, Leaf, Sequence
from cnnspec.emit.lowering import compact
from cnnspec.emit.program import FLOWING, Expr, ListOf, Literal, Measure, Operation
from cnnspec.graph import Node
from cnnspec.op import Op
from cnnspec.shapes import Shape


class Unknown:
    """The value of what differs from call to call."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()
NOTHING: Final = Leaf(None)


@dataclass(frozen=True, slots=True)
class Site:
    """A place in a text where an operator is applied, for all calls that come by it.

    `images` says of each input whether it is an image, None where that differs or is not known;
    `nodes` are the steps that were made here; `facts` what the backend found out about the place.
    """

    op: type[Op]
    arguments: Mapping[str, Expr]
    say: Callable[[Expr], Code]
    images: tuple[bool | None, ...] = (True,)
    nodes: tuple[Node, ...] = ()
    facts: frozenset[str] = field(default_factory=frozenset)
    #: The inputs' shapes of one step by itself.
    alone: tuple[Shape, ...] | None = None

    @property
    def shapes(self) -> tuple[tuple[Shape, ...], ...]:
        """The inputs' shapes of every step that is made here."""
        made = tuple(node.input_shapes for node in self.nodes)
        return made if self.alone is None else (self.alone,)

    @property
    def flowing(self) -> Code:
        """What flows in first."""
        return self.say(FLOWING)

    def expr(self, argument: str) -> Expr:
        """An argument as the spec says it, or its default."""
        given = self.arguments.get(argument)
        return _literal(self.op.arguments[argument].default) if given is None else given

    def is_given(self, argument: str) -> bool:
        """Whether an argument has a value; one without may be left for the operator to work out."""
        return argument in self.arguments or self.op.arguments[argument].default is not None

    def known(self, argument: str) -> Any:
        """An argument's value as the operator reads it, or `UNKNOWN` if it is not always one."""
        if not self.is_given(argument):
            return None
        value = constant(self.expr(argument))
        if value is UNKNOWN:
            return UNKNOWN
        return self.op.arguments[argument].kind.read(value)

    def code(self, argument: str) -> Code:
        """An argument as it is to be written; equal numbers of a pair become one."""
        value = constant(self.expr(argument))
        return self.say(self.expr(argument)) if value is UNKNOWN else Leaf(compact(value))

    def leaf(self, argument: str) -> Code:
        """The same as `code`."""
        return self.code(argument)

    def sides(self, argument: str) -> tuple[Code, ...] | None:
        """The numbers of a written list; None if it is no list."""
        value = self.say(self.expr(argument))
        return value.items if isinstance(value, Sequence) else None


def constant(expr: Expr) -> Any:
    """Give an expression's value if it speaks of nothing that differs, else `UNKNOWN`."""
    match expr:
        case Literal(value):
            return value
        case ListOf(items):
            values = tuple(map(constant, items))
            return UNKNOWN if UNKNOWN in values else values
        case Operation("negate", (operand,)):
            value = constant(operand)
            return UNKNOWN if value is UNKNOWN else -value
    return UNKNOWN


def _literal(value: Any) -> Expr:
    if isinstance(value, tuple | list):
        return ListOf(tuple(map(_literal, value)))
    return Literal(value)


def site_of(op: Op, inputs: tuple[Shape, ...], flowing: Code = NOTHING) -> Site:
    """Give the place of one step by itself, of which everything is known."""
    arguments = {key: _literal(each) for key, each in op.values.items() if each is not None}

    def say(expr: Expr) -> Code:
        if isinstance(expr, Measure):
            return Leaf(getattr(inputs[0], expr.what))
        return flowing if expr == FLOWING else Leaf(constant(expr))

    images = tuple(shape.is_image for shape in inputs)
    return Site(type(op), arguments, say, images, alone=inputs)
