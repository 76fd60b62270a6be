"""The order of a flattened image's values: Keras keeps channels last, a spec has them first.

`Flatten` gives rows, columns, channels. Where all that reads the vector is a dense layer, be it
through steps that treat each value by itself, the layer is left plain and the dense kernel's rows
stand in that order. Anywhere else the image is permuted before it is flattened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from cnnspec.graph import Graph, Node
from cnnspec.ops import OPERATORS
from cnnspec.shapes import Shape
from cnnspec.source import Span

#: Steps that do the same to every value of a vector, in whatever order it stands.
INDIFFERENT: Final = frozenset(
    each.name for each in OPERATORS.values() if each.family == "activation" and each.name != "prelu"
) | {"dropout", "drop_path", "scale", "identity"}


def channels_last(graph: Graph) -> Mapping[int, Shape]:
    """Give the nodes whose vectors stand in rows, columns, channels, with the image's C x H x W.

    Keyed by the node's index. A vector that is not in it stands in the spec's own order.
    """
    plain = plain_places((graph,))
    readers = _readers(graph)
    return {
        index: node.input_shapes[0]
        for node in graph.nodes
        if node.kind == "flatten" and node.span in plain and _reorders(node.input_shapes[0])
        for index in _reached(node, readers) or ()
    }


def plain_places(graphs: Iterable[Graph]) -> frozenset[Span]:
    """Give the places in the text at which dense layers alone read what is flattened, always."""
    found: set[Span] = set()
    refused: set[Span] = set()
    for graph in graphs:
        _sort_places(graph, found, refused)
    return frozenset(found - refused)


def _sort_places(graph: Graph, found: set[Span], refused: set[Span]) -> None:
    readers = _readers(graph)
    results = {output.port.node.index for output in graph.outputs}
    for node in graph.nodes:
        if node.kind == "flatten":
            reached = _reached(node, readers)
            alone = reached is not None and not results & reached
            (found if alone else refused).add(node.span)


def _readers(graph: Graph) -> dict[int, list[Node]]:
    readers: dict[int, list[Node]] = {}
    for node in graph.nodes:
        for port in node.inputs:
            readers.setdefault(port.node.index, []).append(node)
    return readers


def _reorders(image: Shape) -> bool:
    return image.is_image and image.channels > 1 and image.height * image.width > 1


def _reached(flatten: Node, readers: Mapping[int, list[Node]]) -> set[int] | None:
    """The nodes that hold the vector until dense layers read it; None if something else does."""
    reached, pending = {flatten.index}, [flatten]
    while pending:
        for reader in readers.get(pending.pop().index, []):
            if reader.kind == "dense":
                continue
            if reader.kind not in INDIFFERENT:
                return None
            reached.add(reader.index)
            pending.append(reader)
    return reached
