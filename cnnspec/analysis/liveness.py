"""How much memory one inference needs at its fullest moment, in the order as written.

A value lives from the step that writes it to the last that reads it; the input from the start, the
outputs to the end. While a step runs, what it reads and what it writes are both there. Weights and
what a library takes for itself are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnnspec.analysis.run import Run
from cnnspec.analysis.storage import Step, moments, steps
from cnnspec.graph import Graph, Node


class Peak(NamedTuple):
    """The fullest moment: bytes, and the node that runs then."""

    bytes: int
    at: Node


def peak(graph: Graph, run: Run) -> Peak:
    """Give the fullest moment of one inference in the order as written."""
    numbers, at = fullest(steps(graph), in_place=run.in_place)
    return Peak(numbers * run.batch * run.bytes, at)


def fullest(listed: Sequence[Step], *, in_place: bool) -> tuple[int, Node]:
    """Give the most numbers of one example that are there at a time, and the node that runs."""
    most, at = 0, listed[0].node
    for moment in moments(listed, in_place=in_place):
        if moment.numbers > most:
            most, at = moment.numbers, listed[moment.place].node
    return most, at
