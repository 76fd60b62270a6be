"""A small tree of Python expressions: what lowerings return, what is merged, what is printed."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

from cnnspec.expression import Expression


class Unset:
    """The default of a keyword that has none."""


UNSET: Final = Unset()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value as it is to be printed (number, bool, None, string, tuple of numbers).

    `expression` says how the block's text writes it, if it depends on the block's parameters;
    `hint` is what to call it should it have to become a parameter of its own; a word becomes one
    only if it is `free`.
    """

    value: Any
    expression: Expression | None = None
    hint: str = "value"
    free: bool = False


@dataclass(frozen=True, slots=True)
class Raw:
    """Text that is the same in every instance: a name, `self.training`."""

    text: str


@dataclass(frozen=True, slots=True)
class Input:
    """A place for the step's input of this position."""

    position: int = 0


@dataclass(frozen=True, slots=True)
class Module:
    """A place for the step's own module: `self.conv1`."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """A place for all inputs, separated by commas, as items of a `Sequence` or a call."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """`name=code`, left out where the code is a leaf of the callee's own default."""

    name: str
    code: Code
    default: Any = UNSET


@dataclass(frozen=True, slots=True)
class Call:
    """`function(*arguments, **keywords)`; an optional `Keyword` may also stand by position."""

    function: Code
    arguments: tuple[Code, ...] = ()
    keywords: tuple[Keyword, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """`code.name`."""

    code: Code
    name: str


@dataclass(frozen=True, slots=True)
class Subscript:
    """`code[index]`, the index printed as it stands (`"0"`, `:, 1:-1`)."""

    code: Code
    index: Code


@dataclass(frozen=True, slots=True)
class Infix:
    """`a + b + c`: one operator, two operands or more; parentheses are put where needed."""

    operator: str
    operands: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """`(a, b)` or `[a, b]`, by its opening bracket."""

    items: tuple[Code, ...]
    bracket: str = "["


@dataclass(frozen=True, slots=True)
class Starred:
    """`*code`."""

    code: Code


@dataclass(frozen=True, slots=True)
class Generator:
    """`element for variable in source`."""

    element: Code
    source: Code
    variable: str = "_"


@dataclass(frozen=True, slots=True)
class IfElse:
    """`yes if test else no`."""

    test: Code
    yes: Code
    no: Code


Code = (
    Starred
    | Generator
    | IfElse
    | Leaf
    | Raw
    | Input
    | Inputs
    | Module
    | Call
    | Member
    | Subscript
    | Infix
    | Sequence
)


#: A module applied to its only input.
THROUGH: Final = Call(Module(), (Input(),))


#: The parts' names of each kind of code that was met.
_NAMES: Final[dict[type, tuple[str, ...]]] = {}


def parts_of(code: object) -> tuple[str, ...]:
    """Name the parts that a piece of code has; none if it is no piece, or has none."""
    kind = type(code)
    known = _NAMES.get(kind)
    if known is None:
        known = tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()
        _NAMES[kind] = known
    return known


def call(function: str | Code, *arguments: Code, **keywords: Code) -> Call:
    """Write a call; keywords here have no default and are always printed."""
    target = Raw(function) if isinstance(function, str) else function
    named = tuple(Keyword(key, code) for key, code in keywords.items())
    return Call(target, arguments, named)
