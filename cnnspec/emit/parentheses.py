"""What a statement does with a value that is too long: breaks it as it is, or in parentheses."""

from __future__ import annotations

from enum import Enum, auto

from cnnspec.emit.breaks import (
    INSIDE,
    document,
    is_fluent,
    parenthesized_if_broken,
)
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
from cnnspec.emit.layout import (
    STEP,
    WIDTH,
    Document,
    Either,
    Group,
    Indent,
    Line,
    Mark,
    Parenthesized,
    flat,
)
from cnnspec.emit.spelling import (
    SUM,
    is_binary,
    looseness,
    opened,
    owner_of,
    rank,
    shown,
    tightness,
    unary_tightness,
)


class Need(Enum):
    """When an expression that does not fit on its line gets parentheses."""

    NEVER = auto()
    #: If it fits with them: it has no places of its own to break at.
    IF_THEY_HELP = auto()
    #: If it breaks.
    IF_BROKEN = auto()


def value(code: Code) -> Document:
    """Write the value of an assignment or return, or the condition of an `if`."""
    need = _need(code)
    if need is Need.NEVER:
        return document(code)
    if need is Need.IF_THEY_HELP:
        return Parenthesized(flat(document(code)))
    if not _ends_take_the_break(code):
        return parenthesized_if_broken(document(code, INSIDE))
    mark = Mark()
    inner = Indent((Line(), document(code, mark)), when=mark)
    return Group((Either("("), inner, Line(), Either(")")), mark)


def _need(code: Code) -> Need:
    code = opened(code)
    match code:
        case Infix() if is_binary(code):
            return Need.IF_BROKEN
        case Infix(operator, (inner,)):
            bound = rank(inner) < unary_tightness(operator, inner)
            return Need.NEVER if bound else _need(inner)
        case IfElse():
            return Need.IF_BROKEN
        case Member() | Call() | Subscript():
            if is_fluent(code):
                return Need.IF_BROKEN
            owner, least = owner_of(code)
            need = Need.NEVER if rank(owner) < least else _need(owner)
            helped = need is Need.IF_THEY_HELP and not isinstance(code, Member)
            return Need.NEVER if helped else need
        case Leaf() | Raw():
            length = len(flat(document(code)))
            text = isinstance(code, Leaf) and isinstance(code.value, str)
            return Need.IF_THEY_HELP if text or 5 < length <= WIDTH - STEP else Need.NEVER
        case _:
            return Need.NEVER


def _ends_take_the_break(code: Code) -> bool:
    """Whether brackets at an end of an expression take its break, so that it needs none around.

    Black's rule: there is one loosest operator, and brackets that are not empty stand at an end.
    """
    survey = _Survey()
    survey.inside(code)
    if not survey.bracketed or survey.count > 1:
        return False
    if survey.loosest in (_NONE, _DOT):
        return True
    return any(end is not None and _breaks(*end) for end in (survey.first, survey.last))


_NONE, _DOT = 20, 10


def _breaks(code: Code, least: int) -> bool:
    """Whether an end of an expression has brackets that are not empty."""
    return not isinstance(code, Subscript) and _bracketed(code, least) == "full"


def _bracketed(code: Code, least: int) -> str:
    """Say whether brackets are around some code or at its end, and whether anything is in them."""
    if rank(code) < least or isinstance(code, Subscript | Generator):
        return "full"
    match code:
        case Call():
            return "full" if code.arguments or shown(code.keywords) else "empty"
        case Sequence(items, bracket) if bracket:
            return "full" if items else "empty"
        case _:
            return ""


class _Survey:
    """A walk over the operands of an expression, not into brackets."""

    def __init__(self) -> None:
        self.loosest = _NONE
        self.count = 0
        self.bracketed = False
        self.started = False
        self.first: tuple[Code, int] | None = None
        self.last: tuple[Code, int] | None = None

    def inside(self, code: Code) -> None:
        code = opened(code)
        match code:
            case Sequence(items, bracket):
                self.bracketed = self.bracketed or bool(bracket)
                if not bracket:
                    for each in items:
                        self.visit(each, 0)
            case Generator():
                self.bracketed = True
            case Infix(operator, operands) if is_binary(code):
                self._operators(looseness(operator), len(operands) - 1)
                for position, each in enumerate(operands):
                    self.visit(each, tightness(operator, position))
            case Infix(operator, (inner,)):
                self.started = True
                self.visit(inner, unary_tightness(operator, inner))
            case IfElse():
                self._operators(0, 2)
                self.visit(code.yes, 1)
                self.visit(code.test, 1)
                self.visit(code.no, 0)
            case Starred():
                self.started = True
                self.visit(code.code, SUM)
            case Call() | Subscript():
                self.bracketed = True
                self.visit(*owner_of(code))
                self.last = (code, 0)
            case Member():
                owner, least = owner_of(code)
                self.visit(owner, least)
                if _bracketed(owner, least):
                    self._operators(_DOT, 1)
                self.last = (code, 0)
            case _:
                pass

    def visit(self, code: Code, least: int) -> None:
        code = opened(code)
        self.last = (code, least)
        if rank(code) < least:
            self.bracketed = True
        else:
            self.inside(code)
        if not self.started:
            self.started = True
            self.first = (code, least)

    def _operators(self, looseness: int, count: int) -> None:
        if looseness < self.loosest:
            self.loosest, self.count = looseness, count
        elif looseness == self.loosest:
            self.count += count
