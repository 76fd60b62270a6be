"""Steps that a block is given: instances that differ in them alone are one class with a parameter.

`unit(act = relu)` and `unit(act = silu)` do the same, but for a step that an argument names. Where
a layer without weights and without arguments does the step, its class is what is handed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnnspec.emit.code import THROUGH, Call, Leaf, Raw
from cnnspec.emit.lowering import Lowered
from cnnspec.emit.merged import MergedPath, Plan
from cnnspec.emit.units import CallUnit, OpUnit, flatten
from cnnspec.emit.words import all_equal
from cnnspec.expression import Expression

if TYPE_CHECKING:
    from cnnspec.emit.merge import Merger


def step(
    merger: Merger, column: Sequence[OpUnit], who: list[int]
) -> tuple[str, MergedPath, Lowered] | None:
    """Merge steps of several operators that the block was given; None: there is no layer for it.

    Gives the parameter's name, the path and how the step is written. Splits those that a layer
    does from those that none does.
    """
    root, _ = merger.around(who)
    if merger.plan.functional or root is not merger:
        return None
    made = [_layer(unit) for unit in column]
    kinds = [unit.node.op.name if m is None else "" for unit, m in zip(column, made, strict=True)]
    merger.words.agree(list(kinds), who)
    word = _parameter(merger, [type(unit.node.op) for unit in column], who)
    if made[0] is None or word is None:
        return None
    layer = _handed(merger.plan, word, made, who)
    in_row = merger.in_row > 0
    paths: list[MergedPath] = [unit.path for unit in column]
    merger.words.agree([each[:-1] for each in paths], who)
    path, made_here = paths[0], not in_row
    if not all_equal(list(paths)):  # without a label, called by its kind
        own = word
        if not in_row:
            own, made_here = _attribute(merger, word, everywhere=merger.words.everywhere(who))
        path = (*path[:-1], own)
    whole = Call(layer)
    return word, path, Lowered(THROUGH, whole if made_here else None, whole)


def is_layer(plan: Plan, key: str) -> bool:
    """Whether a parameter of a class is a layer's class."""
    return any(isinstance(each, Raw) for each in plan.extra.get(key, ()))


def argument(
    merger: Merger, plan: Plan, key: str, column: Sequence[CallUnit], who: list[int]
) -> Leaf:
    """Say the layer that a call hands over: one, or one that the block around was given."""
    values = [plan.value(key, unit.scope) for unit in column]
    known = [each for each in values if each is not None]
    # An instance that does not apply the step takes any layer.
    first = next(each for each in (*known, *plan.parameters[key]) if each is not None)
    if all(each == first for each in known):
        return Leaf(first, None, key)
    ops = [_operator(unit.scope.values.get(key)) for unit in column]
    root, whole = merger.around(who)
    word = _parameter(root, ops, whole)
    if word is not None:
        return _handed(root.plan, word, values, whole)
    if root is not merger:  # a turn's own: the turns are written out
        merger.words.agree(list(values), who)
    return merger.words.leaf([Leaf(each or first, None, key) for each in values], who)


def _parameter(merger: Merger, ops: Sequence[Any], who: Sequence[int]) -> str | None:
    """Find the block's parameter that names these operators, each in its instance."""
    for parameter in merger.plan.definition.parameters:
        name: str = parameter.name.id
        scopes = [merger.instances[index].scope for index in who]
        named = [_operator(scope.values.get(name)) for scope in scopes]
        if all(a is not None and a is b for a, b in zip(named, ops, strict=True)):
            return name
    return None


def _operator(value: object) -> Any:
    return getattr(value, "op", None)


def _layer(unit: OpUnit) -> Raw | None:
    """The class of the layer that does a step, if it is made without weights and arguments."""
    whole = unit.lowered.standalone
    if unit.lowered.module is not None or not isinstance(whole, Call):
        return None
    if whole.arguments or whole.keywords or not isinstance(whole.function, Raw):
        return None
    return whole.function


def _handed(plan: Plan, name: str, values: Sequence[Raw | None], who: Sequence[int]) -> Leaf:
    """Make a parameter of the block one of the class, of these values in these instances.

    It stays None in instances that do not apply the step: theirs is not known here.
    """
    known = plan.extra.setdefault(name, [None] * len(plan.instances))
    for value, index in zip(values, who, strict=True):
        known[index] = value or known[index]
    plan.parameters[name] = known
    first = next(each for each in values if each is not None)
    return Leaf(first, Expression("name", value=name), name)


def _attribute(merger: Merger, word: str, *, everywhere: bool) -> tuple[str, bool]:
    """Give a name under which a block keeps a layer that it was given, and whether it is new.

    One that all instances have is applied again.
    """
    known = next((name for name, given in merger.layers.items() if given == word), None)
    if known is not None:
        return known, False
    units = (unit for each in merger.instances for unit in flatten(each.units))
    used = {unit.path[0] for unit in units if unit.path}.union(merger.layers)
    name, number = word, 2
    while name in used:
        name, number = f"{word}{number}", number + 1
    merger.layers[name] = word if everywhere else ""
    return name, True
