"""Which steps a value of a program can be: all that any call in the text hands on, not some.

A parameter can be what its default is and what calls give it, those of blocks that are handed on
too. Lists are taken for what they hold: a row's `act` can be any step that stands in the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cnnspec.emit.program import (
    Assign,
    BlockStep,
    Body,
    Call,
    Choice,
    Constant,
    Expr,
    Flow,
    For,
    Function,
    GivenStep,
    Group,
    Item,
    Labelled,
    ListOf,
    Literal,
    Name,
    Operation,
    OperatorStep,
    Optional,
    Pattern,
    Program,
    Repeat,
    parts,
)

#: A name in a body.
Place = tuple[int, str]


@dataclass(slots=True)
class Reach:
    """The steps, and the words, that each name of a program can stand for or hold."""

    program: Program
    _holds: dict[Place, dict[Expr, None]] = field(default_factory=dict)
    _from: dict[Place, set[Place]] = field(default_factory=dict)
    #: Names that can be lists.
    _lists: set[Place] = field(default_factory=set)
    _given: list[tuple[Body, GivenStep]] = field(default_factory=list)
    _constants: dict[Place, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        program = self.program
        for body in (*program.blocks, program.network, *program.others):
            for parameter in body.parameters:
                if parameter.default is not None:
                    self._flows(body, parameter.default, (id(body), parameter.name))
            defaults = tuple(each.default for each in body.parameters if each.default)
            for part in parts((defaults, body.statements)):
                self._part(body, part)
        for body, name, value in self.program.given:
            self._flows(body, value, (id(body), name))
            for part in parts(value):
                self._part(body, part)
        while self._settle():
            pass

    def together(self) -> dict[Place | str, Place | str]:
        """Tell which names hand their values on to one another: each gets one of them all.

        Constants are names too, `file:name`.
        """
        leader: dict[Place | str, Place | str] = {}

        def find(place: Place | str) -> Place | str:
            while leader.setdefault(place, place) != place:
                place = leader[place]
            return place

        for to, sources in self._from.items():
            for source in sources:
                leader[find(source)] = find(to)
        for place, constants in self._constants.items():
            for each in constants:
                leader[find(each)] = find(place)
        return {place: find(place) for place in [*leader, *self._holds]}

    @property
    def held(self) -> dict[Place, dict[Expr, None]]:
        """What each name can stand for or hold."""
        return self._holds

    @property
    def given(self) -> list[tuple[Body, GivenStep]]:
        """The steps that values are."""
        return self._given

    def of(self, body: Body, value: Expr) -> tuple[Expr, ...]:
        """Give the steps and words that a value can be, or hold."""
        found: dict[Expr, None] = {}
        for each in _leaves(value):
            if isinstance(each, Name):
                found |= self._holds.get((id(body), each.id), {})
            else:
                found[each] = None
        return tuple(found)

    def is_list(self, body: Body, value: Expr) -> bool:
        """Whether a value can be a list of steps, to be applied one after another."""
        match value:
            case ListOf() | Constant():
                return True
            case Name(word):
                return (id(body), word) in self._lists
            case Function("range" | "enumerate" | "zip"):
                return True
            case Operation("+", operands) | Function("take" | "drop", operands):
                return any(self.is_list(body, each) for each in operands)
            case Choice(_, yes, no):
                return self.is_list(body, yes) or self.is_list(body, no)
        return False

    # --- what flows into what

    def _part(self, body: Body, part: object) -> None:
        match part:
            case Assign((word,), value):
                self._flows(body, value, (id(body), word))
            case Assign(words, ListOf(items)) if len(items) == len(words):
                for word, value in zip(words, items, strict=True):
                    self._flows(body, value, (id(body), word))
            case Assign(words, value):
                for word in words:
                    self._flows(body, value, (id(body), word), inside=True)
            case For(pattern, values, _):
                first, *others = _words(pattern)
                self._flows(body, values, (id(body), first), inside=True)
                for word in others:  # a row's names hold what the row does
                    self._from.setdefault((id(body), word), set()).add((id(body), first))
            case BlockStep():
                callee = self.program.body(part)
                for name, value in part.arguments:
                    self._flows(body, value, (id(callee), name))
            case Constant(_, value):
                for each in parts(value):
                    if isinstance(each, BlockStep):
                        self._part(body, each)
            case GivenStep():
                self._given.append((body, part))

    def _flows(self, body: Body, value: Expr, to: Place, *, inside: bool = False) -> None:
        held = self._holds.setdefault(to, {})
        for each in parts(value):
            if isinstance(each, Constant):
                self._constants.setdefault(to, set()).add(f"{each.file}:{each.name}")
        for each in _leaves(value):
            if isinstance(each, Name):
                self._from.setdefault(to, set()).add((id(body), each.id))
            else:
                held[each] = None
        if not inside and self.is_list(body, value):
            self._lists.add(to)

    def _settle(self) -> bool:
        """Hand on what names hold, once through; say whether anything was new."""
        before = sum(map(len, self._holds.values())) + len(self._lists)
        for to, sources in self._from.items():
            held = self._holds.setdefault(to, {})
            for source in sources:
                held |= self._holds.get(source, {})
                if source in self._lists and source[0] != to[0]:
                    self._lists.add(to)
        for body, step in self._given:
            for callee in self.of(body, step.value):
                if isinstance(callee, BlockStep):
                    self._hand_on(body, step, callee)
        return sum(map(len, self._holds.values())) + len(self._lists) > before

    def _hand_on(self, body: Body, step: GivenStep, callee: BlockStep) -> None:
        block = self.program.body(callee)
        known = dict(callee.arguments)
        free = [each.name for each in block.parameters if each.name not in known][1:]
        for key, value in step.arguments:
            word = key if key is not None else free.pop(0) if free else None
            if word is not None:
                self._flows(body, value, (id(block), word))


def _leaves(value: Expr) -> Iterator[Expr]:
    """Give the steps and words in a value, and the names that it is made of."""
    match value:
        case Name() | OperatorStep() | BlockStep() | Group() | Labelled() | Repeat() | Optional():
            yield value
        case Literal(str()):
            yield value
        case GivenStep(inner, _):
            yield from _leaves(inner)
        case ListOf(items) | Operation("+" | "and" | "or", items):
            for each in items:
                yield from _leaves(each)
        case Function("take" | "drop" | "enumerate" | "zip", items):
            for each in items:
                yield from _leaves(each)
        case Constant(_, inner) | Item(inner, _):
            yield from _leaves(inner)
        case Choice(_, yes, no):
            yield from _leaves(yes)
            yield from _leaves(no)
        case Flow() | Call():
            return


def _words(pattern: Pattern) -> Iterator[str]:
    if isinstance(pattern, str):
        yield pattern
    else:
        for each in pattern:
            yield from _words(each)
