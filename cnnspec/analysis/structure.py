"""How deep a network is and in how many ways it can be walked."""

from __future__ import annotations

from typing import NamedTuple

from cnnspec.analysis.macs import node_macs
from cnnspec.graph import Graph


class Structure(NamedTuple):
    """Counts of one inference.

    `depth` is the number of layers with multiply-adds on the longest way from an input to an
    output, the depth that names count (ResNet-50); `steps` the length of the longest way in nodes,
    inputs left out; `weight_layers` and `nonlinearities` are all there are, wherever they stand;
    `paths` the number of different ways.
    """

    depth: int
    steps: int
    weight_layers: int
    nonlinearities: int
    paths: int


def depth(graph: Graph) -> int:
    """Count the layers with multiply-adds on the longest way from an input to an output."""
    deep: dict[int, int] = {}
    for node in graph.inference_nodes:
        before = max([deep[port.node.index] for port in node.inputs], default=0)
        deep[node.index] = before + (node_macs(node) > 0)
    return max(deep[output.port.node.index] for output in graph.inference_outputs)


def structure(graph: Graph) -> Structure:
    """Count layers and ways; a nonlinearity is an operator of the family `activation`."""
    long: dict[int, int] = {}
    ways: dict[int, int] = {}
    for node in graph.inference_nodes:
        before = [port.node.index for port in node.inputs]
        long[node.index] = max((long[each] + 1 for each in before), default=0)
        ways[node.index] = sum(ways[each] for each in before) if before else 1
    ends = [output.port.node.index for output in graph.inference_outputs]
    return Structure(
        depth(graph),
        max(long[end] for end in ends),
        sum(node_macs(node) > 0 for node in graph.inference_nodes),
        sum(node.op.family == "activation" for node in graph.inference_nodes),
        sum(ways[end] for end in ends),
    )
