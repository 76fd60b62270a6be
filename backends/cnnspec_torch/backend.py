"""What cnnspec asks of this backend: source for a graph, and an instance of its class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnspec.diagnostics import error
from cnnspec.emit.loading import module_of
from cnnspec.emit.lowering import Lowering
from cnnspec.emit.values import Verdict
from cnnspec.graph import Graph
from cnnspec_torch.attributes import state_key
from cnnspec_torch.classes.write import write, write_family
from cnnspec_torch.lowerings import LOWERINGS


def refuse_unread(graph: Graph, wrong: Sequence[str]) -> None:
    """Refuse a class that makes weights where, at these arguments, nothing reads their step.

    Raises SpecError, if nothing else is wrong than that.
    """
    keys = {state_key(path, ""): path for path in graph.unread}
    found = []
    for each in wrong:
        key, _, said = each.partition(": ")
        parts = key.split(".")
        paths = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
        path = next((keys[each] for each in paths if each in keys), None)
        if path is None or not said.startswith("the graph has None"):
            return
        found.append(path)
    if found:
        raise error(
            "not-expressible",
            f"torch cannot leave out {found[0]}, which nothing reads at these arguments: "
            "at others its weights are there",
            graph.unread[found[0]],
            help="write it where its result is read, inside the `if` that decides that",
        )


@dataclass(frozen=True, slots=True)
class TorchBackend:
    """Writes PyTorch source; needs torch only to build."""

    name: str = "torch"
    doc: str = "PyTorch source: one nn.Module a block, state-dict keys are the spec's paths"
    suffix: str = ".py"

    @property
    def lowerings(self) -> Mapping[str, Lowering]:
        """How each operator is written."""
        return LOWERINGS

    def emit(
        self, graph: Graph, head: list[str], lowerings: Mapping[str, Lowering], *, inference: bool
    ) -> tuple[str, str]:
        """Give the body of the file and the name of the network's class in it."""
        written = write(graph, dict(lowerings), head, inference=inference)
        return written.body, written.class_name

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
        """Import emitted text as a module of its own and give the class."""
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
        """Hold what the printed class does against the graph; torch is not needed."""
        from cnnspec_torch.symbolic.proof import verdict

        found = verdict(text, class_name, graph, lowerings, inference=inference)
        refuse_unread(graph, found.wrong)
        return found

    def mismatch(self, text: str, class_name: str, graph: Graph, *, inference: bool) -> list[str]:
        """Hold the class's weights against the graph's, on the meta device; say what differs."""
        import torch

        with torch.device("meta"):
            model = self.load(text, class_name)()
        found = {key: tuple(value.shape) for key, value in model.state_dict().items()}
        nodes = graph.inference_nodes if inference else graph.nodes
        wanted = {
            state_key(node.path, weight.key): tuple(weight.shape)
            for node in nodes
            for weight in node.weights
        }
        found = {k: v for k, v in found.items() if not k.endswith("num_batches_tracked")}
        keys = sorted(found.keys() | wanted.keys())
        return [
            f"{key}: the graph has {wanted.get(key)}, the class {found.get(key)}"
            for key in keys
            if found.get(key) != wanted.get(key)
        ]

    def differences(
        self,
        text: str,
        class_name: str,
        graph: Graph,
        lowerings: Mapping[str, Lowering],
        *,
        inference: bool,
    ) -> list[str]:
        """Hold what the class does against the graph, operation by operation."""
        from cnnspec_torch.proof import differences

        made = self.load(text, class_name)
        return differences(made, graph, lowerings, inference=inference)


BACKEND = TorchBackend()
