"""What nodes have in all: parameters, operations, bytes; of one, of a folded part, of a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter
from typing import Final

from cnnspec.analysis.fold import Part, fold
from cnnspec.analysis.macs import node_macs, node_operations
from cnnspec.analysis.parameters import kept, trainable
from cnnspec.analysis.roofline import Device, bound
from cnnspec.analysis.run import Run
from cnnspec.analysis.storage import moves_nothing
from cnnspec.analysis.traffic import bytes_moved
from cnnspec.graph import Graph, Node
from cnnspec.shapes import Shape


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

    @staticmethod
    def sum(listed: Iterable[Figures], times: int = 1) -> Figures:
        """Add up, each so many times."""
        columns = zip(*map(_EACH, listed), strict=True)
        return Figures(*(sum(column) * times for column in columns))

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


_EACH: Final = attrgetter(*(each.name for each in fields(Figures)))


class Meter:
    """Reads the figures of a graph's nodes and parts, as it is run."""

    def __init__(self, graph: Graph, run: Run, device: Device | None = None) -> None:
        self.graph, self.run, self.device = graph, run, device
        self._runs = {node.index for node in graph.inference_nodes}
        self._known: dict[Part, Figures] = {}
        #: Of nodes, by operator, what comes in, and whether it runs: all figures follow from these.
        self._alike: dict[tuple[int, tuple[Shape, ...], bool], Figures] = {}

    def runs(self, node: Node) -> bool:
        """Whether a node runs at inference."""
        return node.index in self._runs

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Give the network folded."""
        return fold(self.graph)

    def node(self, node: Node) -> Figures:
        """Read one node: what only training runs has parameters, and does nothing."""
        return self._figures(node, runs=self.runs(node))

    def _figures(self, node: Node, *, runs: bool) -> Figures:
        key = id(node.op), node.input_shapes, runs
        known = self._alike.get(key)
        if known is None:
            known = self._running(node) if runs else Figures(1, trainable([node]), kept([node]))
            self._alike[key] = known
        return known

    def _running(self, node: Node) -> Figures:
        still = node.op.is_input or moves_nothing(node, training=False)
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
        if part not in self._known:
            self._known[part] = self._part(part)
        return self._known[part]

    def _part(self, part: Part) -> Figures:
        if part.each:
            return Figures.sum(map(self.part, part.each))
        if part.parts:
            return Figures.sum(map(self.part, part.parts), part.times)
        nodes = (member for member in part.members if isinstance(member, Node))
        return Figures.sum(map(self.node, nodes), part.times)

    @cached_property
    def total(self) -> Figures:
        """Read the whole network: all its parameters, and one inference."""
        return Figures.sum(map(self.node, self.graph.nodes))

    @cached_property
    def inference(self) -> Figures:
        """Read what inference needs."""
        return Figures.sum(map(self.node, self.graph.inference_nodes))

    @cached_property
    def training(self) -> Figures:
        """Read the way forward in training: heads run."""
        return Figures.sum(self._figures(node, runs=True) for node in self.graph.nodes)
