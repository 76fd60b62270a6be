"""The parameters of an emitted constructor or function: names, types, defaults, order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from cnnspec.emit.code import UNSET, Code, Leaf, Raw
from cnnspec.emit.counting import offset, renumbered
from cnnspec.emit.merged import MergedLoop, Plan, expressions_of, leaves
from cnnspec.emit.names import BUILTINS, Namespace, counter_names
from cnnspec.emit.printer import expression, from_expression
from cnnspec.expression import Expression, name


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
    """The parameters of what is emitted for a plan, and how expressions name them."""

    parameters: tuple[Parameter, ...]
    names: Mapping[str, str]
    #: By how much the variables of loops start later than the expressions have it.
    offsets: Mapping[str, int] = field(default_factory=dict)
    #: What is kept under a name of its own, by how it was computed.
    held: Mapping[Expression, str] = field(default_factory=dict)

    def text(self, first: list[str], *last: str) -> list[str]:
        """The parameters as written, `first` before and `last` after, the star where it belongs."""
        plain = [each.text for each in self.parameters if not each.keyword_only]
        named = [each.text for each in self.parameters if each.keyword_only]
        named += last
        return [*first, *plain, *(["*", *named] if named else [])]

    def saying(self, names: Mapping[str, str]) -> Signature:
        """The signature with more names."""
        return Signature(self.parameters, {**self.names, **names}, self.offsets, self.held)

    def inside(
        self, loop: MergedLoop, printed: Any, taken: frozenset[str] = frozenset()
    ) -> Signature:
        """The signature with names for a loop's own variables, as code in its body says them.

        If what is printed speaks of `index + c` only, the loop counts from so much later. Names
        that are `taken` are not used.
        """
        taken |= BUILTINS.union(self.names.values())
        index = next(word for word in counter_names() if word not in taken)
        names = {**self.names, loop.index: index}
        if loop.column is not None:
            word = next(leaf.hint for leaf in leaves(loop.body) if _speaks(leaf, loop.column))
            while word in taken or word == index:
                word += "_"
            names[loop.column] = word
        later = offset(expressions_of(printed), name(loop.index))
        offsets = {**self.offsets, loop.index: later}
        return Signature(self.parameters, names, offsets, self.held)

    def expression(self, said: Expression) -> Code:
        """Write an expression in the class's words."""
        if said in self.held:
            return Raw(self.held[said])
        for index, later in self.offsets.items():
            if later and index in said.names:
                said = renumbered(said, name(index))
        return from_expression(said, self.names)


def _speaks(leaf: Leaf, variable: str) -> bool:
    return leaf.expression is not None and variable in leaf.expression.names


def resolved(code: Any, signature: Signature) -> Any:
    """Replace leaves that have an expression by how the class's parameters say it."""
    if isinstance(code, Leaf):
        if code.expression is None:
            return Leaf(code.value)
        return signature.expression(code.expression)
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


def make_signature(
    plan: Plan,
    *,
    network: bool,
    reserved: frozenset[str],
    used: frozenset[str] | None = None,
) -> Signature:
    """Work out the parameters for a plan; those that are not `used` are left out, if that is said.

    Channels come first, then the block's own in its order, then those that were made.
    """
    space = Namespace(reserved)
    channels = [f"{name}.channels" for name in plan.inputs]
    declared = {each.name.id: each.default for each in plan.definition.parameters}
    keys = [key for key in channels if key in plan.parameters]
    keys += [key for key in declared if key in plan.parameters and key not in keys]
    keys += [key for key in plan.parameters if key not in keys]
    parameters = []
    for key in keys:
        if used is not None and key not in used:
            continue
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
        elif key in declared and any(isinstance(each, Raw) for each in values):
            default = _named(declared[key], plan, key)
        elif all(isinstance(each, str) for each in values):
            default = max(values, key=values.count)
        parameters.append(Parameter(key, space.take(wanted), _type(values), default))
    names = {each.key: each.name for each in parameters}
    return Signature(tuple(parameters), names)


def _literal(default: Any) -> Any:
    """Give a declared default that is a plain number or truth value."""
    value = getattr(default, "value", None)
    return value if isinstance(value, bool | int | float) else UNSET


def _named(default: Any, plan: Plan, key: str) -> Any:
    """Give the layer of a declared default, if it is a plain operator that an instance has."""
    for each, value in zip(plan.instances, plan.parameters[key], strict=True):
        op = getattr(each.scope.values.get(key), "op", None)
        if value and op is not None and op.name == getattr(default, "id", None):
            return value
    return UNSET


def _type(values: list[Any]) -> str:
    kinds = {type(each) for each in values}
    if Raw in kinds:
        return "type[nn.Module]"
    if kinds == {bool}:
        return "bool"
    if kinds == {str}:
        return "str"
    if kinds <= {int, bool}:
        return "int"
    if kinds <= {int, float}:
        return "float"
    if kinds == {tuple}:
        return _tuple_type(values)
    tuples = [each for each in values if isinstance(each, tuple)]
    others = [each for each in values if not isinstance(each, tuple)]
    return f"{_type(others)} | {_tuple_type(tuples)}" if tuples else "object"


def _tuple_type(values: list[tuple[Any, ...]]) -> str:
    """The type of tuples: by their places if they are of one length."""
    if len({len(each) for each in values}) > 1:
        return "tuple[int, ...]"
    return f"tuple[{', '.join(_type(list(place)) for place in zip(*values, strict=True))}]"
