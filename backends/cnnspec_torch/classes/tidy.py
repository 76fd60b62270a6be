"""Rewrites that make a projection read as written by hand: one a function, with what it asks for.

Each takes statements and gives statements that do the same. What it may rely on stands in its
docstring, and `cnnspec_torch.proof` holds what comes out against the graph.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable

from cnnspec.emit import pytree as py
from cnnspec_torch.classes.values import Box, Put, Reach

Statements = list[ast.stmt]


def inside(statements: Statements, rule: Callable[[Statements], Statements]) -> Statements:
    """Apply a rule to the bodies of compound statements."""
    result: Statements = []
    for each in statements:
        if isinstance(each, ast.For):
            result.append(ast.For(each.target, each.iter, rule(each.body), [], lineno=0))
        elif isinstance(each, ast.If):
            body = rule(each.body)
            result.append(ast.If(each.test, body, rule(each.orelse) if each.orelse else []))
        else:
            result.append(each)
    return result


def assigned(statement: ast.stmt) -> str | None:
    """The one name that a statement binds."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def count(statements: Iterable[ast.AST], word: str) -> int:
    """How often a name stands in statements."""
    return sum(isinstance(each, ast.Name) and each.id == word for each in py.walk(statements))


def chains(statements: Statements, depth: int = 0) -> Statements:
    """`for i in …: x = self.blocks[i](x)` is `x = self.blocks(x)`, and `blocks` a sequence.

    Asks that the loop does nothing else, that this is the only place where the box has members, and
    that those are put in by a loop at the same depth.
    """
    result: Statements = []
    for each in statements:
        if isinstance(each, ast.For):
            body = chains(each.body, depth + 1)
            whole = _whole(body, depth)
            if whole is not None:
                result.append(whole)
                continue
            result.append(ast.For(each.target, each.iter, body, [], lineno=0))
        elif isinstance(each, ast.If):
            result.append(ast.If(each.test, chains(each.body, depth), chains(each.orelse, depth)))
        else:
            result.append(each)
    return result


def _whole(body: Statements, depth: int) -> ast.stmt | None:
    if len(body) != 1 or not isinstance(body[0], ast.Assign):
        return None
    one = body[0]
    word, called = assigned(one), one.value
    if word is None or not (isinstance(called, ast.Call) and isinstance(called.func, Reach)):
        return None
    if len(called.args) != 1 or not py.same(called.args[0], py.name(word)):
        return None
    box, segment = called.func.box, called.func.segment
    if not box.number or isinstance(segment, ast.Constant) or len(box.sites) != 1:
        return None
    _, level, _ = box.sites[0]
    if level != depth + 1 or box.level != depth or box.parent is None:
        return None
    box.kind = "sequential"
    from cnnspec_torch.classes.values import said

    reach = Reach(box.parent, said(box.segment))
    return py.assign(word, ast.Call(reach, called.args, []))


def members(statements: Statements, taken: set[str], *, alone: bool) -> Statements:
    """`for i in range(n)` that is about the members of one list goes over the members.

    Asks that the turn's number is read for them alone. `alone` says that all modules of the class
    are such members of its own: `self.children()`.
    """
    result: Statements = []
    for each in statements:
        if isinstance(each, ast.If):
            body = members(each.body, taken, alone=alone)
            result.append(ast.If(each.test, body, members(each.orelse, taken, alone=alone)))
        elif isinstance(each, ast.For):
            body = members(each.body, taken, alone=alone)
            loop = ast.For(each.target, each.iter, body, [], lineno=0)
            result.append(_over_members(loop, taken, alone=alone) or loop)
        else:
            result.append(each)
    return result


