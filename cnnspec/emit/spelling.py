"""The words of Python: literals, how tightly operators bind, what ready-made text consists of."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.code import (
    Call,
    Code,
    IfElse,
    Infix,
    Keyword,
    Leaf,
    Member,
    Raw,
    Sequence,
    Subscript,
)

#: How tightly Python's operators bind; a condition is 0, what never needs parentheses 9.
RANKS: Final[Mapping[str, int]] = {
    "or": 1,
    "and": 2,
    "not": 3,
    **dict.fromkeys(("==", "!=", "<=", ">=", "<", ">", "is"), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "//", "%"), 6),
    "negate": 7,
    "**": 8,
}
COMPARISON: Final = 4
SUM: Final = 5
ATOM: Final = 9
_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def spelled(value: Any) -> str:
    r"""Write a number, truth value, None or string as a literal.

    >>> spelled(1e-05), spelled(True), spelled("a\n"), spelled("x²")
    ('1e-5', 'True', '"a\\n"', '"x\\xb2"')
    """
    if isinstance(value, str):
        quote = "'" if value.count('"') > value.count("'") else '"'
        return quote + "".join(_escaped(each, quote) for each in value) + quote
    if isinstance(value, float) and math.isfinite(value):
        mantissa, mark, exponent = repr(value).partition("e")
        return f"{mantissa}e{int(exponent)}" if mark else mantissa
    if isinstance(value, bool | int) or value is None:
        return repr(value)
    raise TypeError(f"{value!r} has no literal")


def _escaped(letter: str, quote: str) -> str:
    if letter == quote:
        return "\\" + letter
    if " " <= letter <= "~":
        return _ESCAPES.get(letter, letter)
    number = ord(letter)
    if number < 0x100:
        return _ESCAPES.get(letter, f"\\x{number:02x}")
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def opened(code: Code) -> Code:
    """See what a leaf or ready-made text consists of, as far as it matters for its breaks."""
    if isinstance(code, Leaf):
        value = code.value
        if isinstance(value, tuple):
            return Sequence(tuple(map(Leaf, value)), "(")
        if isinstance(value, int | float) and math.copysign(1, value) < 0:
            return Infix("negate", (Leaf(-value),))
        if isinstance(value, float) and not math.isfinite(value):
            return Call(Raw("float"), (Leaf(str(value)),))
    if isinstance(code, Raw) and not re.fullmatch(r"\w*", code.text):
        try:
            parsed = ast.parse(code.text, mode="eval").body
        except SyntaxError:
            return code
        return _read(parsed, code.text)
    return code


def _read(parsed: ast.expr, text: str) -> Code:
    """Turn links of a chain and bare tuples into code; anything else stays text."""

    def part(inner: ast.expr) -> Raw:
        return Raw(ast.get_source_segment(text, inner) or text)

    match parsed:
        case ast.Attribute(value, name) if text == f"{part(value).text}.{name}":
            return Member(part(value), name)
        case ast.Subscript(value, index):
            if text == f"{part(value).text}[{part(index).text}]":
                return Subscript(part(value), part(index))
        case ast.Call(function, arguments, []):
            inner = ", ".join(part(each).text for each in arguments)
            if text == f"{part(function).text}({inner})":
                return Call(part(function), tuple(map(part, arguments)))
        case ast.Tuple(items) if len(items) > 1:
            parts = tuple(map(part, items))
            if text == ", ".join(each.text for each in parts):
                return Sequence(parts, "")
    return Raw(text)


def index_items(index: Code) -> tuple[Code, ...]:
    """The parts of a subscript, which commas separate: `:, 1:-1` has two."""
    if not isinstance(index, Raw):
        return (index,)
    try:
        subscript = ast.parse(f"_[{index.text}]", mode="eval").body
    except SyntaxError:
        return (index,)
    if isinstance(subscript, ast.Subscript) and isinstance(subscript.slice, ast.Tuple):
        found = [ast.get_source_segment(f"_[{index.text}]", i) for i in subscript.slice.elts]
        if ", ".join(map(str, found)) == index.text:
            return tuple(Raw(str(each)) for each in found)
    return (index,)


def shown(keywords: tuple[Keyword, ...]) -> list[Keyword]:
    """The keywords that differ from their callee's defaults, in value or in type."""
    return [
        each
        for each in keywords
        if not (
            isinstance(each.code, Leaf)
            and each.code.expression is None
            and type(each.code.value) is type(each.default)
            and each.code.value == each.default
        )
    ]


def is_binary(code: Code) -> bool:
    """Whether code is operands with an operator between them."""
    return isinstance(code, Infix) and code.operator not in ("not", "negate")


def rank(code: Code) -> int:
    """Say how tightly the outermost operator of some code binds.

    Ready-made text is taken for something that needs no parentheses.
    """
    code = opened(code)
    if isinstance(code, Infix):
        return RANKS[code.operator]
    return 0 if isinstance(code, IfElse) else ATOM


def tightness(operator: str, position: int) -> int:
    """Say how tightly an operand in this position has to bind to need no parentheses.

    >>> tightness("-", 0), tightness("-", 1), tightness("**", 0), tightness("**", 1)
    (5, 6, 9, 7)
    """
    own = RANKS[operator]
    if operator == "**":
        return own - 1 if position else ATOM
    return own + (1 if position or own == COMPARISON else 0)


def unary_tightness(operator: str, inner: Code) -> int:
    """Say how tightly the operand of `not` or `negate` has to bind to need no parentheses.

    The formatter writes those of `-(2**n)`, which change nothing.
    """
    power = isinstance(inner, Infix) and inner.operator == "**"
    return ATOM if power else RANKS[operator]


def looseness(operator: str) -> int:
    """Say how early the formatter breaks at an operator: it takes `and` and `or` for alike."""
    return RANKS["or"] if operator == "and" else RANKS[operator]


def owner_of(link: Member | Call | Subscript) -> tuple[Code, int]:
    """Give the code whose member, result or item this is, and how tightly it has to bind.

    A number before a dot would read as the beginning of a fraction.
    """
    owner = opened(link.function if isinstance(link, Call) else link.code)
    number = isinstance(owner, Leaf) and type(owner.value) in (int, float)
    return owner, ATOM + (number and isinstance(link, Member))
