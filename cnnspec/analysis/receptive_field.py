"""How much of the input one place of a node sees, and how far apart neighbouring places look.

The recurrences of Araujo et al. (Distill, 2019): r' = r + (k - 1) * d * j and j' = j * s, with
receptive field r and effective stride j, 1 and 1 at an input; where ways meet, the largest of each.
What makes an image f times larger divides j by f, and a transposed window covers ceil(k / f) places
of its input. Padding is not cut off: near the border a window sees less. Normalisation counts as
looking at its own place, as its statistics are fixed at inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from cnnspec.graph import Graph, Node

Stride = int | Fraction


class Field(NamedTuple):
    """Receptive field and effective stride, `(vertical, horizontal)`, in places of the input.

    A stride is a fraction only where an image is larger than the input.
    """

    size: tuple[int, int]
    stride: tuple[Stride, Stride]


def receptive_fields(graph: Graph) -> Mapping[str, Field]:
    """Give every node's field by path. What makes a vector of an image sees all that it held."""
    exact: dict[str, tuple[tuple[Stride, Stride], ...]] = {}
    for node in graph.nodes:
        sources = [exact[port.node.path] for port in node.inputs]
        axes = []
        for axis in (0, 1):
            size = max((field[axis][0] for field in sources), default=1)
            stride = max((field[axis][1] for field in sources), default=1)
            kernel, step, dilation = _look(node, axis)
            size = _whole(size + (kernel - 1) * dilation * stride)
            axes.append((size, _whole(stride * step)))
        exact[node.path] = tuple(axes)
    return {path: Field((ceil(v[0]), ceil(h[0])), (v[1], h[1])) for path, (v, h) in exact.items()}


def _whole(value: Stride) -> Stride:
    return int(value) if value.denominator == 1 else value


def _look(node: Node, axis: int) -> tuple[int, Stride, int]:
    """Give the window's length, its stride and its dilation along one axis of the input."""
    window = node.op.window(*node.input_shapes)
    if window is not None:
        return window.size[axis], window.stride[axis], window.dilation[axis]
    if not node.inputs or not node.input_shapes[0].is_image:
        return 1, 1, 1
    values = node.op.values
    if not node.shape.is_image or node.kind in ("reshape", "permute"):
        return node.input_shapes[0][axis + 1], 1, 1
    if node.kind == "conv_transpose":
        reach = values["dilation"][axis] * (values["size"][axis] - 1) + 1
        return ceil(Fraction(reach, values["stride"][axis])), Fraction(1, values["stride"][axis]), 1
    if node.kind == "upsample":
        return 1 if values["mode"] == "nearest" else 2, 1 / Fraction(str(values["factor"])), 1
    return 1, 1, 1
