"""Runs an outline, so that `cnnspec verify` can hold it against the other backends.

Each line's operator and arguments are read back from the text; the wiring, which an outline leaves
out, comes from the graph.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnnspec.graph import Graph
from cnnspec.op import Op
from cnnspec.ops import Operators
from cnnspec.witness import Case, Emitted, See, Testimony, weight_key
from cnnspec_numpy.meanings import MEANINGS
from cnnspec_numpy.meanings.normalization import bn_in_training
from cnnspec_sample.lowerings import softplus, thin
from cnnspec_sample.outline import BACKEND

LINE = re.compile(r"(?P<path>\S+): (?P<operator>\w+)\((?P<arguments>.*)\) -> .*")
ARGUMENT = re.compile(r"(\w+) = (\[[^]]*\]|[^,]+)")


def read(line: str) -> tuple[str, Op]:
    """Read a line back: its path, and its operator bound to its arguments."""
    found = LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"no line of an outline: {line}")
    values = {name: value(text) for name, text in ARGUMENT.findall(found["arguments"])}
    known = {name: each for name, each in values.items() if each != "None"}
    return found["path"], Operators()[found["operator"]](**known)


def value(text: str) -> Any:
    """Read a number, a list, a truth or a word."""
    try:
        return json.loads(text)
    except ValueError:
        return [value(each) for each in text[1:-1].split(", ")] if text.startswith("[") else text


@dataclass(frozen=True, slots=True)
class OutlineWitness:
    """Runs what the outline backend writes."""

    name: str = "outline"
    doc: str = "an outline, its operators as it says them"
    backend: str | None = "outline"
    biased_variance: bool = False

    def versions(self) -> Mapping[str, str]:
        """Give this distribution's."""
        return {"cnnspec-sample": "0.1.0"}

    def errs(self, graph: Graph) -> bool:
        """No gradients of its own, so none is wrong."""
        return False

    def observe(self, case: Case, emitted: Emitted | None, see: See) -> Testimony:
        """Run each line, forward alone: it has no gradients to tell."""
        assert emitted is not None
        lines = BACKEND.load(emitted.text, emitted.class_name)()
        ops = dict(map(read, lines))
        meanings = {**MEANINGS, "softplus": softplus, "thin": thin}
        values: dict[Any, Any] = {}
        state: dict[str, Any] = {}
        given = dict(zip(case.graph.inputs, case.inputs, strict=True))
        for node in case.nodes:
            if node in given:
                results = (given[node],)
            else:
                weights = {each.key: case.weights[weight_key(node, each)] for each in node.weights}
                inputs = [values[port] for port in node.inputs]
                if node.kind == "bn" and case.training:
                    made, after = bn_in_training(ops[node.path], weights, *inputs)
                    state.update({f"{node.path}.{key}": each for key, each in after.items()})
                else:
                    made = meanings[node.kind](ops[node.path], weights, *inputs)
                results = made if isinstance(made, tuple) else (made,)
            see(node, results)
            values.update(zip(node.ports, results, strict=True))
        return Testimony({each.name: values[each.port] for each in case.outputs}, state)


WITNESS = OutlineWitness()
