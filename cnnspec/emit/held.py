"""Steps among the values that instances hold: what a call gave where a program says a name."""

from __future__ import annotations

from typing import Any

from cnnspec.elaborate.values import BlockValue, CallStep, Operator
from cnnspec.emit.program import BlockStep, Expr, OperatorStep, Program
from cnnspec.expression import plain
from cnnspec.source import Span


def is_step(value: Any) -> bool:
    """Whether a value of an instance is an operator or a block, with or without arguments."""
    return isinstance(plain(value), Operator | BlockValue | CallStep)


def steps_held(value: Any, program: Program, site: Span) -> list[Expr]:
    """Give a value as steps of a program, without its arguments; none for what is no step."""
    value = plain(value)
    if isinstance(value, CallStep):
        return steps_held(value.callee, program, site)
    if isinstance(value, Operator):
        return [OperatorStep(value.op, (), frozenset(), site)]
    if isinstance(value, BlockValue):
        return [
            BlockStep(each.definition, each.kinds, (), site)
            for each in program.blocks
            if each.definition.item is value.definition
        ]
    return []
