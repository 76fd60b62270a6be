"""Keras's tensors as numbers of values, and its layers as what is done to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cnnspec.emit.sandbox import NotInterpreted
from cnnspec.emit.values import NOTHING, Lengths, Made, Values


@dataclass(slots=True)
class Run:
    """A run: its values, and the layers that were called, by name, with what they gave."""

    values: Values
    called: dict[str, tuple[Layer, list[int]]] = field(default_factory=dict)
    #: Inputs of models in it.
    inner: int = 0


class KerasTensor:
    """A value of a run."""

    __slots__ = ("number", "run")

    def __init__(self, run: Run, number: int) -> None:
        self.run = run
        self.number = number

    @property
    def lengths(self) -> Lengths:
        """Its lengths, without the batch."""
        found = self.run.values.shapes.get(self.number)
        if found is None:
            raise NotInterpreted("it asks for a shape that only Keras knows")
        return found

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Its lengths; nothing is known of the batch."""
        return (None, *self.lengths)

    def made(
        self, what: str, arguments: object, lengths: Lengths | None, *others: KerasTensor | None
    ) -> KerasTensor:
        """Give a tensor that is made of this one, and of others."""
        values = self.run.values
        taken = (self.number, *[NOTHING if x is None else x.number for x in others])
        number = values.make(what, arguments, taken)
        values.seen.add(number)
        if lengths is not None:
            values.shapes.setdefault(number, lengths)
        return KerasTensor(self.run, number)


class Layer:
    """A layer: what it does to what it is called with; its weights are known by its name."""

    name: str

    def __init__(self, name: str | None = None) -> None:
        self.name = name or ""

    def __call__(self, given: Any) -> Any:
        first = given[0] if isinstance(given, list | tuple) else given
        if not isinstance(first, KerasTensor):
            raise TypeError(f"{type(self).__name__} is called with a {type(first).__name__}")
        run: Run = first.run
        known, numbers = run.called.setdefault(self.name, (self, []))
        if known is not self:
            raise ValueError(f"two layers are called {self.name!r}")
        result = self.done(given, numbers)
        numbers += [each.number for each in tensors_in(result)]
        return result

    def done(self, given: Any, numbers: list[int]) -> Any:
        """Do it; numbers of what it makes on the way may be added."""
        raise NotInterpreted(f"it has a layer {type(self).__name__} of its own")

    def get_config(self) -> dict[str, Any]:
        """Give nothing: nobody asks."""
        return {}

    def weight(self, run: Run, variable: str, shape: Sequence[int]) -> KerasTensor:
        """Give a weight of it."""
        number = run.values.weight(f"{self.name}/{variable}", tuple(shape))
        return KerasTensor(run, number)


def tensors_in(value: Any) -> list[KerasTensor]:
    """Give the tensors of what a layer gives, or a network."""
    if isinstance(value, KerasTensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [each for part in value for each in tensors_in(part)]
    raise TypeError(f"a {type(value).__name__} is no tensor")


class Model(Layer):
    """A model: from its inputs to its outputs; called, it does to others what it did to those."""

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.inputs = tensors_in(inputs)
        self.output = outputs

    @property
    def input(self) -> Any:
        """Give what goes in."""
        return self.inputs[0] if len(self.inputs) == 1 else self.inputs

    def done(self, given: Any, numbers: list[int]) -> Any:
        run = self.inputs[0].run
        known = {
            old.number: new.number for old, new in zip(self.inputs, tensors_in(given), strict=True)
        }
        return self._done(run, self.output, known)

    def _done(self, run: Run, outputs: Any, known: dict[int, int]) -> Any:
        if isinstance(outputs, KerasTensor):
            return KerasTensor(run, _again(run.values, outputs.number, known))
        if isinstance(outputs, dict):
            return {key: self._done(run, each, known) for key, each in outputs.items()}
        return [self._done(run, each, known) for each in outputs]


def _again(values: Values, number: int, known: dict[int, int]) -> int:
    """Make a value again of other inputs."""
    waiting = [number]
    while waiting:
        each = waiting[-1]
        made = values.keys[each]
        more = [x for x in made.values if x != NOTHING and x not in known]
        if each in known:
            waiting.pop()
        elif more:
            waiting += more
        elif not made.values:
            known[each] = each
        else:
            taken = tuple([known[x] if x != NOTHING else x for x in made.values])
            new = known[each] = values.make(made.what, made.arguments, taken)
            values.seen.add(new)
            if each in values.shapes:
                values.shapes.setdefault(new, values.shapes[each])
    return known[number]


def placeholder(run: Run, lengths: Lengths) -> KerasTensor:
    """Give the input of a model in a model."""
    number = run.values.number(Made("inner", run.inner, ()))
    run.inner += 1
    run.values.shapes[number] = lengths
    return KerasTensor(run, number)
