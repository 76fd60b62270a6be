"""The body of a block's instance: its steps and calls, and how they read one another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnnspec.importing.tree import PLACE, Argument, Record, Scope, Shape, Step, Value
from cnnspec.ops import OPERATORS

if TYPE_CHECKING:
    from cnnspec.importing.template import Template


class Handed(NamedTuple):
    """A step as a value: an activation with its arguments."""

    operator: str
    arguments: tuple[tuple[str, Argument], ...] = ()


#: What stands for a step that does nothing.
IDENTITY = Handed("identity")
Given = Argument | Handed


class Kind(NamedTuple):
    """What an item does: an operator, some activation, a block, or a block again and again.

    A `loop` runs a block so many times at numbered labels; `grow` puts each result beside what was
    there.
    """

    sort: Literal["operator", "activation", "block", "loop", "grow", "table"]
    name: str


@dataclass(eq=False, slots=True)
class Item:
    """A step or a call of a block, within one instance.

    An input is an item's output, by its number, or (None, n): the instance's own input. `label` is
    its place in the instance: the path of its weights, or of the module that it stands in.
    `times` counts equal members that follow one another.
    """

    kind: Kind
    arguments: dict[str, Given]
    label: tuple[str, ...]
    weighted: bool
    inputs: list[Ref]
    input_shapes: Sequence[Shape]
    outputs: Sequence[Value]
    template: Template | None = None
    times: int = 1
    #: The arguments that make no difference to the instance that is called.
    free: frozenset[str] = frozenset()


Ref = tuple[Item | None, int]


@dataclass(eq=False, slots=True)
class Instance:
    """One instance of a class: its items in order, what goes in, what comes out."""

    scope: Scope
    items: list[Item]
    inputs: Sequence[Value]
    results: list[Ref]
    #: How the template that it became is called for it, once that is known.
    template: Template | None = None
    arguments: dict[str, Given] = field(default_factory=dict)
    free: frozenset[str] = frozenset()

    def readers(self) -> dict[Ref, int]:
        """Count how often each value of the body is read."""
        found: dict[Ref, int] = {}
        for item in self.items:
            for ref in item.inputs:
                found[ref] = found.get(ref, 0) + 1
        for ref in self.results:
            found[ref] = found.get(ref, 0) + 1
        return found


def instance(
    scope: Scope, done: Mapping[Scope, Instance], record: Record, needed: set[Value]
) -> Instance:
    """Flatten a scope into items; inner scopes are calls of the templates that they became.

    `needed` are the values that something outside the scope reads.
    """
    inputs: list[Value] = []
    where: dict[Value, Ref] = {}
    if not scope.path:
        inputs = [value for _, value in record.inputs]
        where = {value: (None, index) for index, value in enumerate(inputs)}

    def ref(value: Value) -> Ref:
        if value not in where:
            where[value] = (None, len(inputs))
            inputs.append(value)
        return where[value]

    items = []
    for member in scope.members:
        item = _call(member, done, scope) if isinstance(member, Scope) else _step(member, scope)
        read = done[member].inputs if isinstance(member, Scope) else member.inputs
        item.inputs = [ref(value) for value in read]
        item.input_shapes = [value.shape for value in read]
        items.append(item)
        for index, value in enumerate(item.outputs):
            where[value] = (item, index)
    if scope.path:
        results = [where[value] for value in where if value in needed and where[value][0]]
    else:
        results = [where[result.value] for result in record.results]
    return Instance(scope, items, inputs, results)


def _step(step: Step, scope: Scope) -> Item:
    declared = OPERATORS[step.operator]
    kind = Kind("operator", step.operator)
    arguments: dict[str, Given] = dict(step.arguments)
    if declared.family == "activation" and not step.weighted and step.operator != "softmax":
        own = {k: v for k, v in step.arguments.items() if v != declared.arguments[k].default}
        kind = Kind("activation", "activation")
        arguments = {"activation": Handed(step.operator, tuple(own.items()))}
    label = _label(step.path, scope.path)
    return Item(kind, arguments, label, step.weighted, [], [], step.outputs)


def _call(inner: Scope, done: Mapping[Scope, Instance], scope: Scope) -> Item:
    made = done[inner]
    assert made.template is not None
    kind = Kind("block", made.template.name)
    label = _label(inner.path, scope.path)
    outputs = [item.outputs[index] for item, index in made.results if item is not None]
    item = Item(kind, dict(made.arguments), label, True, [], [], outputs, made.template)
    item.free = made.free
    return item


def _label(path: str, within: str) -> tuple[str, ...]:
    if within and not path.startswith(f"{within}."):
        return (PLACE,)
    own = path[len(within) + 1 :] if within else path
    return tuple(own.split("."))


def number(word: str) -> tuple[str, int] | None:
    """Part a label's last word into what stands before a number, and the number.

    >>> number("layer12"), number("0"), number("conv")
    (('layer', 12), ('', 0), None)
    """
    found = re.fullmatch(r"(.*?)(0|[1-9][0-9]*)", word)
    return (found[1], int(found[2])) if found else None