def _over_members(loop: ast.For, taken: set[str], *, alone: bool) -> ast.For | None:
    """Go over the members of a box, beside the values that the loop goes over if it has such."""
    target, values = loop.target, loop.iter
    if not isinstance(values, ast.Call) or not isinstance(values.func, ast.Name):
        return None
    rest: tuple[ast.expr, ast.expr] | None = None
    if values.func.id == "range" and len(values.args) == 1 and isinstance(target, ast.Name):
        counter = target.id
    elif values.func.id == "enumerate" and isinstance(target, ast.Tuple):
        if not isinstance(target.elts[0], ast.Name):
            return None
        counter = target.elts[0].id
        rest = (target.elts[1], values.args[0])
    else:
        return None
    reached: dict[str, Reach] = {}
    times = 0
    for part in py.walk(loop.body):
        if isinstance(part, Reach) and counter in py.reads(part):
            reached.setdefault(py.dumped(part), part)
            times += count([part.segment], counter) + count(part.path, counter)
    if not reached or times != count(loop.body, counter) or len(reached) > 2:
        return None
    if len(reached) > 1 and rest is None and len(reached) > 2:
        return None
    new: list[tuple[ast.expr, ast.expr]] = []
    words: dict[str, str] = {}
    for key, reach in reached.items():
        box = reach.box
        if counter in py.reads(reach.path):
            return None
        if not box.number:
            if not (alone and len(box.sites) == 1 and len(reached) == 1 and rest is None):
                return None
            source: ast.expr = py.code("self.children()")
        elif box.kind == "list" and box.counts and box.parent is not None:
            from cnnspec_torch.classes.values import said

            source = Reach(box.parent, said(box.segment))
        else:
            return None
        word = _member_word(reach)
        while word in taken or word in words.values():
            word += "_"
        words[key] = word
        new.append((ast.Name(word, py.STORE), source))

    def change(part: ast.AST) -> ast.AST | None:
        if isinstance(part, Reach) and py.dumped(part) in words:
            return py.name(words[py.dumped(part)])
        return None

    body = [py.rewritten(each, change) for each in loop.body]
    pairs = [rest, *new] if rest is not None else new
    if len(pairs) == 1:
        return ast.For(pairs[0][0], pairs[0][1], body, [], lineno=0)  # type: ignore[arg-type]
    names = ast.Tuple([pair[0] for pair in pairs], py.STORE)
    over = ast.Call(py.name("zip"), [pair[1] for pair in pairs], [_strict()])
    return ast.For(names, over, body, [], lineno=0)  # type: ignore[arg-type]


def _strict() -> ast.keyword:
    return ast.keyword("strict", ast.Constant(True))


def _member_word(reach: Reach) -> str:
    box, segment = reach.box, reach.segment
    if not box.number:
        first = segment.values[0] if isinstance(segment, ast.JoinedStr) else segment
        word = str(first.value) if isinstance(first, ast.Constant) else ""
        word = re.sub(r"\W", "_", word).strip("_")
        return word if word.isidentifier() else "layer"
    word = box.segment if isinstance(box.segment, str) else "layer"
    if word.endswith("s") and len(word) > 2:
        word = word[:-1]
    return word if word.isidentifier() else "layer"


def copies(statements: Statements) -> Statements:
    """`y = x; y = f(y)` is `y = f(x)`; `a = e; b = a` is `b = e` where nobody else reads `a`.

    Asks that the two stand side by side.
    """
    reads: dict[str, int] = {}
    for part in py.walk(statements):
        if isinstance(part, ast.Name) and py.is_load(part):
            reads[part.id] = reads.get(part.id, 0) + 1
    return _copied(statements, reads)


def _copied(statements: Statements, reads: dict[str, int]) -> Statements:
    result: Statements = []
    done = inside(statements, lambda body: _copied(body, reads))
    for each in done:
        word, before = assigned(each), assigned(result[-1]) if result else None
        if word is not None and before is not None and isinstance(each, ast.Assign):
            last = result[-1]
            assert isinstance(last, ast.Assign)
            value = last.value
            again = isinstance(each.value, ast.Name) and each.value.id == before
            if again and word != before and reads.get(before) == 1:
                result[-1] = py.assign(word, value)
                continue
            if (
                word == before
                and isinstance(value, ast.Name)
                and value.id != word
                and count([each.value], word)
            ):
                result[-1] = py.assign(word, py.substituted(each.value, {word: value}))
                continue
        result.append(each)
    return result


def once(statements: Statements, keep: set[str]) -> Statements:
    """`a = e; return f(a)` is `return f(e)`: a name that the next statement alone reads, once.

    Asks that nothing is evaluated before it there which `e` could change: `e` calls one module at
    most where what comes before it in the statement calls none.
    """
    result: Statements = []
    done = inside(statements, lambda body: once(body, keep))
    for place, each in enumerate(done):
        word = assigned(result[-1]) if result else None
        last = result[-1] if result else None
        if (
            word is not None
            and word not in keep
            and isinstance(last, ast.Assign)
            and isinstance(each, ast.Return)
            and each.value is not None
            and count([each.value], word) == 1
            and not count(done[place + 1 :], word)
            and isinstance(each.value, ast.Name)
        ):
            result[-1] = ast.Return(last.value)
            continue
        result.append(each)
    return result


