"""Which sizes of image a network as it stands accepts, and what keeps it from others.

Shapes are worked out anew for images of other sizes, through the same operators: of other heights
at the network's own width, and of other widths at its own height. A size is accepted if every
operator takes it and every weight keeps its shape. What a spec decides by size (an `if` on a
height) is not decided anew.
"""

from __future__ import annotations

from collections.abc import Callable
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


class Stop(NamedTuple):
    """Why a size is not accepted: the first node that does not take it, and what it says."""

    node: Node
    reason: str


class Lengths(NamedTuple):
    """The smallest and the largest length of one axis; no largest if none was found.

    From the smallest on every `step` rows there is another, 0 if there is no other; where rounding
    lets more sizes through there may be others between. `below` says what keeps an image from being
    smaller, `above` from being larger.
    """

    smallest: int
    largest: int | None
    step: int
    below: Stop | None
    above: Stop | None


class Accepted(NamedTuple):
    """What is accepted of each axis, the other as it is.

    `corner` says what keeps an image from being smallest, or largest, along both at once; `below`
    what keeps it from being smaller along both, and `above` larger; None where nothing does.
    """

    height: Lengths
    width: Lengths
    corner: Stop | None
    below: Stop | None
    above: Stop | None


def accepted(graph: Graph) -> Accepted | None:
    """Find what a network accepts; None unless it has one input and that is an image."""
    if len(graph.inputs) != 1 or not graph.inputs[0].shape.is_image:
        return None
    _, rows, columns = graph.inputs[0].shape
    height = _lengths(rows, lambda length: stopped(graph, length, columns))
    width = _lengths(columns, lambda length: stopped(graph, rows, length))
    corner = stopped(graph, height.smallest, width.smallest)
    if corner is None and height.largest is not None and width.largest is not None:
        corner = stopped(graph, height.largest, width.largest)
    below = above = None
    if height.below is not None and width.below is not None:
        below = stopped(graph, height.smallest - 1, width.smallest - 1)
    if height.largest is not None and width.largest is not None:
        above = stopped(graph, height.largest + 1, width.largest + 1)
    return Accepted(height, width, corner, below, above)


def _lengths(own: int, stop: Callable[[int], Stop | None]) -> Lengths:
    """Try lengths of one axis; `stop` says why one is not accepted, and accepts its own."""
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
        if all(stop(length) is None for length in (*near, *far)):
            return Lengths(smallest, None, step, below, None)
    step = first
    if step == 0:
        return Lengths(smallest, smallest, 0, below, stop(smallest + 1))
    largest = smallest
    while (above := stop(largest + step)) is None:
        largest += step
    return Lengths(smallest, largest, step, below, above)


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
