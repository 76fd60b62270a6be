"""Networks of one file as one file of source: all blocks once, a function a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from cnnspec import backend as backends
from cnnspec.emit.header import stamp
from cnnspec.graph import Graph
from cnnspec.network import Network
from cnnspec.version import VERSION


class WritesFamilies(Protocol):
    """A backend that writes several networks into one file."""

    def emit_family(
        self,
        graphs: tuple[Graph, ...],
        head: list[str],
        lowerings: Mapping[str, Any],
        notes: Sequence[str],
        *,
        inference: bool,
    ) -> str:
        """Give the body of the file; `notes` describe each network."""
        ...


def writer_of(backend: str) -> WritesFamilies | None:
    """Give a backend that writes families; None if it writes one network a file."""
    found = backends.find(backend)
    return cast("WritesFamilies", found) if hasattr(found, "emit_family") else None


def source(networks: Sequence[Network], backend: str, *, inference: bool = False) -> str:
    """Write networks of one file; raises SpecError for what the backend cannot express."""
    writer = writer_of(backend)
    if writer is None:
        raise ValueError(f"{backend} writes one network a file")
    lowerings = {**backends.lowerings(backend), **backends.find(backend).lowerings}
    for network in networks:
        network.check_lowerings(backend, lowerings, inference=inference)
    origin = networks[0].origin.rpartition(":")[0]
    listed = ", ".join(each.name for each in networks)
    head = [
        f"Networks written from {origin}: {listed}.",
        "",
        "Weights start as the framework's own layers start them.",
    ]
    graphs = tuple(each.elaborated for each in networks)
    notes = [note(each, inference=inference) for each in networks]
    body = writer.emit_family(graphs, head, lowerings, notes, inference=inference)
    return stamp(body, origin=origin, version=VERSION)


def note(network: Network, *, inference: bool) -> str:
    """Describe a network in a docstring: its title, parameters, MACs, accuracy and its source."""
    params = network.inference_params if inference else network.params
    facts = f"{params:,} parameters, {network.macs:,} MACs"
    if "top1" in network.meta:
        facts += f", top-1 {network.meta['top1']}"
        source_ = network.meta.get("top1_source")
        facts += f" ({source_})" if source_ else ""
    paper = network.meta.get("paper")
    return f"{network.title}{f' ({paper})' if paper else ''}.\n\n{facts}."
