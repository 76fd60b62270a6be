"""Networks of one file as one file of source: all blocks once, a function a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from cnnspec import backend as backends
from cnnspec.emission import check_lowerings
from cnnspec.emit.header import stamp
from cnnspec.emit.prove import Unproved
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
    """Write networks of one file.

    Raises SpecError for what the backend cannot express, and Unproved where what it wrote is not
    what a graph says.
    """
    return written(networks, backend, inference=inference)[0]


def written(
    networks: Sequence[Network], backend: str, *, inference: bool = False
) -> tuple[str, dict[str, str]]:
    """Write networks of one file; by name, say why one could not be held against its graph."""
    writer = writer_of(backend)
    if writer is None:
        raise ValueError(f"{backend} writes one network a file")
    lowerings = {**backends.lowerings(backend), **backends.find(backend).lowerings}
    for network in networks:
        check_lowerings(network.elaborated, backend, lowerings, inference=inference)
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
    text = stamp(body, origin=origin, version=VERSION)
    unproved: dict[str, str] = {}
    for each in networks:
        found = backends.verdict(backend, text, each.name, each.elaborated, inference=inference)
        if found.wrong:
            raise Unproved([f"{each.name}: {wrong}" for wrong in found.wrong])
        if found.unproved is not None:
            unproved[each.name] = found.unproved
    return text, unproved


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
