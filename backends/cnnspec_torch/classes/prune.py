"""What nobody reads goes: each projection keeps what it needs of the body's program."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from cnnspec.emit import pytree as py

Statements = list[ast.stmt]


def prune(statements: Iterable[ast.stmt], live: Iterable[str] = ()) -> tuple[Statements, set[str]]:
    """Leave out what is dead; give the rest, and the names that are read before they are bound."""
    kept: Statements = []
    wanted = set(live)
    for each in reversed(list(statements)):
        kept += reversed(_pruned(each, wanted))
    kept.reverse()
    return kept, wanted


def _pruned(statement: ast.stmt, live: set[str]) -> Statements:
    """Prune one statement, before which `live` is what it becomes; give what is left of it."""
    match statement:
        case ast.Pass():
            return []
        case ast.Assign([target], value) if _is_names(target):
            given = py.stores(target)
            if given.isdisjoint(live):
                return []
            if isinstance(value, ast.Name) and given == {value.id}:
                return []
            if isinstance(target, ast.Tuple) and not given <= live:
                statement = ast.Assign([_dropped(target, live)], value, lineno=0)
            live -= given
            live |= py.reads(value)
            return [statement]
        case ast.AugAssign(ast.Name(word), _, value):
            if word not in live:
                return []
            live |= py.reads(value)
            return [statement]
        case ast.If(test, body, orelse):
            return _if(test, body, orelse, live)
        case ast.For():
            return _for(statement, live)
    live |= py.reads(statement)
    return [statement]


def _is_names(target: ast.expr) -> bool:
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    return all(isinstance(each, ast.Name) for each in parts)


def _dropped(target: ast.Tuple, live: set[str]) -> ast.Tuple:
    """Call what nobody reads of several names `_`."""
    names = [each.id if isinstance(each, ast.Name) else "_" for each in target.elts]
    return ast.Tuple([ast.Name(x if x in live else "_", py.STORE) for x in names], py.STORE)


def _if(test: ast.expr, body: Statements, orelse: Statements, live: set[str]) -> Statements:
    yes, live_yes = prune(body, live)
    no, live_no = prune(orelse, live)
    if not yes and not no:
        return []
    live.clear()
    if isinstance(test, ast.Constant):
        live |= live_yes if test.value else live_no
        return yes if test.value else no
    live.update(live_yes, live_no, py.reads(test))
    return [ast.If(test, yes, no)] if yes else [ast.If(opposite(test), no, [])]


def _for(loop: ast.For, live: set[str]) -> Statements:
    after = set(live)
    turning = py.stores(loop.target)
    while True:
        body, before = prune(loop.body, after)
        more = live | (before - turning)
        if more <= after:
            break
        after |= more
    if not body:
        return []
    used = py.reads(body)
    target, values = loop.target, loop.iter
    if (
        isinstance(target, ast.Tuple)
        and isinstance(values, ast.Call)
        and py.same(values.func, py.name("enumerate"))
        and isinstance(target.elts[0], ast.Name)
        and target.elts[0].id not in used
    ):
        target, values = target.elts[1], values.args[0]
    left = ast.For(unused(target, used), values, body, [], lineno=0)
    live.update(py.reads(values), before - py.stores(left.target))
    return [left]


def unused(target: ast.expr, used: set[str]) -> ast.expr:
    """Rename what a loop binds and nobody reads: `_`, `_size`."""
    if isinstance(target, ast.Name) and target.id not in used:
        return ast.Name("_", py.STORE)

    def change(each: ast.AST) -> ast.AST | None:
        if isinstance(each, ast.Name) and each.id not in used and not each.id.startswith("_"):
            return ast.Name(f"_{each.id}", py.STORE)
        return None

    result = py.rewritten(target, change)
    assert isinstance(result, ast.expr)
    return result


_OPPOSITES = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}


def opposite(test: ast.expr) -> ast.expr:
    """The test that holds where one does not."""
    if isinstance(test, ast.Compare) and type(test.ops[0]) in _OPPOSITES:
        return ast.Compare(test.left, [_OPPOSITES[type(test.ops[0])]()], test.comparators)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)
