"""Modules whose results nothing reads: the graph has left their steps out, and so does a class."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from cnnspec.emit import pytree as py
from cnnspec_torch.classes.prune import Statements
from cnnspec_torch.classes.tidy import boxes_of
from cnnspec_torch.classes.values import Opened, Put, Reach

#: How a constructor fills a module that is there already.
_FILLING = ("append", "extend", "add_module")


def without_unread(init: Statements, run: Iterable[ast.AST]) -> Statements:
    """Leave out of a constructor the modules that neither `forward` nor what stays speaks of."""
    called = boxes_of(run)
    while True:
        spoken = called | boxes_of(_speaking(init))
        filled = {each.number for each in _puts(init)}
        kept = _row(init, spoken, filled)
        if sum(1 for _ in _puts(kept)) == sum(1 for _ in _puts(init)):
            return kept
        init = kept


def _speaking(statements: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """What a constructor says of modules, save where it fills them."""
    for each in statements:
        match each:
            case Put():
                yield from (each.segment, each.made)
            case ast.If(test, body, orelse):
                yield test
                yield from _speaking((*body, *orelse))
            case ast.For(_, values, body):
                yield values
                yield from _speaking(body)
            case _ if (call := _filling(each)) is not None:
                yield from (*call.args, *call.keywords)
            case _:
                yield each


def _filling(statement: ast.stmt) -> ast.Call | None:
    """The call by which a statement fills a module."""
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(Reach(), word)) as call) if word in _FILLING:
            return call
    return None


def _puts(statements: Iterable[ast.stmt]) -> Iterator[Put]:
    return (each for each in py.walk(statements) if isinstance(each, Put))


def _row(statements: Statements, spoken: set[tuple[int, str]], filled: set[int]) -> Statements:
    result: Statements = []
    for each in statements:
        match each:
            case Put(made=Opened(number=number)) if number not in filled:
                continue
            case Put(made=made) if not isinstance(made, Opened) and _key(each) not in spoken:
                continue
            case ast.If(test, body, orelse):
                yes, no = _row(body, spoken, filled), _row(orelse, spoken, filled)
                if yes or no or not (body or orelse):
                    result.append(ast.If(test, yes or [ast.Pass()], no))
                continue
            case ast.For(target, values, body):
                inner = _row(body, spoken, filled)
                if inner or not body:
                    result.append(ast.For(target, values, inner or [ast.Pass()], [], lineno=0))
                continue
            case _ if (call := _filling(each)) is not None:
                assert isinstance(call.func, ast.Attribute)
                if not boxes_of([call.func.value]) <= spoken:
                    continue
        result.append(each)
    return result


def _key(put: Put) -> tuple[int, str]:
    return put.number, ast.dump(put.segment)
