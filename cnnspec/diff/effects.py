"""What the changes come to: figures of the whole network, and keys of checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cnnspec.analysis.figures import Meter
from cnnspec.analysis.liveness import peak
from cnnspec.analysis.memory import activation_bytes, weight_bytes
from cnnspec.analysis.receptive_field import receptive_fields
from cnnspec.analysis.run import Run
from cnnspec.analysis.structure import structure
from cnnspec.analysis.training import training
from cnnspec.analysis.wording import size
from cnnspec.diff.data import Figure, Keys, Reshaped
from cnnspec.graph import Graph, Node
from cnnspec.witness import weight_key

#: What sees so many times the image's length sees all of it, whatever its padding.
FAR: Final = 8
#: What is measured: how it is called, in what it is counted, and how it is found.
FIGURES: Final[Mapping[str, tuple[str, Callable[[Meter], Any]]]] = {
    "inputs": ("text", lambda meter: ", ".join(size(node.shape) for node in meter.graph.inputs)),
    "outputs": (
        "text",
        lambda meter: ", ".join(f"{o.name} {size(o.port.shape)}" for o in meter.graph.outputs),
    ),
    "params": ("count", lambda meter: meter.total.params),
    "macs": ("count", lambda meter: meter.inference.macs),
    "weights": ("bytes", lambda meter: weight_bytes(meter.graph.inference_nodes, meter.run)),
    "activations": ("bytes", lambda meter: activation_bytes(meter.graph, meter.run)),
    "peak": ("bytes", lambda meter: peak(meter.graph, meter.run).bytes),
    "training": ("bytes", lambda meter: training(meter.graph, meter.run).peak),
    "depth": ("count", lambda meter: structure(meter.graph).depth),
    "field": ("text", lambda meter: _field(meter.graph)),
}


def figures(a: Graph, b: Graph) -> tuple[Figure, ...]:
    """Measure both: batch 1, float32; training with Adam."""
    before, after = Meter(a, Run()), Meter(b, Run())
    return tuple(
        Figure(name, unit, read(before), read(after)) for name, (unit, read) in FIGURES.items()
    )


def _field(graph: Graph) -> str:
    """Give the largest receptive field of what leaves an image, rows x columns, or `all`."""
    fields = receptive_fields(graph)
    windows = [
        node
        for node in graph.inference_nodes
        if node.inputs
        and node.op.window(*node.input_shapes) is not None
        and node.shape.is_image
        and node.shape[1:] != (1, 1)
    ]
    largest = max((fields[node.path].size for node in windows), key=sorted, default=None)
    if largest is None:
        return "-"
    whole = max(max(node.shape[1:], default=1) for node in graph.inputs)
    return "x".join(map(str, largest)) if min(largest) < FAR * whole else "all"


def keys(a: Graph, b: Graph, pairs: Mapping[Node, Node]) -> Keys:
    """Hold the tensors of a checkpoint of A against what B needs."""
    before, after = _tensors(a), _tensors(b)
    renamed = [
        (weight_key(old, mine), weight_key(new, its))
        for old, new in pairs.items()
        if old.path != new.path
        for mine in old.weights
        for its in new.weights
        if mine.key == its.key and mine.shape == its.shape
    ]
    return Keys(
        tuple(key for key in after if key not in before),
        tuple(key for key in before if key not in after),
        tuple(
            Reshaped(key, before[key], after[key])
            for key in before
            if key in after and before[key] != after[key]
        ),
        tuple(renamed),
        sum(before[key] == after.get(key) for key in before),
    )


def _tensors(graph: Graph) -> dict[str, tuple[int, ...]]:
    return {
        weight_key(node, weight): weight.shape for node in graph.nodes for weight in node.weights
    }
