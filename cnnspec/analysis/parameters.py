"""How many numbers a network owns: those that are trained, and those that it keeps."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from cnnspec.graph import Node


def trainable(nodes: Iterable[Node]) -> int:
    """Count the numbers that an optimiser changes."""
    return sum(prod(each.shape) for node in nodes for each in node.weights if each.trainable)


def kept(nodes: Iterable[Node]) -> int:
    """Count the numbers that layers keep and nothing trains: running statistics."""
    return sum(prod(each.shape) for node in nodes for each in node.weights if not each.trainable)
