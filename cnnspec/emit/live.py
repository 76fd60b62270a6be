"""What of a body taken apart is needed: the rest is left out, from the end backwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnspec.emit import flat
from cnnspec.emit.flat import Apply, KindOf, Loop, Number, Ordinal, Turn
from cnnspec.emit.flatten import mentioned, words
from cnnspec.emit.program import Expr, Never, OperatorStep

#: Stands for the kinds that are counted while a body runs, as a name.
KINDS = "#kinds"


def needed(statements: list[flat.Statement], *, inference: bool = False) -> list[flat.Statement]:
    """Give what the results of a body depend on; for inference without heads for training."""
    return _row(statements, set(), inference=inference)


def _row(
    statements: Iterable[flat.Statement], live: set[str], *, inference: bool
) -> list[flat.Statement]:
    """Go through statements backwards; `live` are the names that are read after, then before."""
    kept: list[flat.Statement] = []
    for statement in reversed(list(statements)):
        found = _statement(statement, live, inference=inference)
        if found is not None:
            kept.append(found)
    kept.reverse()
    return kept


def _statement(
    statement: flat.Statement, live: set[str], *, inference: bool
) -> flat.Statement | None:
    match statement:
        case flat.Assign(targets, value):
            if not live & set(targets) and not _is_input(value):
                return None
            kept = tuple(x if x in live or _is_input(value) else "_" for x in targets)
            live -= set(targets)
            live |= names_in(value)
            return flat.Assign(kept, value)
        case flat.Count(counter, by):
            if counter not in live:
                return None
            if by is None:
                live.discard(counter)
        case flat.Tick():
            if KINDS not in live:
                return None
            live |= names_in(statement.kind)
        case flat.If(arms, orelse):
            return _if(arms, orelse, live, inference=inference)
        case Loop():
            return _loop(statement, live, inference=inference)
        case flat.Give(values):
            live.clear()
            live |= {name for each in values for name in names_in(each)}
        case flat.Output(_, value, train):
            if train and inference:
                return None
            live |= names_in(value)
    return statement


def _is_input(value: Expr | Apply) -> bool:
    """Whether it is an input of the network, which is one though nothing reads it."""
    match value:
        case Apply(OperatorStep(op)):
            return op.is_input
    return False


def _if(
    arms: list[tuple[Expr, list[flat.Statement]]],
    orelse: list[flat.Statement],
    live: set[str],
    *,
    inference: bool,
) -> flat.Statement | None:
    before: set[str] = set()
    rows = []
    for row in (*(body for _, body in arms), orelse):
        inside = set(live)
        rows.append(_row(row, inside, inference=inference))
        before |= inside
    if not any(rows):
        return None
    live |= before
    live |= {name for test, _ in arms for name in names_in(test)}
    tests = [test for test, _ in arms]
    return flat.If(list(zip(tests, rows[:-1], strict=True)), rows[-1])


def _loop(loop: Loop, live: set[str], *, inference: bool) -> flat.Statement | None:
    around = set(live)
    while True:
        inside = set(around)
        body = _row(loop.body, inside, inference=inference)
        if inside <= around:
            break
        around |= inside
    if not body:
        return None
    if loop.pattern is not None:
        around -= set(words(loop.pattern)) - live
    live |= around | names_in(loop.values)
    loop.body[:] = body
    return loop


def names_in(value: object) -> set[str]:
    """The names that a value reads, those in its path too."""
    found: set[str] = set()
    pending: list[object] = [value]
    while pending:
        each = pending.pop()
        match each:
            case Apply(step, inputs, path):
                pending += [step, *inputs]
                pending += [piece for segment in path for piece in segment]
            case Number(_, counter, terms):
                found |= {counter} if counter else set()
                pending += [term for _, term in terms]
            case Turn(loop):
                pending.append(loop.turn)
            case KindOf(inner):
                pending.append(inner)
            case Ordinal(kind):
                found.add(KINDS)
                pending.append(kind)
            case None | str():
                continue
            case _:
                found |= mentioned(each)
    return found


def walk(statements: Iterable[flat.Statement]) -> Iterator[flat.Statement]:
    """Give every statement, those inside others too, in order."""
    for each in statements:
        yield each
        if isinstance(each, flat.If):
            for _, body in each.arms:
                yield from walk(body)
            yield from walk(each.orelse)
        elif isinstance(each, Loop):
            yield from walk(each.body)


__all__ = ["KINDS", "Never", "names_in", "needed", "walk"]
