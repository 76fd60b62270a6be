"""The parameters of an emitted function: names, types, defaults, order.

Channels are not among them: in Keras a tensor says its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from cnnspec.emit.code import UNSET, Leaf
from cnnspec.emit.merged import Merged, MergedCall, MergedDecision, MergedOp, Plan
from cnnspec.emit.names import Namespace
from cnnspec.emit.printer import expression, from_expression


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


def resolved(code: Any, names: Mapping[str, str]) -> Any:
    """Replace leaves that have an expression by how a function's names say it."""
    if isinstance(code, Leaf):
        if code.expression is None:
            return Leaf(code.value)
        return from_expression(code.expression, names)
    if isinstance(code, tuple):
        return tuple(resolved(each, names) for each in code)
    if is_dataclass(code) and not isinstance(code, type):
        parts = {
            each.name: getattr(code, each.name)
            if each.name == "default"
            else resolved(getattr(code, each.name), names)
            for each in fields(code)
        }
        return type(code)(**parts)
    return code


def spoken(units: list[Merged], signatures: Mapping[int, Signature]) -> Iterator[str]:
    """The names that a function's text speaks of, given the signatures of those that it calls."""
    for unit in units:
        if isinstance(unit, MergedDecision):
            yield from names_in(unit.test)
            for arm in unit.arms:
                yield from spoken(arm, signatures)
        else:
            yield from spoken_by(unit, signatures)


def spoken_by(unit: Merged, signatures: Mapping[int, Signature]) -> Iterator[str]:
    """The names that one unit's own text speaks of."""
    if isinstance(unit, MergedOp):
        yield from names_in(unit.lowered.flow)
    elif isinstance(unit, MergedCall):
        for key in signatures[id(unit.plan)].names:
            yield from names_in(unit.arguments[key])


def names_in(code: Any) -> Iterator[str]:
    """The names that a tree of code speaks of."""
    if isinstance(code, Leaf):
        if code.expression is not None:
            yield from sorted(code.expression.names)
    elif isinstance(code, tuple):
        for each in code:
            yield from names_in(each)
    elif is_dataclass(code) and not isinstance(code, type):
        for field in fields(code):
            if field.name != "default":
                yield from names_in(getattr(code, field.name))


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
