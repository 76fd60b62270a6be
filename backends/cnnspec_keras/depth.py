"""How deep a network's chain of layers is: Keras walks it by recursion when it makes a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.lowering import Applied, Lowering
from cnnspec.graph import Graph
from cnnspec_keras.application import taken_apart

#: Longer chains are cut into models, one a block's call: Python's own limit is 1,000 calls.
LONGEST: Final = 800


def is_deep(
    graph: Graph, lower: Mapping[str, Lowering], hints: Mapping[int, frozenset[str]]
) -> bool:
    """Whether some chain of layers is longer than Keras can take in one flat model."""
    lengths: dict[int, int] = {}
    for node in graph.nodes:
        before = max((lengths[port.node.index] for port in node.inputs), default=0)
        layers = 1
        if node.kind in lower:
            known = hints.get(node.index, frozenset())
            applied = Applied(node.op, node.input_shapes, node.shapes, {}, (), known)
            layers = len(taken_apart(lower[node.kind](applied).flow)[0]) or 1
        lengths[node.index] = before + layers
    return max(lengths.values(), default=0) > LONGEST
