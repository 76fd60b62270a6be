"""Whose parameters and operations they are: by operator, by block, by stage of the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from cnnspec.analysis.figures import Figures, Meter
from cnnspec.graph import Node, Scope


def shares(meter: Meter, by: str) -> Mapping[str, Figures]:
    """Add up by `kind`, `block` or `stage`, in the order in which groups first appear.

    A block is the outermost definition that a node comes from, `-` for none; a stage is a member of
    the network's own body: a label, a call, a step.
    """
    group = GROUPS[by]
    found: dict[str, Figures] = {}
    for node in meter.graph.nodes:
        name = group(node)
        found[name] = found.get(name, Figures()) + meter.node(node)
    return found


def outermost(node: Node) -> Scope | None:
    """Give the outermost block that a node is in, the network aside."""
    scope: Scope | None = node.scope
    found = None
    while scope is not None:
        found = scope if scope.kind == "block" else found
        scope = scope.parent
    return found


def _block(node: Node) -> str:
    scope = outermost(node)
    return "-" if scope is None else str(scope.block)


def _stage(node: Node) -> str:
    return node.path.partition(".")[0]


def _kind(node: Node) -> str:
    return node.kind


GROUPS: Final[Mapping[str, Callable[[Node], str]]] = {
    "kind": _kind,
    "block": _block,
    "stage": _stage,
}
