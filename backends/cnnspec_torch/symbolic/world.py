"""The modules that emitted source imports, for one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnnspec.emit.sandbox import NotInterpreted
from cnnspec.emit.values import Made, Values
from cnnspec.numbering import written
from cnnspec_torch.symbolic.functions import FUNCTIONAL, TORCH
from cnnspec_torch.symbolic.layers import LAYERS
from cnnspec_torch.symbolic.modules import Module
from cnnspec_torch.symbolic.tensors import ANY_TYPE, Parameter, Tensor
from cnnspec_torch.symbolic.unknown import UnknownFunction, recorded


class Namespace:
    """A module of torch: what is known of it, and a record of what is not."""

    def __init__(self, name: str, known: Mapping[str, Any], other: Callable[[str], Any]) -> None:
        self.__dict__.update(known)
        self.__dict__["_symbol_name"] = name
        self.__dict__["_symbol_other"] = other

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._symbol_other(name)


class UnknownLayer(Module):
    """A layer that is known by its name: it is its arguments and whatever weights it has."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__()
        self.__dict__.update(what=what, said=said)
        #: Its weights, as one of no shape.
        self._parameters[""] = Unshaped()

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        made = recorded(f"{self.what}{self.said}", arguments, keywords)
        values = made.values
        weights = self._parameters[""]
        assert weights is not None
        return made.made("of", self._symbol_trains(), weights) if values else made


class Unshaped(Parameter):
    """The weights of a layer that is not known."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(())

    def known(self, values: Values, key: str) -> None:
        self.values = values
        self.number = values.weight(key.removesuffix("."), None)
        values.unknown[f"the weights of {key}"] = None


def modules(run: Callable[[], Values]) -> dict[str, Any]:
    """Give what source may import of torch; `run` gives the run that it is in."""

    def full(size: Any, fill_value: float, **_: object) -> Tensor:
        values = run()
        return Tensor(values, values.number(Made("full", (tuple(size), float(fill_value)), ())))

    def rand(*size: Any, **_: object) -> Tensor:
        shape = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
        values = run()
        return Tensor(values, values.number(Made("rand", (shape,), ())))

    def layer(name: str) -> Any:
        def made(*arguments: Any, **keywords: Any) -> Module:
            return UnknownLayer(f"nn.{name}", _said(arguments, keywords))

        return made

    def function(name: str) -> Any:
        return UnknownFunction(f"F.{name}")

    def other(name: str) -> Any:
        return UnknownFunction(f"torch.{name}")

    functional = Namespace("torch.nn.functional", FUNCTIONAL, function)
    nn = Namespace("torch.nn", {**LAYERS, "functional": functional}, layer)
    types = dict.fromkeys(("float32", "float64", "float16", "bfloat16", "int64", "long"), ANY_TYPE)
    own = {"Tensor": Tensor, "nn": nn, "full": full, "rand": rand, **types}
    torch = Namespace("torch", {**TORCH, **own}, other)
    return {"torch": torch, "torch.nn": nn, "torch.nn.functional": functional}


def _said(arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> str:
    for each in (*arguments, *keywords.values()):
        if isinstance(each, Module | Tensor) or callable(each):
            raise NotInterpreted("it makes a layer that is not known of another")
    return written([arguments, dict(sorted(keywords.items()))])
