"""What a picture is of: a network, or two of which the second is held against the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cnnspec.graph import Graph, Node

Mark = Literal["added", "removed", "edited"]

#: What stands before a box's title, so that colours are not all that tells.
SIGNS: Final[Mapping[str, str]] = {"added": "+ ", "removed": "- ", "edited": "~ ", "kept": ""}
#: What the marks are called below the title.
SAID: Final[Mapping[str, str]] = {
    "removed": "- only in the first",
    "added": "+ only in the second",
    "edited": "~ changed",
    "kept": "the same",
}


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two networks, the second against the first, and the marks of nodes that differ."""

    a: Graph
    b: Graph
    marks: Mapping[Node, Mark]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes of both."""
        return (*self.a.nodes, *self.b.nodes)

    def of(self, graph: Graph) -> dict[int, str]:
        """Give one network's marks by its nodes' indices."""
        nodes = graph.nodes
        return {node.index: self.marks[node] for node in nodes if node in self.marks}


Subject = Graph | Pair
