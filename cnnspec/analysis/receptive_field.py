"""How much of the input one place of a node sees, and how far apart neighbouring places look.

The recurrences of Araujo et al. (Distill, 2019): r' = r + (k - 1) * d * j and j' = j * s, with
receptive field r and effective stride j, 1 and 1 at an input; where ways meet, the largest of each.
What makes an image f times larger divides j by f, and a transposed window covers ceil(k / f) places
of its input. A vector, or one place, that is spread over an image brings its field and not its
stride: neighbouring places see the same of it. A vector has no places next to each other and keeps
the stride of its image. Padding is not cut off: near the border a window sees less. Normalisation
counts as looking at its own place, as is custom, although `gn` takes its statistics over an image.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import NamedTuple

from cnnspec.graph import Graph, Node
from cnnspec.op import Steps
from cnnspec.shapes import Shape

#: Field and stride along one axis.
_Along = tuple[Steps, Steps]


class Field(NamedTuple):
    """Receptive field and effective stride, `(vertical, horizontal)`, in places of the input.

    A stride is a fraction where an image was enlarged, or divided into windows unevenly.
    """

    size: tuple[int, int]
    stride: tuple[Steps, Steps]


def receptive_fields(graph: Graph) -> Mapping[str, Field]:
    """Give every node's field by path. What makes a vector of an image sees all that it held."""
    exact: dict[int, tuple[_Along, _Along]] = {}
    for node in graph.nodes:
        exact[node.index] = _along(node, 0, exact), _along(node, 1, exact)
    fields = ((node.path, *exact[node.index]) for node in graph.nodes)
    return {path: Field((ceil(v[0]), ceil(h[0])), (v[1], h[1])) for path, v, h in fields}


def _along(node: Node, axis: int, known: Mapping[int, tuple[_Along, _Along]]) -> _Along:
    """Give a node's field and stride along one axis."""
    if node.op.stands_alone:
        return 1, 1
    sources = [known[port.node.index][axis] for port in node.inputs]
    size = max((size for size, _ in sources), default=1)
    strides = [
        stride
        for port, (_, stride) in zip(node.inputs, sources, strict=True)
        if not (node.op.spreads and _is_spread(port.shape, node.shape, axis))
    ]
    stride = max(strides, default=1)
    window = node.op.window(*node.input_shapes)
    if window is None:
        return size, stride
    size += (window.size[axis] - 1) * window.dilation[axis] * stride
    return _whole(size), _whole(stride * window.stride[axis])


def _is_spread(shape: Shape, over: Shape, axis: int) -> bool:
    """Whether a value is spread over others along an axis of an image."""
    return over.is_image and not (shape.is_image and shape[axis + 1] == over[axis + 1])


def _whole(value: Steps) -> Steps:
    return int(value) if value.denominator == 1 else value
