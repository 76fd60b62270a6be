"""The proof: what an emitted class does, operation by operation, is what the graph says.

Class and graph are run on the meta device, where nothing is computed. Each operation of torch is
known by what it does to which values (`cnnspec.numbering` says how values are known), weights by
their keys. The graph's side is its steps one by one, lowered each by itself with the numbers that
it has. Where every output has the number that the graph's has, the class computes what the graph
says, whatever the weights: the order in which branches run, names and containers do not matter, and
a step that is used twice, a branch that is left out and a weight under another's key all do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnspec.collector import undisturbed
from cnnspec.emit.bodies import read_program
from cnnspec.emit.code import Raw
from cnnspec.emit.lowering import Applied, Lowering, compact
from cnnspec.emit.printer import expression, fill
from cnnspec.expression import Written, literal
from cnnspec.graph import Graph, Node, Output, Port
from cnnspec.source import Span
from cnnspec_torch import layers_source
from cnnspec_torch.attributes import state_key
from cnnspec_torch.traced import Done, Log, Numbers, Shapes, Unfilled, tensors_in
from cnnspec_torch.worded import worded

#: So many differences are told; the first says what went wrong.
TOLD: Final = 10
#: Examples in a batch: two, so that an axis of the batch is no axis of length one.
BATCH: Final = 2


# --- the class


def _run(
    model: nn.Module,
    sizes: Sequence[Sequence[int]],
    numbers: Numbers,
    shapes: Shapes,
    *,
    training: bool,
) -> tuple[list[int], set[int]]:
    """Run a model; give its outputs' numbers, and all that came up."""
    for key, tensor in model.state_dict(keep_vars=True).items():
        numbers.hold(tensor, numbers.of(("weight", key, tuple(tensor.shape))))
    inputs = [torch.empty(BATCH, *shape, device="meta") for shape in sizes]
    for position, tensor in enumerate(inputs):
        numbers.hold(tensor, numbers.of(("input", position)))
    log = Log(numbers, shapes)
    model.train(training)
    with torch.no_grad(), log:
        given = model(*inputs)
    outputs = [numbers.value(each) for each in tensors_in(_listed(given))]
    return outputs, log.seen


def _listed(given: Any) -> Any:
    return list(given.values()) if isinstance(given, dict) else given


# --- the graph


@dataclass(slots=True)
class _Recipe:
    """What a step does, in numbers of its own: their keys in order, and those that come out."""

    keys: list[object] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    #: Whether it does the same in inference and in training.
    settled: bool = False

    def done(self, inputs: Mapping[int, int], path: str, numbers: Numbers) -> list[int]:
        """Do it to values of a run: their numbers for its own."""
        known: list[int] = []
        for key in self.keys:
            match key:
                case Done(template, result, values):
                    made = Done(template, result, tuple([known[each] for each in values]))
                    known.append(numbers.of(made))
                case ("input", int(position)):
                    known.append(inputs[position])
                case ("weight", str(word), shape):
                    known.append(numbers.of(("weight", state_key(path, word), shape)))
                case _:
                    known.append(numbers.of(key))
        return [known[each] for each in self.outputs]


