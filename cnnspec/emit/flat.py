"""A body with its flows taken apart: one step a statement, each with the path that it gets.

`y = x -> conv(8) -> relu when act` becomes `y = conv(x)`, `if act: y = relu(y)`. Names come from
the spec: a flow goes on in the variable that it ends in, a branch is called after its labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

from cnnspec.emit.program import (
    BlockStep,
    Body,
    Expr,
    GivenStep,
    Kind,
    Never,
    OperatorStep,
    Pattern,
)


class Cell:
    """How many steps of a sort one turn of a loop makes: known when the loop was read."""

    def __init__(self) -> None:
        self.per_turn = 0


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """The number of a loop's turn, from 0, as an expression; made when it is asked for."""

    loop: Loop


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A position or an ordinal: a number, what is counted, and so many for each turn of loops."""

    ahead: int
    counter: str | None = None
    terms: tuple[tuple[Cell | int, Turn | Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class KindOf:
    """The name of the operator or block that a value is."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Ordinal:
    """How many steps of a kind there were, counted while it runs: a given step may be of it."""

    kind: str | KindOf


Piece = str | Expr | Number | KindOf | Ordinal
#: A path below the body's own: segments, each of pieces.
Path = tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """One operator, block or given step, applied; all that flows in stands in `inputs`.

    A block's inputs are in the order of the parameters that take them, which `names` lists;
    `target` is the name that the result gets.
    """

    step: OperatorStep | BlockStep | GivenStep
    inputs: tuple[Expr, ...]
    path: Path
    kind: Kind
    names: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Assign:
    """`a = value`; several targets take a list apart."""

    targets: tuple[str, ...]
    value: Expr | Apply


@dataclass(slots=True, eq=False)
class Count:
    """`i = 0`, or `i += 1`: steps that are there at times are counted."""

    counter: str
    by: int | None


@dataclass(slots=True, eq=False)
class Tick:
    """One more step of a kind, where kinds are counted while it runs."""

    kind: str | KindOf


@dataclass(slots=True, eq=False)
class If:
    """Arms in order, with their tests, and what is done where none holds."""

    arms: list[tuple[Expr, list[Statement]]]
    orelse: list[Statement]


@dataclass(slots=True, eq=False)
class Loop:
    """A `for`, or a step that is repeated: over a list, or so many times (`count`).

    `index` is the name of the turn's number, if something asks for it and no name has it.
    """

    pattern: Pattern | None
    values: Expr
    body: list[Statement]
    turn: Expr | None = None
    index: str | None = None


@dataclass(slots=True, eq=False)
class Give:
    """`return a, b`."""

    values: tuple[Expr | Apply, ...]


@dataclass(slots=True, eq=False)
class Output:
    """A result of the network, under its name."""

    name: str
    value: Expr
    train: bool


Statement = Assign | Count | Tick | If | Loop | Give | Output | Never
How = OneOf["block", "network"]


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """A body taken apart."""

    body: Body
    statements: list[Statement]
