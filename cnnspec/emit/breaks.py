"""Where a Python expression may break, and where it needs parentheses: as `ruff format` sees it.

The rules are those of ruff's stable style, which are Black's: arguments break inside their
brackets, operators before the loosest of them, chains of calls before their dots. This module is
the writing of code trees as documents.
"""

from __future__ import annotations

from typing import Final

from cnnspec.emit.code import (
    Call,
    Code,
    Generator,
    IfElse,
    Infix,
    Leaf,
    Member,
    Raw,
    Sequence,
    Starred,
    Subscript,
)
from cnnspec.emit.layout import Document, Either, Expandable, Group, Indent, Line, Mark
from cnnspec.emit.spelling import (
    SUM,
    index_items,
    is_binary,
    looseness,
    opened,
    owner_of,
    rank,
    shown,
    spelled,
    tightness,
    unary_tightness,
)

#: Inside brackets. Outside, a level is None, or the mark of parentheses that come if needed.
INSIDE: Final = Mark()
Level = Mark | None
_CLOSING: Final = {"(": ")", "[": "]"}


def document(code: Code, level: Level = None, *, fluent: bool | None = None) -> Document:
    """Write an expression; `fluent` says how the chain that it is part of breaks."""
    code = opened(code)
    match code:
        case Leaf(Raw(text)):
            return text
        case Leaf():
            return spelled(code.value)
        case Raw():
            return code.text
        case Member() | Call() | Subscript():
            return _link(code, level, fluent=fluent)
        case Infix() if is_binary(code):
            return _grouped(level, _chain(*_flattened(code), level))
        case Infix(operator, (inner,)):
            word = "not " if operator == "not" else "-"
            return (word, operand(inner, unary_tightness(operator, inner), level))
        case IfElse():
            return _grouped(level, _choice(code, level))
        case Sequence():
            return _sequence(code, level)
        case Starred():
            return ("*", operand(code.code, SUM, level))
        case Generator():
            return enclosed("(", _turns(code), level)
        case _:
            raise TypeError(f"{type(code).__name__} has no text: it has to be filled in first")


def operand(code: Code, least: int, level: Level) -> Document:
    """Write an operand, in parentheses if it binds less tightly than `least`."""
    if rank(code) < least:
        return enclosed("(", document(code, INSIDE), level)
    return document(code, level)


def enclosed(bracket: str, content: Document, level: Level) -> Document:
    """Put content that was written `INSIDE` into brackets that it may break in."""
    inside = Group((Indent((Line(), content)), Line()))
    if level is None or level is INSIDE:
        return (bracket, inside, _CLOSING[bracket])
    return (bracket, Expandable(inside, level), _CLOSING[bracket])


def parenthesized_if_broken(content: Document) -> Document:
    """Put content that was written `INSIDE` into parentheses that are there only if it breaks."""
    return Group((Either("("), Indent((Line(), content)), Line(), Either(")")))


def is_fluent(code: Code) -> bool:
    """Whether a chain of calls breaks before its dots: two of them stand after brackets."""
    count = 0
    code = opened(code)
    while isinstance(code, Member | Call | Subscript):
        owner, least = owner_of(code)
        if rank(owner) < least:
            count += isinstance(code, Member)
            break
        count += isinstance(code, Member) and isinstance(owner, Call | Subscript)
        code = owner
    return count > 1


def _line(level: Level, between: str = " ") -> Document:
    """A place to break that is there inside brackets only."""
    if level is None:
        return between
    if level is INSIDE:
        return Line(between)
    return Either(Line(between), between, level)


def _grouped(level: Level, content: Document) -> Document:
    """Let content break apart from what is around it, inside brackets only."""
    if level is None:
        return content
    return Group(content) if level is INSIDE else Group(content, when=level)


def _link(code: Member | Call | Subscript, level: Level, *, fluent: bool | None) -> Document:
    """Write a chain of members, calls and subscripts up to one of them."""
    whole = fluent is None
    if fluent is None:
        fluent = level is not None and is_fluent(code)
    owner, least = owner_of(code)
    bound = rank(owner) < least
    before: Document
    if bound:
        before = enclosed("(", document(owner, INSIDE), level)
    elif isinstance(owner, Member | Call | Subscript):
        before = document(owner, level, fluent=fluent)
    else:
        before = document(owner, level)
    after: Document
    match code:
        case Member():
            apart = fluent and (bound or isinstance(owner, Call | Subscript))
            after = (Line() if apart else "", f".{code.name}")
        case Subscript():
            items = [document(each, INSIDE) for each in index_items(code.index)]
            after = enclosed("[", Group(_items(items)), level)
        case Call():
            after = _arguments(code, level)
    return Group((before, after)) if whole and fluent else (before, after)


