"""Which values cannot be negative, whatever a network is given: there zeros do for a maximum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cnnspec.emit import flat
from cnnspec.emit.flat import Apply, Flat, Loop
from cnnspec.emit.flatten import Flattened
from cnnspec.emit.live import walk
from cnnspec.emit.program import (
    BlockStep,
    Choice,
    Expr,
    Item,
    ListOf,
    Name,
    Operation,
    OperatorStep,
)
from cnnspec.emit.site import UNKNOWN, constant

#: What comes out is never negative.
MAKES: Final = frozenset(
    ("relu", "relu6", "sigmoid", "hardsigmoid", "softmax", "abs", "exp", "sqrt")
)
#: What comes out is not negative where nothing that goes in is.
KEEPS: Final = frozenset(
    (
        *("maxpool", "avgpool", "adaptive_avgpool", "gap", "gmp", "dropout", "spatial_dropout"),
        *("drop_path", "identity", "add", "mul", "div", "maximum", "minimum", "pow"),
        *("concat", "flatten", "reshape", "permute"),
        *("mean", "sum", "max", "min"),
        *("pad", "crop", "upsample", "channel_shuffle", "pixel_shuffle", "split"),
    )
)


def _may_turn(step: OperatorStep) -> bool:
    """Whether a number among a step's values may be negative."""
    number = step.argument("number") if step.op.takes_number else None
    value = 0 if number is None else constant(number)
    return value is UNKNOWN or value < 0


@dataclass(slots=True)
class Positive:
    """Follows values through bodies; a parameter may be negative."""

    program: Flattened
    _results: dict[int, bool] = field(default_factory=dict)

    def of(self, value: Expr | Apply, known: set[str]) -> bool:
        """Whether a value cannot be negative, if the names that are `known` cannot."""
        match value:
            case Name(word):
                return word in known
            case ListOf(items) | Operation("+", items):
                return all(self.of(each, known) for each in items)
            case Item(inner, _):
                return self.of(inner, known)
            case Choice(_, yes, no):
                return self.of(yes, known) and self.of(no, known)
            case Apply(OperatorStep(op) as step, inputs):
                keeps = op.name in KEEPS and all(self.of(each, known) for each in inputs)
                return op.name in MAKES or (keeps and not _may_turn(step))
            case Apply(BlockStep() as step):
                return self._result(self.program.block(step))
        return False

    def after(self, statement: flat.Statement, known: set[str]) -> None:
        """Take down what a statement makes of names."""
        match statement:
            case flat.Assign(targets, value):
                positive = self.of(value, known)
                known -= set(targets)
                if positive:
                    known |= set(targets)
            case flat.If(arms, orelse):
                rows = [*(body for _, body in arms), orelse]
                ends = [self._through(row, set(known)) for row in rows]
                both = set(ends[0]).intersection(*ends)
                known.clear()
                known |= both
            case Loop():
                self.begin(statement, known)

    def begin(self, loop: Loop, known: set[str]) -> None:
        """Forget what a loop gives another value."""
        for each in walk(loop.body):
            if isinstance(each, flat.Assign):
                known -= set(each.targets)

    def _through(self, row: Iterable[flat.Statement], known: set[str]) -> set[str]:
        for each in row:
            self.after(each, known)
        return known

    def _result(self, block: Flat) -> bool:
        key = id(block.body)
        if key not in self._results:
            self._results[key] = False
            self._results[key] = self._gives(block.statements, set())
        return self._results[key]

    def _gives(self, row: Iterable[flat.Statement], known: set[str]) -> bool:
        """Whether every result that is given on some way through cannot be negative."""
        found = True
        for each in row:
            if isinstance(each, flat.Give):
                return found and all(self.of(value, known) for value in each.values)
            if isinstance(each, flat.If):
                for arm in (*(body for _, body in each.arms), each.orelse):
                    found = found and self._gives(arm, set(known))
            if isinstance(each, Loop):
                inside = set(known)
                self.begin(each, inside)
                found = found and self._gives(each.body, inside)
            self.after(each, known)
        return found
