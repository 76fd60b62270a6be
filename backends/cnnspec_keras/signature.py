"""The parameters of an emitted function: names, types, defaults, order.

Channels are not among them: in Keras a tensor says its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cnnspec.emit.code import UNSET, Leaf
from cnnspec.emit.merged import (
    Merged,
    MergedCall,
    MergedDecision,
    MergedLoop,
    MergedOp,
    Plan,
    expressions_of,
)
from cnnspec.emit.names import Namespace
from cnnspec.emit.printer import expression


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its key in the plan, its name in Python, its type and default."""

    key: str
    name: str
    type: str
    default: Any = UNSET

    @property
    def keyword_only(self) -> bool:
        """Whether callers name it: it has a default, or is a flag."""
        return self.default is not UNSET or self.type == "bool"

    @property
    def text(self) -> str:
        """Write it as in a signature."""
        if self.default is UNSET:
            return f"{self.name}: {self.type}"
        return f"{self.name}: {self.type} = {expression(Leaf(self.default))}"


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's parameters, those for tensors left out."""

    parameters: tuple[Parameter, ...]

    @property
    def names(self) -> Mapping[str, str]:
        """How expressions name them."""
        return {each.key: each.name for each in self.parameters}

    def text(self, tensors: list[str], *more: str) -> list[str]:
        """Write all parameters: tensors first, `more` last, the star where it belongs."""
        plain = [each.text for each in self.parameters if not each.keyword_only]
        named = [each.text for each in self.parameters if each.keyword_only]
        last = [*named, *more]
        return [*tensors, *plain, *(["*", *last] if last else [])]


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


def make_signature(
    plan: Plan,
    signatures: Mapping[int, Signature],
    *,
    network: bool,
    reserved: frozenset[str],
) -> Signature:
    """Work out the parameters of a plan's function."""
    space = Namespace(reserved)
    used = set(spoken(plan.units, signatures))
    declared = {each.name.id: each.default for each in plan.definition.parameters}
    keys = [key for key in declared if key in plan.parameters]
    keys += [key for key in plan.parameters if key not in keys]
    parameters = []
    for key in keys:
        if key.endswith(".channels") or key not in used:
            continue
        values = plan.parameters[key]
        default = UNSET
        if network:
            default = values[0]
        elif key in declared and key not in plan.extra:
            default = _literal(declared[key])
        elif all(isinstance(each, str) for each in values):
            default = max(values, key=values.count)
        parameters.append(Parameter(key, space.take(key), _type(values), default))
    return Signature(tuple(parameters))


def _literal(default: Any) -> Any:
    """Give a declared default that is a plain number or truth value."""
    value = getattr(default, "value", None)
    return value if isinstance(value, bool | int | float) else UNSET


def _type(values: list[Any]) -> str:
    kinds = {type(each) for each in values}
    if kinds == {bool}:
        return "bool"
    if kinds <= {int, bool}:
        return "int"
    if kinds <= {int, float}:
        return "float"
    texts = {_tuple(each) for each in values}
    return texts.pop() if len(texts) == 1 else "int | tuple[int, ...]"


def _tuple(value: Any) -> str:
    if isinstance(value, tuple):
        return f"tuple[{', '.join(map(_tuple, value))}]"
    return type(value).__name__