def _arguments(code: Call, level: Level) -> Document:
    """Write the arguments: all on a line of their own, else each."""
    if not code.keywords and len(code.arguments) == 1 and isinstance(code.arguments[0], Generator):
        return enclosed("(", _turns(code.arguments[0]), level)
    items = [document(each, INSIDE) for each in code.arguments]
    items += [(f"{each.name}=", document(each.code, INSIDE)) for each in shown(code.keywords)]
    return enclosed("(", Group(_items(items)), level) if items else "()"


def _items(items: list[Document]) -> Document:
    """Write items with commas; one after the last, too, where several are broken apart."""
    pieces: list[Document] = []
    for number, item in enumerate(items):
        pieces += [",", Line(" "), item] if number else [item]
    return (*pieces, Either(",") if len(items) > 1 else "")


def _sequence(code: Sequence, level: Level) -> Document:
    """Write a list or tuple, each item on a line of its own if they do not fit on one."""
    items = [document(each, INSIDE) for each in code.items]
    if code.bracket != "[" and len(items) == 1:
        return enclosed("(", (items[0], ","), level)
    if not code.bracket and items:
        return _items(items) if level is INSIDE else parenthesized_if_broken(_items(items))
    bracket = code.bracket or "("
    return enclosed(bracket, _items(items), level) if items else bracket + _CLOSING[bracket]


def _turns(code: Generator) -> Document:
    """Write the inside of a comprehension."""
    source = document(code.source, INSIDE)
    element = Group(document(code.element, INSIDE))
    return Group((element, Line(" "), f"for {code.variable} in ", source))


def _choice(code: IfElse, level: Level) -> Document:
    """Write a condition; one that follows its `else` breaks with it."""
    otherwise = opened(code.no)
    return (
        operand(code.yes, 1, level),
        _line(level),
        ("if ", operand(code.test, 1, level)),
        _line(level),
        "else ",
        _choice(otherwise, level)
        if isinstance(otherwise, IfElse)
        else _grouped(level, document(otherwise, level)),
    )


def _flattened(code: Infix) -> tuple[list[tuple[Code, int]], list[str]]:
    """Take a tree of binary operators apart: operands with how tight they have to be, operators."""
    operands: list[tuple[Code, int]] = []
    operators: list[str] = []
    for position, each in enumerate(map(opened, code.operands)):
        if position:
            operators.append(code.operator)
        least = tightness(code.operator, position)
        if isinstance(each, Infix) and is_binary(each) and rank(each) >= least:
            inner, between = _flattened(each)
            operands += inner
            operators += between
        else:
            operands.append((each, least))
    return operands, operators


def _chain(operands: list[tuple[Code, int]], operators: list[str], level: Level) -> Document:
    """Write operands and operators, to be broken before the loosest operators."""
    if not operators:
        code, least = operands[0]
        return operand(code, least, level)
    loosest = min(map(looseness, operators))
    places = [n for n, each in enumerate(operators) if looseness(each) == loosest]
    pieces: list[Document] = []
    for start, stop in zip([0, *(n + 1 for n in places)], [*places, len(operators)], strict=True):
        if start:
            pieces += _operator(operators[start - 1], operands[start - 1], operands[start], level)
        part = _chain(operands[start : stop + 1], operators[start:stop], level)
        pieces.append(_grouped(level, part) if stop > start else part)
    return tuple(pieces)


def _operator(
    operator: str, left: tuple[Code, int], right: tuple[Code, int], level: Level
) -> list[Document]:
    """Write an operator with what is around it: nothing in a power of names and numbers."""
    if operator == "**" and all(_is_simple(code) and rank(code) >= n for code, n in (left, right)):
        if level is None:
            return ["**"]
        return [_line(level, ""), "**", Either(" ", mark=None if level is INSIDE else level)]
    return [_line(level), f"{operator} "]


def _is_simple(code: Code) -> bool:
    """Whether a power of it is written without spaces."""
    match opened(code):
        case Leaf(value):
            return not isinstance(value, str)
        case Raw(text):
            return text.isidentifier() or text.replace(".", "").isalnum()
        case Member(inner) | Infix("negate", (inner,)):
            return _is_simple(inner)
        case _:
            return False
