"""Knows a network that ships in an import: the same steps, whatever its parts are called."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.api import load
from cnnspec.graph import Graph
from cnnspec.importing.signature import Signatures, of_graph
from cnnspec.network import Network
from cnnspec.zoo import entries


@dataclass(frozen=True, slots=True)
class Known:
    """A network that ships and has the same steps; `named`: and the same names of weights."""

    name: str
    named: bool

    def __str__(self) -> str:
        names = "weights' names too" if self.named else "under other names of weights"
        return f"it is `{self.name}` of the zoo, {names}: `cnnspec zoo {self.name}` shows it"


def known(network: Network) -> Known | None:
    """Find the network of the zoo that an import is; None: there is none like it.

    Only networks with as many parameters, in training or outside it, are elaborated.
    """
    for entry in entries():
        if entry.params not in (network.params, network.inference_params):
            continue
        other = load(entry.name).elaborated
        if _same(network.elaborated, other, paths=False):
            return Known(entry.name, named=_same(network.elaborated, other, paths=True))
    return None


def _same(one: Graph, other: Graph, *, paths: bool) -> bool:
    """Whether two networks give the same outputs outside training, in order."""
    signatures = Signatures(paths=paths, noise=False)
    found = []
    for graph in (one, other):
        numbers = of_graph(signatures, graph)
        found.append([numbers[output.name] for output in graph.inference_outputs])
    return found[0] == found[1]
