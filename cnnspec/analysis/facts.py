"""What a spec may state of its network, by the names that it has there: each worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from cnnspec.analysis.macs import macs
from cnnspec.analysis.parameters import trainable
from cnnspec.graph import Graph, Node, Scope, walk_scopes

FACTS: Final = ("params", "inference.params", "params.conv", "params.dense", "macs")


class Facts:
    """What is true of a graph, each fact worked out once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.found: dict[str, Any] = {}

    @cached_property
    def scopes(self) -> dict[str, Scope]:
        return {scope.path: scope for scope in walk_scopes(self.graph.root)}

    @cached_property
    def nodes(self) -> dict[str, Node]:
        return {node.path: node for node in self.graph.nodes}

    @cached_property
    def outputs(self) -> dict[str, Node]:
        return {output.name: output.port.node for output in self.graph.outputs}

    @cached_property
    def known(self) -> list[str]:
        paths = [path for path in [*self.scopes, *self.nodes] if path]
        return [*FACTS, *(f"{path}.shape" for path in paths)]

    @cached_property
    def params(self) -> Mapping[str, int]:
        """The parameters in each scope, by its path."""
        result: dict[str, int] = {}
        for node in self.graph.nodes:
            scope: Scope | None = node.scope
            count = trainable([node])
            while scope is not None:
                result[scope.path] = result.get(scope.path, 0) + count
                scope = scope.parent
        return result

    def of(self, key: str) -> Any:
        """Give a fact; None if there is none of this name."""
        if key not in self.found:
            self.found[key] = self._work_out(key)
        return self.found[key]

    def _work_out(self, key: str) -> Any:
        graph = self.graph
        if key == "params":
            return trainable(graph.nodes)
        if key == "inference.params":
            return trainable(graph.inference_nodes)
        if key in ("params.conv", "params.dense"):
            family = {"params.conv": "convolution", "params.dense": "dense"}[key]
            return trainable(node for node in graph.nodes if node.op.family == family)
        if key == "macs":
            return macs(graph)
        path, _, fact = key.rpartition(".")
        node = self.nodes.get(path) or self.outputs.get(path)
        scope = self.scopes.get(path) if path else None
        if fact == "shape":
            if node is not None:
                return tuple(node.shape)
            last = _last(scope) if scope is not None else None
            return tuple(last.shape) if last is not None else None
        if fact == "params":
            if node is not None and scope is None:
                return trainable([node])
            if scope is not None:
                return self.params.get(path, 0)
        return None


def _last(scope: Scope) -> Node | None:
    """The node whose output a scope gives: a block's first result, a group's last member."""
    while True:
        if scope.results:
            return scope.results[0].node
        if not scope.members:
            return None
        member = scope.members[-1]
        if isinstance(member, Node):
            return member
        scope = member
