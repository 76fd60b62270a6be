"""Numbers, tests and lists of a program as Python says them, channels last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cnnspec.emit.code import (
    Call,
    Code,
    IfElse,
    Infix,
    Leaf,
    Member,
    Raw,
    Sequence,
    Starred,
    Subscript,
)
from cnnspec.emit.program import (
    STEPS,
    Choice,
    Constant,
    Expr,
    Function,
    Item,
    ListOf,
    Literal,
    Measure,
    Name,
    Operation,
    OperatorStep,
)
from cnnspec.emit.site import UNKNOWN, constant
from cnnspec.expression import OPERATIONS

#: Where `x.channels` and its like stand in a tensor's shape.
AXES: Final[Mapping[str, Code]] = {
    "channels": Raw("-1"),
    "height": Leaf(1),
    "width": Leaf(2),
}
COMPARISONS: Final = frozenset(("==", "!=", "<", ">", "<=", ">="))
_PLAIN: Final = ("len", "min", "max", "sum", "abs", "round", "round_to")


@dataclass(frozen=True, slots=True)
class Expressions:
    """Writes one body's expressions.

    `spell` says a name; `constant` one from the top of a file; `step` a step as a value;
    `is_list` tells whether a value is a list.
    """

    spell: Callable[[str], str]
    constant: Callable[[Constant], Code]
    step: Callable[[Expr], Code]
    is_list: Callable[[Expr], bool]

    def say(self, expr: Expr) -> Code:
        """Write an expression."""
        match expr:
            case Literal(value):
                return Leaf(value)
            case Name(word):
                return Raw(self.spell(word))
            case Constant():
                return self.constant(expr)
            case ListOf(items):
                return Sequence(tuple(map(self.say, items)), "(")
            case Choice(test, yes, no):
                known = self.say(test)
                if isinstance(known, Leaf) and isinstance(known.value, bool):
                    return self.say(yes if known.value else no)
                return IfElse(known, self.say(yes), self.say(no))
            case Operation(operator, operands):
                return self._operation(operator, operands)
            case Item(value, index):
                return Subscript(self.say(value), self._index(value, index))
            case Measure(node, what):
                return self._measure(self.say(node), what)
            case Function(name, arguments):
                return self._function(name, arguments)
        return self.step(expr)

    def turns(self, expr: Expr) -> Code:
        """Write what a loop goes over, or what is only counted or added up."""
        match expr:
            case Function("range" | "enumerate" | "zip" as name, arguments):
                if name == "range":
                    return Call(Raw("range"), tuple(map(self.say, arguments)))
                return Call(Raw(name), tuple(map(self.turns, arguments)))
        return self.say(expr)

    def _operation(self, operator: str, operands: tuple[Expr, ...]) -> Code:
        if operator == "+" and any(map(self.is_list, operands)):
            items: list[Code] = []
            for each in operands:
                if isinstance(each, ListOf):
                    items += map(self.say, each.items)
                else:
                    items.append(Starred(self.turns(each)))
            return Sequence(tuple(items), "(")
        if operator in ("==", "!=") and all(isinstance(each, STEPS) for each in operands):
            same = len({_callee(each) for each in operands}) == 1
            return Leaf(same == (operator == "=="))
        if operator in ("and", "or"):
            return self._decided(operator, [*map(self.say, operands)])
        values = list(map(constant, operands))
        if operator in COMPARISONS and UNKNOWN not in values:
            alike = len({isinstance(each, bool) for each in values}) == 1
            return Leaf(OPERATIONS[operator](*values) if alike else operator == "!=")
        return Infix(operator, tuple(map(self.say, operands)))

    def _decided(self, operator: str, operands: list[Code]) -> Code:
        """Leave out what is known of `and` and `or`, and what is not looked at."""
        kept: list[Code] = []
        for each in operands:
            known = isinstance(each, Leaf) and isinstance(each.value, bool)
            if known and each == Leaf(operator == "or"):
                return Infix(operator, (*kept, each)) if kept else each
            if not known:
                kept.append(each)
        if not kept:
            return operands[-1]
        return kept[0] if len(kept) == 1 else Infix(operator, tuple(kept))

    def _index(self, value: Expr, index: Expr) -> Code:
        """Count from the end where the text does: `v[len(v) - 1]` is `v[-1]`."""
        match index:
            case Operation("-", (Function("len", (measured,)), Literal(int(back)))):
                if measured == value and back > 0:
                    return Leaf(-back)
        return self.say(index)

    def _measure(self, node: Code, what: str) -> Code:
        shape = Member(node, "shape")
        if what == "shape":
            return Raw("({0}[-1], *{0}[1:-1])".format(f"{_text(node)}.shape"))
        return Subscript(shape, AXES[what])

    def _function(self, name: str, arguments: tuple[Expr, ...]) -> Code:
        if name in ("ceil", "floor"):
            return Call(Raw(f"math.{name}"), tuple(map(self.say, arguments)))
        if name in ("take", "drop"):
            values, count = arguments
            text = _text(self._count(count))
            index = f":{text}" if name == "take" else f"{text}:"
            return Subscript(self.say(values), Raw(index))
        if name in ("len", "sum"):
            return Call(Raw(name), tuple(map(self.turns, arguments)))
        if name in _PLAIN:
            return Call(Raw(name), tuple(map(self.say, arguments)))
        return Call(Raw("tuple"), (self.turns(Function(name, arguments)),))

    def _count(self, count: Expr) -> Code:
        """Write how many are taken: never less than none."""
        known = isinstance(count, Literal) and isinstance(count.value, int) and count.value >= 0
        return self.say(count) if known else Call(Raw("max"), (self.say(count), Leaf(0)))


def _callee(step: Expr) -> object:
    return step.op if isinstance(step, OperatorStep) else getattr(step, "block", step)


def _text(code: Code) -> str:
    from cnnspec.emit.printer import expression

    return expression(code)
