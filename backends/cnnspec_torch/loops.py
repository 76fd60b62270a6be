"""Loops in emitted PyTorch: which can be written, and what is printed of them."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.emit.merged import (
    Merged,
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
        parts += _said(unit)
    return parts


def _said(unit: Merged) -> list[object]:
    """What is printed of a unit beside its own name; in a row that counts nothing is named."""
    match unit:
        case MergedOp():
            return [unit.lowered]
        case MergedCall():
            return [tuple(unit.arguments.values())]
        case MergedRow():
            named = [] if unit.numbered else [each.path[-1] for each in _steps(unit.members)]
            return [*named, *(part for each in unit.members for part in _said(each))]
        case MergedDecision():
            return [unit.test, *(part for arm in unit.arms for each in arm for part in _said(each))]
        case MergedLoop():
            return [unit]


def _steps(units: list[Merged]) -> Iterator[MergedOp | MergedCall | MergedRow]:
    for unit in units:
        if isinstance(unit, MergedDecision):
            for arm in unit.arms:
                yield from _steps(arm)
        elif not isinstance(unit, MergedLoop):
            yield unit
