"""What torch is seen to do on the meta device: operations, and values by numbers.

A value's number says how it was computed: what was done to which values and weights. What is
computed alike has one number, however it is written and wherever it is kept.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from types import FunctionType
from typing import Any, Final, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from cnnspec.numbering import written


class Valued(NamedTuple):
    """A value among an operation's arguments, by which of them it is."""

    position: int


class Done(NamedTuple):
    """What an operation makes: what was done, which of its results it is, and to which values."""

    template: int
    result: int
    values: tuple[int, ...]


@dataclass(slots=True)
class Numbers:
    """Numbers for values: what is computed alike from values that are alike has one number.

    A tensor's number is that of the value it holds now. What works in place gives its tensor
    another number, and takes away those of all that share its memory.
    """

    _numbers: dict[object, int] = field(default_factory=dict)
    _held: dict[int, tuple[Tensor, int]] = field(default_factory=dict)
    _sharing: dict[int, list[int]] = field(default_factory=dict)

    def of(self, key: object) -> int:
        """Number a key."""
        return self._numbers.setdefault(key, len(self._numbers))

    def hold(self, tensor: Tensor, number: int) -> None:
        """Say which value a tensor holds."""
        if id(tensor) not in self._held:
            self._sharing.setdefault(_memory(tensor), []).append(id(tensor))
        self._held[id(tensor)] = (tensor, number)

    def value(self, tensor: Tensor) -> int:
        """Give the number of the value that a tensor holds; one that nothing made is a constant."""
        known = self._held.get(id(tensor))
        return known[1] if known is not None else self.of(("constant", tuple(tensor.shape)))

    def overwritten(self, tensor: Tensor, number: int) -> None:
        """Note that a tensor was written to: what shares its memory holds nothing known."""
        for each in self._sharing.get(_memory(tensor), ()):
            self._held[each] = (self._held[each][0], self.of(("overwritten", number, each)))
        self.hold(tensor, number)

    def keys(self) -> list[object]:
        """Give what is numbered, in order."""
        return list(self._numbers)


class _Said(NamedTuple):
    """What an operation does: in words, with values by which of its tensors they are."""

    template: int
    order: tuple[int, ...]
    #: Whether it gives its first value as it is, and whether it overwrites it.
    unchanged: bool
    in_place: bool


