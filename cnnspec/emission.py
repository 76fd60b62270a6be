"""From a graph to a backend's source: what it cannot write is refused, what it wrote is proved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnspec import backend as backends
from cnnspec.analysis.macs import macs
from cnnspec.analysis.parameters import trainable
from cnnspec.collector import undisturbed
from cnnspec.diagnostics import Diagnostic, SpecError, error
from cnnspec.emit.header import stamp
from cnnspec.emit.lowering import Applied, Lowering
from cnnspec.emit.prove import Unproved
from cnnspec.graph import Graph, Node
from cnnspec.kinds import Refusal
from cnnspec.meta import title
from cnnspec.shapes import Shape
from cnnspec.version import VERSION
from cnnspec.witness import Emitted


def emitted(graph: Graph, name: str, origin: str, *, inference: bool) -> Emitted:
    """Write a network for the backend of a name; `origin` is the file and network in its spec.

    Raises SpecError for what the backend cannot write, Unproved where what it wrote is not what
    the graph says.
    """
    backend = backends.find(name)
    lowerings = {**backends.lowerings(name), **backend.lowerings}
    check_lowerings(graph, name, lowerings, inference=inference)
    head = _head(graph, origin, inference=inference)
    with undisturbed():
        body, class_name = backend.emit(graph, head, lowerings, inference=inference)
        text = stamp(body, origin=origin, version=VERSION)
        found = backends.verdict(name, text, class_name, graph, inference=inference)
    if found.wrong:
        raise Unproved(list(found.wrong))
    return Emitted(text, class_name, lowerings, found.unproved)


def check_lowerings(
    graph: Graph, backend: str, lowerings: Mapping[str, Lowering], *, inference: bool
) -> None:
    """Raise SpecError with every step that the backend cannot write, at its line."""
    nodes = graph.inference_nodes if inference else graph.nodes
    applied = getattr(backends.find(backend), "applied", _applied)
    mistakes: dict[object, Diagnostic] = {}
    tried: set[tuple[int, tuple[Shape, ...]]] = set()
    for node in nodes:
        alike = id(node.op), node.input_shapes
        if node.op.is_input or alike in tried:
            continue
        lower = lowerings.get(node.kind)
        if lower is None:
            wrong = error(
                "missing-lowering",
                f"the backend {backend} cannot write {node.kind}",
                node.span,
                f"{node.path} needs it",
                help=f"a package can add it: entry point group `cnnspec.lowerings.{backend}`",
            )
        else:
            try:
                lower(applied(node))
                tried.add(alike)
                continue
            except Refusal as refusal:
                wrong = error(
                    "not-expressible",
                    f"{backend} cannot express this {node.kind}: {refusal.message}",
                    node.span,
                    help=refusal.help,
                )
        mistakes.setdefault(wrong.diagnostics[0].key, wrong.diagnostics[0])
    if mistakes:
        raise SpecError(mistakes.values())


def _applied(node: Node) -> Any:
    """Give a step as lowerings that are written for instances see it."""
    return Applied(node.op, node.input_shapes, node.shapes, {})


def _head(graph: Graph, origin: str, *, inference: bool) -> list[str]:
    """Give the lines of the docstring at the top of a file."""
    outputs = graph.inference_outputs if inference else graph.outputs
    sent = ", ".join(
        f"{o.name} {o.port.shape}" + (" (in training)" if o.train else "") for o in outputs
    )
    params = trainable(graph.inference_nodes if inference else graph.nodes)
    inputs = ", ".join(f"{node.path} {node.shape}" for node in graph.inputs)
    return [
        f"{title(graph)}, written from {origin}.",
        "",
        f"Input: {inputs}. Output: {sent}.",
        f"Parameters: {params:,}. MACs (conv + dense, batch 1): {macs(graph):,}.",
        "Weights start as the framework's own layers start them.",
    ]
