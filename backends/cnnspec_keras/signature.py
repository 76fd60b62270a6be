"""The head of an emitted function: the spec's parameters by name, with types and defaults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from cnnspec.emit.code import Call, Code, Leaf, Raw
from cnnspec.emit.printer import expression, statement
from cnnspec.emit.program import Body, Expr, Measure, Name, Parameter, parts
from cnnspec_keras.body import Writer
from cnnspec_keras.file import File

WIDTH: Final = 88


def function(
    file: File,
    writer: Writer,
    body: Body,
    *,
    name: str,
    returned: str,
    more: tuple[str, ...] = (),
) -> tuple[list[str], list[str]]:
    """Give the lines of a function's head, and those that work out what depends on parameters."""
    plain: list[str] = []
    named: list[str] = []
    begins: list[str] = []
    network = writer.network
    for parameter in body.parameters:
        word = writer.spell(parameter.name)
        if parameter.kind != "data":
            kind = "KerasTensor" if parameter.kind == "node" else "Sequence[KerasTensor]"
            outer = f"{word}_in" if file.nested and parameter.kind == "node" else word
            plain.append(f"{outer}: {kind}")
            continue
        kind = _type(file, body, parameter)
        if parameter.default is None:
            (named if named or network else plain).append(f"{word}: {kind}")
        elif _depends(parameter.default):
            named.append(f"{word}: {kind if kind == 'Any' else f'{kind} | None'} = None")
            begins.append(f"    if {word} is None:")
            said = writer.said_to(parameter.default, (id(body), parameter.name))
            begins += statement(f"{word} = ", said, indent=8)
        else:
            said = writer.said_to(parameter.default, (id(body), parameter.name))
            named.append(f"{word}: {kind} = {expression(said)}")
    named += more if network else ("name: str",)
    parameters = [*plain, *(["*", *named] if named else [])]
    return head(name, parameters, returned), begins


def head(name: str, parameters: list[str], returned: str) -> list[str]:
    """Write the head of a function."""
    line = f"def {name}({', '.join(parameters)}) -> {returned}:"
    if len(line) <= WIDTH:
        return [line]
    inner = "    " + ", ".join(parameters)
    if len(inner) <= WIDTH:
        return [f"def {name}(", inner, f") -> {returned}:"]
    return [f"def {name}(", *(f"    {part}," for part in parameters), f") -> {returned}:"]


def _depends(default: Expr) -> bool:
    """Whether a default speaks of parameters before it."""
    return any(isinstance(each, Name | Measure) for each in parts(default))


def _type(file: File, body: Body, parameter: Parameter) -> str:
    """Say a parameter's type by its default and by what calls give it."""
    value = Name(parameter.name)
    samples = file.samples(body, parameter.name)
    if parameter.default is not None and not _depends(parameter.default):
        samples = [*samples, _sample(parameter.default)]
    kinds = {_kind(each) for each in samples if each is not None}
    if "step" in kinds:
        if kinds != {"step"}:
            return "Any"
        return "str" if file.given.is_word(body, value) else "Callable[..., KerasTensor]"
    if kinds == {"int", "float"}:
        return "float"
    if kinds <= {"Sequence[int]", "Sequence[float]"} and len(kinds) == 2:
        return "Sequence[float]"
    if any(each.startswith("Sequence") for each in kinds) and len(kinds) == 2:
        return "Sequence[Any]" if all(each.startswith("Seq") for each in kinds) else "Any"
    return kinds.pop() if len(kinds) == 1 else "Any"


def _sample(default: Expr) -> Any:
    """A value like a default's."""
    from cnnspec.emit.program import STEPS, Constant, ListOf
    from cnnspec.emit.site import UNKNOWN, constant

    if isinstance(default, STEPS):
        return object()
    if isinstance(default, Constant):
        return _sample(default.value)
    if isinstance(default, ListOf):
        return tuple(map(_sample, default.items))
    value = constant(default)
    return None if value is UNKNOWN else value


def _kind(value: Any) -> str:
    if isinstance(value, bool | int | float | str):
        return type(value).__name__
    if isinstance(value, tuple | list):
        kinds = {_kind(each) for each in value}
        plain = kinds <= {"int"} or kinds <= {"float"} or kinds <= {"str"}
        return f"Sequence[{kinds.pop()}]" if plain and kinds else "Sequence[Any]"
    return "step"


__all__ = ["Call", "Code", "Iterable", "Leaf", "Raw", "function", "head"]
