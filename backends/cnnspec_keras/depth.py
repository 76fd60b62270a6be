"""How deep a network's chain of layers is: Keras walks it by recursion when it makes a model."""

from __future__ import annotations

from typing import Final

from cnnspec.graph import Graph

#: Longer chains are cut into models, one a block's call: Python's own limit is 1,000 calls.
LONGEST: Final = 800


def is_deep(graph: Graph) -> bool:
    """Whether some chain of layers is longer than Keras can take in one flat model.

    A step that pads is taken for two layers.
    """
    lengths: dict[int, int] = {}
    for node in graph.nodes:
        before = max((lengths[port.node.index] for port in node.inputs), default=0)
        pad = node.op.values.get("pad")
        pads = isinstance(pad, tuple) and any(pad) and node.op.values.get("stride") != (1, 1)
        lengths[node.index] = before + 1 + pads
    return max(lengths.values(), default=0) > LONGEST
