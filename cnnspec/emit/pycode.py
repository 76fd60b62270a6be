"""Statements of Python's syntax tree as text, laid out as `ruff format` would."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Final

from cnnspec.emit.code import (
    Call,
    Code,
    Generator,
    IfElse,
    Infix,
    Keyword,
    Leaf,
    Member,
    Raw,
    Sequence,
    Starred,
    Subscript,
)
from cnnspec.emit.printer import expression, statement
from cnnspec.emit.spelling import spelled

_SIGNS: Final[dict[type[ast.AST], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.And: "and",
    ast.Or: "or",
    ast.Not: "not",
    ast.USub: "negate",
}


def lines(statements: Iterable[ast.stmt], indent: int) -> list[str]:
    """Write statements."""
    result: list[str] = []
    for each in statements:
        result += _lines(each, indent)
    return result or [" " * indent + "pass"]


def _lines(each: ast.stmt, indent: int) -> list[str]:
    pad = " " * indent
    match each:
        case ast.Assign([ast.Tuple() as target], ast.Tuple([_, _, *_] as members)):
            row = Sequence(tuple(map(code, members)), "")
            return statement(f"{target_text(target)} = ", row, indent=indent)
        case ast.Assign([target], value):
            return statement(f"{target_text(target)} = ", code(value), indent=indent)
        case ast.AnnAssign(target, hint, value) if value is not None:
            words = f"{target_text(target)}: {text(hint)} = "
            return statement(words, code(value), indent=indent)
        case ast.Raise(ast.expr() as value):
            return statement("raise ", code(value), indent=indent)
        case ast.AugAssign(target, operator, value):
            words = f"{target_text(target)} {_SIGNS[type(operator)]}= "
            return statement(words, code(value), indent=indent)
        case ast.Return(None):
            return [f"{pad}return"]
        case ast.Return(value) if value is not None:
            return statement("return ", code(value), indent=indent)
        case ast.Expr(value):
            return statement("", code(value), indent=indent)
        case ast.Pass():
            return [f"{pad}pass"]
        case ast.For(target, values, body):
            head = f"for {bare(target)} in "
            return [
                *statement(head, code(values), indent=indent, suffix=":"),
                *lines(body, indent + 4),
            ]
        case ast.If():
            return _if(each, indent, "if ")
    raise TypeError(f"{type(each).__name__} is no statement of emitted code")


def _if(each: ast.If, indent: int, word: str) -> list[str]:
    result = statement(word, code(each.test), indent=indent, suffix=":")
    result += lines(each.body, indent + 4)
    match each.orelse:
        case []:
            return result
        case [ast.If() as other]:
            return result + _if(other, indent, "elif ")
    return [*result, " " * indent + "else:", *lines(each.orelse, indent + 4)]


def target_text(target: ast.expr) -> str:
    """Write what is assigned to."""
    return bare(target) if isinstance(target, ast.Tuple) else expression(code(target))


def bare(target: ast.expr) -> str:
    """Write what a loop binds: a row without its parentheses."""
    if isinstance(target, ast.Tuple):
        return ", ".join(_enclosed(each) for each in target.elts)
    return expression(code(target))


def _enclosed(target: ast.expr) -> str:
    inner = bare(target)
    return f"({inner})" if isinstance(target, ast.Tuple) else inner


def text(tree: ast.expr) -> str:
    """Write an expression on one line."""
    return expression(code(tree))


def code(tree: ast.expr) -> Code:
    """Turn an expression into the code that is laid out."""
    match tree:
        case ast.Name(word):
            return Raw(word)
        case ast.Constant(value):
            return Leaf(value)
        case ast.Attribute(value, word):
            return Member(code(value), word)
        case ast.Call(function, arguments, keywords):
            named = tuple(Keyword(each.arg or "", code(each.value)) for each in keywords)
            called = code(function)
            if isinstance(function, ast.Lambda):
                called = Raw(f"({text(function)})")
            return Call(called, tuple(map(code, arguments)), named)
        case ast.Subscript(value, index):
            return Subscript(code(value), _index(index))
        case ast.UnaryOp(ast.USub(), ast.Constant(value)) if isinstance(value, int | float):
            return Leaf(-value)
        case ast.UnaryOp(sign, value):
            return Infix(_SIGNS[type(sign)], (code(value),))
        case ast.BinOp(left, sign, right):
            return Infix(_SIGNS[type(sign)], (code(left), code(right)))
        case ast.BoolOp(sign, values):
            return Infix(_SIGNS[type(sign)], tuple(map(code, values)))
        case ast.Compare(left, [sign], [right]):
            return Infix(_SIGNS[type(sign)], (code(left), code(right)))
        case ast.IfExp(test, yes, no):
            return IfElse(code(test), code(yes), code(no))
        case ast.List(members):
            return Sequence(tuple(map(code, members)), "[")
        case ast.Tuple(members):
            return Sequence(tuple(map(code, members)), "(")
        case ast.Starred(value):
            return Starred(code(value))
        case ast.GeneratorExp(element, [turn]):
            return Generator(code(element), code(turn.iter), bare(turn.target))
    if isinstance(tree, ast.Slice | ast.JoinedStr | ast.Lambda | ast.Dict | ast.GeneratorExp):
        return Raw(_ready(tree))
    raise TypeError(f"{type(tree).__name__} is no expression of emitted code")


def _index(index: ast.expr) -> Code:
    if isinstance(index, ast.Slice | ast.Tuple):
        return Raw(_ready(index))
    return code(index)


def _ready(tree: ast.expr) -> str:
    """Write what is laid out on one line."""
    match tree:
        case ast.Slice(low, high, None):
            return f"{text(low) if low else ''}:{text(high) if high else ''}"
        case ast.Tuple(members):
            return ", ".join(map(_ready, members))
        case ast.JoinedStr(values):
            return f'f"{"".join(map(_piece, values))}"'
        case ast.Lambda(parameters, body):
            words = ", ".join(each.arg for each in parameters.args)
            return f"lambda {words}: {text(body)}"
        case ast.Dict(keys, values):
            pairs = (
                f"**({text(v)})" if k is None else f"{text(k)}: {text(v)}"
                for k, v in zip(keys, values, strict=True)
            )
            return f"{{{', '.join(pairs)}}}"
        case ast.GeneratorExp(element, turns):
            over = " ".join(f"for {bare(each.target)} in {text(each.iter)}" for each in turns)
            return f"({text(element)} {over})"
    return text(tree)


def _piece(value: ast.expr) -> str:
    if isinstance(value, ast.FormattedValue):
        return f"{{{text(value.value).replace(chr(34), chr(39))}}}"
    assert isinstance(value, ast.Constant)
    return spelled(str(value.value))[1:-1].replace("{", "{{").replace("}", "}}")
