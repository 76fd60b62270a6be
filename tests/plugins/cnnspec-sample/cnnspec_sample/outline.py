"""A backend that writes an outline: one line a step, for people or for other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cnnspec.emit.code import Call, Input, Keyword, Raw
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec.graph import Graph
from cnnspec.kinds import show
from cnnspec.ops import Operators


def _step(applied: Applied) -> Lowered:
    words = tuple(Keyword(name, applied.leaf(name)) for name in applied.op.arguments)
    return Lowered(flow=Call(Raw(applied.op.name), (Input(),), words))


@dataclass(frozen=True, slots=True)
class OutlineBackend:
    """Writes `path: operator(arguments) -> shape`."""

    name: str = "outline"
    doc: str = "an outline: one line a step, with its arguments and its shape"
    suffix: str = ".txt"

    @property
    def lowerings(self) -> Mapping[str, Lowering]:
        """Every operator is written alike, those of strangers too."""
        return dict.fromkeys(Operators(), _step)

    def emit(
        self, graph: Graph, head: list[str], lowerings: Mapping[str, Lowering], *, inference: bool
    ) -> tuple[str, str]:
        """Give the outline, and the network's name."""
        lines = [f"# {line}".rstrip() for line in head]
        for node in graph.inference_nodes if inference else graph.nodes:
            words = ", ".join(f"{key} = {show(value)}" for key, value in node.op.values.items())
            lines.append(f"{node.path}: {node.kind}({words}) -> {node.shape}")
        return "".join(f"{line}\n" for line in lines), graph.name

    def load(self, text: str, class_name: str) -> Callable[[], list[str]]:
        """Give what makes the list of steps from an outline."""

        def steps() -> list[str]:
            return [line for line in text.splitlines() if not line.startswith("#")]

        return steps

    def mismatch(self, text: str, class_name: str, graph: Graph, *, inference: bool) -> list[str]:
        """Name the steps that the outline lacks."""
        nodes = graph.inference_nodes if inference else graph.nodes
        written = {line.partition(":")[0] for line in self.load(text, class_name)()}
        return [f"{node.path} is missing" for node in nodes if node.path not in written]


BACKEND = OutlineBackend()
