"""The tree of a spec: what was written, each node with the stretch of text it came from.

Nodes are built bottom up while parsing; `depth` is one more than the deepest child's, so that a
text nested too deeply is refused before anything walks it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cnnspec.source import Span


@dataclass(slots=True, eq=False, kw_only=True)
class Node:
    """Anything in the tree. Identity is the place in the text, so nodes compare by identity."""

    span: Span
    depth: int = field(default=1, repr=False)


@dataclass(slots=True, eq=False, kw_only=True)
class Expr(Node):
    """Anything that has a value: data, a node, a list, a step that waits for its input."""


@dataclass(slots=True, eq=False, kw_only=True)
class Number(Expr):
    """`64`, `1e-5`, `4.09G`: an int or a float; its text tells the precision it is written with."""

    value: int | float


@dataclass(slots=True, eq=False, kw_only=True)
class Text(Expr):
    """`"…"`, escapes resolved."""

    value: str


@dataclass(slots=True, eq=False, kw_only=True)
class Truth(Expr):
    """`true` or `false`."""

    value: bool


@dataclass(slots=True, eq=False, kw_only=True)
class Name(Expr):
    """A name, looked up where it stands."""

    id: str


@dataclass(slots=True, eq=False, kw_only=True)
class ListOf(Expr):
    """`[a, b]`."""

    items: tuple[Expr, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Binary(Expr):
    """One of `+ - * / // % ** == != <= >= < > and or`; chains lean left, save for `**`."""

    operator: str
    left: Expr
    right: Expr


@dataclass(slots=True, eq=False, kw_only=True)
class Chain(Expr):
    """`a + b - c …`, operators of one rank, evaluated from the left: rests are (operator, operand).

    Kept flat so that a long sum is not a deep tree.
    """

    first: Expr
    rest: tuple[tuple[str, Expr], ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Unary(Expr):
    """`-x` or `not x`."""

    operator: str
    operand: Expr


@dataclass(slots=True, eq=False, kw_only=True)
class Cond(Expr):
    """`if test then yes else no`: only the taken side is evaluated."""

    test: Expr
    yes: Expr
    no: Expr


@dataclass(slots=True, eq=False, kw_only=True)
class Index(Expr):
    """`value[index]`."""

    value: Expr
    index: Expr


@dataclass(slots=True, eq=False, kw_only=True)
class Attribute(Expr):
    """`value.name`: `x.channels`."""

    value: Expr
    name: str
    name_span: Span


@dataclass(slots=True, eq=False, kw_only=True)
class Argument(Node):
    """One argument of a call, by position or by keyword; `value` may be any flow."""

    keyword: str | None
    keyword_span: Span | None
    value: Expr


@dataclass(slots=True, eq=False, kw_only=True)
class Call(Expr):
    """`callee(arguments)`."""

    callee: Expr
    arguments: tuple[Argument, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Paren(Expr):
    """`( inner )`: kept, because a labelled group is a scope."""

    inner: Expr


@dataclass(slots=True, eq=False, kw_only=True)
class Flow(Expr):
    """`a -> b -> c`, at least two."""

    steps: tuple[Expr, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class When(Expr):
    """`step when test`."""

    step: Expr
    test: Expr


@dataclass(slots=True, eq=False, kw_only=True)
class LabelText:
    """A label as written: segments separated by dots, each of literal pieces and expressions."""

    span: Span
    segments: tuple[tuple[str | Expr, ...], ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Labelled(Expr):
    """`label: step`."""

    label: LabelText
    step: Expr


@dataclass(slots=True, eq=False, kw_only=True)
class Stmt(Node):
    """A statement of a body."""


@dataclass(slots=True, eq=False, kw_only=True)
class Identifier(Node):
    """A name where it is given a meaning: a target, a parameter, a declaration."""

    id: str


@dataclass(slots=True, eq=False, kw_only=True)
class Bind(Stmt):
    """`a = flow`, `a, b = flow`, `a, b = flow, flow`."""

    targets: tuple[Identifier, ...]
    values: tuple[Expr, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Output(Stmt):
    """`output name = flow`, `train output name(weight = 0.3) = flow`."""

    name: Identifier
    value: Expr
    train: bool
    arguments: tuple[Argument, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Return(Stmt):
    """`return flow, flow`."""

    values: tuple[Expr, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class If(Stmt):
    """`if test { … } else if test { … } else { … }`: arms in order, flat."""

    arms: tuple[tuple[Expr, tuple[Stmt, ...]], ...]
    orelse: tuple[Stmt, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Pattern(Node):
    """What a loop binds: a name, or `[a, b]` which unpacks a row. Patterns may nest."""

    name: str | None
    parts: tuple[Pattern, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class For(Stmt):
    """`for i, [a, b] in list { … }`."""

    patterns: tuple[Pattern, ...]
    values: Expr
    body: tuple[Stmt, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Entry(Node):
    """`layer4.shape = [2048, 7, 7]` in `expect` or `meta`; the key's segments joined by dots."""

    key: str
    key_span: Span
    value: Expr