@dataclass(slots=True)
class Shapes:
    """What operations make on the meta device, by their arguments: torch works that out slowly.

    What makes a tensor like its first is not asked at all. Whether its weights fit is known: their
    shapes are part of what they are to the proof, and the graph's own steps are made of such.
    """

    _known: dict[object, object] = field(default_factory=dict)
    _said: dict[object, _Said] = field(default_factory=dict)
    _templates: dict[object, int] = field(default_factory=dict)
    _trained: set[int] = field(default_factory=set)

    def said(self, func: Any, args: Any, kwargs: Any, tensors: list[Tensor]) -> _Said:
        """Say what an operation does, whatever the values are; add its tensors to a list."""
        key = (func, _marked(args, tensors), _marked(kwargs, tensors))
        if key not in self._said:
            signs: list[Tensor] = []
            name, bound = _bound(func, _signed(args, signs), _signed(kwargs, signs))
            order: list[int] = []
            same = _unchanged(name, bound)
            what = (name, _template(bound if same is None else same, signs, order))
            template = self._templates.setdefault(what, len(self._templates))
            if "training" in bound or "train" in bound:
                self._trained.add(template)
            in_place = func.__name__.endswith("_") and not func.__name__.startswith("__")
            in_place = in_place or bool(kwargs.get("inplace"))
            self._said[key] = _Said(template, tuple(order), same is not None, in_place)
        return self._said[key]

    def speaks_of_training(self, keys: Iterable[object]) -> bool:
        """Whether operations are told that they train."""
        return any(x.template in self._trained for x in keys if isinstance(x, Done))

    def made(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Run an operation that makes new tensors the first time only."""
        if func in ALIKE and not kwargs.get("inplace") and isinstance(args[0], Tensor):
            return _made(_form(args[0]))
        key = (func, _form(args), _form(kwargs))
        if key in self._known:
            form = self._known[key]
            return func(*args, **kwargs) if form is None else _made(form)
        result = func(*args, **kwargs)
        memory = {_memory(each) for each in tensors_in((args, kwargs))}
        own = memory.isdisjoint(_memory(each) for each in tensors_in(result))
        self._known[key] = _form(result) if own else None
        return result


#: Operations that make a tensor like the first that they are given.
ALIKE: Final = frozenset(
    {
        *(F.batch_norm, F.group_norm, F.instance_norm, F.layer_norm, F.local_response_norm),
        *(F.relu, torch.relu, F.relu6, F.hardtanh, F.silu, F.gelu, F.hardswish, F.hardsigmoid),
        *(
            F.elu,
            F.celu,
            F.selu,
            F.mish,
            F.leaky_relu,
            F.prelu,
            F.softplus,
            torch.sigmoid,
            torch.tanh,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class _Form:
    """What a tensor is besides its values."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: torch.dtype


def _form(value: Any) -> object:
    if isinstance(value, Tensor):
        return _Form(tuple(value.shape), value.stride(), value.dtype)
    if isinstance(value, list | tuple):
        return tuple(_form(each) for each in value)
    if isinstance(value, dict):
        return tuple((key, _form(each)) for key, each in value.items())
    return str(value) if isinstance(value, slice) else value


def _made(form: object) -> Any:
    if isinstance(form, _Form):
        return torch.empty_strided(form.shape, form.strides, dtype=form.dtype, device="meta")
    return tuple(_made(each) for each in form) if isinstance(form, tuple) else form


def _memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001


class Log(TorchFunctionMode):
    """Numbers what every operation makes, and keeps the numbers that came up."""

    def __init__(self, numbers: Numbers, shapes: Shapes) -> None:
        super().__init__()
        self.numbers = numbers
        self.shapes = shapes
        self.seen: set[int] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        numbers, kwargs = self.numbers, kwargs or {}
        tensors: list[Tensor] = []
        said = self.shapes.said(func, args, kwargs, tensors)
        values = tuple(numbers.value(tensors[each]) for each in said.order)
        result = self.shapes.made(func, args, kwargs)
        made = tensors_in(result)
        if said.unchanged:
            keys = [values[0]]
        else:
            keys = [numbers.of(Done(said.template, place, values)) for place in range(len(made))]
        taken = [id(each) for each in tensors]
        for position, (tensor, key) in enumerate(zip(made, keys, strict=True)):
            if said.in_place:
                numbers.overwritten(tensor, key)
            elif id(tensor) in taken:  # noise that is off gives what it was given
                keys[position] = numbers.value(tensor)
            else:
                numbers.hold(tensor, key)
        self.seen.update(keys)
        return result


class Unfilled(TorchFunctionMode):
    """Leaves weights without values while modules are made: none has any on the meta device."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__module__", "") == "torch.nn.init" or func in FILLS:
            return (kwargs or {}).get("tensor", args[0] if args else None)
        return func(*args, **(kwargs or {}))


FILLS: Final = frozenset(
    {Tensor.fill_, Tensor.zero_, Tensor.normal_, Tensor.uniform_, Tensor.copy_}
)


def _unchanged(name: str, bound: Mapping[str, Any]) -> Tensor | None:
    """Give the tensor that an operation leaves as it is: nothing added, nothing padded."""
    if name == "pad" and not any(bound["pad"]):
        return bound["input"] if isinstance(bound["input"], Tensor) else None
    if name == "cat" and isinstance(bound.get("tensors"), list) and len(bound["tensors"]) == 1:
        return next(each for each in bound["tensors"] if isinstance(each, Tensor))
    other = bound.get("other")
    if name == "add" and isinstance(other, int | float) and other == 0:
        return bound["self"] if isinstance(bound["self"], Tensor) else None
    return None


@cache
def _parameters(func: Any) -> Callable[..., Mapping[str, Any]]:
    """Give what says an operation's arguments by name, its defaults too."""
    if func in (F.max_pool2d, F.max_pool2d_with_indices):
        func = F._max_pool2d  # type: ignore[attr-defined] # noqa: SLF001 (what it stands for has no signature)
    if isinstance(func, FunctionType):
        signature = inspect.signature(func)

        def by_signature(*args: Any, **kwargs: Any) -> Mapping[str, Any]:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return bound.arguments

        return by_signature
    overloads = getattr(torch.ops.aten, func.__name__.rstrip("_"), None)
    names = [] if overloads is None else overloads.overloads()
    schemas = [getattr(overloads, each)._schema.arguments for each in names]  # noqa: SLF001

    def by_schema(*args: Any, **kwargs: Any) -> Mapping[str, Any]:
        for arguments in schemas:
            given = dict(zip((each.name for each in arguments), args, strict=False)) | kwargs
            if len(given) == len(args) + len(kwargs) and all(map(partial(_fits, given), arguments)):
                known = [each for each in arguments if not each.kwarg_only]
                return {**{each.name: each.default_value for each in known}, **given}
        return {"self": args[0] if args else None, "rest": args[1:], **kwargs}

    return by_schema


def _fits(given: Mapping[str, Any], argument: Any) -> bool:
    """Whether what is given can be an argument of an overload, or may be left out."""
    if argument.name not in given:
        return bool(argument.has_default_value())
    kind, value = str(argument.type), given[argument.name]
    if isinstance(value, Tensor):
        return "Tensor" in kind and "List" not in kind
    if isinstance(value, list | tuple):
        return "List" in kind
    return "List[Tensor]" not in kind and (value is None or kind != "Tensor")


def _bound(func: Any, args: Any, kwargs: Any) -> tuple[str, Mapping[str, Any]]:
    """Name an operation, and its arguments; that it works in place is no argument."""
    if func in (Tensor.reshape, Tensor.permute) and not isinstance(args[1], list | tuple):
        args = (args[0], args[1:])
    if func is F.relu6:  # which is how its layer says it
        func, args = F.hardtanh, (*args, 0.0, 6.0)
    name = func.__name__
    plain = name.rstrip("_") if not name.startswith("__") else name
    said = _parameters(func)(*args, **kwargs)
    ignored = ("inplace", "out")
    return plain, {
        key: each
        for key, each in said.items()
        if key not in ignored and not (key.startswith("_") or each is None)
    }


def _marked(value: Any, tensors: list[Tensor]) -> object:
    """What is said besides tensors: a tensor is how many came before it."""
    if isinstance(value, Tensor):
        tensors.append(value)
        return Valued(len(tensors) - 1)
    if isinstance(value, list | tuple):
        return (type(value), *[_marked(each, tensors) for each in value])
    if isinstance(value, dict):
        return tuple((key, _marked(each, tensors)) for key, each in value.items())
    if isinstance(value, int | float):  # 1 is not True, nor 1.0
        return (type(value), value)
    return str(value) if isinstance(value, slice) else value


def _signed(value: Any, signs: list[Tensor]) -> Any:
    """Put another tensor for each: one that comes up twice is two arguments that may be alike."""
    if isinstance(value, Tensor):
        signs.append(torch.empty(0, device="meta"))
        return signs[-1]
    if isinstance(value, list | tuple):
        each_signed = [_signed(each, signs) for each in value]
        return each_signed if isinstance(value, list) else tuple(each_signed)
    if isinstance(value, dict):
        return {key: _signed(each, signs) for key, each in value.items()}
    return value


def _template(value: Any, tensors: Sequence[Tensor], order: list[int]) -> object:
    """Say an argument; a value by its place in the order in which values come up."""
    if isinstance(value, Tensor):
        position = next(place for place, each in enumerate(tensors) if each is value)
        order.append(position)
        return Valued(len(order) - 1)
    if isinstance(value, dict):
        return tuple((key, _template(x, tensors, order)) for key, x in sorted(value.items()))
    if isinstance(value, list | tuple):
        alike = len(value) == 2 and type(value[0]) is int and value[0] == value[1]
        if alike:
            return written(value[0])
        return tuple(_template(each, tensors, order) for each in value)
    return written(value) if isinstance(value, bool | int | float | str | None) else str(value)


def tensors_in(value: Any) -> list[Tensor]:
    """Give the tensors in a value, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [each for member in value for each in tensors_in(member)]
    return []
