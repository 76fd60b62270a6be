"""The graph's side: its steps one by one, each lowered by itself and followed by symbols."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cnnspec.emit.code import Raw
from cnnspec.emit.lowered import Doing, Index
from cnnspec.emit.sandbox import NotInterpreted, run
from cnnspec.emit.site import site_of
from cnnspec.emit.values import Lengths, Made, Values
from cnnspec.graph import Graph, Node, Port
from cnnspec.kinds import Refusal
from cnnspec.shapes import Shape
from cnnspec_keras.functions import FUNCTIONS
from cnnspec_keras.layers import LAYERS
from cnnspec_keras.lowerings.parts import PLAIN, LayerName
from cnnspec_keras.names import layer_name
from cnnspec_keras.orders import channels_last
from cnnspec_keras.symbolic.forms import REWRITES
from cnnspec_keras.symbolic.tensors import KerasTensor, Run, tensors_in
from cnnspec_keras.symbolic.world import modules
from cnnspec_keras.weights import Tensor, place

#: What a layer of a step by itself is called.
NAME: Final = "step"


def new_run() -> Run:
    """Start a run."""
    return Run(Values(REWRITES, {}))


def lengths_of(shape: Shape) -> Lengths:
    """Give a shape as Keras has it, without the batch."""
    return (*shape[1:], shape[0])


class _Names(dict[str, Any]):
    """What lowered code speaks of: Keras, and what is ours, which is run as it is needed."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        keras = known["keras"]
        own = {"layers": keras.layers, "ops": keras.ops, "KerasTensor": KerasTensor}
        super().__init__(
            keras=keras, np=known["numpy"], math=math, Any=Any, Sequence=Sequence, _index=Index()
        )
        self.update(own)
        self.known = known

    def __missing__(self, name: str) -> Any:
        source = LAYERS.get(name) or FUNCTIONS.get(name)
        if source is None:
            raise KeyError(name)
        run(source, self.known, self)
        return self[name]


class _Doing(Doing):
    """Does lowered code, in which layers are called after their step."""

    def other(self, code: object) -> Any:
        if isinstance(code, LayerName):
            return f"{NAME}_{code.word}" if code.word else NAME
        return super().other(code)


@dataclass(slots=True)
class _Recipe:
    """What a step does, in numbers of its own: how they are made, and those that come out."""

    keys: list[Made]
    shapes: Mapping[int, Lengths]
    outputs: list[int]
    unknown: list[str]
    #: In what its weights are not those that are declared.
    wrong: str | None

    def done(self, inputs: Sequence[int], name: str, values: Values) -> list[int]:
        """Do it to values of a run."""
        known: list[int] = []
        for place_, made in enumerate(self.keys):
            if made.what == "input":
                assert isinstance(made.arguments, int)
                known.append(inputs[made.arguments])
            elif made.what == "weight":
                key, shape = _weight(made)
                known.append(values.weight(name + key[len(NAME) :], shape))
            else:
                each = tuple([known[x] if x >= 0 else x for x in made.values])
                number = values.make(made.what, made.arguments, each)
                if place_ in self.shapes:
                    values.shapes.setdefault(number, self.shapes[place_])
                known.append(number)
        return [known[each] for each in self.outputs]


@dataclass(slots=True)
class Steps:
    """The steps of a graph; those that are alike are lowered and done once."""

    graph: Graph
    lowerings: Mapping[str, Any]
    wrong: list[str] = field(default_factory=list)
    _run: Run = field(default_factory=new_run)
    _doing: _Doing | None = None
    _known: dict[object, _Recipe] = field(default_factory=dict)
    _recipes: dict[object, _Recipe] = field(default_factory=dict)

    def numbered(self, nodes: Sequence[Node], values: Values) -> dict[Port, int]:
        """Give the number of every port of nodes."""
        orders = channels_last(self.graph)
        found: dict[Port, int] = {}
        for node in nodes:
            name = layer_name(node.path)
            if node.kind == "input":
                made = [values.number(Made("input", name, ()))]
            else:
                image = orders.get(node.inputs[0].node.index)
                recipe = self._recipe(node, image, plain=node.index in orders)
                values.unknown.update(dict.fromkeys(recipe.unknown))
                if recipe.wrong is not None:
                    self.wrong.append(f"{node.path}: {recipe.wrong}")
                made = recipe.done([found[port] for port in node.inputs], name, values)
            for port, number in zip(node.ports, made, strict=True):
                found[port] = number
                values.shapes[number] = lengths_of(port.shape)
        return found

    def _recipe(self, node: Node, image: Shape | None, *, plain: bool) -> _Recipe:
        first = (node.op, node.input_shapes, image, plain)
        if first not in self._known:
            key = (type(node.op), tuple(node.op.values.values()), *first[1:])
            if key not in self._recipes:
                self._recipes[key] = self._made(node, image, plain=plain)
            self._known[first] = self._recipes[key]
        return self._known[first]

    def _made(self, node: Node, image: Shape | None, *, plain: bool) -> _Recipe:
        """Do a step once, and note what was done to what."""
        site = site_of(node.op, node.input_shapes, Raw("x"))
        if plain and node.kind == "flatten":
            site = dataclasses.replace(site, facts=frozenset([PLAIN]))
        lowered = self.lowerings[node.kind](site)
        self._run = new_run()
        if self._doing is None:
            self._doing = _Doing(_Names(modules(lambda: self._run)))
        values = self._run.values
        inputs = []
        for position, shape in enumerate(node.input_shapes):
            number = values.number(Made("input", position, ()))
            values.shapes[number] = lengths_of(shape)
            inputs.append(KerasTensor(self._run, number))
        self._doing.names["x"] = inputs[0]
        try:
            made = tensors_in(self._doing.value(lowered.flow, tuple(inputs)))
        except (TypeError, ValueError, AttributeError, LookupError) as failure:
            raise NotInterpreted(f"{node.kind} by itself stops: {failure}") from failure
        outputs = [each.number for each in made]
        wrong = _weights(node, image, values)
        return _Recipe(values.keys, values.shapes, outputs, list(values.unknown), wrong)


def _weight(made: Made) -> tuple[str, Lengths | None]:
    key: str
    shape: Lengths | None
    key, shape = made.arguments  # type: ignore[misc]
    return key, shape


def _weights(node: Node, image: Shape | None, values: Values) -> str | None:
    """Hold the weights of a step's layers against those that are declared."""
    found: dict[str, object] = {}
    for each in values.keys:
        if each.what == "weight":
            key, shape = _weight(each)
            found[key] = shape
    if None in found.values():
        return None
    wanted: dict[str, object] = {}
    for weight in node.weights:
        tensor = Tensor(node.op, node.input_shapes, weight.shape, image)
        try:
            variable, layout = place(weight.key, tensor)
        except Refusal as unknown:
            raise NotInterpreted(str(unknown)) from None
        wanted[f"{NAME}/{variable}"] = layout.keras
    return None if found == wanted else f"its layers have {found}, which should be {wanted}"