def appends(statements: Statements, *, numbers: bool) -> Statements:
    """`v = [*v, e]` is `v.append(e)`; `n = n + k` is `n += k` where names hold `numbers`.

    Asks that nothing else holds the list: it is made here, and no other name is given it. What
    `+=` does to a tensor it does in place, so it is for numbers alone.
    """
    own = _own_lists(statements)

    def change(each: ast.stmt) -> ast.stmt:
        word = assigned(each)
        if word is None or not isinstance(each, ast.Assign):
            return each
        value = each.value
        if word in own and (grown := _grown(value, word)) is not None:
            return ast.Expr(ast.Call(py.member(py.name(word), "append"), [grown], []))
        if (
            isinstance(value, ast.BinOp)
            and py.same(value.left, py.name(word))
            and isinstance(value.op, ast.Add | ast.FloorDiv | ast.Sub | ast.Mult)
            and not isinstance(value.right, ast.List)
            and numbers
        ):
            return ast.AugAssign(ast.Name(word, py.STORE), value.op, value.right)
        return each

    return _mapped(statements, change)


def _mapped(statements: Statements, change: Callable[[ast.stmt], ast.stmt]) -> Statements:
    return [change(each) for each in inside(statements, lambda body: _mapped(body, change))]


def _grown(value: ast.expr, word: str) -> ast.expr | None:
    """What a list is made longer by, if it is by one at its end."""
    if isinstance(value, ast.List) and len(value.elts) == 2:
        first, last = value.elts
        if isinstance(first, ast.Starred) and py.same(first.value, py.name(word)):
            return None if isinstance(last, ast.Starred) else last
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        right = value.right
        single = isinstance(right, ast.List) and len(right.elts) == 1
        if single and isinstance(right, ast.List) and py.same(value.left, py.name(word)):
            return None if isinstance(right.elts[0], ast.Starred) else right.elts[0]
    return None


def _own_lists(statements: Statements) -> set[str]:
    every = list(py.walk(statements))
    givers: dict[str, list[ast.expr]] = {}
    for each in every:
        if isinstance(each, ast.Assign) and (word := assigned(each)) is not None:
            givers.setdefault(word, []).append(each.value)
    held = {
        each.value.id
        for each in every
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Name)
    }
    held |= {
        x.id
        for each in every
        if isinstance(each, ast.List | ast.Tuple | ast.Dict)
        for x in ast.iter_child_nodes(each)
        if isinstance(x, ast.Name) and py.is_load(x)
    }
    return {
        word
        for word, values in givers.items()
        if word not in held
        and any(_grown(each, word) is not None for each in values)
        and all(_grown(each, word) is not None or _fresh(each, word) for each in values)
    }


def _fresh(value: ast.expr, word: str) -> bool:
    """Whether an expression makes a new list."""
    if isinstance(value, ast.List | ast.ListComp):
        return word not in py.reads(value)
    return isinstance(value, ast.Call) and py.same(value.func, py.name("list"))


def shared(statements: Statements) -> Statements:
    """`f(g(x)); v = g(x)` is `v = g(x); f(v)`: what is worked out twice gets its name first.

    Asks that modules alone are made between them, none of which reads `v`, and that nothing but
    numbers is worked out.
    """
    result: Statements = []
    for each in inside(statements, shared):
        word = assigned(each)
        if (
            word is None
            or not isinstance(each, ast.Assign)
            or not isinstance(each.value, ast.Call | ast.BinOp | ast.IfExp)
            or any(isinstance(part, Reach) for part in py.walk(each.value))
        ):
            result.append(each)
            continue
        place = len(result)
        while (
            place and isinstance(result[place - 1], Put) and word not in py.reads(result[place - 1])
        ):
            place -= 1
        named = [_with_name(one, each.value, word) for one in result[place:]]
        changed = [not py.same(*pair) for pair in zip(named, result[place:], strict=True)]
        first = changed.index(True) if any(changed) else len(named)
        result[place:] = [*named[:first], each, *named[first:]]
    return result


def _is_put_without(statement: ast.stmt, word: str) -> bool:
    return isinstance(statement, Put) and word not in py.reads(statement)


def _with_name(statement: ast.stmt, value: ast.expr, word: str) -> ast.stmt:
    dumped = py.dumped(value)
    changed = py.rewritten(
        statement, lambda part: py.name(word) if py.dumped(part) == dumped else None
    )
    assert isinstance(changed, ast.stmt)
    return changed


def boxes_of(statements: Iterable[ast.AST]) -> set[tuple[int, str]]:
    """What modules statements reach: by the box, and by their segments as written."""
    return {
        (part.number, py.dumped(part.segment))
        for part in py.walk(statements)
        if isinstance(part, Reach)
    }


__all__ = ["Box", "appends", "boxes_of", "chains", "copies", "members", "once", "shared"]
