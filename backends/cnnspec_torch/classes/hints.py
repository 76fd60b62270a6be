"""Types where a checker cannot find them: attributes of several kinds, lists that begin empty."""

from __future__ import annotations

import ast

from cnnspec.emit import pytree as py
from cnnspec_torch.classes.projection import Projection
from cnnspec_torch.classes.tidy import Statements, assigned, inside
from cnnspec_torch.classes.values import Nodes


def typed(p: Projection, statements: Statements, *, made: bool) -> Statements:
    """Say the types that cannot be found, each where its name is bound first.

    `made` says that it is the constructor.
    """
    result = _empty_lists(p, statements, set(), made=made)
    if not made:
        return result
    several = _several(result)
    if p.calls_itself:
        several["out_channels"] = "int"
    return _attributes(result, several, set())


def _empty_lists(
    p: Projection, statements: Statements, known: set[str], *, made: bool
) -> Statements:
    def rule(body: Statements) -> Statements:
        return _empty_lists(p, body, known, made=made)

    result: Statements = []
    for each in statements:
        if isinstance(each, ast.For | ast.If):
            result += inside([each], rule)
            continue
        word = assigned(each)
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            known.add(each.target.id)
        if word is None or word in known or not isinstance(each, ast.Assign):
            result.append(each)
            continue
        known.add(word)
        hint = _hint(p, word, each.value, made=made)
        if hint is not None:
            target = ast.Name(word, py.STORE)
            result.append(ast.AnnAssign(target, py.code(hint), each.value, 1))
        else:
            result.append(each)
    return result


def _hint(p: Projection, word: str, value: ast.expr, *, made: bool) -> str | None:
    if py.same(value, py.code("Counter()")):
        return "Counter[str]"
    if not (isinstance(value, ast.List) and not value.elts):
        return None
    for each in p.env.values():
        if not isinstance(each, Nodes):
            continue
        if made and py.same(each.channels, py.name(word)):
            return "list[int]"
        if not made and py.same(each.tensor, py.name(word)):
            return "list[Tensor]"
    return "list[Any]"


def _several(statements: Statements) -> dict[str, str]:
    """Attributes that are given modules of several kinds."""
    made: dict[str, set[str]] = {}
    for each in py.walk(statements):
        match each:
            case ast.Assign([ast.Attribute(ast.Name("self"), word)], ast.Call(function)):
                made.setdefault(word, set()).add(py.dumped(function))
    return {word: "nn.Module" for word, kinds in made.items() if len(kinds) > 1}


def _attributes(statements: Statements, hints: dict[str, str], known: set[str]) -> Statements:
    def rule(body: Statements) -> Statements:
        return _attributes(body, hints, known)

    result: Statements = []
    for each in statements:
        match each:
            case ast.For() | ast.If():
                result += inside([each], rule)
            case ast.Assign([ast.Attribute(ast.Name("self"), word) as target], value) if (
                word in hints and word not in known
            ):
                known.add(word)
                result.append(ast.AnnAssign(target, py.code(hints[word]), value, 0))
            case _:
                result.append(each)
    return result
