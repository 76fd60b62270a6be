"""What a body's program says before it is projected: what it binds, whether it is one chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from cnnspec.emit import program as pg


def bindings(statements: Iterable[pg.Statement]) -> dict[str, int]:
    """How often each name is bound in statements."""
    found: dict[str, int] = {}
    for each in pg.parts(tuple(statements)):
        words: Iterable[str] = ()
        if isinstance(each, pg.Assign):
            words = each.targets
        elif isinstance(each, pg.Output):
            words = (each.name,)
        elif isinstance(each, pg.For):
            words = pattern_words(each.pattern)
        for word in words:
            found[word] = found.get(word, 0) + 1
    return found


def pattern_words(pattern: pg.Pattern) -> list[str]:
    """The names that a loop's pattern binds."""
    if isinstance(pattern, str):
        return [pattern]
    return [word for each in pattern for word in pattern_words(each)]


def words_in(value: object) -> set[str]:
    """The names that a stretch of a program speaks of."""
    return {each.id for each in pg.parts(value) if isinstance(each, pg.Name)}


def sites(body: tuple[pg.Statement, ...], kind: str) -> int | None:
    """How many steps of a kind a loop's turn makes; None if that may differ between turns."""
    for each in pg.parts(body):
        if isinstance(each, pg.If | pg.For | pg.Optional | pg.Choice | pg.Repeat) and named_in(
            each, kind
        ):
            return None
    labelled = sum(
        named_in(each.step, kind) for each in pg.parts(body) if isinstance(each, pg.Labelled)
    )
    return named_in(body, kind) - labelled


def named_in(value: object, kind: str) -> int:
    """How many steps of a kind stand in something."""
    return sum(
        (isinstance(each, pg.OperatorStep) and each.op.name == kind)
        or (isinstance(each, pg.BlockStep) and each.block.name == kind)
        for each in pg.parts(value)
    )


def step_lists(body: pg.Body) -> dict[str, str]:
    """Lists of steps that grow and are applied once: each with the name that flows into it."""
    found: dict[str, str] = {}
    grown = {
        each.targets[0]
        for each in pg.parts(body.statements)
        if isinstance(each, pg.Assign)
        and len(each.targets) == 1
        and each.value == pg.ListOf(())
        and body.locals.get(each.targets[0]) == "data"
    }
    for each in pg.parts(body.statements):
        if isinstance(each, pg.Flow) and isinstance(each.value, pg.Name) and each.steps:
            step = each.steps[0]
            inner = step.step if isinstance(step, pg.Labelled) else step
            match inner:
                case pg.GivenStep(pg.Name(word), ()) if word in grown:
                    found[word] = each.value.id
    return found


#: A step that is repeated so often at most, by a number that is written, is written so often.
WRITTEN_OUT: Final = 8
Owns = Callable[[pg.OperatorStep], bool]


def is_straight(body: pg.Body, owns: Owns) -> bool:
    """Whether a block is one chain of steps, so that its class is a sequence.

    `owns` says whether a step has weights. One that has none and stands in a loop is one module for
    all turns, and a sequence runs that once: then it is none.
    """
    if len(body.nodes) != 1 or body.nodes[0].kind != "node":
        return False
    x = body.nodes[0].name
    return _straight(body.statements, x, owns)


def _straight(statements: Iterable[pg.Statement], x: str, owns: Owns) -> bool:
    for each in statements:
        match each:
            case pg.Assign((word,), value) if word == x:
                if not _chain(value, x, owns):
                    return False
            case pg.Assign(_, value):
                if pg.kind_of(value) != "data" or _tells(value, x):
                    return False
                if any(isinstance(part, pg.STEPS) for part in pg.parts(value)):
                    return False
            case pg.Return((value,)):
                if not (_chain(value, x, owns) or value == pg.Name(x, "node")):
                    return False
            case pg.For(_, values, body):
                if pg.kind_of(values) != "data" or not _straight(body, x, owns):
                    return False
                if _one_for_all(body, owns):
                    return False
            case pg.If(arms, orelse):
                inside = (*(body for _, body in arms), orelse)
                if any(isinstance(part, pg.Return) for part in pg.parts(inside)):
                    return False
                if not all(_straight(body, x, owns) for body in inside):
                    return False
            case _:
                return False
    return True


def _one_for_all(turning: object, owns: Owns) -> bool:
    """Whether a step that is one module for all turns stands in what turns."""
    return any(
        isinstance(part, pg.GivenStep) or (isinstance(part, pg.OperatorStep) and not owns(part))
        for part in pg.parts(turning)
    )


def _chain(value: pg.Expr, x: str, owns: Owns) -> bool:
    if not isinstance(value, pg.Flow) or value.value != pg.Name(x, "node"):
        return False
    if value.kind != "node":
        return False
    for step in value.steps:
        for part in pg.parts(step):
            if isinstance(part, pg.Flow | pg.Call | pg.Within):
                return False
            if isinstance(part, pg.Choice) and _chooses_steps(part):
                return False
            if isinstance(part, pg.OperatorStep) and (
                part.op.name == "layer_scale" or part.op.outputs_from is not None
            ):
                return False
        if _tells(step, x) or any(_one_for_all(each.step, owns) for each in _loops(step)):
            return False
    return True


def _loops(step: pg.Expr) -> Iterator[pg.Repeat]:
    """The repeats that are loops of the class itself: what is labelled is a module of its own."""
    match step:
        case pg.Repeat(inner, count):
            known = count.value if isinstance(count, pg.Literal) else None
            if not isinstance(known, int) or known > WRITTEN_OUT:
                yield step
            yield from _loops(inner)
        case pg.Group(steps):
            for each in steps:
                yield from _loops(each)
        case pg.Optional(inner, _):
            yield from _loops(inner)


def _chooses_steps(choice: pg.Choice) -> bool:
    """Whether a choice is one of steps, and not of numbers."""
    arms = pg.parts((choice.yes, choice.no))
    return any(isinstance(each, pg.STEPS) for each in arms)


def _tells(value: object, x: str) -> bool:
    """Whether something speaks of what flows other than by its channels."""
    measured = sum(
        isinstance(part, pg.Measure) and part.what == "channels" and part.node == pg.Name(x, "node")
        for part in pg.parts(value)
    )
    named = sum(isinstance(part, pg.Name) and part.id == x for part in pg.parts(value))
    return measured != named
