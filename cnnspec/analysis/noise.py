"""Which of a block's arguments say nothing, or only how much noise is made: no cost shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnnspec.expression import Written
from cnnspec.graph import Scope
from cnnspec.trace import BlockCall, Choice, Item, Loop, Step


def rates(scope: Scope) -> frozenset[str]:
    """Give a block instance's parameters that are fractions and reach nothing but noise."""
    used = scope.consumed.union(*map(_names, _uses(scope.trace)))
    return frozenset(
        name for name, value in scope.values.items() if type(value) is float and name not in used
    )


def _uses(trace: Sequence[Item]) -> Iterator[Any]:
    """Give the values that a body used for anything but noise."""
    for item in trace:
        if isinstance(item, Step) and item.node.op.family != "noise":
            yield from item.written.values()
        elif isinstance(item, Choice):
            yield from item.tests
            yield from _uses(item.body)
        elif isinstance(item, Loop):
            yield item.count
            for turn in item.turns:
                yield from _uses(turn)
        elif isinstance(item, BlockCall):
            quiet = rates(item.scope)
            yield from (value for name, value in item.arguments.items() if name not in quiet)


def _names(value: Any) -> frozenset[str]:
    if isinstance(value, Written):
        return value.expression.names
    inside = value if isinstance(value, tuple) else ()
    return frozenset[str]().union(*map(_names, inside))
