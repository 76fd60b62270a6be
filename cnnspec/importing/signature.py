"""Whether two networks are one: the same steps, with the same arguments, on the same values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cnnspec.graph import Graph, Port
from cnnspec.importing.operators import UNORDERED, plain
from cnnspec.importing.tree import Argument, Record, Step, Value
from cnnspec.ops import OPERATORS

#: Steps that do nothing outside training.
NOISE: Final = tuple(name for name, op in OPERATORS.items() if op.noise is not None)


@dataclass(slots=True)
class Signatures:
    """Numbers values such that two have one number if and only if the same steps lead to them.

    Without `paths`, weights may be called differently; without `noise`, what drops values is none.
    """

    paths: bool = True
    noise: bool = True
    numbers: dict[object, int] = field(default_factory=dict)
    #: A step that a number's value came from.
    steps: dict[int, str] = field(default_factory=dict)

    def input(self, index: int) -> int:
        """Number an input."""
        return self._number(("input", index), "the input")

    def step(
        self,
        operator: str,
        arguments: dict[str, Argument],
        inputs: Sequence[int],
        channels: int,
        path: str | None,
        index: int,
    ) -> int:
        """Number one output of a step; `path` is where its weights are, `channels` what goes in."""
        if operator == "identity" or (operator in NOISE and not self.noise):
            return inputs[0]
        own = path if self.paths else None
        if operator == "dwconv":
            operator, arguments = "conv", dict(arguments)
            times = arguments.pop("multiplier")
            assert isinstance(times, int)
            arguments.update(filters=channels * times, groups=channels)
        if operator in ("maxpool", "avgpool"):
            arguments = {"stride": arguments["size"], **arguments}
        before = tuple(sorted(inputs)) if operator in UNORDERED else tuple(inputs)
        key = (operator, own, tuple(sorted(arguments.items(), key=_by_name)), before, index)
        where = f" at {path}" if path else ""
        return self._number(key, f"{operator}{where}")

    def _number(self, key: object, shown: str) -> int:
        number = self.numbers.setdefault(key, len(self.numbers))
        self.steps.setdefault(number, shown)
        return number


def _by_name(item: tuple[str, Argument]) -> str:
    return item[0]


def of_record(
    signatures: Signatures, steps: Iterable[Step], inputs: Sequence[Value]
) -> dict[Value, int]:
    """Number all values of a recording; its steps stand in an order in which they can run."""
    found = {value: signatures.input(index) for index, value in enumerate(inputs)}
    for step in steps:
        before = [found[each] for each in step.inputs]
        path = step.path if step.weighted else None
        channels = step.inputs[0].shape[0]
        for value in step.outputs:
            found[value] = signatures.step(
                step.operator, step.arguments, before, channels, path, value.index
            )
    return found


def of_graph(signatures: Signatures, graph: Graph) -> dict[str, int]:
    """Number the outputs of a network, by their names."""
    found: dict[Port, int] = {}
    for index, node in enumerate(graph.inputs):
        found[node.ports[0]] = signatures.input(index)
    for node in graph.nodes:
        if node.op.is_input:
            continue
        before = [found[port] for port in node.inputs]
        path = node.path if node.weights else None
        channels = node.input_shapes[0].channels
        arguments = plain(node.op)
        for port in node.ports:
            found[port] = signatures.step(node.kind, arguments, before, channels, path, port.index)
    return {output.name: found[output.port] for output in graph.outputs}


def difference(record: Record, graph: Graph) -> str | None:
    """Say where a network is not the one that was recorded; None: it is."""
    signatures = Signatures()
    ours = of_graph(signatures, graph)
    there = len(signatures.numbers)
    steps = list(record.root.steps())
    known = of_record(signatures, steps, [value for _, value in record.inputs])
    for step in steps:
        if known[step.outputs[0]] >= there:
            return f"there is no {signatures.steps[known[step.outputs[0]]]} as the model has it"
    for result in record.results:
        if result.name not in ours:
            return f"there is no output {result.name}"
        if ours[result.name] != known[result.value]:
            return f"the output {result.name} is another value"
    shapes = [tuple(node.shape) for node in graph.inputs]
    if shapes != [value.shape for _, value in record.inputs]:
        return "the inputs have other shapes"
    return None
