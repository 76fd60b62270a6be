"""Whose parameters and operations they are: by operator, by block, by stage of the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log2
from typing import Final

from cnnspec.analysis.figures import Figures, Meter
from cnnspec.graph import Graph, Node, Scope

#: The scale of what is no image any more.
VECTOR: Final = "vector"


def shares(meter: Meter, by: str, *, inference: bool = False) -> Mapping[str, Figures]:
    """Add up by `kind`, `block`, `stage` or `scale`, in the order in which groups first appear.

    A block is the outermost definition that a node comes from, `-` for none; a stage is a member of
    the network's own body: a label, a call, a step. A scale is how many times smaller than the
    input's an image's height is, to the nearest power of two: `/1`, `/2`, …, or `vector`.
    With `inference` what only training needs is left out.
    """
    group = GROUPS[by](meter.graph)
    found: dict[str, list[Figures]] = {}
    for node in meter.graph.inference_nodes if inference else meter.graph.nodes:
        found.setdefault(group(node), []).append(meter.node(node))
    return {name: Figures.sum(listed) for name, listed in found.items()}


def outermost(node: Node) -> Scope | None:
    """Give the outermost block that a node is in, the network aside."""
    scope: Scope | None = node.scope
    found = None
    while scope is not None:
        found = scope if scope.kind == "block" else found
        scope = scope.parent
    return found


#: The name of the group that a node is in.
Group = Callable[[Node], str]


def _by_block(_graph: Graph) -> Group:
    def block(node: Node) -> str:
        scope = outermost(node)
        return "-" if scope is None else str(scope.block)

    return block


def _by_stage(_graph: Graph) -> Group:
    return lambda node: node.path.partition(".")[0]


def _by_kind(_graph: Graph) -> Group:
    return lambda node: node.kind


def _by_scale(graph: Graph) -> Group:
    heights = [each.shape.height for each in graph.inputs if each.shape.is_image]
    tallest = max(heights, default=0)

    def scale(node: Node) -> str:
        if not heights or not node.shape.is_image or node.shape[1:] == (1, 1):
            return VECTOR
        return f"/{2 ** max(round(log2(tallest / node.shape.height)), 0)}"

    return scale


#: How the nodes of a graph are put together.
GROUPS: Final[Mapping[str, Callable[[Graph], Group]]] = {
    "kind": _by_kind,
    "block": _by_block,
    "stage": _by_stage,
    "scale": _by_scale,
}
