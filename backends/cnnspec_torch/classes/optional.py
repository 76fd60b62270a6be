"""Modules that are there at times, in statements where an expression takes many lines."""

from __future__ import annotations

import ast

from cnnspec.emit import pytree as py
from cnnspec.emit.pycode import lines
from cnnspec_torch.classes.prune import opposite
from cnnspec_torch.classes.spelled import Statements, loaded
from cnnspec_torch.classes.tidy import assigned


def apart(statements: Statements, indent: int) -> Statements:
    """Modules that are there at times, in statements where an expression takes many lines.

    `self.m = nn.Sequential(a, *([b] if c else []))` appends `b` under `if c`, and `self.m = a if c
    else nn.Identity()` gives `self.m` another value there.
    """
    result: Statements = []
    for each in statements:
        match each:
            case ast.For(target, values, body):
                result.append(ast.For(target, values, apart(body, indent + 4), [], lineno=0))
            case ast.If(test, body, orelse):
                orelse = apart(orelse, indent + 4)
                result.append(ast.If(test, apart(body, indent + 4), orelse))
            case ast.Assign([target], ast.Call(function, [*members])) if py.same(
                function, py.code("nn.Sequential")
            ) and any(map(_there_at_times, members)):
                result += apart(_one_by_one(target, members), indent)
            case ast.AugAssign(ast.Name(word), ast.Add(), ast.List(members)) if len(
                members
            ) == 1 or any(map(_there_at_times, members)):
                result += _members_put(py.name(word), members)
            case ast.Assign([ast.Attribute() as target], ast.IfExp(test, yes, no)) if (
                len(lines([each], indent)) > 1
            ):
                result += _chosen(target, test, yes, no)
            case _:
                result.append(each)
    return result


def typed_lists(statements: Statements) -> Statements:
    """`layers = []` is `layers: list[nn.Module] = []` where modules of several kinds come in."""
    grown = {
        each.target.id
        for each in py.walk(statements)
        if isinstance(each, ast.AugAssign)
        and isinstance(each.target, ast.Name)
        and isinstance(each.value, ast.List)
    }
    return [
        ast.AnnAssign(ast.Name(word, py.STORE), py.code("list[nn.Module]"), py.items([]), 1)
        if (word := assigned(each)) in grown and word is not None
        else each
        for each in statements
    ]


def _there_at_times(member: ast.expr) -> ast.IfExp | None:
    match member:
        case ast.Starred(ast.IfExp(_, ast.List(), ast.List()) as choice):
            return choice
    return None


def _one_by_one(target: ast.expr, members: list[ast.expr]) -> Statements:
    first = next(place for place, each in enumerate(members) if _there_at_times(each))
    made = ast.Call(py.code("nn.Sequential"), members[:first], [])
    result: Statements = [ast.Assign([target], made, lineno=0)]
    return result + _members_put(loaded(target), members[first:])


def _members_put(place: ast.expr, members: list[ast.expr]) -> Statements:
    result: Statements = []
    for each in members:
        choice = _there_at_times(each)
        if choice is None:
            result.append(_appended_to(place, each))
            continue
        arms = [
            [_appended_to(place, x) for x in arm.elts]
            for arm in (choice.body, choice.orelse)
            if isinstance(arm, ast.List)
        ]
        yes, no = arms
        result.append(ast.If(choice.test, yes, no) if yes else _unless(choice.test, no))
    return result


def _unless(test: ast.expr, body: Statements) -> ast.stmt:
    return ast.If(opposite(test), body, [])


def _appended_to(place: ast.expr, member: ast.expr) -> ast.stmt:
    if isinstance(member, ast.Starred):
        return ast.Expr(ast.Call(py.member(place, "extend"), [member.value], []))
    return ast.Expr(ast.Call(py.member(place, "append"), [member], []))


def _chosen(target: ast.Attribute, test: ast.expr, yes: ast.expr, no: ast.expr) -> Statements:
    absent = py.code("nn.Identity()")
    put = ast.Assign([target], yes, lineno=0)
    if py.same(no, absent):
        kind = ast.AnnAssign(target, py.code("nn.Module"), absent, 0)
        return [kind, ast.If(test, [put], [])]
    kind = ast.AnnAssign(target, py.code("nn.Module"), yes, 0)
    return [ast.If(test, [kind], [ast.Assign([target], no, lineno=0)])]
