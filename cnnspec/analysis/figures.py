"""What nodes have in all: parameters, operations, bytes; of one, of a folded part, of a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property

from cnnspec.analysis.fold import Part
from cnnspec.analysis.macs import node_macs, node_operations
from cnnspec.analysis.parameters import kept, trainable
from cnnspec.analysis.roofline import Device, bound
from cnnspec.analysis.run import Run
from cnnspec.analysis.storage import moves_nothing
from cnnspec.analysis.traffic import bytes_moved
from cnnspec.graph import Graph, Node


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures that add up.

    Parameters and state are numbers, training heads among them; the rest is of one inference with
    the whole batch: multiply-adds, other floating-point operations, bytes of what is written, bytes
    moved, and the least seconds on a device (0 without one).
    """

    nodes: int = 0
    params: int = 0
    state: int = 0
    macs: int = 0
    operations: int = 0
    activations: int = 0
    moved: int = 0
    seconds: float = 0.0

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __mul__(self, times: int) -> Figures:
        return Figures(*(getattr(self, f.name) * times for f in fields(self)))

    @property
    def flops(self) -> int:
        """Two operations a multiply-add."""
        return 2 * self.macs

    @property
    def all_flops(self) -> int:
        """Every floating-point operation."""
        return 2 * self.macs + self.operations

    @property
    def intensity(self) -> float:
        """Floating-point operations a byte that is moved; 0 where none is."""
        return self.all_flops / self.moved if self.moved else 0.0


class Meter:
    """Reads the figures of a graph's nodes and parts, as it is run."""

    def __init__(self, graph: Graph, run: Run, device: Device | None = None) -> None:
        self.graph, self.run, self.device = graph, run, device
        self._runs = {node.index for node in graph.inference_nodes}

    def runs(self, node: Node) -> bool:
        """Whether a node runs at inference."""
        return node.index in self._runs

    def node(self, node: Node) -> Figures:
        """Read one node: what only training runs has parameters, and does nothing."""
        if not self.runs(node):
            return Figures(1, trainable([node]), kept([node]))
        return self._running(node)

    def _running(self, node: Node) -> Figures:
        still = node.kind == "input" or moves_nothing(node, training=False)
        batch = self.run.batch
        return Figures(
            1,
            trainable([node]),
            kept([node]),
            batch * node_macs(node),
            batch * node_operations(node),
            0 if still else batch * self.run.bytes * sum(shape.size for shape in node.shapes),
            bytes_moved(node, self.run),
            bound(node, self.run, self.device).seconds if self.device else 0.0,
        )

    def part(self, part: Part) -> Figures:
        """Read a folded part: all of its repeats."""
        if part.each:
            return self.sum(map(self.part, part.each))
        if part.parts:
            return self.sum(map(self.part, part.parts)) * part.times
        nodes = (member for member in part.members if isinstance(member, Node))
        return self.sum(map(self.node, nodes)) * part.times

    @staticmethod
    def sum(listed: Iterable[Figures]) -> Figures:
        """Add up."""
        return sum(listed, start=Figures())

    @cached_property
    def total(self) -> Figures:
        """Read the whole network: all its parameters, and one inference."""
        return self.sum(map(self.node, self.graph.nodes))

    @cached_property
    def inference(self) -> Figures:
        """Read what inference needs."""
        return self.sum(map(self.node, self.graph.inference_nodes))

    @cached_property
    def training(self) -> Figures:
        """Read the way forward in training: heads run."""
        return self.sum(map(self._running, self.graph.nodes))
