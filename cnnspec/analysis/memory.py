"""Bytes: of weights, and of what nodes write, at four bytes a number."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.analysis.parameters import kept, trainable
from cnnspec.graph import Node

#: Bytes of one number in single precision.
FP32 = 4


def weight_bytes(nodes: Iterable[Node]) -> int:
    """Count the bytes of parameters and of what layers keep."""
    listed = list(nodes)
    return FP32 * (trainable(listed) + kept(listed))


def largest_activation(nodes: Iterable[Node]) -> int:
    """Give the bytes of the largest single value that flows, for one example."""
    return FP32 * max((shape.size for node in nodes for shape in node.shapes), default=0)
