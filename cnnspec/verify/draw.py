"""Draws the case that witnesses run: weights, inputs and cotangents, each from its own seed.

A tensor depends on the seed, its key and its shape, and on nothing drawn before it. Weights are
drawn such that values stay near one however deep the network is: where values fade or explode,
a tolerance hides mistakes. What comes to an activation that bends further out, or to a pool that is
padded, is drawn larger, and channels apart: what cuts off at six is not seen below it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from math import isclose, prod, sqrt
from typing import TYPE_CHECKING, Final

from cnnspec.graph import Graph, Node
from cnnspec.op import Weight
from cnnspec.witness import Case, Dtype, weight_key

#: How many times as large as their root mean square values are often enough.
BENT: Final = 1.7

#: What must be above zero is at least so large.
LEAST: Final = 0.25

if TYPE_CHECKING:
    import numpy as np

    from cnnspec.witness import Array


def case(
    graph: Graph,
    *,
    batch: int,
    training: bool,
    dtype: Dtype = "float64",
    seed: int = 0,
    weights: Mapping[str, Array] | None = None,
) -> Case:
    """Draw a case. Inputs are normal, so half of them are negative, save where none may be.

    Weights that are given, by `weight_key`, are taken as they are; the rest is drawn.
    """
    reach = reaches(graph)
    scales = spread(graph, reach)
    given = weights or {}
    drawn = {
        key: given[key] if key in given else _weight(node, weight, scales, reach[node.index], seed)
        for node in graph.nodes
        for weight in node.weights
        for key in (weight_key(node, weight),)
    }
    above = {
        node.inputs[place].node.index for node in graph.nodes for place in node.op.above_zero()
    }
    inputs = tuple(
        _input(node, batch, reach[node.index], seed, above_zero=node.index in above)
        for node in graph.inputs
    )
    cotangents = {
        each.name: _generator(seed, "output", each.name).standard_normal((batch, *each.port.shape))
        / sqrt(batch * each.port.shape.size)
        for each in graph.outputs
    }
    return Case(graph, drawn, inputs, cotangents, training, dtype)


def _generator(seed: int, *name: str) -> np.random.Generator:
    import numpy as np

    digest = hashlib.sha256("\0".join(name).encode()).digest()
    return np.random.default_rng([seed, *digest])


def _input(node: Node, batch: int, reach: float, seed: int, *, above_zero: bool) -> Array:
    """Draw an input; around a number of its own for each channel where it must reach far."""
    draws = _generator(seed, "input", node.path)
    values: Array = draws.standard_normal((batch, *node.shape))
    if above_zero:
        return abs(values) + LEAST
    if reach <= 1:
        return values
    middles = _apart(draws, (1, node.shape.channels, *(1,) * (len(node.shape) - 1)))
    return reach * (values / 2 + 0.85 * middles)


def _apart(draws: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw numbers of either sign, none of them near zero."""
    numbers: Array = draws.choice((-1.0, 1.0), shape) * draws.uniform(0.5, 1.5, shape)
    return numbers


def _weight(node: Node, weight: Weight, scales: dict[int, float], reach: float, seed: int) -> Array:
    """Draw one tensor: kernels by their fan-in and by how large their input is likely to be."""
    draws = _generator(seed, "weight", weight_key(node, weight))
    scale = scales[node.inputs[0].node.index] if node.inputs else 1.0
    if weight.statistic == "variance":
        return scale**2 * draws.uniform(0.5, 1.5, weight.shape)
    if weight.statistic == "mean":
        return 0.3 * scale * draws.standard_normal(weight.shape)
    far = reach > 1  # then half of it comes from the biases, channel by channel
    if weight.role == "bias":
        return (
            0.75 * reach * _apart(draws, weight.shape)
            if far
            else (0.3 * draws.standard_normal(weight.shape))
        )
    size = 0.7 * reach if far else 1.0
    if prod(weight.shape[1:]) > 1 or node.op.macs(node.input_shapes, node.shapes):
        fan_in = _fan_in(node, weight)
        kernel: Array = draws.standard_normal(weight.shape) / (scale * sqrt(fan_in))
        return size * kernel
    return size * _apart(draws, weight.shape)


def _fan_in(node: Node, weight: Weight) -> int:
    """Count the products that one output value sums."""
    outputs = node.shape.size
    products = node.op.macs(node.input_shapes, node.shapes)
    return max(products // outputs, 1) if products else prod(weight.shape[1:])


def reaches(graph: Graph) -> dict[int, float]:
    """Give how large what is drawn for each node should be, for those behind it that bend far out.

    1 where nothing does, and of nodes whose size nothing drawn decides.
    """
    wanted = dict.fromkeys((node.index for node in graph.nodes), 0.0)
    for node in reversed(graph.nodes):
        op = node.op
        here = op.bend() / BENT
        one, two = (op.magnitude([x] * len(node.inputs), node.shapes) for x in (1.0, 2.0))
        passes = not node.weights and isclose(two, 2 * one)
        for port in node.inputs:
            behind = wanted[node.index] if passes else 0.0
            wanted[port.node.index] = max(wanted[port.node.index], here, behind)
    return {
        node.index: max(wanted[node.index], 1.0) if _is_drawn(node) else 1.0 for node in graph.nodes
    }


def _is_drawn(node: Node) -> bool:
    """Whether what is drawn says how large its values are: an input, a product, an affine map."""
    products = node.op.macs(node.input_shapes, node.shapes) > 0
    return node.op.is_input or products or any(each.role == "bias" for each in node.weights)


def spread(graph: Graph, reach: Mapping[int, float]) -> dict[int, float]:
    """Estimate how large each node's values are, as a root mean square."""
    result: dict[int, float] = {}
    for node in graph.nodes:
        sizes = [result[port.node.index] for port in node.inputs]
        size = node.op.magnitude(sizes, node.shapes) * reach[node.index]
        result[node.index] = min(max(size, 1e-3), 1e30)  # products of products grow fast
    return result
