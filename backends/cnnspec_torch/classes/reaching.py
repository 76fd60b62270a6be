"""The steps that names stand for anywhere in a program: parameters, what loops take from tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnspec.emit import program as pg
from cnnspec.emit.held import steps_held
from cnnspec.graph import Graph
from cnnspec.source import Span

if TYPE_CHECKING:
    from cnnspec_torch.classes.file import File


def steps_of_names(file: File) -> dict[str, list[pg.Expr]]:
    """Find the steps that each name may stand for, by name: what is passed on is followed."""
    steps: dict[str, list[pg.Expr]] = {}
    passed: dict[str, set[str]] = {}

    def note(name: str, expr: pg.Expr) -> None:
        match expr:
            case pg.Name(other, "data"):
                passed.setdefault(name, set()).add(other)
            case pg.OperatorStep() | pg.BlockStep():
                known = steps.setdefault(name, [])
                if not any(_alike(each, expr) for each in known):
                    known.append(expr)
            case pg.Choice(_, yes, no):
                note(name, yes)
                note(name, no)
            case pg.GivenStep(inner, _):
                note(name, inner)

    for _, name, value in file.program.given:
        note(name, value)
    for body in file.bodies:
        for parameter in body.parameters:
            if parameter.default is not None:
                note(parameter.name, parameter.default)
        for each in pg.parts(body.statements):
            match each:
                case pg.BlockStep(_, _, arguments):
                    for key, value in arguments:
                        note(key, value)
                case pg.GivenStep(pg.Name(), given):
                    for keyword, value in given:
                        if keyword is not None:
                            note(keyword, value)
                case pg.Assign((word,), value):
                    note(word, value)
                case pg.For(pattern, values, _):
                    _note_rows(pattern, values, note)
        for scope in file.instances(body):
            for key, held in scope.values.items():
                for found in steps_held(held, file.program, _nowhere(file.graph)):
                    note(key, found)
    changed = True
    while changed:
        changed = False
        for name, others in passed.items():
            known = steps.setdefault(name, [])
            for other in others:
                for each in steps.get(other, []):
                    if not any(_alike(each, one) for one in known):
                        known.append(each)
                        changed = True
    return {name: found for name, found in steps.items() if found}


def _alike(one: pg.Expr, other: pg.Expr) -> bool:
    if isinstance(one, pg.OperatorStep) and isinstance(other, pg.OperatorStep):
        return one.op is other.op
    if isinstance(one, pg.BlockStep) and isinstance(other, pg.BlockStep):
        return one.block is other.block and one.kinds == other.kinds
    return False


def _nowhere(graph: Graph) -> Span:
    """A place that no step was written at."""
    return Span(graph.span.source, 0, 0)


def _note_rows(pattern: pg.Pattern, values: pg.Expr, note: Any) -> None:
    """What a loop over a written table binds its names to."""
    while isinstance(values, pg.Function) and values.name == "enumerate":
        (values,) = values.arguments
        if not isinstance(pattern, tuple) or len(pattern) != 2:
            return
        pattern = pattern[1]
    if isinstance(values, pg.Constant):
        values = values.value
    if not isinstance(values, pg.ListOf):
        return
    for row in values.items:
        _note_row(pattern, row, note)


def _note_row(pattern: pg.Pattern, row: pg.Expr, note: Any) -> None:
    if isinstance(pattern, str):
        note(pattern, row)
    elif isinstance(row, pg.ListOf) and len(row.items) == len(pattern):
        for part, each in zip(pattern, row.items, strict=True):
            _note_row(part, each, note)