@dataclass(slots=True, eq=False, kw_only=True)
class Expect(Stmt):
    """`expect { … }`."""

    entries: tuple[Entry, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Meta(Stmt):
    """`meta { … }`."""

    entries: tuple[Entry, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Lost(Stmt):
    """A broken statement: the names that it was to bind, and whether it was a `return`."""

    names: tuple[str, ...]
    returns: bool


@dataclass(slots=True, eq=False, kw_only=True)
class LostValue(Expr):
    """What a broken head was to say before its body; `names` are those that a loop was to bind."""

    names: tuple[str, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Item(Node):
    """Something at the top of a file."""


@dataclass(slots=True, eq=False, kw_only=True)
class LostItem(Item):
    """A broken item of a file: the name that it was to declare, and whether it was a `use`."""

    name: str | None
    uses: bool


@dataclass(slots=True, eq=False, kw_only=True)
class Use(Item):
    """`use "blocks.cnn"`."""

    path: str
    path_span: Span


@dataclass(slots=True, eq=False, kw_only=True)
class Default(Item):
    """`default conv(bias = false)`."""

    operator: Identifier
    arguments: tuple[Argument, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Const(Item):
    """`stages = [[1, 3], [6, 3]]`."""

    name: Identifier
    value: Expr


@dataclass(slots=True, eq=False, kw_only=True)
class Parameter(Node):
    """`stride = 1` in a declaration."""

    name: Identifier
    default: Expr | None


@dataclass(slots=True, eq=False, kw_only=True)
class Block(Item):
    """`block name(parameters) recurs on levels { … }`."""

    name: Identifier
    parameters: tuple[Parameter, ...]
    recurs_on: Identifier | None
    body: tuple[Stmt, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class NetworkDef(Item):
    """`network name(parameters) { … }`."""

    name: Identifier
    parameters: tuple[Parameter, ...]
    body: tuple[Stmt, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Variant(Item):
    """`network resnet101 = resnet(layers = [3, 4, 23, 3]) { expect { … } }`."""

    name: Identifier
    base: Identifier
    arguments: tuple[Argument, ...]
    body: tuple[Expect | Meta, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class File:
    """A whole spec file: its items, and how many words and signs it is written with."""

    source_span: Span
    items: tuple[Item, ...]
    words: int = 0


def up_to(chain: Chain, operand: Expr) -> Span:
    """Give the stretch of a chain from its beginning to one of its operands."""
    return chain.span._replace(stop=operand.span.stop)


def choice(expr: Expr) -> Cond | None:
    """Give the `if` that an expression is, in parentheses or not: around one they group nothing."""
    while isinstance(expr, Paren):
        expr = expr.inner
    return expr if isinstance(expr, Cond) else None


def bound_names(statements: Iterable[Stmt]) -> list[tuple[str, Span]]:
    """The names that statements may bind, with where."""
    result: list[tuple[str, Span]] = []
    for statement in statements:
        if isinstance(statement, Bind):
            result += [(target.id, target.span) for target in statement.targets]
        elif isinstance(statement, Output):
            result.append((statement.name.id, statement.name.span))
        elif isinstance(statement, If):
            for _, body in statement.arms:
                result += bound_names(body)
            result += bound_names(statement.orelse)
        elif isinstance(statement, For):
            result += bound_names(statement.body)
        elif isinstance(statement, Lost):
            result += [(word, statement.span) for word in statement.names]
    return result


def is_broken(body: Iterable[Stmt]) -> bool:
    """Whether a statement of a body is lost."""
    return any(isinstance(each, Lost) for each in body)
