"""Draws the case that witnesses run: weights, inputs and cotangents, each from its own seed.

A tensor depends on the seed, its key and its shape, and on nothing drawn before it. Weights are
drawn such that values stay near one however deep the network is: where values fade or explode,
a tolerance hides mistakes.
"""

from __future__ import annotations

import hashlib
from math import prod, sqrt
from typing import TYPE_CHECKING

from cnnspec.graph import Graph, Node
from cnnspec.op import Weight
from cnnspec.witness import Case, Dtype, weight_key

if TYPE_CHECKING:
    import numpy as np

    from cnnspec.witness import Array


def case(
    graph: Graph, *, batch: int, training: bool, dtype: Dtype = "float64", seed: int = 0
) -> Case:
    """Draw a case. Inputs are normal, so half of them are negative."""
    scales = spread(graph)
    weights = {
        weight_key(node, weight): _weight(node, weight, scales, seed)
        for node in graph.nodes
        for weight in node.weights
    }
    inputs = tuple(
        _generator(seed, "input", node.path).standard_normal((batch, *node.shape))
        for node in graph.inputs
    )
    cotangents = {
        each.name: _generator(seed, "output", each.name).standard_normal((batch, *each.port.shape))
        / sqrt(batch * each.port.shape.size)
        for each in graph.outputs
    }
    return Case(graph, weights, inputs, cotangents, training, dtype)


def _generator(seed: int, *name: str) -> np.random.Generator:
    import numpy as np

    digest = hashlib.sha256("\0".join(name).encode()).digest()
    return np.random.default_rng([seed, *digest])


def _weight(node: Node, weight: Weight, scales: dict[int, float], seed: int) -> Array:
    """Draw one tensor: kernels by their fan-in and by how large their input is likely to be."""
    draws = _generator(seed, "weight", weight_key(node, weight))
    scale = scales[node.inputs[0].node.index] if node.inputs else 1.0
    if weight.statistic == "variance":
        return scale**2 * draws.uniform(0.5, 1.5, weight.shape)
    if weight.statistic == "mean":
        return 0.3 * scale * draws.standard_normal(weight.shape)
    if weight.role == "bias":
        return 0.3 * draws.standard_normal(weight.shape)
    if prod(weight.shape[1:]) > 1 or node.op.macs(node.input_shapes, node.shapes):
        fan_in = _fan_in(node, weight)
        kernel: Array = draws.standard_normal(weight.shape) / (scale * sqrt(fan_in))
        return kernel
    factors: Array = draws.uniform(0.5, 1.5, weight.shape)
    signs: Array = draws.choice((-1.0, 1.0), weight.shape)
    return signs * factors


def _fan_in(node: Node, weight: Weight) -> int:
    """Count the products that one output value sums."""
    outputs = node.shape.size
    products = node.op.macs(node.input_shapes, node.shapes)
    return max(products // outputs, 1) if products else prod(weight.shape[1:])


def spread(graph: Graph) -> dict[int, float]:
    """Estimate how large each node's values are, as a root mean square, from the input's one."""
    result: dict[int, float] = {}
    for node in graph.nodes:
        sizes = [result[port.node.index] for port in node.inputs]
        result[node.index] = max(node.op.magnitude(sizes, node.shapes), 1e-3)
    return result
