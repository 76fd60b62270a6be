"""How deep a network is and in how many ways it can be walked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from cnnspec.analysis.macs import node_macs
from cnnspec.graph import Graph, Node
from cnnspec.whole import Whole

#: Ways are counted so far: they double with each shortcut, and a longer number says no more.
MOST_PATHS: Final = 10**300


class Structure(NamedTuple):
    """Counts of one inference.

    `depth` is the number of layers with multiply-adds on the longest way from an input to an
    output, the depth that names count (ResNet-50); `steps` the length of the longest way in nodes,
    inputs left out; `weight_layers` and `nonlinearities` are all there are, wherever they stand;
    `paths` the number of different ways, None if there are more than `MOST_PATHS`.
    """

    depth: int
    steps: int
    weight_layers: int
    nonlinearities: int
    paths: int | None


def depth(graph: Graph) -> int:
    """Count the layers with multiply-adds on the longest way from an input to an output."""
    nodes = graph.inference_nodes
    deep = {node.index: int(node_macs(node) > 0) for node in nodes if not node.inputs}
    _go_on(deep, nodes)
    return max(deep[output.port.node.index] for output in graph.inference_outputs)


def _go_on(deep: dict[int, int], nodes: Iterable[Node]) -> None:
    """Go on from nodes that are known: note how deep those stand that these lead to."""
    for node in nodes:
        if isinstance(node.op, Whole):
            pairs = zip(node.inputs, _ways(node.op), strict=True)
            found = [deep[port.node.index] + way for port, way in pairs if port.node.index in deep]
            if found:
                deep[node.index] = max(found)
        elif node.inputs:
            before = [deep[port.node.index] for port in node.inputs if port.node.index in deep]
            if before:
                deep[node.index] = max(before) + (node_macs(node) > 0)


_WAYS: Final[WeakKeyDictionary[Whole, tuple[int, ...]]] = WeakKeyDictionary()


def _ways(whole: Whole) -> tuple[int, ...]:
    """Count the layers on the longest way through a whole from each of its inputs."""
    known = _WAYS.get(whole)
    if known is None:
        known = _WAYS[whole] = tuple([_way(whole.inside, slot) for slot in whole.inside.inputs])
    return known


def _way(inside: Graph, slot: Node) -> int:
    deep = {slot.index: 0}
    _go_on(deep, inside.nodes)
    return deep[inside.outputs[0].port.node.index]


def weight_layers(graph: Graph) -> int:
    """Count the layers with multiply-adds, wherever they stand."""
    return sum(
        [
            weight_layers(node.op.inside) if isinstance(node.op, Whole) else node_macs(node) > 0
            for node in graph.inference_nodes
        ]
    )


def structure(graph: Graph) -> Structure:
    """Count layers and ways; a nonlinearity is an operator of the family `activation`."""
    long: dict[int, int] = {}
    ways: dict[int, int] = {}
    for node in graph.inference_nodes:
        before = [port.node.index for port in node.inputs]
        long[node.index] = max((long[each] + 1 for each in before), default=0)
        count = sum([ways[each] for each in before]) if before else 1
        ways[node.index] = min(count, MOST_PATHS + 1)
    ends = [output.port.node.index for output in graph.inference_outputs]
    paths = sum([ways[end] for end in ends])
    return Structure(
        depth(graph),
        max(long[end] for end in ends),
        weight_layers(graph),
        sum(node.op.family == "activation" for node in graph.inference_nodes),
        paths if paths <= MOST_PATHS else None,
    )
