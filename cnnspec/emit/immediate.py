"""Lists of steps that are filled and then applied once: each step is applied where it is added.

`layers = []`, `layers = layers + [conv(8), relu]` in a loop, `x -> features: layers` becomes a
value that flows through `features: (conv(8) -> relu)` at each turn: what a person writes where
layers are applied as they are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cnnspec.emit.program import (
    Assign,
    Body,
    Expr,
    Flow,
    For,
    GivenStep,
    Group,
    If,
    Label,
    Labelled,
    ListOf,
    Name,
    Operation,
    Output,
    Return,
    Statement,
    parts,
)


def immediate(body: Body) -> Body:
    """Apply the steps of such lists at once."""
    for place, statement in enumerate(body.statements):
        match statement:
            case Assign((word,), ListOf(())):
                found = _applied(body, word, place)
                if found is not None:
                    return immediate(_rewritten(body, word, place, *found))
    return body


def _applied(body: Body, word: str, start: int) -> tuple[int, Label, str] | None:
    """Where a list is applied, in which group, to which name: nothing else reads it."""
    reads = sum(isinstance(each, Name) and each.id == word for each in parts(body.statements))
    reads -= _grown(body.statements, word)
    for place, statement in enumerate(body.statements[start + 1 :], start + 1):
        match _flow(statement):
            case Flow(Name(head), (Labelled(label, GivenStep(Name(step), ())), *_)):
                if step == word and reads == 1 and not _binds(body.statements[start:place], head):
                    return place, label, head
    return None


def _flow(statement: Statement) -> Expr | None:
    match statement:
        case Assign((_,), value) | Output(_, value) | Return((value,)):
            return value
    return None


def _grown(statements: object, word: str) -> int:
    """Count the statements that add steps to a list, each of which reads it."""
    count = 0
    for each in parts(statements):
        match each:
            case Assign((name,), Operation("+", (Name(first), *more))):
                same = name == first == word
                count += same and all(isinstance(operand, ListOf) for operand in more)
    return count


def _binds(statements: tuple[Statement, ...], word: str) -> bool:
    for each in parts(statements):
        if isinstance(each, Assign) and word in each.targets:
            return True
        if isinstance(each, Output) and each.name == word:
            return True
        if isinstance(each, For) and word in _names(each.pattern):
            return True
    return False


def _names(pattern: Any) -> Iterator[str]:
    if isinstance(pattern, str):
        yield pattern
    else:
        for each in pattern:
            yield from _names(each)


def _rewritten(body: Body, word: str, start: int, place: int, label: Label, head: str) -> Body:
    known = {each.id for each in parts(body.statements) if isinstance(each, Name)}
    known |= {each.name for each in body.parameters} | set(body.locals)
    flowing = next(each for each in ("x", "y", "z", f"{word}_out") if each not in known)

    def grown(statement: Statement) -> Statement:
        match statement:
            case Assign((name,), Operation("+", (Name(first), *more))) if name == first == word:
                steps = tuple(each for added in more for each in _items(added))
                step = Labelled(label, Group(steps, True))
                return Assign((flowing,), Flow(Name(flowing, "node"), (step,), "node"))
            case If(arms, orelse):
                inside = tuple((test, tuple(map(grown, row))) for test, row in arms)
                return If(inside, tuple(map(grown, orelse)))
            case For(_, _, inner):
                return replace(statement, body=tuple(map(grown, inner)))
        return statement

    def after(value: Expr) -> Expr:
        assert isinstance(value, Flow)
        rest = value.steps[1:]
        return Flow(Name(flowing, "node"), rest, value.kind) if rest else Name(flowing, "node")

    statements = list(map(grown, body.statements))
    statements[start] = Assign((flowing,), Name(head, "node"))
    match statements[place]:
        case Assign(targets, value):
            statements[place] = Assign(targets, after(value))
        case Output(name, value, train):
            statements[place] = Output(name, after(value), train)
        case Return((value,)):
            statements[place] = Return((after(value),))
    names = {**body.locals, flowing: "node"}
    return replace(body, statements=tuple(statements), locals=names)


def _items(value: Expr) -> tuple[Expr, ...]:
    return value.items if isinstance(value, ListOf) else ()
