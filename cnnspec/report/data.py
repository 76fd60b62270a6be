"""The cost of every node as JSON (schema `cnnspec.cost/1`) and CSV."""

from __future__ import annotations

import csv
import io
import json

from cnnspec.analysis.macs import macs, node_macs
from cnnspec.analysis.memory import largest_activation, weight_bytes
from cnnspec.analysis.parameters import kept, trainable
from cnnspec.analysis.receptive_field import Stride, receptive_fields
from cnnspec.graph import Graph


def rows(graph: Graph) -> list[dict[str, object]]:
    """Give a row a node: MACs count one example, 0 in what only training runs."""
    runs = {node.index for node in graph.inference_nodes}
    fields = receptive_fields(graph)
    return [
        {
            "path": node.path,
            "kind": node.kind,
            "line": node.span.line,
            "shape": list(node.shape),
            "params": trainable([node]),
            "state": kept([node]),
            "macs": node_macs(node) if node.index in runs else 0,
            "receptive_field": list(fields[node.path].size),
            "effective_stride": [_exact(stride) for stride in fields[node.path].stride],
            "training_only": node.index not in runs,
        }
        for node in graph.nodes
    ]


def _exact(stride: Stride) -> int | str:
    """Keep a whole stride; write a fraction as `1/2`, where an image is larger than the input."""
    return stride if isinstance(stride, int) else str(stride)


def cost(graph: Graph) -> dict[str, object]:
    """Give totals and nodes as plain values; `schema` names what is in them."""
    total = macs(graph)
    return {
        "schema": "cnnspec.cost/1",
        "network": graph.name,
        "inputs": {node.path: list(node.shape) for node in graph.inputs},
        "batch": 1,
        "params": trainable(graph.nodes),
        "inference_params": trainable(graph.inference_nodes),
        "state": kept(graph.nodes),
        "macs": total,
        "flops": 2 * total,
        "weight_bytes_fp32": weight_bytes(graph.inference_nodes),
        "largest_activation_bytes_fp32": largest_activation(graph.inference_nodes),
        "nodes": rows(graph),
    }


def as_json(graph: Graph) -> str:
    """Write `cost` as JSON."""
    return json.dumps(cost(graph), indent=2) + "\n"


def as_csv(graph: Graph) -> str:
    """Write a line a node; lists are joined by `x`."""
    out = io.StringIO()
    listed = rows(graph)
    writer = csv.DictWriter(out, fieldnames=list(listed[0]), lineterminator="\n")
    writer.writeheader()
    for row in listed:
        writer.writerow(
            {k: "x".join(map(str, v)) if isinstance(v, list) else v for k, v in row.items()}
        )
    return out.getvalue()
