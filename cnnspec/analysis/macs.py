"""Multiply-adds and floating-point operations, for one example.

One MAC is one multiplication and one addition in a convolution or a dense product; a FLOP is either
of them alone. The convention that cnnspec states counts these only: FLOPs are twice the MACs.
Counted in full, FLOPs also hold what every operator declares as its `operations`: biases,
normalisation, activations, pooling, sums.
"""

from __future__ import annotations

from cnnspec.graph import Graph, Node


def node_macs(node: Node) -> int:
    """Count one node's multiply-adds."""
    return node.op.macs(node.input_shapes, node.shapes)


def node_operations(node: Node) -> int:
    """Count one node's floating-point operations beside multiply-adds, at inference."""
    return node.op.operations(node.input_shapes, node.shapes)


def macs(graph: Graph) -> int:
    """Count the multiply-adds of one inference: training heads do not run."""
    return sum(map(node_macs, graph.inference_nodes))


def flops(graph: Graph) -> int:
    """Count floating-point operations by the convention of two a multiply-add."""
    return 2 * macs(graph)


def all_flops(graph: Graph) -> int:
    """Count every floating-point operation of one inference."""
    return flops(graph) + sum(map(node_operations, graph.inference_nodes))
