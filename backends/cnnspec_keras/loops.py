"""Loops in an emitted function: their variables, and what they go over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from cnnspec.emit.code import Code, Leaf, Raw, call
from cnnspec.emit.counting import offset, renumbered
from cnnspec.emit.merged import Merged, MergedDecision, MergedLoop, expressions_of, leaves
from cnnspec.emit.printer import from_expression
from cnnspec.emit.simplify import simplify
from cnnspec.expression import Expression, literal, name
from cnnspec_keras.counters import counter_names
from cnnspec_keras.signature import Signature, printed


def keeps(loop: MergedLoop, elsewhere: frozenset[str], /, *, in_row: bool) -> bool:
    """Whether a loop can be written as one: in a function that builds a model, any that does."""
    del elsewhere, in_row
    return bool(loop.body)


class Loops:
    """How expressions are written inside the loops that stand around them."""

    def __init__(
        self, own: Mapping[str, str], signatures: Mapping[int, Signature], taken: frozenset[str]
    ) -> None:
        self._names = dict(own)
        self._signatures = signatures
        self._taken = set(taken) | set(own.values())
        #: By how much loops' variables start later than the expressions have it.
        self._later: dict[str, int] = {}

    def enter(self, loop: MergedLoop, stop: Code) -> tuple[str, Code]:
        """Name a loop's variables; gives them and what they go over."""
        body = list(_printed(loop.body, self._signatures))
        said = list(expressions_of(body))
        index = next(word for word in counter_names() if word not in self._taken)
        self._names[loop.index] = index
        self._taken.add(index)
        later = offset(said, name(loop.index))
        self._later[loop.index] = later
        counted = any(loop.index in each.names for each in said)
        begin = loop.start + later
        start = (Leaf(begin),) if begin else ()
        if loop.column is not None:
            word = next(leaf.hint for leaf in leaves(body) if _speaks(leaf, loop.column))
            while word in self._taken:
                word += "_"
            self._names[loop.column] = word
            self._taken.add(word)
            values = Leaf(loop.values)
            if not counted:
                return word, values
            return f"{index}, {word}", call(
                "enumerate", values, **({"start": start[0]} if start else {})
            )
        if loop.stop.expression is None:
            end: Code = Leaf(loop.stop.value + later)
        else:
            operator = "+" if later >= 0 else "-"
            by = simplify(Expression(operator, (loop.stop.expression, literal(abs(later)))))
            end = stop if not later else self.resolved(Leaf(loop.stop.value + later, by), {})
        return index if counted else "_", call("range", *start, end)

    def leave(self, loop: MergedLoop) -> None:
        """Forget a loop's variables."""
        for variable in (loop.index, loop.column):
            if variable is not None:
                self._taken.discard(self._names.pop(variable))
        del self._later[loop.index]

    def resolved(self, code: Any, channels: Mapping[str, str]) -> Any:
        """Replace leaves that have an expression by how the function's names say it."""
        if isinstance(code, Leaf):
            if code.expression is None:
                return Leaf(code.value)
            said = code.expression
            for index, later in self._later.items():
                if later and index in said.names:
                    said = renumbered(said, name(index))
            return from_expression(said, {**channels, **self._names})
        if isinstance(code, tuple):
            return tuple(self.resolved(each, channels) for each in code)
        if is_dataclass(code) and not isinstance(code, type | Raw):
            parts = {
                each.name: getattr(code, each.name)
                if each.name == "default"
                else self.resolved(getattr(code, each.name), channels)
                for each in fields(code)
            }
            return type(code)(**parts)
        return code


def _printed(units: list[Merged], signatures: Mapping[int, Signature]) -> Iterator[Any]:
    """What the text of a loop's body prints."""
    for unit in units:
        if isinstance(unit, MergedDecision):
            yield unit.test
            for arm in unit.arms:
                yield from _printed(arm, signatures)
        elif isinstance(unit, MergedLoop):
            yield unit.stop
            yield from _printed(unit.body, signatures)
        else:
            yield from printed(unit, signatures)


def _speaks(leaf: Leaf, variable: str) -> bool:
    return leaf.expression is not None and variable in leaf.expression.names
