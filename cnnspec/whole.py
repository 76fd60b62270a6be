"""A part of a network taken as one operator: what one instance of a block makes, kept whole.

A graph may hold an instance of a block as a single node. Its operator is a `Whole`, with what is
inside as a graph of its own, whose inputs are the values that flow in. Equal instances share it,
wherever they stand, so that nothing in it is made or counted twice. A graph that anyone looks at
holds none: they stand in graphs that are made for their figures alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import prod
from typing import Any

from cnnspec.graph import Graph
from cnnspec.op import Op, Weight
from cnnspec.shapes import Shape


class Slot(Op):
    """What flows into a whole."""

    name = "slot"
    family = "basic"
    arity = (0, 0)
    is_input = True
    channel_rule = None
    rank = "argued"


class Whole(Op):
    """The nodes that one instance of a block made, as one operator: its figures are their sums."""

    name = "whole"
    family = "basic"
    arity = (1, None)
    channel_rule = None
    rank = "argued"
    inside: Graph
    #: What comes out.
    shapes: tuple[Shape, ...]

    def __init__(self, inside: Graph) -> None:
        # it has no arguments to bind
        self.__dict__.update(
            inside=inside, shapes=tuple([output.port.shape for output in inside.outputs])
        )

    def shape(self, *inputs: Shape) -> Sequence[Shape]:
        """Give the shapes that come out."""
        return self.shapes

    @cached_property
    def tensors(self) -> tuple[Weight, ...]:
        """Give all that is trained inside as one tensor, and all that is kept as another."""
        owned = [weight for node in self.inside.nodes for weight in node.weights]
        trained = sum(prod(weight.shape) for weight in owned if weight.trainable)
        kept = sum(prod(weight.shape) for weight in owned if not weight.trainable)
        return Weight("trained", (trained,)), Weight("kept", (kept,), "state")

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return self.tensors

    def macs(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return self._macs

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        return self._operations

    @cached_property
    def _macs(self) -> int:
        return sum(node.op.macs(node.input_shapes, node.shapes) for node in self.inside.nodes)

    @cached_property
    def _operations(self) -> int:
        return sum(node.op.operations(node.input_shapes, node.shapes) for node in self.inside.nodes)

    @property
    def values(self) -> dict[str, Any]:
        """Give no arguments: it has none."""
        return {}
