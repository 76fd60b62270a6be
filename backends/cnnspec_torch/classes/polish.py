"""Rewrites of a class that is ready: statements in Python's own words, as a person writes them.

Modules stand in their places already (`containers.py`), so that the length of a line is known. Each
rewrite takes statements and gives statements that do the same.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import partial

from cnnspec.emit import pytree as py
from cnnspec_torch.classes.counting import appended
from cnnspec_torch.classes.filling import filled, held_boxes, held_members
from cnnspec_torch.classes.naming import constants, joined, listed_parts, simple_copies
from cnnspec_torch.classes.optional import apart, typed_lists
from cnnspec_torch.classes.prune import prune, unused
from cnnspec_torch.classes.spelled import Statements, rewritten
from cnnspec_torch.classes.tidy import inside


def constructor(
    statements: Statements, tables: Mapping[str, ast.expr], *, straight: bool
) -> Statements:
    """Polish a constructor: `tables` are the lists at the top of the file.

    `straight` says that the class is a sequence.
    """
    result = decided_once(statements)
    result, _ = constants(result, {})
    result, _ = prune(result)
    result = simple_copies(result)
    result = joined(result, set(), 8, modules=False)
    result = sums(result)
    result = appended(result, tables) if straight else result
    result = held_boxes(result)
    result = held_members(result)
    result = filled(result)
    result = apart(typed_lists(result), 8)
    return quiet_loops(result)


def forward(statements: Statements) -> Statements:
    """Polish a `forward`."""
    result = simple_copies(statements)
    result = listed_parts(result)
    result = joined(result, set(), 8, modules=True)
    return quiet_loops(result)


def decided_once(statements: Statements) -> Statements:
    """`self.f = e; if e:` is `if self.f:`, and so for a choice between two values.

    Asks that what `e` reads does not change between them: both stand in the same list.
    """
    result: Statements = []
    known: dict[str, ast.expr] = {}
    for each in statements:
        one = each
        if known:
            one = rewritten(each, partial(_flag, known))
        match one:
            case ast.Assign([ast.Attribute(ast.Name("self")) as target], value) if isinstance(
                value, ast.Compare | ast.BoolOp
            ):
                known[py.dumped(value)] = py.member(target.value, target.attr)
        given = py.stores(one)
        known = {key: flag for key, flag in known.items() if not _speaks(key, given)}
        result.append(one)
    return result


def _flag(known: Mapping[str, ast.expr], part: ast.AST) -> ast.AST | None:
    match part:
        case ast.IfExp(test, yes, no) if (flag := known.get(py.dumped(test))) is not None:
            return ast.IfExp(flag, yes, no)
        case ast.If(test, yes, no) if (flag := known.get(py.dumped(test))) is not None:
            return ast.If(flag, yes, no)
    return None


def _speaks(dumped: str, words: set[str]) -> bool:
    return any(f"Name(id='{word}'" in dumped for word in words)


def sums(statements: Statements) -> Statements:
    """`v = 0; for … in …: v += e` is `v = sum(e for … in …)`."""
    result: Statements = []
    for each in inside(statements, sums):
        last = result[-1] if result else None
        match last, each:
            case (
                ast.Assign([ast.Name(word)], ast.Constant(0)),
                ast.For(target, values, [ast.AugAssign(ast.Name(other), ast.Add(), value)]),
            ) if word == other and word not in py.reads(value) | py.reads(values):
                used = py.reads(value)
                turn = ast.comprehension(_starred(unused(target, used), used), values, [], 0)
                result[-1] = py.assign(word, py.call("sum", ast.GeneratorExp(value, [turn])))
                continue
        result.append(each)
    return result


def quiet_loops(statements: Statements) -> Statements:
    """Loops bind what is read in them: `_` and `*_` for the rest, and no `enumerate` for a number.

    Asks that names of loops are not read after them: no block of a spec does.
    """
    result: Statements = []
    for each in inside(statements, quiet_loops):
        if not isinstance(each, ast.For):
            result.append(each)
            continue
        used = py.reads(each.body)
        target, values = each.target, each.iter
        match target, values:
            case ast.Tuple([count, item]), ast.Call(ast.Name("enumerate"), [over]) if (
                isinstance(over, ast.Name) and not py.stores(item) & used
            ):
                target, values = count, py.call("range", py.call("len", over))
            case ast.Tuple([ast.Name(count), item]), ast.Call(ast.Name("enumerate"), [over]) if (
                count.removeprefix("_") not in used
            ):
                target, values = item, over
        result.append(
            ast.For(_starred(unused(target, used), used), values, each.body, [], lineno=0)
        )
    return result


def _starred(target: ast.expr, used: set[str]) -> ast.expr:
    """`_a, _b, c` is `*_, c`."""
    if not isinstance(target, ast.Tuple):
        return target
    parts = target.elts
    idle = 0
    while idle < len(parts) and not py.stores(parts[idle]) & used:
        idle += 1
    if idle < 2 or idle == len(parts):
        return target
    return ast.Tuple([ast.Starred(ast.Name("_", py.STORE), py.STORE), *parts[idle:]], py.STORE)
