"""What is found out about steps before they are lowered: where Keras's plain layer is right.

A step is lowered for all instances that share a function, so what is found out holds for all.
"""

from __future__ import annotations

from collections.abc import Mapping

from cnnspec.emit.lowering import Applied
from cnnspec.emit.merged import MergedOp
from cnnspec.graph import Graph, Node
from cnnspec.ops.convolution import Conv, DepthwiseConv
from cnnspec.ops.geometry import Sides, sides
from cnnspec.ops.pooling import MaxPool
from cnnspec_keras.lowerings.parts import PLAIN, SAME, UNLESS_STRIDED
from cnnspec_keras.lowerings.pooling import extended
from cnnspec_keras.orders import channels_last


def find_hints(graph: Graph, steps: Mapping[int, MergedOp]) -> Mapping[int, frozenset[str]]:
    """Give the hints of the nodes that have any, by index.

    `steps` says which nodes are written as one step. What is written in one place of the spec is
    padded in one way where that may be one step, or where a step is of both sorts.
    """
    flattened = channels_last(graph)
    found = {
        node.index: frozenset((PLAIN,))
        for node in graph.nodes
        if node.kind == "flatten" and node.index in flattened
    }
    sites: dict[object, list[Node]] = {}
    known: dict[object, list[Node]] = {}
    for node in graph.nodes:
        if isinstance(node.op, Conv | DepthwiseConv | MaxPool) and node.op.pad != "same":
            sites.setdefault((node.span, node.kind), []).append(node)
            if node.index in steps:
                known.setdefault(steps[node.index], []).append(node)
    for nodes in sites.values():
        found |= _padding(nodes)
    for nodes in known.values():
        if len({_is_same(node, _around(node)) for node in nodes}) == 1:
            for node in nodes:
                found.pop(node.index, None)
            found |= _padding(nodes)
    return found


def _padding(nodes: list[Node]) -> Mapping[int, frozenset[str]]:
    """Say which of the nodes of one place, or of one step, are to be padded by Keras's `same`.

    All of them if that is right for all. None if it is not and all are padded: zeros before the
    layer do for them. Else where the stride is 1 if that tells them apart; else each as it is.
    """
    pads = [_around(node) for node in nodes]
    right = [_is_same(node, around) for node, around in zip(nodes, pads, strict=True)]
    padded = [any(around) for around in pads]
    if not any(padded) or (all(padded) and not all(right)):
        return {}
    strided = [_is_strided(node) for node in nodes]
    if not all(right) and all(
        known is not None and known != fits and (pad or fits)
        for known, fits, pad in zip(strided, right, padded, strict=True)
    ):
        return {node.index: frozenset((UNLESS_STRIDED,)) for node in nodes}
    return {n.index: frozenset((SAME,)) for n, fits in zip(nodes, right, strict=True) if fits}


def _is_strided(node: Node) -> bool | None:
    """Whether a convolution has a stride; None: it is none, or has one along one axis only."""
    if not isinstance(node.op, Conv | DepthwiseConv) or node.op.stride[0] != node.op.stride[1]:
        return None
    return bool(node.op.stride[0] > 1)


def _around(node: Node) -> Sides:
    op = node.op
    if isinstance(op, MaxPool):
        return extended(Applied(op, node.input_shapes, node.shapes, {}))
    assert isinstance(op, Conv | DepthwiseConv)
    x = node.input_shapes[0]
    return sides(op.pad, op.size, op.stride, op.dilation, (x.height, x.width))


def _is_same(node: Node, around: Sides) -> bool:
    """Whether Keras's `same` gives this padding; of a convolution, at any size of the image."""
    op, (x, *_) = node.op, node.input_shapes
    place = (x.height, x.width)
    if isinstance(op, MaxPool):
        return around == sides("same", op.size, op.moves, (1, 1), place)
    assert isinstance(op, Conv | DepthwiseConv)
    stays = op.stride == (1, 1)
    return stays and around == sides("same", op.size, (1, 1), op.dilation, place)
