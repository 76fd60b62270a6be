"""Bytes that a node moves, and how many operations it does with each of them.

Each node reads its inputs and its weights once and writes its outputs once, as a library does that
fuses nothing and caches nothing between steps. What only reads memory another way moves nothing.
"""

from __future__ import annotations

from cnnspec.analysis.macs import node_macs, node_operations
from cnnspec.analysis.memory import weight_bytes
from cnnspec.analysis.run import Run
from cnnspec.analysis.storage import moves_nothing
from cnnspec.graph import Node


def bytes_moved(node: Node, run: Run) -> int:
    """Count the bytes that a node reads and writes at inference."""
    if node.op.is_input or moves_nothing(node, training=False):
        return 0
    flowing = sum(shape.size for shape in (*node.input_shapes, *node.shapes))
    return run.batch * run.bytes * flowing + weight_bytes([node], run)


def work(node: Node, run: Run) -> int:
    """Count every floating-point operation of a node, for the whole batch."""
    return run.batch * (2 * node_macs(node) + node_operations(node))


def intensity(node: Node, run: Run) -> float:
    """Give operations a byte; 0 for what moves none."""
    moved = bytes_moved(node, run)
    return work(node, run) / moved if moved else 0.0
