"""The proof: an emitted class, as it is printed, does what its graph says; torch is not needed.

The text is run with symbols for torch. What the class then does is followed, in inference and in
training, and so is each step of the graph, lowered by itself. Where every output of the class has
the number that the graph's has, the class computes what the graph says, whatever the weights are.
Its state has the graph's keys in their order, and the shapes that the operators declare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cnnspec.collector import undisturbed
from cnnspec.emit.bodies import read_program
from cnnspec.emit.lowering import Lowering
from cnnspec.emit.sandbox import NotInterpreted, run
from cnnspec.emit.values import PROVED, Lengths, Values, Verdict
from cnnspec.graph import Graph, Node, Output, Port
from cnnspec_torch.symbolic.graph import BATCH, Steps, module_path, new_values, state_of
from cnnspec_torch.symbolic.modules import Held
from cnnspec_torch.symbolic.tensors import Tensor
from cnnspec_torch.symbolic.world import Unshaped, modules
from cnnspec_torch.worded import worded

#: So many differences are told; the first says what went wrong.
TOLD: Final = 10


def verdict(
    text: str,
    class_name: str,
    graph: Graph,
    lowerings: Mapping[str, Lowering],
    *,
    inference: bool = False,
) -> Verdict:
    """Hold what a class does against its graph, in inference and in training.

    `inference` says that the class was written without training heads. What stands in words in the
    text is lowered otherwise at times, to the same: so a difference is looked at again with that.
    """
    with undisturbed():
        found = _Proof(text, class_name, graph, Steps(lowerings), inference).verdict()
        if found.wrong:
            steps = Steps(lowerings, worded(read_program(graph)))
            found = _Proof(text, class_name, graph, steps, inference).verdict()
    return found


@dataclass(slots=True)
class _Proof:
    text: str
    class_name: str
    graph: Graph
    steps: Steps
    inference: bool
    values: Values = field(default_factory=new_values)

    def verdict(self) -> Verdict:
        """Give what it comes to; what is known by its name alone proves no difference."""
        wrong: tuple[str, ...] = ()
        try:
            wrong = tuple(self._differences())[:TOLD]
        except NotInterpreted as missing:
            return Verdict(unproved=str(missing))
        if self.values.unknown:
            known = ", ".join(self.values.unknown)
            if wrong:
                return Verdict(unproved=f"it uses {known}")
        return Verdict(wrong) if wrong else PROVED

    def _differences(self) -> Iterator[str]:
        values = self.values
        try:
            names = run(self.text, modules(lambda: values))
            model = names[self.class_name]()
            held = state_of(model, values)
        except NotInterpreted:
            raise
        except Exception as failure:  # noqa: BLE001 (what is emitted may fail in any way)
            yield f"the class cannot be made: {_told(failure)}"
            return
        wrong = self._state(held)
        if wrong:
            yield from wrong
            return
        yield from self._run(model, held, training=False)
        heads = not self.inference and any(each.train for each in self.graph.outputs)
        if heads or values.asked:
            yield from self._run(model, held, training=True)

    def _state(self, held: Sequence[Held]) -> list[str]:
        """Hold the state against the graph's."""
        nodes = self.graph.inference_nodes if self.inference else self.graph.nodes
        loose = tuple(key for key, *_, each in held if isinstance(each, Unshaped))
        found = {key: each.shape for key, *_, each in held if not isinstance(each, Unshaped)}
        wanted: dict[str, Lengths] = {}
        for node in nodes:
            if node.weights:
                path = module_path(node.path)
                for weight in node.weights:
                    key = f"{path}.{weight.key}" if weight.key else path
                    if not (loose and key.startswith(loose)):
                        wanted[key] = tuple(weight.shape)
        if found != wanted:
            return [
                f"{key}: the graph has {wanted.get(key)}, the class {found.get(key)}"
                for key in dict.fromkeys((*wanted, *found))
                if found.get(key) != wanted.get(key)
            ]
        order = in_order(wanted)
        for one, other in zip(found, order, strict=True):
            if one != other:
                return [f"{other}: the class has {one} in its place in the state"]
        return []

    def _run(self, model: Any, held: Sequence[Held], *, training: bool) -> Iterator[str]:
        values, graph = self.values, self.graph
        mode = "in training" if training else "in inference"
        heads = training and not self.inference
        nodes = graph.nodes if heads else graph.inference_nodes
        outputs: Sequence[Output] = graph.outputs if heads else graph.inference_outputs
        wanted = self.steps.numbered(graph, nodes, values, training=training)
        for key, *_, each in held:
            each.known(values, key)
        inputs = [
            Tensor(values, values.input(position, (BATCH, *node.shape)))
            for position, node in enumerate(graph.inputs)
        ]
        for tensor in inputs:
            tensor.kept = "its caller"
        values.training, values.seen = training, set()
        try:
            found = _listed(model(*inputs))
        except NotInterpreted:
            raise
        except Exception as failure:  # noqa: BLE001 (likewise)
            yield f"the class stops {mode}: {_told(failure)}"
            return
        if len(found) != len(outputs):
            yield f"the class gives {len(found)} outputs {mode}, the graph {len(outputs)}"
            return
        yield from values.spoilt
        numbers = [each.number for each in found]
        if numbers != [wanted[each.port] for each in outputs]:
            yield from self._where(nodes, outputs, wanted, numbers, mode)

    def _where(
        self,
        nodes: Sequence[Node],
        outputs: Sequence[Output],
        wanted: Mapping[Port, int],
        numbers: Sequence[int],
        mode: str,
    ) -> Iterator[str]:
        """Say where a run differs: the steps that nothing in it does."""
        given = {wanted[node.ports[0]] for node in self.graph.inputs}
        seen = self.values.seen | given
        for node in nodes:
            if not all(wanted[port] in seen for port in node.ports):
                yield f"{node.path}: no operation of the class does this {node.kind} {mode}"
        for output, number in zip(outputs, numbers, strict=True):
            if wanted[output.port] != number:
                yield f"the output {output.name} is another value {mode}"


def in_order(keys: Mapping[str, object]) -> list[str]:
    """Put keys as a model has them: a module's own weights come before what is in it."""
    result: list[str] = []
    waiting: list[tuple[str, list[str]]] = [("", list(keys))]
    while waiting:
        prefix, members = waiting.pop()
        groups: dict[str, list[str]] = {}
        for key in members:
            name, dot, _ = key[len(prefix) :].partition(".")
            if dot:
                groups.setdefault(name, []).append(key)
            else:
                result.append(key)
        waiting += [(f"{prefix}{name}.", each) for name, each in reversed(groups.items())]
    return result


def _listed(given: Any) -> list[Tensor]:
    found: list[Tensor] = []
    rows: Sequence[Any] = given if isinstance(given, list | tuple) else (given,)
    for each in rows:
        if isinstance(each, Tensor):
            found.append(each)
        elif isinstance(each, list | tuple):
            found += _listed(each)
        else:
            raise TypeError(f"it gives a {type(each).__name__}")
    return found


def _told(failure: Exception) -> str:
    first = str(failure).splitlines()
    return f"{type(failure).__name__}: {first[0] if first else ''}"
