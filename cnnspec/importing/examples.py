"""Proves an imported network by an example: a witness runs it on the weights and inputs of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnspec import witness
from cnnspec.importing.importer import Example, Finding
from cnnspec.network import Network
from cnnspec.witness import Case, Emitted, Witness

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array
    from cnnspec.graph import Node


def exemplified(network: Network, backend: str, example: Example) -> Finding:
    """Run what a backend emits, or the reference if that is not installed, and compare outputs."""
    found = _witness(backend)
    graph = network.elaborated
    case = Case(graph, example.weights, example.inputs, {}, training=False)
    emitted: Emitted | None = None
    if found.backend is not None:
        emitted = network.emitted(found.backend)
    told = found.observe(case, emitted, _ignore)
    what = f"equal outputs {example.how}, by {found.name}"
    largest = 0.0
    for name, wanted in example.outputs.items():
        own = told.outputs.get(name)
        if own is None or own.shape != wanted.shape:
            return Finding(what, holds=False, figure=f"{name} has another shape")
        scale = max(float(abs(wanted).max()), 1e-300)
        largest = max(largest, float(abs(own - wanted).max()) / scale)
    said = f"largest difference {largest:.1e} of the largest"
    return Finding(what, largest <= example.bound, "to the last bit" if largest == 0 else said)


def _ignore(_node: Node, _values: tuple[Array, ...]) -> None:
    """Nodes are not looked at: the outputs tell."""


def _witness(backend: str) -> Witness:
    """Give the witness of a backend, or the reference."""
    for name in witness.names():
        try:
            found = witness.find(name)
        except ImportError:
            continue
        if found.backend == backend:
            return found
    return witness.find("numpy")
