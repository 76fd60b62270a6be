"""What stands over a network and a block: its totals, and which instance its lines show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnnspec.analysis.macs import node_macs
from cnnspec.analysis.parameters import trainable
from cnnspec.editing.instances import Bodied, nodes_of
from cnnspec.editing.sheet import Sheet
from cnnspec.source import Span
from cnnspec.syntax import tree


@dataclass(frozen=True, slots=True)
class Lens:
    """Words over a declaration, whose name stands at `span`."""

    span: Span
    text: str


def lenses(sheet: Sheet) -> Iterator[Lens]:
    """Give what stands over each declaration, from the top down."""
    shown = sheet.instances
    networks = sheet.networks
    for item in sheet.items:
        if isinstance(item, tree.NetworkDef | tree.Variant):
            network = networks.get(item.name.id)
            if network is not None:
                yield Lens(item.name.span, _totals(network.params, network.macs))
        elif isinstance(item, Bodied):
            instance = shown.get(item.name.id)
            if instance is not None and instance.now is None:
                nodes = nodes_of(instance.scope)
                which = f"{instance.scope.path} of {instance.network.name}"
                several = f", the first of {instance.count}" if instance.count > 1 else ""
                totals = _totals(trainable(nodes), sum(map(node_macs, nodes)))
                yield Lens(item.name.span, f"{totals} · {which}{several}")


def _totals(params: int, macs: int) -> str:
    return f"{params:,} parameters · {macs:,} MACs"
