"""Finds which step a layer is that Keras named itself: `conv2d_1`.

Keras numbers its layers of one class in the order in which they were made, and a network is made as
its data flows. So the k-th of them in that order is a step none of whose predecessors of that class
comes later; where shapes leave one such step at every k, there is exactly one way, and it is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cnnspec.graph import Graph, Node
from cnnspec.ops.convolution import Conv, DepthwiseConv
from cnnspec_keras.lowerings.convolution import is_depthwise
from cnnspec_keras.names import layer_name

#: A layer's shapes, in the order in which it has its variables.
Shapes = tuple[tuple[int, ...], ...]
#: What Keras calls a layer of the class that an operator becomes.
CALLED: Final = {
    "conv": "conv2d",
    "dwconv": "depthwise_conv2d",
    "conv_transpose": "conv2d_transpose",
    "dense": "dense",
    "bn": "batch_normalization",
    "ln": "layer_normalization",
    "gn": "group_normalization",
    "prelu": "p_re_lu",
}
OWN: Final = re.compile(rf"({'|'.join(CALLED.values())})(?:_([0-9]{{1,9}}))?")


def steps_of(
    found: Mapping[str, Shapes], wanted: Mapping[str, Shapes], graph: Graph
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Give the layers of a network by those that Keras named, and what is to be said of it.

    `found` are a file's layers that the network has not, `wanted` the network's that the file has
    not, with their shapes.
    """
    known: dict[str, str] = {}
    said = []
    for called, layers in _by_class(found).items():
        steps = [
            node
            for node in graph.nodes
            if _called(node) == called and layer_name(node.path) in wanted
        ]
        if len(steps) != len(layers):
            said.append(
                f"{_listed(layers)} may be any: Keras called {len(layers)} layers so, "
                f"and {len(steps)} steps of the network are left for them"
            )
            continue
        pairs, words = _paired(layers, steps, graph, found, wanted)
        known |= pairs
        said.append(words)
    return known, tuple(said)


def _by_class(found: Mapping[str, Shapes]) -> dict[str, list[str]]:
    """Sort the layers that Keras named: by class, then by number."""
    numbered: dict[str, list[tuple[int, str]]] = {}
    for layer in found:
        if own := OWN.fullmatch(layer):
            numbered.setdefault(own[1], []).append((int(own[2] or 0), layer))
    return {called: [name for _, name in sorted(each)] for called, each in numbered.items()}


def _called(node: Node) -> str | None:
    op = node.op
    alone = isinstance(op, Conv | DepthwiseConv) and is_depthwise(op, node.input_shapes[0])
    return CALLED["dwconv"] if alone else CALLED.get(op.name)


def _paired(
    layers: Sequence[str],
    steps: Sequence[Node],
    graph: Graph,
    found: Mapping[str, Shapes],
    wanted: Mapping[str, Shapes],
) -> tuple[dict[str, str], str]:
    """Walk the layers in their order; at each exactly one step must be possible."""
    before = dict(_before(steps, graph))
    waiting = {node.index: node for node in steps}
    pairs: dict[str, Node] = {}
    for layer in layers:
        able = [
            node
            for node in waiting.values()
            if wanted[layer_name(node.path)] == found[layer]
            and not before[node.index] & waiting.keys()
        ]
        if len(able) != 1:
            # Two suffice to say that there is more than one way.
            may = f"{layer} may be {' or '.join(node.path for node in able[:2])}"
            why = may if able else f"no step that is left has the shapes of {layer}"
            return {}, f"order and shapes do not say which steps {_listed(layers)} are: {why}"
        pairs[layer] = waiting.pop(able[0].index)
    shown = [layers[0]] if len(layers) == 1 else [layers[0], layers[-1]]
    ends = ", ".join(f"{layer} is {pairs[layer].path}" for layer in shown)
    ways = f"order and shapes leave one way for {_listed(layers)}: {ends}"
    return {layer_name(node.path): layer for layer, node in pairs.items()}, ways


def _listed(layers: Sequence[str]) -> str:
    if len(layers) < 3:
        return " and ".join(layers)
    return f"{layers[0]} … {layers[-1]} ({len(layers)} layers)"


def _before(steps: Sequence[Node], graph: Graph) -> Iterator[tuple[int, set[int]]]:
    """Give the nearest steps among these on every way into each of them."""
    among = {node.index for node in steps}
    nearest: dict[int, frozenset[int]] = {}
    for node in graph.nodes:
        into: frozenset[int] = frozenset().union(
            *(nearest.get(each.node.index, frozenset()) for each in node.inputs)
        )
        if node.index in among:
            yield node.index, set(into)
            into = frozenset((node.index,))
        nearest[node.index] = into
