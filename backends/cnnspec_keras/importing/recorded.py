"""Reads a functional model layer by layer into the tree of steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cnnspec.importing.refusal import refused
from cnnspec.importing.tree import (
    PLACE,
    Argument,
    Origin,
    Record,
    Result,
    Scope,
    Shape,
    Step,
    Value,
)
from cnnspec_keras.importing.layers import LAYERS, PREPROCESSING, Layer, numbers
from cnnspec_keras.importing.scopes import crossed, kind, prefixes

_ROOT: Final = Origin("Model", "root")


@dataclass(eq=False)
class Reading:
    """A model as it was read: the steps in order, the layer of each path, what was left out."""

    steps: list[Step] = field(default_factory=list)
    #: The name of the layer that each step came from.
    names: dict[Step, str] = field(default_factory=dict)
    keys: dict[Step, str] = field(default_factory=dict)
    layers: dict[str, Any] = field(default_factory=dict)
    inputs: list[tuple[str, Value, Any]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    #: Whether some layer pads by `same` and has a stride.
    keeps_same: bool = False


def read(model: Any) -> Reading:
    """Read a functional model; raises SpecError for a layer that no operator is."""
    model = graph_of(model)
    if not hasattr(model, "_nodes_by_depth"):
        raise refused(
            f"{model.name} is a {type(model).__name__}, and no functional model",
            help="a subclassed model has no graph: write it as a functional one",
        )
    found = Reading(keeps_same=any(map(_strides, _layers(model))))
    values: dict[int, Value] = {}
    flows: dict[int, Any] = {}
    for tensor in model.inputs:
        value = Value(shape_of(tensor))
        values[id(tensor)] = value
        flows[id(tensor)] = tensor
    _walk(found, model, values, set(values), flows)
    read_first = {value for step in found.steps for value in step.inputs if value.step is None}
    ordered = [each for each in values.items() if each[1] in read_first]
    for index, (identity, value) in enumerate(dict.fromkeys(ordered)):
        word = "image" if len(value.shape) == 3 else "features"
        name = word if len(read_first) == 1 else f"{word}{index + 1}"
        found.inputs.append((name, value, flows[identity]))
    for name, tensor in _outputs(model):
        found.results.append(Result(name, values[id(tensor)]))
    return found


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        else:
            yield layer


def _strides(layer: Any) -> bool:
    window = hasattr(layer, "kernel_size") and getattr(layer, "padding", None) == "same"
    return window and numbers(layer.strides) != 1


def graph_of(model: Any) -> Any:
    """Give the functional model that a sequential one is."""
    return getattr(model, "_functional", None) or model


def shape_of(tensor: Any) -> Shape:
    """Give a tensor's shape, channels first, without its batch; raises SpecError."""
    shape = tuple(tensor.shape[1:])
    if any(length is None for length in shape):
        raise refused(
            f"the input {tensor.name} has no size",
            help="build the model with one: `input_shape=(224, 224, 3)`",
        )
    return (shape[-1], *shape[:-1])


def _outputs(model: Any) -> Iterator[tuple[str, Any]]:
    output = model.output
    if isinstance(output, dict):
        yield from ((str(name), each) for name, each in output.items())
        return
    given = output if isinstance(output, list | tuple) else [output]
    names = getattr(model, "output_names", [])
    for index, each in enumerate(given):
        own = re.sub(r"\W+", "_", names[index]) if len(given) > 1 else ""
        yield own or ("logits" if len(each.shape) == 2 else "features"), each


