"""What cnnspec asks of this backend: source for a graph, and the model that it builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnspec.emit.loading import module_of
from cnnspec.emit.lowering import Lowering
from cnnspec.emit.site import Site, site_of
from cnnspec.emit.values import Verdict
from cnnspec.graph import Graph, Node
from cnnspec_keras.lowerings import LOWERINGS
from cnnspec_keras.weights import held, variables
from cnnspec_keras.writer import write, write_family


@dataclass(frozen=True, slots=True)
class KerasBackend:
    """Writes Keras source; needs Keras only to build."""

    name: str = "keras"
    doc: str = "Keras 3 source: one function a block, layers named after the spec's paths"
    suffix: str = ".py"

    @property
    def lowerings(self) -> Mapping[str, Lowering]:
        """How each operator is written."""
        return LOWERINGS

    def applied(self, node: Node) -> Site:
        """Give one step as the lowerings see it: they say whether they can write it."""
        return site_of(node.op, node.input_shapes)

    def emit(
        self, graph: Graph, head: list[str], lowerings: Mapping[str, Lowering], *, inference: bool
    ) -> tuple[str, str]:
        """Give the body of the file and the name of the network's function in it."""
        written = write(graph, lowerings, head, inference=inference)
        return written.body, written.name

    def emit_family(
        self,
        graphs: tuple[Graph, ...],
        head: list[str],
        lowerings: Mapping[str, Any],
        notes: Sequence[str],
        *,
        inference: bool,
    ) -> str:
        """Give the body of a file of several networks."""
        return write_family(graphs, lowerings, head, notes, inference=inference)

    def load(self, text: str, class_name: str) -> Any:
        """Import emitted text as a module of its own and give the network's function."""
        return getattr(module_of(text), class_name)

    def verdict(
        self,
        text: str,
        class_name: str,
        graph: Graph,
        lowerings: Mapping[str, Lowering],
        *,
        inference: bool,
    ) -> Verdict:
        """Hold what the printed function makes against the graph; Keras is not needed."""
        from cnnspec_keras.symbolic.proof import verdict

        return verdict(text, class_name, graph, lowerings, inference=inference)

    def mismatch(self, text: str, class_name: str, graph: Graph, *, inference: bool) -> list[str]:
        """Build the model and hold its weights against the graph's; say what differs."""
        from cnnspec_keras.quiet import quietly

        with quietly():
            model = self.load(text, class_name)()
        found = {key: tuple(value.shape) for key, value in held(model).items()}
        wanted = {
            (each.layer, each.variable): each.layout.keras
            for each in variables(graph, inference=inference)
        }
        return [
            f"{'/'.join(key)}: the graph has {wanted.get(key)}, the model {found.get(key)}"
            for key in sorted(found.keys() | wanted.keys())
            if found.get(key) != wanted.get(key)
        ]


BACKEND = KerasBackend()
