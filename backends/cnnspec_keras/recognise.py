"""Finds which layer of a network a layer in a Keras file is, and names its variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cnnspec.checkpoint import Place, Recognised, Sizes
from cnnspec.graph import Graph
from cnnspec_keras.names import path_of
from cnnspec_keras.own_names import Shapes, steps_of


def by_layer(names: Iterable[str]) -> dict[str, list[str]]:
    """Give the variables of every layer, by the layer's name, in order."""
    result: dict[str, list[str]] = {}
    for name in names:
        layer, _, variable = name.rpartition("/")
        result.setdefault(layer, []).append(variable)
    return result


def recognised(found: Sizes, places: Sequence[Place], graph: Graph) -> Recognised:
    """Find layers by name, by the spec's path, and by the names that Keras gives by itself.

    A layer's variables that are numbered (`conv2d_1/0`) are named in the order in which the layer
    of the network has them, where it has as many.
    """
    wanted = by_layer(each.name for each in places)
    paths = {path_of(layer): layer for layer in wanted}
    held = by_layer(found)
    # What a layer is called, by the network's name for it where it has one.
    called = {(layer if layer in wanted else paths.get(layer, layer)): layer for layer in held}
    if len(called) < len(held):
        called = {layer: layer for layer in held}
    shapes = {name: _shapes(found, layer, held[layer]) for name, layer in called.items()}
    sizes = {each.name: (each.shape, "") for each in places}
    steps, said = steps_of(
        {name: each for name, each in shapes.items() if name not in wanted},
        {name: _shapes(sizes, name, wanted[name]) for name in wanted if name not in called},
        graph,
    )
    own = {theirs: ours for ours, theirs in steps.items()}
    names: dict[str, str] = {}
    for name, layer in called.items():
        ours = own.get(name, name)
        variables = _variables(held[layer], wanted.get(ours, ()))
        names |= {_joined(ours, new): _joined(layer, old) for old, new in variables.items()}
    return Recognised(names, said)


def _joined(layer: str, variable: str) -> str:
    return f"{layer}/{variable}" if layer else variable


def _shapes(sizes: Sizes, layer: str, variables: Sequence[str]) -> Shapes:
    return tuple(tuple(sizes[_joined(layer, each)][0]) for each in variables)


def _variables(held: Sequence[str], wanted: Sequence[str]) -> Mapping[str, str]:
    """Give what a layer's variables are called, by what the file calls them."""
    numbered = list(held) == [str(number) for number in range(len(held))]
    fits = numbered and len(held) == len(wanted)
    return dict(zip(held, wanted if fits else held, strict=True))
