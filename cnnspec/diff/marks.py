"""Which nodes of two networks a picture of both marks, and as what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cnnspec.diff.data import Diff
from cnnspec.graph import Node

Mark = Literal["added", "removed", "edited"]


def marks(diff: Diff) -> Mapping[Node, Mark]:
    """Mark the nodes that only one network has, and those that a hunk or what follows is about."""
    result: dict[Node, Mark] = {}
    back = {new: old for old, new in diff.pairs.items()}
    for node in diff.a.nodes:
        if node not in diff.pairs:
            result[node] = "removed"
        elif node in diff.touched:
            result[node] = "edited"
    for node in diff.b.nodes:
        if node not in back:
            result[node] = "added"
        elif node in diff.touched:
            result[node] = "edited"
    return result
