"""Layers that are applied to what other layers give, as trees of code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, Final

from cnnspec.emit.code import Call, Code, IfElse, Keyword, Leaf, Raw
from cnnspec.emit.merged import Merged, MergedOp, Ref
from cnnspec_keras.lowerings.activation import activation_of
from cnnspec_keras.lowerings.parts import LayerName

#: Layers that take an activation.
ACTIVATED: Final = frozenset(
    Raw(f"layers.{name}") for name in ("Conv2D", "DepthwiseConv2D", "Conv2DTranspose", "Dense")
)


def taken_apart(flow: Code) -> tuple[list[Call | IfElse], Code]:
    """Give the layers of a nested application, the first to be applied first, and what it is on.

    A layer that depends on a test is an `IfElse` of the layer; else its input goes on as it is.
    """
    layers: list[Call | IfElse] = []
    while True:
        match flow:
            case Call(Call() as layer, (inner,)):
                layers.insert(0, layer)
            case IfElse(test, Call(Call() as layer, (inner,)), other) if inner == other:
                layers.insert(0, IfElse(test, layer, other))
            case _:
                return layers, flow
        flow = inner


def decided(code: Any) -> Any:
    """Take the one way that a condition goes whose test is known."""
    match code:
        case IfElse(Leaf(bool(known)), yes, no):
            return decided(yes if known else no)
        case Leaf() | Raw():
            return code
        case tuple():
            return tuple(decided(each) for each in code)
    if not is_dataclass(code) or isinstance(code, type):
        return code
    return type(code)(**{each.name: decided(getattr(code, each.name)) for each in fields(code)})


def named(code: Any, name: Callable[[str], Code]) -> Any:
    """Put layers' names into their places: `name` gives them by the word that tells them apart."""
    match code:
        case LayerName(word):
            return name(word)
        case Leaf() | Raw():
            return code
        case tuple():
            return tuple(named(each, name) for each in code)
    if not is_dataclass(code) or isinstance(code, type):
        return code
    parts = {each.name: named(getattr(code, each.name), name) for each in fields(code)}
    return type(code)(**parts)


def activation_for(unit: MergedOp, after: Merged | None) -> str | None:
    """The activation that a step's layer can take along, if the step after it is one."""
    layers, _ = taken_apart(unit.lowered.flow)
    last = layers[-1] if layers else None
    if not isinstance(last, Call) or last.function not in ACTIVATED:
        return None
    if not isinstance(after, MergedOp) or after.inputs != (Ref(unit.number, 0),):
        return None
    return activation_of(after.lowered.flow)


def activated(layer: Call | IfElse, word: str) -> Call:
    """Give a layer its activation, which stands before its name."""
    assert isinstance(layer, Call)
    *others, name = layer.keywords
    keywords = (*others, Keyword("activation", Leaf(word)), name)
    return Call(layer.function, layer.arguments, keywords)
