"""The graph's side: its steps one by one, each lowered by itself and followed by symbols."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from cnnspec.emit.lowered import Doing, Index
from cnnspec.emit.lowering import Applied, Lowered, Lowering, compact
from cnnspec.emit.sandbox import NotInterpreted, run
from cnnspec.emit.values import Lengths, Made, Values
from cnnspec.expression import Written, literal
from cnnspec.graph import Graph, Node, Port
from cnnspec.source import Span
from cnnspec_torch.attributes import attribute
from cnnspec_torch.layers import LAYERS
from cnnspec_torch.symbolic.forms import REWRITES
from cnnspec_torch.symbolic.modules import Held, Module
from cnnspec_torch.symbolic.shapes import RULES
from cnnspec_torch.symbolic.tensors import Parameter, Tensor
from cnnspec_torch.symbolic.world import modules

#: Examples in a batch: two, so that an axis of the batch is no axis of length one.
BATCH: Final = 2
#: By place in the text, the arguments that are said in words there: lowerings ask.
Worded = Mapping[Span, frozenset[str]]
_attribute = cache(attribute)


def new_values() -> Values:
    """Start a run."""
    return Values(REWRITES, RULES)


def module_path(path: str) -> str:
    """Give a step's path in the model."""
    return ".".join([_attribute(each) for each in path.split(".")])


class _Names(dict[str, Any]):
    """What lowered code speaks of: torch, and layers of ours, which are run as they are needed."""

    def __init__(self, torch: Mapping[str, Any]) -> None:
        nn = torch["torch.nn"]
        own = {"F": nn.functional, "Tensor": Tensor, "math": math, "_index": Index()}
        super().__init__(torch=torch["torch"], nn=nn, **own)
        self.torch = torch

    def __missing__(self, name: str) -> Any:
        if name not in LAYERS:
            raise KeyError(name)
        run(LAYERS[name].source, self.torch, self)
        return self[name]


@dataclass(slots=True)
class _Recipe:
    """What a step does, in numbers of its own: how they are made, and those that come out."""

    keys: list[Made]
    outputs: list[int]
    #: Whether it does the same in inference and in training, and what of it is not known.
    settled: bool
    unknown: list[str]

    def done(self, inputs: Sequence[int], path: str, values: Values) -> list[int]:
        """Do it to values of a run."""
        known: list[int] = []
        for made in self.keys:
            if made.what == "input":
                assert isinstance(made.arguments, int)
                known.append(inputs[made.arguments])
            elif made.what == "weight":
                word, shape = _weight(made)
                known.append(values.weight(f"{path}.{word}" if word else path, shape))
            else:
                each = tuple([known[x] if x >= 0 else x for x in made.values])
                known.append(values.make(made.what, made.arguments, each))
        return [known[each] for each in self.outputs]


def _weight(made: Made) -> tuple[str, Lengths | None]:
    word: str
    shape: Lengths | None
    word, shape = made.arguments  # type: ignore[misc]
    return word, shape


@dataclass(slots=True)
class Steps:
    """The steps of graphs; those that are alike are lowered and done once."""

    lowerings: Mapping[str, Lowering]
    worded: Worded = field(default_factory=dict)
    training: bool = False
    #: The step that is done now: its values, and what its code may speak of.
    values: Values = field(default_factory=new_values)
    _doing: Doing | None = None
    _recipes: dict[object, _Recipe] = field(default_factory=dict)
    _known: dict[object, _Recipe] = field(default_factory=dict)

    def numbered(
        self, graph: Graph, nodes: Sequence[Node], values: Values, *, training: bool
    ) -> dict[Port, int]:
        """Give the number of every port of nodes."""
        if training != self.training:
            self.training = training
            self._known = {}
            self._recipes = {key: each for key, each in self._recipes.items() if each.settled}
        found: dict[Port, int] = {}
        for position, node in enumerate(graph.inputs):
            found[node.ports[0]] = values.input(position, (BATCH, *node.shape))
        for node in nodes:
            if node.kind == "input":
                continue
            recipe = self._recipe(node)
            for each in recipe.unknown:
                values.unknown[each] = None
            given = [found[port] for port in node.inputs]
            made = recipe.done(given, module_path(node.path), values)
            for port, number in zip(node.ports, made, strict=True):
                found[port] = number
                values.shapes[number] = (BATCH, *port.shape)
        return found

    def _recipe(self, node: Node) -> _Recipe:
        worded = self.worded.get(node.span, frozenset())
        first = (node.op, node.input_shapes, worded)
        if first not in self._known:
            arguments = tuple(node.op.values.values())
            key = (type(node.op), arguments, *first[1:])
            if key not in self._recipes:
                self._recipes[key] = self._made(node, worded)
            self._known[first] = self._recipes[key]
        return self._known[first]

    def _made(self, node: Node, worded: frozenset[str]) -> _Recipe:
        """Do a step once, and note what was done to what."""
        words = {
            key: Written(getattr(node.op, key), literal(compact(getattr(node.op, key))))
            for key in sorted(worded)
        }
        lowered = self.lowerings[node.kind](Applied(node.op, node.input_shapes, node.shapes, words))
        values = self.values = new_values()
        values.training = self.training
        if self._doing is None:
            self._doing = Doing(_Names(modules(lambda: self.values)))
        doing = self._doing
        try:
            return self._followed(node, lowered, doing)
        except (TypeError, ValueError, AttributeError, LookupError) as failure:
            raise NotInterpreted(f"{node.kind} by itself stops: {failure}") from failure

    def _followed(self, node: Node, lowered: Lowered, doing: Doing) -> _Recipe:
        values = self.values
        module = None if lowered.module is None else doing.value(lowered.module)
        if isinstance(module, Parameter):
            module.known(values, "")
        elif isinstance(module, Module):
            for key, _, _, each in state_of(module, values):
                each.known(values, key)
        inputs = tuple(
            Tensor(values, values.input(position, (BATCH, *shape)))
            for position, shape in enumerate(node.input_shapes)
        )
        values.asked = False
        made = doing.value(lowered.flow, inputs, module)
        outputs = [each.number for each in (made if isinstance(made, list | tuple) else (made,))]
        settled = not (values.asked or _knows_training(values.keys))
        return _Recipe(values.keys, outputs, settled, list(values.unknown))


def _knows_training(keys: Sequence[Made]) -> bool:
    return any(each.what in ("batch_norm", "of") or "drop" in each.what for each in keys)


def state_of(module: Module, values: Values) -> list[Held]:
    """List a model's state by key, in order, and say of which run its modules are."""
    found: list[Held] = []
    module.symbol_walk__("", found, values)
    return found
