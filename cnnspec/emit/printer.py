"""Python expressions and statements as text, laid out as `ruff format` would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnspec.emit.breaks import document
from cnnspec.emit.code import Call, Code, IfElse, Infix, Input, Inputs, Leaf, Module, Raw, parts_of
from cnnspec.emit.layout import WIDTH, flat, lay_out
from cnnspec.emit.parentheses import value
from cnnspec.expression import Expression


def expression(code: Code) -> str:
    """Write an expression on one line.

    >>> expression(Infix("*", (Infix("+", (Raw("a"), Leaf(1))), Raw("b"))))
    '(a + 1) * b'
    """
    return flat(document(code))


def statement(
    prefix: str,
    code: Code,
    *,
    indent: int,
    suffix: str = "",
    comment: str | None = None,
) -> list[str]:
    """Write a statement in lines of at most 88 columns where it can be broken so.

    `prefix` is what comes before the expression: `self.conv1 = `, `return `, `if `, or nothing.
    The comment is left out where it does not fit on the same line as all of the statement.
    """
    line = f"{' ' * indent}{prefix}{expression(code)}{suffix}"
    if len(line) <= WIDTH:
        whole = f"{line}  # {comment}"
        return [whole if comment and len(whole) <= WIDTH else line]
    written = value(code) if prefix else document(code)
    return lay_out((prefix, written, suffix), indent=indent)


def fill(code: Any, inputs: list[Code], module: Code | None) -> Any:
    """Put a step's inputs and its module into their places; raises ValueError for want of one."""
    match code:
        case Input(position):
            if position >= len(inputs):
                raise ValueError(f"there is no input {position} for its place")
            return inputs[position]
        case Module():
            if module is None:
                raise ValueError("there is no module for its place")
            return module
        case Leaf() | Raw():
            return code
        case tuple():
            filled: list[Any] = []
            for each in code:
                if isinstance(each, Inputs):
                    filled += inputs
                else:
                    filled.append(fill(each, inputs, module))
            return tuple(filled)
    if not (names := parts_of(code)):
        return code
    parts = {
        each: getattr(code, each)
        if each == "default"
        else fill(getattr(code, each), inputs, module)
        for each in names
    }
    return type(code)(**parts)


def from_expression(expression: Expression, names: Mapping[str, str]) -> Code:
    """Write a carried expression in Python's words; raises KeyError for a variable without a name.

    The caller sees to it that `math` is imported where `math.ceil` or `math.floor` is written.
    """
    operator = expression.operator
    if operator == "name":
        return Raw(names[expression.value])
    if operator == "literal":
        return Leaf(expression.value)
    parts = tuple(from_expression(each, names) for each in expression.operands)
    if operator == "if":
        return IfElse(*parts)
    if operator in ("min", "max", "abs", "round"):
        return Call(Raw(operator), parts)
    if operator in ("ceil", "floor"):
        return Call(Raw(f"math.{operator}"), parts)
    first = parts[0]
    if (
        operator in ("+", "*", "and", "or")
        and isinstance(first, Infix)
        and first.operator == operator
    ):
        return Infix(operator, (*first.operands, *parts[1:]))
    return Infix(operator, parts)
