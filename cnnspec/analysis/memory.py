"""Bytes: of weights, and of what nodes write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cnnspec.analysis.parameters import kept, trainable
from cnnspec.analysis.run import Run
from cnnspec.analysis.storage import overwrites, steps
from cnnspec.dtypes import BYTES
from cnnspec.graph import Graph, Node

ONCE: Final = Run()
#: Bytes of one number in single precision.
FLOAT32: Final = BYTES["float32"]


def weight_bytes(nodes: Iterable[Node], run: Run = ONCE) -> int:
    """Count the bytes of parameters and of what layers keep."""
    listed = list(nodes)
    return run.bytes * (trainable(listed) + kept(listed))


def largest_activation(nodes: Iterable[Node], run: Run = ONCE) -> int:
    """Give the bytes of the largest single value that flows."""
    largest = max((shape.size for node in nodes for shape in node.shapes), default=0)
    return run.batch * run.bytes * largest


def activation_bytes(graph: Graph, run: Run = ONCE) -> int:
    """Add up the bytes of everything that one inference writes, the input left out.

    A reshape writes nothing, and neither does an activation in place.
    """
    numbers = 0
    for place, step in enumerate(steps(graph)):
        if step.node.op.is_input:
            continue
        if run.in_place:
            alone = all(buffer.readers[-1] == place for buffer in step.reads)
            if overwrites(step, others_wait=not alone):
                continue
        numbers += step.written
    return run.batch * run.bytes * numbers
