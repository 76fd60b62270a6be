"""Containers of a ready class, filled as a person fills them: what is filled has a name.

Each rewrite takes statements and gives statements that do the same; what it asks for stands in its
docstring.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from keyword import iskeyword
from typing import Final

from cnnspec.emit import pytree as py
from cnnspec_torch.classes.spelled import Statements, loaded, rewritten
from cnnspec_torch.classes.tidy import assigned, inside

CONTAINERS: Final = ("Sequential", "ModuleDict", "ModuleList")


def held_boxes(statements: Statements, counter: str = "") -> Statements:
    """`self.m["a"] = nn.Sequential(); self.m["a"].append(m)` has a name for what it fills.

    Python's type of a member of a container is any module, so that nothing can be appended to it.
    `counter` is what counts the members of what a loop around fills.
    """
    result: Statements = []
    rest = [_inside_loop(each, held_boxes) for each in statements]
    while rest:
        each, *rest = rest
        put = _member_put(each, counter)
        if put is not None and (kind := _empty(put.made)):
            places = {py.dumped(place) for place in put.reached}
            if any(py.dumped(part) in places for part in py.walk(rest)):
                taken = py.reads(statements) | py.stores(statements) | py.stores(result)
                word = _free_word(put.word or ("stage" if kind == "Sequential" else "group"), taken)
                result += [
                    py.assign(word, put.made),
                    _substituted_part(each, put.made, py.name(word)),
                ]
                rest = [_named(one, places, word) for one in rest]
                continue
        result.append(each)
    return result


def _inside_loop(statement: ast.stmt, rule: Callable[[Statements, str], Statements]) -> ast.stmt:
    """Apply a rule to the bodies of a statement, with what counts the turns of a loop."""
    match statement:
        case ast.For(target, values, body):
            return ast.For(target, values, rule(body, _counter(statement)), [], lineno=0)
        case ast.If(test, body, orelse):
            return ast.If(test, rule(body, ""), rule(orelse, ""))
    return statement


def _counter(loop: ast.For) -> str:
    """The name that counts the turns of a loop from 0; empty: there is none."""
    match loop.target, loop.iter:
        case ast.Tuple([ast.Name(counter), _]), ast.Call(ast.Name("enumerate"), [_]):
            return counter
        case ast.Name(counter), ast.Call(ast.Name("range"), [_]):
            return counter
    return ""


def _empty(made: ast.expr) -> str:
    """The kind of a container that is made with nothing in it."""
    match made:
        case ast.Call(ast.Attribute(ast.Name("nn"), kind), [], []) if kind in CONTAINERS:
            return kind
    return ""


def _named(statement: ast.stmt, places: set[str], word: str) -> ast.stmt:
    return rewritten(statement, lambda part: py.name(word) if py.dumped(part) in places else None)


@dataclass(frozen=True, slots=True)
class _Member:
    """A module put into a container: what makes it, what reaches it then, what its key says."""

    made: ast.expr
    reached: tuple[ast.expr, ...]
    word: str = ""


def _member_put(statement: ast.stmt, counter: str) -> _Member | None:
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(box, "append"), [made])):
            counted = [py.code("b[i]", b=box, i=py.name(counter))] if counter else []
            return _Member(made, (py.code("b[-1]", b=box), *counted))
        case ast.Expr(ast.Call(ast.Attribute(box, "add_module"), [key, made])):
            return _Member(made, (py.call("getattr", box, key),), _key_word(key))
        case ast.Assign([ast.Subscript(box, key)], made):
            return _Member(made, (ast.Subscript(box, key, py.LOAD),), _key_word(key))
    return None


def _key_word(key: ast.expr) -> str:
    """A name for what a key says."""
    first = key.values[0] if isinstance(key, ast.JoinedStr) else key
    word = str(first.value) if isinstance(first, ast.Constant) else ""
    return word if word.isidentifier() and not iskeyword(word) else ""


def held_members(statements: Statements, counter: str = "") -> Statements:
    """`self.m.append(f(n)); n = self.m[-1].out_channels` has a name for the member.

    Python's type of a sequence's member is any module, of which no channels are known.
    """
    result: Statements = []
    taken = py.reads(statements) | py.stores(statements)
    rest = [_inside_loop(each, held_members) for each in statements]
    while rest:
        each, *rest = rest
        put = _member_put(each, counter)
        match rest[0] if rest else None:
            case ast.Assign([ast.Name(channels)], ast.Attribute(read, "out_channels")) if put:
                if any(py.same(read, place) for place in put.reached):
                    word = _free_word(put.word or "block", taken)
                    told = py.assign(channels, py.member(py.name(word), "out_channels"))
                    result += [py.assign(word, put.made)]
                    result += [_substituted_part(each, put.made, py.name(word)), told]
                    rest = rest[1:]
                    continue
        result.append(each)
    return result


def _free_word(word: str, taken: set[str]) -> str:
    while word in taken:
        word += "_"
    return word


def filled(statements: Statements) -> Statements:
    """`s = nn.Sequential(); a = f(n); s.append(a)` is `a = f(n); s = nn.Sequential(a)`.

    Asks that nothing is put anywhere between them, for modules keep their order, and that nothing
    is given a value that the members before read.
    """
    result: Statements = []
    for each in inside(statements, filled):
        match each:
            case ast.Expr(ast.Call(ast.Attribute(box, "append"), [member])):
                place, bound = len(result) - 1, set[str]()
                while place >= 0 and _is_local(result[place], box):
                    bound |= py.stores(result[place])
                    place -= 1
                made = _sequence_at(result[place], box) if place >= 0 else None
                if made is not None and not bound & py.reads(made):
                    whole = ast.Call(made.func, [*made.args, member], [])
                    first = result.pop(place)
                    assert isinstance(first, ast.Assign)
                    result.append(ast.Assign(first.targets, whole, lineno=0))
                    continue
        result.append(each)
    return result


def _is_local(statement: ast.stmt, box: ast.expr) -> bool:
    """Whether a statement binds a local name, without a word of a container."""
    if not isinstance(statement, ast.Assign) or assigned(statement) is None:
        return False
    return not any(py.same(part, box) for part in ast.walk(statement.value)) and not (
        _sequence_at(statement, box)
    )


def _sequence_at(statement: ast.stmt, box: ast.expr) -> ast.Call | None:
    """The sequence that a statement makes at a place."""
    match statement:
        case ast.Assign(
            [ast.Attribute() | ast.Name() as target], ast.Call(function, _, []) as made
        ):
            if py.same(function, py.code("nn.Sequential")) and py.same(loaded(target), box):
                return made
    return None


def _substituted_part(statement: ast.stmt, part: ast.expr, other: ast.expr) -> ast.stmt:
    dumped = py.dumped(part)
    return rewritten(statement, lambda each: other if py.dumped(each) == dumped else None)
