"""Holds what an operator declares of itself against what it does, by the reference.

Each number that comes in is changed by itself; which numbers that come out change with it says how
the operator looks at its image, and what it moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from cnnspec.channels import express
from cnnspec.expression import OPERATIONS
from cnnspec.graph import Graph, Node
from cnnspec.op import Window
from cnnspec.shapes import Shape
from cnnspec.verify import draw
from cnnspec.witness import Case, Witness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Added to a number: it becomes the largest of its window, and leaves what activations cut off.
STEP = 10.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one step was seen to do.

    `before` and `after` are an example's input (the largest, where there are several) and output;
    `touched` has for each number of that input which numbers of the first output change with it.
    """

    node: Node
    before: Array
    after: Array
    touched: Array


def faults(graph: Graph, node: Node, reference: Witness) -> Iterator[str]:
    """Say what a node's operator declares that is not so; the graph's inputs must be its own."""
    op, shapes = node.op, node.shapes
    rule = op.rule(op.values)
    if rule is not None:
        first = node.input_shapes[0]
        channels = express(
            rule,
            inputs=[each.channels for each in node.input_shapes],
            argument=lambda each: _value(node, each.name, each.index),
            places=first.height * first.width if first.is_image else None,
            one=1,
            join=lambda sign, a, b: int(OPERATIONS[sign](a, b)),
        )
        if any(each.channels != channels for each in shapes):
            yield f"channel_rule says {channels} channels, {shapes[0].channels} come out"
    if op.outputs != len(shapes):
        yield f"outputs_from says {op.outputs} outputs, {len(shapes)} come out"
    images = any(each.is_image for each in node.input_shapes)
    if op.rank != "argued" and shapes[0].is_image != (images and op.rank == "kept"):
        yield f"rank says {op.rank}, and {shapes[0]} comes out"
    same = [each for each in node.input_shapes if each == shapes[0]]
    if (op.in_place or op.elementwise) and not (same or op.spreads):
        yield "in_place and elementwise keep the shape"
    seen = look(graph, node, reference)
    yield from _moves(seen)
    yield from _sight(seen)


def look(graph: Graph, node: Node, reference: Witness) -> Seen:
    """Run a node once as it is, and once for each number of its largest input changed."""
    import numpy as np

    sizes = [shape.size for shape in node.input_shapes]
    largest = node.inputs[sizes.index(max(sizes))].node
    count = largest.shape.size
    one = draw.case(graph, batch=1, training=False)
    inputs = []
    for each, value in zip(graph.inputs, one.inputs, strict=True):
        values = np.repeat(value, count + 1, axis=0)
        if each is largest:
            values.reshape(count + 1, count)[np.arange(count) + 1, np.arange(count)] += STEP
        inputs.append(values)
    case = Case(graph, one.weights, tuple(inputs), {}, training=False)
    found: list[Array] = []

    def see(told: Node, results: tuple[Array, ...]) -> None:
        if told is node:
            found.append(results[0])

    told = reference.observe(case, None, see)
    assert not told.unmatched, told.unmatched
    before = dict(zip(graph.inputs, inputs, strict=True))[largest][0]
    (after,) = found
    return Seen(node, before, after[0], after[1:] != after[:1])


def _value(node: Node, name: str, index: int | None) -> int:
    value = node.op.values[name]
    return int(value if index is None else value[index])


def _moves(seen: Seen) -> Iterator[str]:
    """Check that what moves values makes none."""
    import numpy as np

    op = seen.node.op
    if (op.only_moves or op.is_view) and len(seen.node.inputs) == 1:
        known = np.append(seen.before, 0.0) if op.only_moves else seen.before
        if np.setdiff1d(seen.after, known).size:
            yield "only_moves and is_view make no new values"


def _sight(seen: Seen) -> Iterator[str]:
    """Check what one number that comes out is made of."""
    op, before, after = seen.node.op, seen.before, seen.after
    touched = seen.touched.reshape(*before.shape, *after.shape)
    if op.elementwise:
        if seen.touched.reshape(before.size, -1)[~_own(before.shape, after.shape)].any():
            yield "sees says value, and other numbers change with one"
        return
    if before.ndim != 3 or after.ndim != 3:
        return
    window = op.window(*seen.node.input_shapes) or Window((1, 1))
    if op.sees == "image":
        return
    for axis, other in ((0, (0, 2, 3, 5)), (1, (0, 1, 3, 4))):
        pairs = touched.any(axis=other)  # input places by output places
        extent = (window.size[axis] - 1) * window.dilation[axis] + 1
        yield from _along(pairs, extent, float(window.stride[axis]), op.sees)


def _own(before: tuple[int, ...], after: tuple[int, ...]) -> NDArray[np.bool_]:
    """Say for each number that goes in which numbers of its own channel and place come out."""
    import numpy as np

    count = prod(before)
    aligned = (*before, *(1,) * (len(after) - len(before)))
    numbers = np.broadcast_to(np.arange(count).reshape(aligned), after).reshape(-1)
    own: NDArray[np.bool_] = np.arange(count)[:, None] == numbers
    return own


def _along(pairs: Any, extent: int, stride: float, sees: str) -> Iterator[str]:
    """Check the window along one axis, where it lies on the image whole."""
    middles = []
    for place in range(pairs.shape[1]):
        (seen,) = pairs[:, place].nonzero()
        if not len(seen):
            continue
        length = int(seen[-1] - seen[0]) + 1
        if length > extent:
            yield f"sees says {sees}, window {extent}; a place is made of {length}"
            return
        if length == extent:
            middles.append((place, (seen[0] + seen[-1]) / 2))
    if len(middles) > 1:
        (first, start), *_, (last, stop) = middles
        found = (stop - start) / (last - first)
        if abs(found - stride) * (last - first) > 1:
            yield f"window says a stride of {stride:g}, places are {found:g} apart"


def small(shapes: tuple[Shape, ...]) -> bool:
    """Whether inputs are small enough to change every number."""
    return max(each.size for each in shapes) <= 400
