"""A network's own program, typed: what a spec's text says, with every name resolved.

The tree of a spec says `unit(64)`; a program says that `unit` is the second parameter, a step that
was given, applied to what flows, with 64 for an argument. It is the text, one to one: no instance
of a block is looked at, so it holds for all arguments. Backends write it down, `emit.flat` takes
its flows apart, `emit.prove` runs it.

Numbers, truth values, words, lists and steps are *data*: plain values of the language that is
written. What flows is a *node*, or *nodes*, a list of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Literal as OneOf

from cnnspec.op import Op
from cnnspec.source import Span
from cnnspec.syntax.files import Definition

#: What an expression's value is; a tuple of kinds is a list whose places differ in kind.
Kind = OneOf["data", "node", "nodes"] | tuple["Kind", ...]

# --- data


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a truth value, or a word."""

    value: int | float | str


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter, a local name or a loop's variable."""

    id: str
    kind: Kind = "data"


@dataclass(frozen=True, slots=True)
class Constant:
    """A list that is declared at the top of a file, with what it holds."""

    name: str
    value: Expr
    file: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """`a + b - c`: one operator of the language and its operands; `negate` and `not` have one.

    A chain of one operator is one operation; others lean left.
    """

    operator: str
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`if test then yes else no`: data, nodes or steps."""

    test: Expr
    yes: Expr
    no: Expr


@dataclass(frozen=True, slots=True)
class Item:
    """`value[index]`."""

    value: Expr
    index: Expr


@dataclass(frozen=True, slots=True)
class Function:
    """A pure function of the language: `round_to(8 * width, 8)`."""

    name: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """`x.channels`, `x.height`, `x.width`, `x.shape` of a node."""

    node: Expr
    what: OneOf["channels", "height", "width", "shape"]


# --- steps


@dataclass(frozen=True, slots=True)
class OperatorStep:
    """An operator with arguments by name: what is given here, and the file's own defaults.

    `given` are the names of those that were written; the rest are defaults that the file sets.
    """

    op: type[Op]
    arguments: tuple[tuple[str, Expr], ...]
    given: frozenset[str]
    site: Span = field(compare=False)

    def argument(self, name: str) -> Expr | None:
        """What was given for an argument, or set as a default; None: the operator's own."""
        return dict(self.arguments).get(name)


def gives_several(step: OperatorStep) -> bool:
    """Whether an operator gives several values: as many as an argument says, unless that is one."""
    word = step.op.outputs_from
    match None if word is None else step.argument(word):
        case Literal(1) | ListOf((_,)):
            return False
    return word is not None


@dataclass(frozen=True, slots=True)
class BlockStep:
    """A block with arguments by parameter; what flows into it is the first that is left out."""

    block: Definition
    #: The kinds of its parameters, by which a block that takes other kinds is another function.
    kinds: tuple[Kind, ...]
    arguments: tuple[tuple[str, Expr], ...]
    site: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class GivenStep:
    """A step that a value is: `unit(64)` where `unit` is a parameter, or a list of steps.

    Arguments are by position (None) or by keyword, beside what the value holds already.
    """

    value: Expr
    arguments: tuple[tuple[str | None, Expr], ...]
    site: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """Steps one after another, `(a -> b)`; `several` tells a chain from a step in parentheses."""

    steps: tuple[Expr, ...]
    several: bool


@dataclass(frozen=True, slots=True)
class Labelled:
    """`name: step`."""

    label: Label
    step: Expr


@dataclass(frozen=True, slots=True)
class Repeat:
    """`step * count`."""

    step: Expr
    count: Expr


@dataclass(frozen=True, slots=True)
class Optional:
    """`step when test`."""

    step: Expr
    test: Expr


@dataclass(frozen=True, slots=True)
class Never:
    """A way that no call has taken, a statement or an expression: it cannot be read, and why."""

    why: str


# --- nodes


