"""Multiply-adds of convolutions and dense products, for one example.

One MAC is one multiplication and one addition; a FLOP is either, so FLOPs are twice the MACs by
the convention that cnnspec states. Biases, activations, pooling and normalisation count nothing.
"""

from __future__ import annotations

from cnnspec.graph import Graph, Node


def node_macs(node: Node) -> int:
    """Count one node's multiply-adds."""
    return node.op.macs(node.input_shapes, node.shapes)


def macs(graph: Graph) -> int:
    """Count the multiply-adds of one inference: training heads do not run."""
    return sum(map(node_macs, graph.inference_nodes))


def flops(graph: Graph) -> int:
    """Count floating-point operations by the convention of two a multiply-add."""
    return 2 * macs(graph)
