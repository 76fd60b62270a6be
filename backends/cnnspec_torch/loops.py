"""Loops in emitted PyTorch: which can be written, and what is printed of them."""

from __future__ import annotations

from cnnspec.emit.merged import (
    MergedCall,
    MergedDecision,
    MergedLoop,
    MergedOp,
    MergedRow,
    Numbered,
    names_in,
)


def keeps(loop: MergedLoop, elsewhere: frozenset[str], /, *, in_row: bool) -> bool:
    """Whether a loop can be written as one that TorchScript unrolls, under the spec's own keys.

    In a row that is a comprehension; elsewhere `forward` goes over modules, so there may be one a
    turn, and they must be all that their owner has.
    """
    body = [unit for unit in loop.body if not isinstance(unit, MergedDecision | MergedLoop)]
    if len(body) < len(loop.body):
        return False
    if in_row:
        return len(body) == 1
    modules = [unit.path for unit in body if has_module(unit)]
    flows = [unit.lowered.flow for unit in body if isinstance(unit, MergedOp)]
    if len(modules) > 1 or (loop.column is not None and loop.column in names_in(flows)):
        return False
    if not modules:
        return True
    *groups, last = modules[0]
    if not isinstance(last, Numbered):
        return False
    if not groups:
        return not elsewhere
    return len(groups) == 1 and isinstance(groups[0], str) and groups[0] not in elsewhere


def has_module(unit: object) -> bool:
    """Whether a unit is written as a module."""
    if isinstance(unit, MergedOp):
        return unit.lowered.module is not None
    return isinstance(unit, MergedCall | MergedRow)


def looped_module(loop: MergedLoop) -> MergedOp | MergedCall | MergedRow | None:
    """The unit of a loop's body that has a module, if there is one."""
    for unit in loop.body:
        if isinstance(unit, MergedOp | MergedCall | MergedRow) and has_module(unit):
            return unit
    return None


def printed(loop: MergedLoop, *, positions: bool) -> list[object]:
    """What is printed of a loop's body; the names of modules are, unless they are positions."""
    parts: list[object] = []
    for unit in loop.body:
        if isinstance(unit, MergedDecision | MergedLoop):
            continue  # no such loop is kept
        if has_module(unit) and not positions:
            parts.append(unit.path)
        if isinstance(unit, MergedOp):
            parts.append(unit.lowered)
        elif isinstance(unit, MergedCall):
            parts.append(tuple(unit.arguments.values()))
        else:
            parts += unit.members
    return parts
