"""Members of a sequence by their positions: where a loop's turns count them, they are appended."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from cnnspec.emit import pytree as py
from cnnspec_torch.classes.spelled import Statements


def appended(statements: Statements, tables: Mapping[str, ast.expr]) -> Statements:
    """`self.add_module(str(i + 1), m)` is `self.append(m)` in a sequence.

    Asks that the name is the member's position, however often loops turn: the members before it are
    counted, and those of a loop are as many as what it goes over.
    """
    result: Statements = []
    before: ast.expr = py.literal(0)
    sure = True
    for each in statements:
        if not sure:
            result.append(each)
            continue
        member = _added(each)
        if member is not None:
            key, made = member
            sure = _says(key, before, tables)
            result.append(_append(made) if sure else each)
            before = _more(before, py.literal(1))
            continue
        adds = [one for one in py.walk(each) if isinstance(one, ast.stmt) and _added(one)]
        sure = not adds and not _sets_module(each)
        if isinstance(each, ast.For) and len(adds) == 1 and adds[0] in each.body:
            turned = _turned(each, before, adds[0])
            if turned is not None:
                loop, before = turned
                result.append(loop)
                sure = True
                continue
        result.append(each)
    return result


def _added(statement: ast.stmt) -> tuple[ast.expr, ast.expr] | None:
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name("self"), "add_module"), [key, made])):
            return key, made
    return None


def _sets_module(statement: ast.stmt) -> bool:
    """Whether a statement may give the class a member under a name of its own."""
    for each in py.walk(statement):
        targets = each.targets if isinstance(each, ast.Assign) else []
        if isinstance(each, ast.AnnAssign):
            targets = [each.target]
        if any(isinstance(x, ast.Attribute) and x.attr != "out_channels" for x in targets):
            return True
    return False


def _append(made: ast.expr) -> ast.stmt:
    return ast.Expr(py.call("self.append", made))


def _turned(loop: ast.For, before: ast.expr, add: ast.stmt) -> tuple[ast.stmt, ast.expr] | None:
    """A loop that appends once a turn, and how many members there are after it."""
    member = _added(add)
    assert member is not None
    key, made = member
    match loop.target, loop.iter:
        case ast.Tuple([ast.Name(counter), _]), ast.Call(ast.Name("enumerate"), [over]):
            turns: ast.expr = py.call("len", over)
        case ast.Name(counter), ast.Call(ast.Name("range"), [turns]):
            pass
        case _:
            return None
    place = _more(py.name(counter), before)
    if not py.same(key, py.call("str", place)):
        return None
    body = [_append(made) if each is add else each for each in loop.body]
    return ast.For(loop.target, loop.iter, body, [], lineno=0), _more(before, turns)


def _more(count: ast.expr, more: ast.expr) -> ast.expr:
    whole = py.whole(count)
    if whole is not None and py.whole(more) is None:  # numbers stand last
        count, more = more, count
    if isinstance(count, ast.BinOp) and py.whole(more) is not None:
        ends = ast.BinOp(count.right, ast.Add(), more)
        if py.whole(count.right) is not None:
            return py.fold(ast.BinOp(count.left, ast.Add(), ends))
    return py.fold(ast.BinOp(count, ast.Add(), more))


def _says(key: ast.expr, count: ast.expr, tables: Mapping[str, ast.expr]) -> bool:
    """Whether a member's name is a number."""
    if py.same(key, py.call("str", count)):
        return True

    def known(part: ast.AST) -> ast.AST | None:
        match part:
            case ast.Call(ast.Name("len"), [ast.Name(word)]) if word in tables:
                table = tables[word]
                if isinstance(table, ast.Tuple):
                    return ast.Constant(len(table.elts))
        return None

    number = py.rewritten(count, known)
    assert isinstance(number, ast.expr)
    whole = py.whole(py.fold(number))
    return whole is not None and py.constant(key, str(whole))
