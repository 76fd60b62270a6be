"""Which modules become blocks: what is one step, or a wrapper, stands in the module around it."""

from __future__ import annotations

from collections import Counter

from cnnspec.importing.tree import Record, Scope, Step, Value

#: A class of one instance and so few steps is no block.
FEW = 3


def unwrap(record: Record) -> None:
    """Take out the scopes that a person would not write a block for, in place."""
    counts = Counter(scope.origin.key for scope in record.root.scopes())
    total = sum(1 for _ in record.root.steps())
    _unwrap(record.root, counts, total)


def _unwrap(scope: Scope, counts: Counter[object], total: int) -> None:
    members: list[Step | Scope] = []
    for member in scope.members:
        if isinstance(member, Scope):
            _unwrap(member, counts, total)
            if _is_block(member, counts, total):
                members.append(member)
            else:
                members += member.members
        else:
            members.append(member)
    scope.members = members


def _is_block(scope: Scope, counts: Counter[object], total: int) -> bool:
    steps = list(scope.steps())
    weighted = any(step.weighted for step in steps)
    if scope.origin.container or not weighted or len(scope.members) <= 1:
        return False
    if any(step.weighted and step.path == scope.path for step in steps):
        return False  # a block has no weights of its own, only its steps have
    if counts[scope.origin.key] > 1:
        return True
    return not (_is_chain(scope) or len(scope.members) <= FEW or 2 * len(steps) > total)


def _is_chain(scope: Scope) -> bool:
    """Whether its members each read the one before alone."""
    before: set[Value] = set()
    for member in scope.members:
        read = _read(member)
        if len(read) != 1 or (before and not read <= before):
            return False
        before = {value for step in _steps(member) for value in step.outputs}
    return True


def _read(member: Step | Scope) -> set[Value]:
    """Give the values that a member reads and does not make."""
    steps = _steps(member)
    made = {value for step in steps for value in step.outputs}
    return {value for step in steps for value in step.inputs} - made


def _steps(member: Step | Scope) -> list[Step]:
    return list(member.steps()) if isinstance(member, Scope) else [member]
