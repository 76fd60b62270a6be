"""Activations that may overwrite what they are given, whatever the arguments: told by the program.

That holds where a step's input was made a step before, by an operator that does not keep its result
for the gradient, so that nobody else has it: `conv -> bn -> relu`, and not what comes into a block,
or what has a name. No call is looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cnnspec.emit import program as pg
from cnnspec.source import Span
from cnnspec_torch.classes.scan import step_lists

#: Operators that make a new tensor and do not keep it for the gradient.
FRESH: Final = frozenset(
    ["conv", "dwconv", "conv_transpose", "dense", "bn", "gn", "maxpool", "avgpool"]
)
#: Those of several values.
JOINS: Final = frozenset(["add", "sub", "mul", "concat"])
#: Activations whose layers of torch take `inplace`, with the same result and gradient.
OVERWRITING: Final = frozenset(["relu", "relu6", "silu", "hardswish", "hardsigmoid", "mish"])


@dataclass(slots=True)
class Overwriting:
    """The places of a program where an activation may overwrite its input."""

    #: The steps that each name stands for.
    reaching: Mapping[str, list[pg.Expr]]
    free: set[Span] = field(default_factory=set)
    held: set[Span] = field(default_factory=set)
    #: Whether all places where an activation is given may do so.
    given: bool = True

    def allows(self, site: Span) -> bool:
        """Whether the activation at a place may overwrite its input."""
        return site in self.free and site not in self.held

    def read(self, body: pg.Body) -> None:
        """Look through a body."""
        lists = step_lists(body)
        for each in pg.parts(body.statements):
            match each:
                case pg.Flow(value, steps):
                    self._chain(steps, free=_is_joined(value))
                case pg.Call(step, inputs):
                    self._step(step, free=len(inputs) == 1 and _is_joined(inputs[0]))
                case pg.Within(_, pg.Call(step, inputs)):
                    self._step(step, free=len(inputs) == 1 and _is_joined(inputs[0]))
                case pg.Assign((word,), pg.Operation("+", (pg.Name(first), *more))) if (
                    word == first and word in lists
                ):
                    items = [x for one in more if isinstance(one, pg.ListOf) for x in one.items]
                    self._chain(items, free=False)

    def _chain(self, steps: Iterable[pg.Expr], *, free: bool) -> bool:
        for each in steps:
            free = self._step(each, free=free)
        return free

    def _step(self, step: pg.Expr, *, free: bool) -> bool:
        """Note a step, whose input is free to be overwritten; whether its result is."""
        match step:
            case pg.Labelled(_, inner):
                return self._step(inner, free=free)
            case pg.Group(steps, _):
                return self._chain(steps, free=free)
            case pg.Repeat(inner, _):
                after = self._step(inner, free=free)
                return self._step(inner, free=free and after) and free
            case pg.Optional(inner, _):
                return self._step(inner, free=free) and free
            case pg.Choice(_, yes, no):
                ways = [self._step(each, free=free) for each in (yes, no)]
                return all(ways)
            case pg.OperatorStep(op, _, _, site) if op.name in OVERWRITING:
                (self.free if free else self.held).add(site)
                return False
            case pg.OperatorStep(op):
                return op.name in FRESH
            case pg.GivenStep(pg.Name(word)):
                known = self.reaching.get(word, [])
                names = [x.op.name for x in known if isinstance(x, pg.OperatorStep)]
                unknown = not known or len(names) < len(known)
                self.given = self.given and (free or not (unknown or OVERWRITING & {*names}))
                return not unknown and FRESH.issuperset(names)
            case pg.Never():
                return True
        self.given = self.given and not isinstance(step, pg.GivenStep)
        return False


def _is_joined(value: pg.Expr) -> bool:
    """Whether a value is made where it stands, of several."""
    while isinstance(value, pg.Within):
        value = value.value
    if not isinstance(value, pg.Call) or len(value.inputs) < 2:
        return False
    step = value.step
    while isinstance(step, pg.Labelled):
        step = step.step
    return isinstance(step, pg.OperatorStep) and step.op.name in JOINS


def overwriting(program: pg.Program, reaching: Mapping[str, list[pg.Expr]]) -> Overwriting:
    """Find the places of a program where an activation may overwrite its input."""
    found = Overwriting(reaching)
    for body in (*program.blocks, program.network, *program.others):
        found.read(body)
    return found


def in_place(made: ast.expr) -> ast.Call:
    """Have an activation overwrite its input: its function's call, or its layer's."""
    assert isinstance(made, ast.Call)
    keyword = ast.keyword("inplace", ast.Constant(True))
    return ast.Call(made.func, made.args, [*made.keywords, keyword])
