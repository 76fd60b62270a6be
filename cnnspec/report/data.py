"""What a network costs as plain values: the schema `cnnspec.cost/1`, documented in docs/cost.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cnnspec import sinks
from cnnspec.analysis.figures import Figures, Meter
from cnnspec.analysis.liveness import peak
from cnnspec.analysis.memory import activation_bytes, largest_activation, weight_bytes
from cnnspec.analysis.order import best_order
from cnnspec.analysis.receptive_field import receptive_fields
from cnnspec.analysis.shares import GROUPS, shares
from cnnspec.analysis.structure import structure
from cnnspec.analysis.training import training
from cnnspec.op import Steps

SCHEMA = "cnnspec.cost/1"


def cost(meter: Meter, *, optimiser: str = "adam") -> dict[str, Any]:
    """Give everything: totals, memory, training, structure, shares, and a row a node."""
    graph, run = meter.graph, meter.run
    inference = meter.inference
    timed = {} if meter.device is None else {"seconds": inference.seconds}
    return {
        "schema": SCHEMA,
        "network": graph.name,
        "inputs": {node.path: list(node.shape) for node in graph.inputs},
        "batch": run.batch,
        "dtype": run.dtype,
        "device": None if meter.device is None else meter.device.name,
        "params": meter.total.params,
        "inference_params": inference.params,
        "state": meter.total.state,
        "macs": inference.macs,
        "flops": inference.flops,
        "all_flops": inference.all_flops,
        "bytes_moved": inference.moved,
        **timed,
        "memory": _memory(meter),
        "training": _training(meter, optimiser),
        "structure": structure(graph)._asdict(),
        **{f"by_{by}": _shares(meter, by) for by in GROUPS},
        "nodes": nodes(meter),
    }


def nodes(meter: Meter) -> list[dict[str, Any]]:
    """Give a row a node; what only training runs has no operations."""
    fields = receptive_fields(meter.graph)
    return [
        {
            "path": node.path,
            "kind": node.kind,
            "line": node.span.line,
            "shape": list(node.shape),
            **_figures(meter, meter.node(node)),
            "receptive_field": list(fields[node.path].size),
            "effective_stride": [_exact(stride) for stride in fields[node.path].stride],
            "training_only": not meter.runs(node),
        }
        for node in meter.graph.nodes
    ]


def as_json(data: dict[str, Any]) -> str:
    """Write data as JSON."""
    return sinks.data(data) + "\n"


def _figures(meter: Meter, figures: Figures) -> dict[str, Any]:
    found = {
        "params": figures.params,
        "state": figures.state,
        "macs": figures.macs,
        "flops": figures.flops,
        "all_flops": figures.all_flops,
        "activation_bytes": figures.activations,
        "bytes_moved": figures.moved,
        "intensity": figures.intensity,
    }
    return found if meter.device is None else {**found, "seconds": figures.seconds}


def _memory(meter: Meter) -> dict[str, Any]:
    graph, run = meter.graph, meter.run
    separate, in_place = replace(run, in_place=False), replace(run, in_place=True)
    fullest, best = peak(graph, separate), best_order(graph, separate)
    return {
        "weights": weight_bytes(graph.inference_nodes, run),
        "activations": activation_bytes(graph, separate),
        "activations_in_place": activation_bytes(graph, in_place),
        "largest_activation": largest_activation(graph.inference_nodes, run),
        "peak": fullest.bytes,
        "peak_at": fullest.at.path,
        "peak_in_place": peak(graph, in_place).bytes,
        "best_peak": best.bytes,
        "best_peak_is_exact": best.exact,
    }


def _training(meter: Meter, optimiser: str) -> dict[str, Any]:
    whole = training(meter.graph, meter.run, optimiser=optimiser)
    again = training(meter.graph, meter.run, optimiser=optimiser, recompute=True)
    return {
        "optimiser": optimiser,
        "macs_forward": whole.macs,
        "weights": whole.weights,
        "gradients": whole.gradients,
        "optimiser_state": whole.optimiser,
        "saved_activations": whole.saved,
        "peak": whole.peak,
        "recomputed": {
            "macs": again.recomputed,
            "saved_activations": again.saved,
            "peak": again.peak,
        },
    }


def _shares(meter: Meter, by: str) -> list[dict[str, Any]]:
    names: Sequence[str] = ("params", "macs", "all_flops", "activation_bytes")
    result = []
    for name, figures in shares(meter, by).items():
        every = _figures(meter, figures)
        result.append({"name": name, "nodes": figures.nodes, **{key: every[key] for key in names}})
    return result


def _exact(stride: Steps) -> int | str:
    """Keep a whole stride; write a fraction as `1/2`, where an image is larger than the input."""
    return stride if isinstance(stride, int) else str(stride)
