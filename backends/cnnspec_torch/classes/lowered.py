"""A step as its lowering writes it, with the program's own words for arguments and channels."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnnspec.emit import pytree as py
from cnnspec.emit.code import (
    Call,
    Code,
    Generator,
    IfElse,
    Infix,
    Input,
    Inputs,
    Keyword,
    Leaf,
    Member,
    Module,
    Raw,
    Starred,
    Subscript,
)
from cnnspec.emit.code import Sequence as Listed
from cnnspec.emit.lowering import Applied, compact, equal
from cnnspec.expression import Expression
from cnnspec.op import Op


@dataclass(frozen=True, slots=True)
class Placed(Applied):
    """A step where it stands in a text: what is not literal has the text's words."""

    words: Mapping[str, ast.expr] = field(default_factory=dict)
    channel_words: tuple[ast.expr, ...] = ()
    #: The operator as the calls have it that come by here.
    called: tuple[Op, ...] = ()
    #: The names that are no list at any call: a list of equal numbers is no number to torch.
    numbers: frozenset[str] = frozenset()

    def every(self, argument: str) -> tuple[Any, ...]:
        """Give the values that an argument has at all calls."""
        return tuple(getattr(each, argument) for each in self.called or (self.op,))

    def is_one_number(self, argument: str) -> bool:
        """Whether an argument is said as one number at all calls."""
        words = self.words.get(argument)
        said = words is None or not isinstance(words, ast.Tuple | ast.List)
        read = set() if words is None else py.reads(words)
        return said and read <= self.numbers and all(map(equal, self.every(argument)))

    def leaf(self, argument: str) -> Leaf:
        """Give an argument: its words, or what it is."""
        value = compact(getattr(self.op, argument))
        return Leaf(value, _said(self.words.get(argument)), argument)

    def leaves(self, argument: str) -> tuple[Leaf, ...]:
        """Give the numbers of a pair or of four sides."""
        values = getattr(self.op, argument)
        words = self.words.get(argument)
        parts: Sequence[ast.expr | None] = [words]
        if isinstance(words, ast.Tuple | ast.List):
            parts = words.elts
        said = [part for part in parts for _ in range(len(values) // len(parts))]
        return tuple(Leaf(v, _said(w), argument) for v, w in zip(values, said, strict=True))

    def channels(self, position: int = 0) -> Leaf:
        """Give the channels of an input."""
        words = self.channel_words[position] if position < len(self.channel_words) else None
        if isinstance(words, ast.Constant):
            return Leaf(words.value)
        return Leaf(self.inputs[position].channels, _said(words), "in_channels")


def _said(words: ast.expr | None) -> Expression | None:
    if words is None or isinstance(words, ast.Constant):
        return None
    if isinstance(words, ast.Tuple | ast.List):
        parts = words.elts
        if all(isinstance(each, ast.Constant) for each in parts):
            return None
        if all(py.same(each, parts[0]) for each in parts):
            return _said(parts[0])
        words = ast.Tuple(list(parts), py.LOAD)
    return Expression("name", value=words)


_BINARY = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
    "**": ast.Pow,
}
_COMPARED = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}


def operation(operator: str, operands: Sequence[ast.expr]) -> ast.expr:
    """Write an operation of the language in Python."""
    if operator in ("and", "or"):
        joint = ast.And() if operator == "and" else ast.Or()
        return ast.BoolOp(joint, list(operands))
    if operator in ("not", "negate"):
        sign = ast.Not() if operator == "not" else ast.USub()
        return ast.UnaryOp(sign, operands[0])
    if operator in _COMPARED:
        return ast.Compare(operands[0], [_COMPARED[operator]()], [operands[1]])
    result = operands[0]
    for each in operands[1:]:
        result = ast.BinOp(result, _BINARY[operator](), each)
    return result


def tree(
    code: Code | Keyword, inputs: Sequence[ast.expr] = (), module: ast.expr | None = None
) -> ast.expr:
    """Turn lowered code into Python's tree, inputs and module in their places."""

    def of(each: Code | Keyword) -> ast.expr:
        return tree(each, inputs, module)

    match code:
        case Leaf(value, expression):
            return py.literal(value) if expression is None else _expressed(expression)
        case Raw(text):
            return py.code(text)
        case Input(position):
            return inputs[position]
        case Module():
            assert module is not None, "there is no module for its place"
            return module
        case Call(function, arguments, keywords):
            listed = [item for each in arguments for item in _spread(each, inputs, module)]
            named = [
                ast.keyword(each.name, of(each.code)) for each in keywords if not _default(each)
            ]
            return ast.Call(of(function), listed, named)
        case Keyword(_, inner):
            return of(inner)
        case Member(inner, word):
            return py.member(of(inner), word)
        case Subscript(inner, index):
            place = py.code(f"v[{index.text}]").slice if isinstance(index, Raw) else of(index)  # type: ignore[attr-defined]
            return ast.Subscript(of(inner), place, py.LOAD)
        case Infix(operator, operands):
            many: list[ast.expr] = [
                item for each in operands for item in _spread(each, inputs, module)
            ]
            return operation(operator, many)
        case Listed(members, bracket):
            many = [item for each in members for item in _spread(each, inputs, module)]
            return ast.Tuple(many, py.LOAD) if bracket == "(" else ast.List(many, py.LOAD)
        case Starred(inner):
            return ast.Starred(of(inner), py.LOAD)
        case IfElse(test, yes, no):
            return ast.IfExp(of(test), of(yes), of(no))
        case Generator(element, source, variable):
            turn = ast.comprehension(ast.Name(variable, py.STORE), of(source), [], 0)
            return ast.GeneratorExp(of(element), [turn])
    raise TypeError(f"{type(code).__name__} is no code of a lowering")


def _spread(
    code: Code | Keyword, inputs: Sequence[ast.expr], module: ast.expr | None
) -> list[ast.expr]:
    if isinstance(code, Inputs):
        return list(inputs)
    return [] if isinstance(code, Keyword) and _default(code) else [tree(code, inputs, module)]


def _default(keyword: Keyword) -> bool:
    """Whether a keyword is what its callee takes anyway."""
    inner = keyword.code
    return (
        isinstance(inner, Leaf)
        and inner.expression is None
        and inner.value == keyword.default
        and type(inner.value) is type(keyword.default)
    )


def _expressed(expression: Expression) -> ast.expr:
    value: Any = expression.value
    if expression.operator == "name":
        return value if isinstance(value, ast.expr) else py.name(value)
    if expression.operator == "literal":
        return py.literal(value)
    parts = [_expressed(each) for each in expression.operands]
    if expression.operator in ("min", "max", "abs", "round"):
        return py.call(expression.operator, *parts)
    if expression.operator in ("ceil", "floor"):
        return py.call(f"math.{expression.operator}", *parts)
    if expression.operator == "if":
        return ast.IfExp(*parts)
    return operation(expression.operator, parts)
