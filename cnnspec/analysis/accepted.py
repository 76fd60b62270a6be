"""Which sizes of image a network as it stands accepts, and what keeps it from others.

Shapes are worked out anew for images of other sizes and of the same ratio, through the same
operators. A size is accepted if every operator takes it and every weight keeps its shape. What a
spec decides by size (an `if` on a height) is not decided anew.
"""

from __future__ import annotations

from math import gcd
from typing import Final, NamedTuple

from cnnspec.graph import Graph, Node
from cnnspec.kinds import Refusal
from cnnspec.shapes import Shape, image

#: How far above the smallest size the next one is looked for.
BEYOND: Final = 256
#: So many steps in a row must be accepted for all to count as accepted.
STEPS: Final = 8
#: Multiples of its own size that must be accepted for it to count as unbounded.
FAR: Final = (2, 3, 4)

Size = tuple[int, int]


class Stop(NamedTuple):
    """Why a size is not accepted: the first node that does not take it, and what it says."""

    node: Node
    reason: str


class Accepted(NamedTuple):
    """The smallest and the largest (height, width) accepted; no largest if none was found.

    From the smallest on every `step` rows there is another, 0 if there is no other; where rounding
    lets more sizes through there may be others between. `below` says what keeps an image from being
    smaller, `above` from being larger.
    """

    smallest: Size
    largest: Size | None
    step: int
    below: Stop | None
    above: Stop | None


def accepted(graph: Graph) -> Accepted | None:
    """Find what a network accepts; None unless it has one input and that is an image."""
    if len(graph.inputs) != 1 or not graph.inputs[0].shape.is_image:
        return None
    shape = graph.inputs[0].shape
    own = gcd(shape.height, shape.width)
    unit = shape.height // own, shape.width // own

    def stop(side: int) -> Stop | None:
        return stopped(graph, side * unit[0], side * unit[1])

    def size(side: int) -> Size:
        return side * unit[0], side * unit[1]

    below: Stop | None = None
    smallest = 1
    while smallest < own and (refused := stop(smallest)) is not None:
        below = refused
        smallest += 1
    steps = (step for step in range(1, BEYOND + 1) if stop(smallest + step) is None)
    first = 0
    for step in steps:
        first = first or step
        near = [smallest + step * times for times in range(2, STEPS + 1)]
        far = [smallest + step * -(-own * times // step) for times in FAR]
        if all(stop(side) is None for side in (*near, *far)):
            return Accepted(size(smallest), None, step * unit[0], below, None)
    step = first
    if step == 0:
        return Accepted(size(smallest), size(smallest), 0, below, stop(smallest + 1))
    largest = smallest
    while (above := stop(largest + step)) is None:
        largest += step
    return Accepted(size(smallest), size(largest), step * unit[0], below, above)


def stopped(graph: Graph, height: int, width: int) -> Stop | None:
    """Say what does not take an image of so many rows and columns; None if all of it does."""
    shapes: dict[int, tuple[Shape, ...]] = {}
    for node in graph.inference_nodes:
        if node.op.is_input:
            shapes[node.index] = (image(node.shape.channels, height, width),)
            continue
        inputs = tuple(shapes[port.node.index][port.index] for port in node.inputs)
        try:
            shapes[node.index] = _outputs(node, inputs)
        except Refusal as refusal:
            return Stop(node, refusal.message)
        if inputs != node.input_shapes and node.op.weights(*inputs) != node.weights:
            wanted, come = node.input_shapes[0], inputs[0]
            return Stop(node, f"its weights are for {wanted}, and {come} would come in")
    return None


def _outputs(node: Node, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    if inputs == node.input_shapes:
        return node.shapes
    found = node.op.shape(*inputs)
    return (found,) if isinstance(found, Shape) else tuple(found)
