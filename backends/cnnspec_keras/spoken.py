"""What the text of an emitted function prints, and the names that it speaks of.

Channels are not among its parameters: in Keras a tensor says its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnnspec.emit.merged import (
    Merged,
    MergedCall,
    MergedDecision,
    MergedLoop,
    MergedOp,
    expressions_of,
)
from cnnspec.emit.signature import Signature


def spoken(units: list[Merged], signatures: Mapping[int, Signature]) -> Iterator[str]:
    """The names that a function's text speaks of, given the signatures of those that it calls."""
    for unit in units:
        if isinstance(unit, MergedDecision):
            yield from names_in(unit.test)
            for arm in unit.arms:
                yield from spoken(arm, signatures)
        elif isinstance(unit, MergedLoop):
            yield from names_in(unit.stop)
            yield from spoken(unit.body, signatures)
        else:
            yield from spoken_by(unit, signatures)


def spoken_by(unit: Merged, signatures: Mapping[int, Signature]) -> Iterator[str]:
    """The names that one unit's own text speaks of."""
    yield from names_in(printed(unit, signatures))


def printed(unit: Merged, signatures: Mapping[int, Signature]) -> tuple[Any, ...]:
    """What one unit's own text prints: its path, its flow, the arguments that its callee takes."""
    if isinstance(unit, MergedOp):
        return (unit.path, unit.lowered.flow)
    if isinstance(unit, MergedCall):
        keys = signatures[id(unit.plan)].names
        return (unit.path, *(unit.arguments[key] for key in keys))
    return ()


def names_in(code: Any) -> Iterator[str]:
    """The names that a tree of code speaks of, in order."""
    for said in expressions_of(code):
        yield from sorted(said.names)


def printed_in(units: list[Merged], signatures: Mapping[int, Signature]) -> Iterator[Any]:
    """What the text of several units prints."""
    for unit in units:
        if isinstance(unit, MergedDecision):
            yield unit.test
            for arm in unit.arms:
                yield from printed_in(arm, signatures)
        elif isinstance(unit, MergedLoop):
            yield unit.stop
            yield from printed_in(unit.body, signatures)
        else:
            yield from printed(unit, signatures)
