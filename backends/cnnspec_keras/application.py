"""Layers that are applied to what other layers give, as trees of code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from cnnspec.emit.code import Call, Code, Keyword, Leaf, Raw, parts_of
from cnnspec_keras.lowerings.activation import activation_of
from cnnspec_keras.lowerings.parts import LayerName

#: Layers that take an activation, and our function that makes one of them.
ACTIVATED: Final = frozenset(
    Raw(name)
    for name in (
        "layers.Conv2D",
        "layers.DepthwiseConv2D",
        "layers.Conv2DTranspose",
        "layers.Dense",
        "conv2d",
    )
)


def taken_apart(flow: Code) -> tuple[list[Call], Code]:
    """Give the layers of a nested application, the first to be applied first, and what it is on."""
    layers: list[Call] = []
    while True:
        match flow:
            case Call(Call() as layer, (inner,)):
                layers.insert(0, layer)
            case Call(function, (inner,), ()) if not isinstance(function, Raw | Call):
                layers.insert(0, Call(function, ()))
                return _bare(layers, function), inner
            case _:
                return layers, flow
        flow = inner


def _bare(layers: list[Call], function: Code) -> list[Call]:
    """A layer that is chosen by a condition is applied as it stands."""
    return [function, *layers[1:]]  # type: ignore[list-item]


def padded(code: Code) -> bool:
    """Whether zeros are put before a layer by our function, which says what is left to pad."""
    return isinstance(code, Call) and code.function == Raw("padded")


def named(code: Any, name: Callable[[str], Code]) -> Any:
    """Put layers' names into their places: `name` gives them by the word that tells them apart."""
    match code:
        case LayerName(word):
            return name(word)
        case Leaf() | Raw():
            return code
        case tuple():
            return tuple(named(each, name) for each in code)
    if not (names := parts_of(code)):
        return code
    parts = {each: named(getattr(code, each), name) for each in names}
    return type(code)(**parts)


def activation_for(flow: Code | None) -> bool:
    """Whether the last layer of a step takes an activation along."""
    if flow is None:
        return False
    layers, given = taken_apart(flow)
    last = layers[-1] if layers else given
    return isinstance(last, Call) and last.function in ACTIVATED


def activated(layer: Code, word: Code) -> Call:
    """Give a layer its activation, which stands before its name."""
    assert isinstance(layer, Call)
    *others, name = layer.keywords
    return replace(layer, keywords=(*others, Keyword("activation", word), name))


__all__ = ["activated", "activation_for", "activation_of", "named", "padded", "taken_apart"]
