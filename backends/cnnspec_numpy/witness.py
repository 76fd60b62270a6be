"""Runs a graph node by node, each by its meaning, and lets go of a value when nothing needs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnspec import plugins
from cnnspec.graph import Graph, Node
from cnnspec.shapes import Shape
from cnnspec.witness import Case, Emitted, See, Testimony, weight_key
from cnnspec_numpy.meanings import MEANINGS
from cnnspec_numpy.meanings.arrays import Array, Meaning
from cnnspec_numpy.meanings.normalization import bn_in_training


@dataclass(frozen=True, slots=True)
class Reference:
    """The meaning of the language, in float64 whatever the case asks for."""

    name: str = "numpy"
    doc: str = "the reference: every operator from its definition, in NumPy"
    backend: str | None = None
    biased_variance: bool = False

    def versions(self) -> Mapping[str, str]:
        """Give NumPy's."""
        return {"numpy": np.__version__}

    def errs(self, graph: Graph) -> bool:
        """No gradients of its own, so none is wrong."""
        return False

    def observe(self, case: Case, emitted: Emitted | None, see: See) -> Testimony:
        """Run the graph."""
        others, broken = strangers({node.kind for node in case.nodes} - {*MEANINGS})
        meanings = {**others, **MEANINGS}
        given = dict(zip(case.graph.inputs, case.inputs, strict=True))
        readers = Counter(port for node in case.nodes for port in node.inputs)
        readers.update(output.port for output in case.outputs)
        values: dict[Any, Array] = {}
        state: dict[str, Array] = {}
        unmatched: dict[str, str] = {}
        for node in case.nodes:
            if node in given:
                results: tuple[Array, ...] = (given[node].astype(np.float64),)
            elif node.kind not in meanings or any(port not in values for port in node.inputs):
                otherwise = f"{node.kind} has no meaning in NumPy, or an input has none"
                unmatched[node.path] = broken.get(node.kind, otherwise)
                continue
            else:
                inputs = [values[port] for port in node.inputs]
                with np.errstate(all="ignore"):  # what is no number is told by who compares
                    results, after = apply(node, meanings, case, inputs)
                state.update(after)
            see(node, results)
            values.update(zip(node.ports, results, strict=True))
            for port in (*node.ports, *node.inputs):
                readers[port] -= port.node is not node
                if readers[port] <= 0:
                    values.pop(port, None)
        outputs = {each.name: values[each.port] for each in case.outputs if each.port in values}
        return Testimony(outputs, state, unmatched=unmatched)


def apply(
    node: Node, meanings: Mapping[str, Meaning], case: Case, inputs: list[Array]
) -> tuple[tuple[Array, ...], dict[str, Array]]:
    """Give a node's outputs, and its state after a training step by key.

    A meaning whose output has not the declared shape is a mistake of ours: AssertionError.
    """
    weights = {
        each.key: case.weights[weight_key(node, each)].astype(np.float64) for each in node.weights
    }
    after: dict[str, Array] = {}
    result: Any
    if case.training and node.kind == "bn":
        result, kept = bn_in_training(node.op, weights, *inputs)
        after = {f"{node.path}.{key}": value for key, value in kept.items()}
    else:
        result = meanings[node.kind](node.op, weights, *inputs)
    results = result if isinstance(result, tuple) else (result,)
    found = tuple(Shape(each.shape[1:]) for each in results)
    assert found == node.shapes, f"{node.path} means {found}, declared is {node.shapes}"
    return results, after


def strangers(kinds: Iterable[str]) -> tuple[dict[str, Meaning], dict[str, str]]:
    """Give the meanings of operators that other distributions bring, and why others do not load."""
    entries = plugins.entries("cnnspec.lowerings.numpy")
    found: dict[str, Meaning] = {}
    broken: dict[str, str] = {}
    for kind in sorted({*kinds} & {*entries}):
        whose = plugins.distribution(entries[kind])
        try:
            found[kind] = plugins.load(entries[kind], callable)
        except plugins.NotLoaded as failure:
            broken[kind] = f"the meaning of {kind} in the distribution {whose} fails: {failure}"
    return found, broken


WITNESS = Reference()