@dataclass(frozen=True, slots=True)
class Flow:
    """`value -> step -> step`: what comes out at the end."""

    value: Expr
    steps: tuple[Expr, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Call:
    """`add(y, shortcut)`: a step called with nodes among its arguments.

    An operator's are its `inputs`; a block's stand among its arguments.
    """

    step: Expr
    inputs: tuple[Expr, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Within:
    """`name: (x -> a -> b)`: a flow whose steps are put into a group of that name."""

    label: Label
    value: Expr


#: What flows into a step, where its lowering speaks of it.
FLOWING = Name("", "node")

Data = Literal | Name | Constant | ListOf | Operation | Choice | Item | Function | Measure
Step = OperatorStep | BlockStep | GivenStep | Group | Labelled | Repeat | Optional
Flowing = Flow | Call | Within
Expr = Data | Step | Flowing | Never

#: A label: its segments, each of literal pieces and of numbers or words that are worked out.
Segment = tuple["str | Expr", ...]
Label = tuple[Segment, ...]

STEPS = (OperatorStep, BlockStep, GivenStep, Group, Labelled, Repeat, Optional)

# --- statements


@dataclass(frozen=True, slots=True)
class Assign:
    """`a = value`, `a, b = value`: several targets take a list apart."""

    targets: tuple[str, ...]
    value: Expr


@dataclass(frozen=True, slots=True)
class Output:
    """`output name = value`; `train output name(weight = 0.3) = value`."""

    name: str
    value: Expr
    train: bool


@dataclass(frozen=True, slots=True)
class Return:
    """`return a, b`."""

    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class If:
    """`if test { … } else if test { … } else { … }`."""

    arms: tuple[tuple[Expr, tuple[Statement, ...]], ...]
    orelse: tuple[Statement, ...]


#: What a loop binds: a name, or a row that is taken apart.
Pattern = str | tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class For:
    """`for i, [a, b] in values { … }`."""

    pattern: Pattern
    values: Expr
    body: tuple[Statement, ...]


Statement = Assign | Output | Return | If | For | Never


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: what it is, and its default, which may speak of parameters before it."""

    name: str
    kind: Kind
    default: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A block or a network: its parameters, what it does, and what kind of value comes out."""

    definition: Definition
    parameters: tuple[Parameter, ...]
    statements: tuple[Statement, ...]
    result: Kind
    #: Every local name that is bound anywhere in it, with its kind.
    locals: dict[str, Kind]

    @property
    def name(self) -> str:
        """What the spec calls it."""
        return self.definition.name

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of its parameters."""
        return tuple(each.kind for each in self.parameters)

    @property
    def nodes(self) -> tuple[Parameter, ...]:
        """The parameters through which nodes come in."""
        return tuple(each for each in self.parameters if each.kind != "data")

    @property
    def data(self) -> tuple[Parameter, ...]:
        """The parameters that are data or steps."""
        return tuple(each for each in self.parameters if each.kind == "data")


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """A network of a family: the body that it is of, and what it gives to its parameters."""

    name: str
    body: Body
    arguments: dict[str, Expr]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A network and the blocks that it can reach, each after all that it calls."""

    network: Body
    blocks: tuple[Body, ...]
    #: What variants give to a network's parameters, where a program is of several networks.
    given: tuple[tuple[Body, str, Expr], ...] = ()
    #: The other networks that share its blocks.
    others: tuple[Body, ...] = ()
    _known: dict[tuple[Definition, tuple[Kind, ...]], Body] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known.update({(each.definition, each.kinds): each for each in self.blocks})

    def body(self, step: BlockStep) -> Body:
        """The body of a block that is called."""
        return self._known[step.block, step.kinds]


def kind_of(expr: Expr) -> Kind:
    """Say what an expression's value is."""
    match expr:
        case Name(_, kind) | Flow(_, _, kind) | Call(_, _, kind):
            return kind
        case Within(_, value):
            return kind_of(value)
        case Choice(_, yes, no):
            kinds = kind_of(yes), kind_of(no)
            return kinds[1] if kinds[0] == "data" else kinds[0]
        case ListOf(items):
            found = tuple(map(kind_of, items))
            if not found or all(each == "data" for each in found):
                return "data"
            return "nodes" if all(each in ("node", "nodes") for each in found) else found
        case Operation("+", operands):
            return "nodes" if any(kind_of(each) == "nodes" for each in operands) else "data"
        case Item(value, index):
            inside = kind_of(value)
            if isinstance(inside, tuple):
                place = index.value if isinstance(index, Literal) else 0
                return inside[place if isinstance(place, int) and place < len(inside) else 0]
            return "node" if inside == "nodes" else "data"
        case Function("take" | "drop", (values, _)):
            return kind_of(values)
        case _:
            return "data"


def element(values: Expr) -> Kind:
    """Say what a loop over a list takes from it at each turn."""
    match values:
        case Function("enumerate", (inner,)):
            return ("data", element(inner))
        case Function("zip", several):
            return tuple(map(element, several))
        case ListOf(items) if items and all(isinstance(kind_of(each), tuple) for each in items):
            return kind_of(items[0])
        case ListOf(items) if items:
            found = [kind_of(each) for each in items]
            return next((each for each in found if each != "data"), "data")
    inside = kind_of(values)
    if isinstance(inside, tuple):
        return next((each for each in inside if each != "data"), "data")
    return "node" if inside == "nodes" else "data"


def parts(value: object) -> Iterator[object]:
    """Walk everything in an expression or statement, itself first."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, tuple):
            pending += reversed(each)
        elif (names := _NAMES.get(type(each))) is not None:
            yield each
            pending += [getattr(each, name) for name in names]


_PARTS = (
    *(Literal, Name, Constant, ListOf, Operation, Choice, Item, Function, Measure),
    *STEPS,
    *(Flow, Call, Within, Assign, Output, Return, If, For, Never),
)
#: The parts of each, the last first.
_NAMES: dict[type, tuple[str, ...]] = {
    each: tuple(part.name for part in reversed(fields(each))) for each in _PARTS
}