@dataclass(slots=True)
class _Steps:
    """The graph's steps, lowered one by one; steps that are written alike are made once."""

    lowerings: Mapping[str, Lowering]
    shapes: Shapes
    #: By place in the text, the arguments that are said in words there: lowerings ask.
    worded: Mapping[Span, frozenset[str]]
    numbers: Numbers = field(default_factory=Numbers)
    training: bool = False
    _made: dict[str, Any] = field(default_factory=dict)
    _flows: dict[str, Callable[..., Any]] = field(default_factory=dict)
    _recipes: dict[object, _Recipe] = field(default_factory=dict)

    def numbered(
        self, graph: Graph, nodes: Sequence[Node], numbers: Numbers, *, training: bool
    ) -> dict[Port, int]:
        """Give the number of every port of the nodes."""
        self.numbers = numbers
        if training != self.training:
            self.training = training
            self._recipes = {key: each for key, each in self._recipes.items() if each.settled}
        values: dict[Port, int] = {}
        for position, node in enumerate(graph.inputs):
            values[node.ports[0]] = self.numbers.of(("input", position))
        for node in nodes:
            if node.kind != "input":
                made = self._step(node, [values[port] for port in node.inputs])
                values.update(zip(node.ports, made, strict=True))
        return values

    def _step(self, node: Node, inputs: Sequence[int]) -> list[int]:
        """Number what a step makes; steps that are alike are lowered and done once."""
        worded = self.worded.get(node.span, frozenset())
        key = (node.op, node.input_shapes, worded)
        if key not in self._recipes:
            self._recipes[key] = self._recipe(node, worded)
        known = dict(enumerate(inputs))
        return self._recipes[key].done(known, node.path, self.numbers)

    def _recipe(self, node: Node, worded: frozenset[str]) -> _Recipe:
        """Do a step once, and note what was done to what."""
        words = {
            key: Written(getattr(node.op, key), literal(compact(getattr(node.op, key))))
            for key in sorted(worded)
        }
        applied = Applied(node.op, node.input_shapes, node.shapes, words)
        lowered = self.lowerings[node.kind](applied)
        names = [f"x{position}" for position in range(len(node.input_shapes))]
        flow = expression(fill(lowered.flow, [Raw(each) for each in names], Raw("step")))
        module = None if lowered.module is None else expression(lowered.module)
        numbers = Numbers()
        recipe = _Recipe()
        step = None if module is None else self._module(module)
        if isinstance(step, Tensor):
            numbers.hold(step, numbers.of(("weight", "", tuple(step.shape))))
        elif step is not None:
            for word, tensor in step.state_dict(keep_vars=True).items():
                numbers.hold(tensor, numbers.of(("weight", word, tuple(tensor.shape))))
        tensors = []
        for position, shape in enumerate(node.input_shapes):
            tensor = torch.empty(BATCH, *shape, device="meta")
            numbers.hold(tensor, numbers.of(("input", position)))
            tensors.append(tensor)
        with torch.no_grad(), Log(numbers, self.shapes):
            made = self._flow(f"lambda step, {', '.join(names)}: {flow}")(step, *tensors)
        recipe.keys = numbers.keys()
        recipe.outputs = [numbers.value(each) for each in tensors_in(made)]
        torchs = step is None or type(step).__module__.startswith("torch.nn.")
        told = "training" in flow or self.shapes.speaks_of_training(recipe.keys)
        recipe.settled = torchs and not told
        return recipe

    def _module(self, text: str) -> Any:
        if text not in self._made:
            with torch.device("meta"), Unfilled():
                self._made[text] = eval(text, _scope())  # noqa: S307 (lowered: numbers and words)
        made = self._made[text]
        return made.train(self.training) if isinstance(made, nn.Module) else made

    def _flow(self, text: str) -> Callable[..., Any]:
        if text not in self._flows:
            self._flows[text] = eval(text, _scope())  # noqa: S307 (likewise)
        return self._flows[text]


def _scope() -> dict[str, Any]:
    """Give the names that lowered code uses."""
    own = vars(layers_source)
    return {"torch": torch, "nn": nn, "F": F, "math": math, "Tensor": Tensor, **own}


def differences(
    make: Callable[[], nn.Module],
    graph: Graph,
    lowerings: Mapping[str, Lowering],
    *,
    inference: bool,
) -> list[str]:
    """Hold what a class does against the graph, in inference and in training; say what differs.

    `inference` says that the class was written without training heads. The graph may be that of
    another size of image than the class was written for.
    """
    with undisturbed():
        with torch.device("meta"), Unfilled():
            model = make()
        steps = _Steps(lowerings, Shapes(), worded(read_program(graph)))
        compared = partial(_compared, model, graph, steps)
        wrong = list(compared(training=False, heads=False))
        wrong = wrong or list(compared(training=True, heads=not inference))
    return wrong[:TOLD]


def _compared(
    model: nn.Module,
    graph: Graph,
    steps: _Steps,
    *,
    training: bool,
    heads: bool,
) -> Iterator[str]:
    numbers = Numbers()
    mode = "in training" if training else "in inference"
    nodes = graph.nodes if heads else graph.inference_nodes
    wanted: Sequence[Output] = graph.outputs if heads else graph.inference_outputs
    try:
        sizes = [node.shape for node in graph.inputs]
        found, seen = _run(model, sizes, numbers, steps.shapes, training=training)
    except Exception as failure:  # noqa: BLE001 (what is emitted may fail in any way)
        said = str(failure).partition("\n")[0]  # which may be nothing
        yield f"the class stops {mode}: {type(failure).__name__}: {said}"
        return
    values = steps.numbered(graph, nodes, numbers, training=training)
    if len(found) != len(wanted):
        yield f"the class gives {len(found)} outputs {mode}, the graph {len(wanted)}"
        return
    if [values[each.port] for each in wanted] == found:
        return
    given = {values[node.ports[0]] for node in graph.inputs}
    for node in nodes:
        if not all(values[port] in seen or values[port] in given for port in node.ports):
            yield f"{node.path}: no operation of the class does this {node.kind} {mode}"
    for output, number in zip(wanted, found, strict=True):
        if values[output.port] != number:
            yield f"the output {output.name} is another value {mode}"
