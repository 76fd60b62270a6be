"""The proof: an emitted function, as it is printed, makes what its graph says; Keras is not needed.

The text is run with symbols for Keras. What the model does is followed, and so is each step of the
graph, lowered by itself. Where every output of the model has the number that the graph's has, it
computes what the graph says, whatever the weights are, and its weights are the graph's: each is
known by its layer's name, its own and its shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cnnspec.collector import undisturbed
from cnnspec.emit.lowering import Lowering
from cnnspec.emit.sandbox import NotInterpreted, run
from cnnspec.emit.values import PROVED, Verdict
from cnnspec.graph import Graph, Node, Output, Port
from cnnspec_keras.layers import LAYERS
from cnnspec_keras.names import layer_name
from cnnspec_keras.symbolic.graph import Steps, new_run
from cnnspec_keras.symbolic.tensors import KerasTensor, Layer, Model, Run
from cnnspec_keras.symbolic.world import modules

#: So many differences are told; the first says what went wrong.
TOLD: Final = 10


def verdict(
    text: str,
    name: str,
    graph: Graph,
    lowerings: Mapping[str, Lowering],
    *,
    inference: bool = False,
) -> Verdict:
    """Hold what a function makes against its graph; `inference`: written without heads."""
    of = new_run()
    with undisturbed():
        try:
            wrong = tuple(_differences(of, text, name, graph, lowerings, inference=inference))
        except NotInterpreted as missing:
            return Verdict(unproved=str(missing))
    if wrong and of.values.unknown:
        return Verdict(unproved=f"it uses {', '.join(of.values.unknown)}")
    return Verdict(wrong[:TOLD]) if wrong else PROVED


def _differences(
    of: Run,
    text: str,
    name: str,
    graph: Graph,
    lowerings: Mapping[str, Lowering],
    *,
    inference: bool,
) -> Iterator[str]:
    nodes = graph.inference_nodes if inference else graph.nodes
    outputs = graph.inference_outputs if inference else graph.outputs
    steps = Steps(graph, lowerings)
    wanted = steps.numbered(nodes, of.values)
    yield from steps.wrong
    try:
        names = run(text, modules(lambda: of))
        model = names[name]()
    except NotInterpreted:
        raise
    except Exception as failure:  # noqa: BLE001 (what is emitted may fail in any way)
        first = str(failure).splitlines()
        yield f"the model cannot be made: {type(failure).__name__}: {first[0] if first else ''}"
        return
    for word, each in names.items():
        ours = isinstance(each, type) and issubclass(each, Layer) and word in LAYERS
        if ours and LAYERS[word] not in text:
            yield f"the layer {word} is another than ours"
    if not isinstance(model, Model):
        yield f"the function gives a {type(model).__name__}, no model"
        return
    taken = [each.number for each in model.inputs]
    if taken != [wanted[node.ports[0]] for node in graph.inputs]:
        yield "the model's inputs are others"
    given = model.output if isinstance(model.output, dict) else {outputs[0].name: model.output}
    if set(given) != {each.name for each in outputs}:
        yield f"the model gives {', '.join(given)}"
        return
    numbers = {key: _number(each) for key, each in given.items()}
    if any(numbers[each.name] != wanted[each.port] for each in outputs):
        yield from _where(of, nodes, outputs, wanted, numbers)
        return
    if "inference" in names and any(each.train for each in outputs):
        main = [each for each in outputs if not each.train]
        yield from _inference(names["inference"](model), main, numbers)
    if not of.inner:
        yield from _names(of, nodes, wanted)


def _inference(model: Any, main: Sequence[Output], numbers: Mapping[str, int]) -> Iterator[str]:
    """Hold a model whose heads are left out against the outputs that are to stay."""
    given = model.output if isinstance(model.output, dict) else {main[0].name: model.output}
    if {key: _number(each) for key, each in given.items()} != {
        each.name: numbers[each.name] for each in main
    }:
        yield "the model without heads gives something else"


def _number(value: Any) -> int:
    return value.number if isinstance(value, KerasTensor) else -1


def _where(
    of: Run,
    nodes: Sequence[Node],
    outputs: Sequence[Output],
    wanted: Mapping[Port, int],
    numbers: Mapping[str, int],
) -> Iterator[str]:
    """Say where a model differs: the steps that none of its layers does."""
    for node in nodes:
        if node.inputs and not all(wanted[port] in of.values.seen for port in node.ports):
            yield f"{node.path}: no layer of the model does this {node.kind}"
    for output in outputs:
        if numbers[output.name] != wanted[output.port]:
            yield f"the output {output.name} is another value"


def _names(of: Run, nodes: Sequence[Node], wanted: Mapping[Port, int]) -> Iterator[str]:
    """Hold the names of layers against the steps: a layer is found by its step's path."""
    for node in nodes:
        name = layer_name(node.path)
        for word in (f"{name}_crop", name):
            if word in of.called:
                numbers = of.called[word][1]
                if not all(wanted[port] in numbers for port in node.ports):
                    yield f"{node.path}: the layer {word} does something else"
                break
