"""The modules that emitted Keras source imports, for one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final

from cnnspec.emit.sandbox import NotInterpreted
from cnnspec.emit.values import Lengths, Made
from cnnspec.numbering import written
from cnnspec_keras.symbolic import numbers
from cnnspec_keras.symbolic.layers import LAYERS
from cnnspec_keras.symbolic.own import registered
from cnnspec_keras.symbolic.tensors import (
    KerasTensor,
    Layer,
    Model,
    Run,
    placeholder,
    tensors_in,
)

NUMPY: Final = SimpleNamespace(**{name: getattr(numbers, name) for name in numbers.NAMES})


class Namespace:
    """A module of Keras: what is known of it, and what stands for anything else."""

    def __init__(self, known: Mapping[str, Any], other: Callable[[str], Any]) -> None:
        self.__dict__.update(known)
        self.__dict__["symbol_other__"] = other

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.symbol_other__(name)


class UnknownLayer(Layer):
    """A layer that is known by its name: it is its arguments and whatever weights it has."""

    def __init__(self, what: str, said: str, name: str | None) -> None:
        super().__init__(name)
        self.what = what
        self.said = said

    def done(self, given: Any, numbers: list[int]) -> Any:
        first, *others = tensors_in(given)
        values = first.run.values
        values.unknown[self.what] = None
        weights = KerasTensor(first.run, values.weight(self.name, None))
        return first.made(f"?{self.what}", self.said, None, *others, weights)


def modules(run: Callable[[], Run]) -> dict[str, Any]:
    """Give what source may import; `run` gives the run that it is in."""

    def input_(shape: Sequence[int | None], name: str | None = None) -> KerasTensor:
        lengths = tuple([int(each or 0) for each in shape])
        if name is None:
            return placeholder(run(), lengths)
        return given(run(), name, lengths)

    def layer(name: str) -> Any:
        def made(*arguments: Any, name: str | None = None, **keywords: Any) -> Layer:
            said = written([_plain(arguments), _plain(dict(sorted(keywords.items())))])
            return UnknownLayer(f"layers.{word}", said, name)

        word = name
        return made

    def missing(name: str) -> Any:
        raise NotInterpreted(f"it uses keras.{name}")

    def operation(name: str) -> Any:
        def stopped(*_: Any, **__: Any) -> Any:
            raise NotInterpreted(f"it calls keras.ops.{name}")

        return stopped

    layers = Namespace(LAYERS, layer)
    ops = Namespace({"shape": lambda x: x.shape}, operation)
    known = {
        "layers": layers,
        "ops": ops,
        "KerasTensor": KerasTensor,
        "Input": input_,
        "Model": Model,
        "saving": SimpleNamespace(register_keras_serializable=lambda package: registered),
        "initializers": SimpleNamespace(Constant=lambda value: ("Constant", float(value))),
    }
    keras = Namespace(known, missing)
    return {"keras": keras, "keras.layers": layers, "keras.ops": ops, "numpy": NUMPY}


def given(run: Run, name: str, lengths: Lengths) -> KerasTensor:
    """Give a network's input of a name."""
    number = run.values.number(Made("input", name, ()))
    run.values.shapes[number] = lengths
    return KerasTensor(run, number)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise NotInterpreted(f"it gives a {type(value).__name__} to a layer")
