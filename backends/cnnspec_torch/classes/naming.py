"""Names of a ready class: those go that say nothing that is not said where they are read.

Each rewrite takes statements and gives statements that do the same; what it asks for stands in its
docstring.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from typing import Final

from cnnspec.emit import pytree as py
from cnnspec.emit.pycode import lines
from cnnspec_torch.classes.liveness import Course, Either, bound
from cnnspec_torch.classes.spelled import Statements, substituted
from cnnspec_torch.classes.tidy import assigned, inside

#: So deep may calls stand in calls.
DEEPEST: Final = 3
_BY_CALL: Final = ("append", "extend", "add_module", "register_parameter")


def simple_copies(statements: Statements) -> Statements:
    """`v = c[2]; f(v)` is `f(c[2])`, and so for `v = w`.

    Asks that `v` is bound once, outside of loops and choices, and that nothing that is read for it
    changes later.
    """
    result = list(statements)
    place = 0
    while place < len(result):
        word, each = assigned(result[place]), result[place]
        later = result[place + 1 :]
        if (
            word is not None
            and isinstance(each, ast.Assign)
            and _is_simple(each.value)
            and word not in py.stores(result[:place]) | py.stores(later)
            and word not in py.reads(result[:place])
            and not py.reads(each.value) & _changed(later)
        ):
            value = each.value
            result[place:] = [substituted(one, {word: value}) for one in later]
            continue
        place += 1
    return result


def constants(
    statements: Statements, known: dict[str, ast.expr]
) -> tuple[Statements, dict[str, ast.expr]]:
    """`channels = 64; f(channels)` is `f(64)` wherever that is what the variable holds.

    It is for variables of ours, that hold channels: a name of the spec says what a number is.
    """
    result: Statements = []
    known = dict(known)
    for each in statements:
        match each:
            case ast.For(target, values, body):
                turning = {
                    word for word, value in known.items() if _may_differ(word, value, [each])
                }
                known = {word: value for word, value in known.items() if word not in turning}
                inner, _ = constants(body, known)
                over = substituted(ast.Expr(values), known)
                assert isinstance(over, ast.Expr)
                result.append(ast.For(target, over.value, inner, [], lineno=0))
                continue
            case ast.If(test, body, orelse):
                yes, after_yes = constants(body, known)
                no, after_no = constants(orelse, known)
                decided = substituted(ast.Expr(test), known)
                assert isinstance(decided, ast.Expr)
                result.append(ast.If(decided.value, yes, no))
                known = {
                    word: value
                    for word, value in after_yes.items()
                    if word in after_no and py.same(value, after_no[word])
                }
                continue
        one = substituted(each, known)
        result.append(one)
        known = {word: value for word, value in known.items() if word not in py.stores(one)}
        word = assigned(one)
        if word is not None and word.endswith("channels") and isinstance(one, ast.Assign):
            value = py.fold(one.value)
            if py.whole(value) is not None:
                known[word] = value
    return result, known


def _may_differ(word: str, value: ast.expr, statements: Statements) -> bool:
    """Whether statements may give a variable another value."""
    given = [
        each
        for each in py.walk(statements)
        if isinstance(each, ast.stmt) and not isinstance(each, ast.If) and word in _given(each)
    ]
    return any(not (isinstance(x, ast.Assign) and py.same(x.value, value)) for x in given)


def _given(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.For):
        return py.stores(statement.target)
    return py.stores(statement)


def _is_simple(value: ast.expr) -> bool:
    if isinstance(value, ast.Subscript):
        index = value.slice
        if isinstance(index, ast.UnaryOp):
            index = index.operand
        return isinstance(value.value, ast.Name) and isinstance(index, ast.Constant)
    return isinstance(value, ast.Name)


def _changed(statements: Statements) -> set[str]:
    """Names that are given values, and lists that grow."""
    found = py.stores(statements)
    for each in py.walk(statements):
        match each:
            case ast.Call(ast.Attribute(ast.Name(word), method)) if method in _BY_CALL:
                found.add(word)
            case ast.Assign([ast.Subscript(ast.Name(word))]):
                found.add(word)
    return found


def joined(
    statements: Statements, live: Container[str], indent: int, *, modules: bool
) -> Statements:
    """`v = e; f(v)` is `f(e)`, where the next statement alone reads `v`, once.

    Asks that nothing is called before it there, that it is read whatever is decided there, and that
    the line holds it; calls do not stand in calls deeper than a reader follows. `live` is what is
    read after. `modules` says that what is called are modules: what a constructor works out keeps
    the name that says what it is, unless that is one word.
    """
    course = Course(statements, live)
    result: Statements = []
    for place, each in enumerate(statements):
        later = course.after(place)
        one = _joined_inside(each, later, indent, modules=modules)
        while result and (word := assigned(result[-1])) is not None:
            last = result[-1]
            if not isinstance(last, ast.Assign) or (word in later and word not in bound(one)):
                break
            whole = _with(one, word, last.value, indent, modules=modules)
            if whole is None:
                break
            one = whole
            result.pop()
        result.append(one)
    return result


def _joined_inside(
    each: ast.stmt, later: Container[str], indent: int, *, modules: bool
) -> ast.stmt:
    match each:
        case ast.If(test, body, orelse):
            body = joined(body, later, indent + 4, modules=modules)
            return ast.If(test, body, joined(orelse, later, indent + 4, modules=modules))
        case ast.For(target, values, body):
            turning = Either(later, Course(body, later).after(-1))
            body = joined(body, turning, indent + 4, modules=modules)
            return ast.For(target, values, body, [], lineno=0)
    return each


def _with(
    statement: ast.stmt, word: str, value: ast.expr, indent: int, *, modules: bool
) -> ast.stmt | None:
    """Put a value where a statement reads a name, if that may be and reads well."""
    if isinstance(statement, ast.If | ast.For | ast.AugAssign):
        return None
    if sum(isinstance(x, ast.Name) and x.id == word for x in _loads(statement)) != 1:
        return None
    if not modules and (py.has_call(value) or not _is_simple(value)):
        return None
    if not _is_first(statement, word):
        return None
    whole = substituted(statement, {word: value})
    if _depth(whole) > DEEPEST or len(lines([whole], indent)) > 1:
        return None
    return whole


def _loads(tree: ast.AST) -> Iterator[ast.Name]:
    return (each for each in py.walk(tree) if isinstance(each, ast.Name) and py.is_load(each))


def _is_first(statement: ast.stmt, word: str) -> bool:
    """Whether a name is read before anything is called, and whatever is decided."""
    for each in _in_order(statement):
        if isinstance(each, ast.Name) and each.id == word:
            return py.is_load(each)
        if isinstance(each, ast.Call | ast.IfExp | ast.GeneratorExp | ast.Lambda | ast.BoolOp):
            return False
    return False


def _in_order(tree: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement as Python comes to them: what is inside first."""
    match tree:
        case ast.IfExp(test, _, _):
            yield from _in_order(test)
        case ast.GeneratorExp() | ast.Lambda():
            pass
        case ast.BoolOp(_, [first, *_]):
            yield from _in_order(first)
        case ast.Assign(_, value):
            yield from _in_order(value)
        case _:
            for each in ast.iter_child_nodes(tree):
                yield from _in_order(each)
    yield tree


def _depth(tree: ast.AST) -> int:
    """How deep calls stand in calls of what flows."""
    inner = max(map(_depth, ast.iter_child_nodes(tree)), default=0)
    return inner + isinstance(tree, ast.Call)


def listed_parts(statements: Statements) -> Statements:
    """`a, b = e; v = [a, b]` is `v = list(e)`, where nobody else reads the parts."""
    result: Statements = []
    reads = [each.id for one in statements for each in _loads(one)]
    for each in inside(statements, listed_parts):
        last = result[-1] if result else None
        match last, each:
            case ast.Assign([ast.Tuple(parts)], value), ast.Assign([target], ast.List(items)):
                words = [part.id for part in parts if isinstance(part, ast.Name)]
                again = [item.id for item in items if isinstance(item, ast.Name)]
                if words == again and all(reads.count(word) == 1 for word in words):
                    result[-1] = ast.Assign([target], py.call("list", value), lineno=0)
                    continue
        result.append(each)
    return result
