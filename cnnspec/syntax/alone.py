"""What stands alone in a body: a learned tensor, which nothing flows into."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.syntax import tree


def flows_by(definition: tree.Block | tree.NetworkDef) -> Iterator[str]:
    """Give the names by which values come into a body: a block's parameters, a network's inputs."""
    if isinstance(definition, tree.Block):
        yield from (each.name.id for each in definition.parameters)
        return
    for each in definition.body:
        if isinstance(each, tree.Bind) and len(each.targets) == len(each.values) == 1:
            head = head_of(each.values[0])
            callee = None if head is None else head.callee
            if isinstance(callee, tree.Name) and callee.id == "input":
                yield each.targets[0].id


def head_of(value: tree.Expr) -> tree.Call | None:
    """Give the call with which a value begins, if it begins with one."""
    head = value.steps[0] if isinstance(value, tree.Flow) else value
    return head if isinstance(head, tree.Call) else None
