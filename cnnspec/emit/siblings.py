"""Names for several definitions that are written for one block: after what tells them apart."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.emit.merged import Plan


def distinct_name(plan: Plan, blocks: Iterable[Plan]) -> str:
    """Name a plan after its block and, if that has several, after an argument that differs.

    It is the first one that is the same in all instances of each and has a word for each, steps
    before numbers: what is done says more than how much of it. Where there is none, they are
    numbered.
    """
    siblings = [each for each in blocks if each.definition is plan.definition]
    if len(siblings) == 1:
        return plan.name
    place = siblings.index(plan)
    keys = [parameter.name.id for parameter in plan.definition.parameters]
    known = plan.instances[0].scope.values
    for key in sorted(keys, key=lambda each: isinstance(known.get(each), int | float | tuple)):
        words = [{_word(key, i.scope.values.get(key)) for i in each.instances} for each in siblings]
        if all(len(each) == 1 for each in words):
            told = [next(iter(each)) for each in words]
            if all(told) and len(set(told)) == len(told):
                return f"{plan.name}_{told[place]}"
    return f"{plan.name}{place + 1}" if place else plan.name


def _word(key: str, value: object) -> str:
    """The word for an argument; empty if there is none."""
    if isinstance(value, bool):
        return key if value else f"no_{key}"
    if isinstance(value, int):
        return str(value) if value >= 0 else ""
    if isinstance(value, str):
        return value
    if callee := getattr(value, "callee", None):  # a step with some of its arguments
        return _word(key, callee)
    if op := getattr(value, "op", None):
        return str(op.name)
    definition = getattr(value, "definition", None)
    return "" if definition is None else str(definition.name.id)