def _walk(
    found: Reading,
    model: Any,
    values: dict[int, Value],
    raw: set[int],
    flows: dict[int, Any],
) -> None:
    """Read the calls of a model in an order in which they can run; `raw` are values of pixels."""
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            layer = node.operation
            if node.is_input or type(layer).__name__ == "InputLayer":
                continue
            if len(layer._inbound_nodes) > 1 and layer.weights:
                raise refused(
                    f"the layer {layer.name} is called twice",
                    help="a spec's step has weights of its own",
                )
            inputs = [values[id(each)] for each in node.input_tensors]
            (output,) = node.outputs if len(node.outputs) == 1 else (None,)
            if output is None:
                raise refused(f"the layer {layer.name} has several outputs")
            own = type(layer).__name__
            flows[id(output)] = output
            if own in PREPROCESSING and {id(each) for each in node.input_tensors} <= raw:
                found.left_out.append(f"{layer.name}, a {own}")
                raw.add(id(output))
                values[id(output)] = Value(shape_of(output))
                continue
            if hasattr(graph_of(layer), "_nodes_by_depth"):
                _nested(found, graph_of(layer), inputs, values, id(output))
                continue
            values[id(output)] = _call(found, layer, inputs, output)


def _nested(
    found: Reading, model: Any, inputs: Sequence[Value], values: dict[int, Value], output: int
) -> None:
    """Read a model that is a layer of another."""
    inner = {id(tensor): value for tensor, value in zip(model.inputs, inputs, strict=True)}
    _walk(found, model, inner, set(), {})
    (tensor,) = model.outputs
    values[output] = inner[id(tensor)]


def _call(found: Reading, layer: Any, inputs: Sequence[Value], output: Any) -> Value:
    rule = LAYERS.get(type(layer).__name__)
    if rule is None:
        raise refused(
            f"there is no operator for a {type(layer).__name__}", f"the layer {layer.name}"
        )

    def put(
        operator: str,
        arguments: dict[str, Argument],
        read: Sequence[Value],
        shape: Shape,
        *,
        weighted: bool,
        key: str,
    ) -> Value:
        step = Step(operator, arguments, list(read), [], "", weighted)
        value = Value(shape, step)
        step.outputs = [value]
        found.steps.append(step)
        found.names[step] = layer.name
        found.keys[step] = key
        return value

    call = Layer(layer, inputs, shape_of(output), put, keeps_same=found.keeps_same)
    return rule(call)


def tree(found: Reading, name: str, parameters: int, meta: Mapping[str, str]) -> Record:
    """Put the steps into scopes by their layers' names."""
    refusals: frozenset[str] = frozenset()
    while True:
        blocks = prefixes(dict.fromkeys(found.names.values()), refusals)
        block = {step: blocks[own] for step, own in found.names.items() if own in blocks}
        odd = crossed(found.steps, block)
        if not odd:
            break
        refusals |= odd
    root = Scope("", _ROOT)
    scopes: dict[str, Scope] = {}
    for step in found.steps:
        own = found.names[step]
        prefix = block.get(step)
        scope = root
        if prefix is not None:
            if prefix not in scopes:
                scopes[prefix] = Scope(clean(prefix), Origin(kind(prefix), kind(prefix)))
                root.members.append(scopes[prefix])
            scope = scopes[prefix]
        local = own[len(prefix) + 1 :] if prefix is not None else own
        parts = [scope.path, clean(local) if step.weighted else PLACE, found.keys[step]]
        step.path = ".".join(each for each in parts if each)
        scope.members.append(step)
    root.members = _ordered(root.members)
    inputs = [(own, value) for own, value, _ in found.inputs]
    return Record(root, inputs, found.results, name, parameters, meta)


def clean(name: str) -> str:
    """Write a layer's name as a label may be."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)


def _ordered(members: Sequence[Step | Scope]) -> list[Step | Scope]:
    """Order scopes and steps such that each stands behind what it reads."""
    owner = {step: member for member in members for step in _steps(member)}
    done: dict[Step | Scope, None] = {}
    for start in members:
        pending = [start]
        while pending:
            top = pending[-1]
            before = [
                owner[value.step]
                for step in _steps(top)
                for value in step.inputs
                if value.step is not None and owner[value.step] is not top
            ]
            missing = [each for each in before if each not in done]
            if missing and top not in done:
                pending += missing
                continue
            done.setdefault(top)
            pending.pop()
    return list(done)


def _steps(member: Step | Scope) -> list[Step]:
    return list(member.steps()) if isinstance(member, Scope) else [member]
