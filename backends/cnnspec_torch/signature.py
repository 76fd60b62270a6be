"""The parameters of an emitted constructor: names, types, defaults, order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from cnnspec.emit.code import UNSET, Leaf
from cnnspec.emit.merge import Plan
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
    """The constructor's parameters, and how expressions name them."""

    parameters: tuple[Parameter, ...]
    names: Mapping[str, str]

    @property
    def text(self) -> list[str]:
        """The parameters as written, `self` first, the star where it belongs."""
        plain = [each.text for each in self.parameters if not each.keyword_only]
        named = [each.text for each in self.parameters if each.keyword_only]
        return ["self", *plain, *(["*", *named] if named else [])]


def resolved(code: Any, signature: Signature) -> Any:
    """Replace leaves that have an expression by how the class's parameters say it."""
    if isinstance(code, Leaf):
        if code.expression is None:
            return Leaf(code.value)
        return from_expression(code.expression, signature.names)
    if isinstance(code, tuple):
        return tuple(resolved(each, signature) for each in code)
    if is_dataclass(code) and not isinstance(code, type):
        parts = {
            each.name: getattr(code, each.name)
            if each.name == "default"
            else resolved(getattr(code, each.name), signature)
            for each in fields(code)
        }
        return type(code)(**parts)
    return code


def make_signature(plan: Plan, *, network: bool, reserved: frozenset[str]) -> Signature:
    """Work out the parameters of a plan's class."""
    space = Namespace(reserved | {"self"})
    channels = [f"{name}.channels" for name in plan.inputs]
    declared = {each.name.id: each.default for each in plan.definition.parameters}
    keys = [key for key in channels if key in plan.parameters]
    keys += [key for key in declared if key in plan.parameters and key not in keys]
    keys += [key for key in plan.parameters if key not in keys]
    parameters = []
    for key in keys:
        if key.endswith(".channels"):
            word = key.removesuffix(".channels")
            wanted = "in_channels" if key == channels[0] else f"{word}_channels"
        else:
            wanted = key
        values = plan.parameters[key]
        default = UNSET
        if network:
            default = values[0]
        elif key in declared and key not in plan.extra:
            default = _literal(declared[key])
        parameters.append(Parameter(key, space.take(wanted), _type(values), default))
    names = {each.key: each.name for each in parameters}
    return Signature(tuple(parameters), names)


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
    if kinds == {tuple}:
        lengths = {len(each) for each in values}
        inner = ", ".join(["int"] * lengths.pop()) if len(lengths) == 1 else "int, ..."
        return f"tuple[{inner}]"
    return "int | tuple[int, ...]"
