"""The proof: what an emitted class does, operation by operation, is what the graph says.

Class and graph are run on the meta device, where nothing is computed. Each operation of torch is
known by what it does to which values (`cnnspec.numbering` says how values are known), weights by
their keys. The graph's side is its steps one by one, lowered each by itself with the numbers that
it has. Where every output has the number that the graph's has, the class computes what the graph
says, whatever the weights: the order in which branches run, names and containers do not matter, and
a step that is used twice, a branch that is left out and a weight under another's key all do.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from types import FunctionType
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnnspec.emit.bodies import read_program
from cnnspec.emit.code import Raw
from cnnspec.emit.lowering import Applied, Lowering, compact
from cnnspec.emit.printer import expression, fill
from cnnspec.emit.program import ListOf, Literal, OperatorStep, Program, parts
from cnnspec.expression import Written, literal
from cnnspec.graph import Graph, Node, Output, Port
from cnnspec.numbering import written
from cnnspec.source import Span
from cnnspec_torch import layers_source
from cnnspec_torch.attributes import state_key

#: So many differences are told; the first says what went wrong.
TOLD: Final = 10
#: Examples in a batch: two, so that an axis of the batch is no axis of length one.
BATCH: Final = 2


@dataclass(frozen=True, slots=True)
class Valued:
    """A value among an operation's arguments, by its number."""

    number: int


@dataclass(slots=True)
class Numbers:
    """Numbers for values: what is computed alike from values that are alike has one number.

    A tensor's number is that of the value it holds now. What works in place gives its tensor
    another number, and takes away those of all that share its memory.
    """

    _numbers: dict[object, int] = field(default_factory=dict)
    _held: dict[int, tuple[Tensor, int]] = field(default_factory=dict)
    _sharing: dict[int, list[int]] = field(default_factory=dict)
    #: What operations make, by their arguments: torch works that out slowly, for some.
    _shaped: dict[object, object] = field(default_factory=dict)

    def shaped(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Run an operation on the meta device, where it makes new tensors only the first time."""
        key = (func, _form(args), _form(kwargs))
        if key in self._shaped:
            form = self._shaped[key]
            return func(*args, **kwargs) if form is None else _made(form)
        result = func(*args, **kwargs)
        memory = {_memory(each) for each in _tensors((args, kwargs))}
        own = memory.isdisjoint(_memory(each) for each in _tensors(result))
        self._shaped[key] = _form(result) if own else None
        return result

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

    def __init__(self, numbers: Numbers) -> None:
        super().__init__()
        self.numbers = numbers
        self.seen: set[int] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        numbers = self.numbers
        name, bound = _bound(func, args, kwargs or {})
        said = _said(bound, numbers)
        result = numbers.shaped(func, args, kwargs or {})
        made = _tensors(result)
        in_place = func.__name__.endswith("_") and not func.__name__.startswith("__")
        in_place = in_place or bool((kwargs or {}).get("inplace"))
        taken = {id(each) for each in _tensors(args)}
        if (same := _unchanged(name, bound)) is not None:
            keys = [numbers.value(same)]
        else:
            keys = [numbers.of((name, said, position)) for position in range(len(made))]
        for position, (tensor, key) in enumerate(zip(made, keys, strict=True)):
            if in_place:
                numbers.overwritten(tensor, key)
            elif id(tensor) in taken:  # noise that is off gives what it was given
                keys[position] = numbers.value(tensor)
            else:
                numbers.hold(tensor, key)
        self.seen.update(keys)
        return result


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


def _said(value: Any, numbers: Numbers) -> object:
    if isinstance(value, Tensor):
        return Valued(numbers.value(value))
    if isinstance(value, dict):
        return tuple((key, _said(each, numbers)) for key, each in sorted(value.items()))
    if isinstance(value, list | tuple):
        alike = len(value) == 2 and type(value[0]) is int and value[0] == value[1]
        return written(value[0]) if alike else tuple(_said(each, numbers) for each in value)
    return written(value) if isinstance(value, bool | int | float | str | None) else str(value)


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [each for member in value for each in _tensors(member)]
    return []


# --- the class


def _run(
    model: nn.Module, shapes: Sequence[Sequence[int]], numbers: Numbers, *, training: bool
) -> tuple[list[int], set[int]]:
    """Run a model; give its outputs' numbers, and all that came up."""
    for key, tensor in model.state_dict(keep_vars=True).items():
        numbers.hold(tensor, numbers.of(("weight", key)))
    inputs = [torch.empty(BATCH, *shape, device="meta") for shape in shapes]
    for position, tensor in enumerate(inputs):
        numbers.hold(tensor, numbers.of(("input", position)))
    log = Log(numbers)
    model.train(training)
    with torch.no_grad(), log:
        given = model(*inputs)
    outputs = [numbers.value(each) for each in _tensors(_listed(given))]
    return outputs, log.seen


def _listed(given: Any) -> Any:
    return list(given.values()) if isinstance(given, dict) else given


# --- the graph


@dataclass(slots=True)
class _Recipe:
    """What a step does, in numbers of its own: their keys in order, and those that come out."""

    keys: list[object] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def done(self, inputs: Mapping[int, int], path: str, numbers: Numbers) -> list[int]:
        """Do it to values of a run: their numbers for its own."""
        known: list[int] = []
        for key in self.keys:
            match key:
                case ("input", int(position)):
                    known.append(inputs[position])
                case ("weight", str(word)):
                    known.append(numbers.of(("weight", state_key(path, word))))
                case _:
                    known.append(numbers.of(_renumbered(key, known)))
        return [known[each] for each in self.outputs]


def _renumbered(key: object, known: Sequence[int]) -> object:
    """Put other numbers for those of values in a key: the only whole numbers that stand in one."""
    if type(key) is Valued:
        return Valued(known[key.number])
    if isinstance(key, tuple):
        return tuple(_renumbered(each, known) for each in key)
    return key


@dataclass(slots=True)
class _Steps:
    """The graph's steps, lowered one by one; steps that are written alike are made once."""

    lowerings: Mapping[str, Lowering]
    numbers: Numbers
    training: bool
    #: By place in the text, the arguments that are said in words there: lowerings ask.
    worded: Mapping[Span, frozenset[str]]
    _made: dict[str, Any] = field(default_factory=dict)
    _flows: dict[str, Callable[..., Any]] = field(default_factory=dict)
    _recipes: dict[object, _Recipe] = field(default_factory=dict)

    def numbered(self, graph: Graph, nodes: Sequence[Node]) -> dict[Port, int]:
        """Give the number of every port of the nodes."""
        values: dict[Port, int] = {}
        for position, node in enumerate(graph.inputs):
            values[node.ports[0]] = self.numbers.of(("input", position))
        for node in nodes:
            if node.kind != "input":
                made = self._step(node, [values[port] for port in node.inputs])
                values.update(zip(node.ports, made, strict=True))
        return values

    def _step(self, node: Node, inputs: Sequence[int]) -> list[int]:
        words = {
            key: Written(getattr(node.op, key), literal(compact(getattr(node.op, key))))
            for key in sorted(self.worded.get(node.span, ()))
        }
        applied = Applied(node.op, node.input_shapes, node.shapes, words)
        lowered = self.lowerings[node.kind](applied)
        names = [f"x{position}" for position in range(len(inputs))]
        flow = expression(fill(lowered.flow, [Raw(each) for each in names], Raw("step")))
        module = None if lowered.module is None else expression(lowered.module)
        key = (flow, module, node.input_shapes)
        if key not in self._recipes:
            self._recipes[key] = self._recipe(flow, module, node, names)
        known = dict(enumerate(inputs))
        return self._recipes[key].done(known, node.path, self.numbers)

    def _recipe(self, flow: str, module: str | None, node: Node, names: list[str]) -> _Recipe:
        """Do a step once, and note what was done to what."""
        numbers = Numbers()
        recipe = _Recipe()
        step = None if module is None else self._module(module)
        if isinstance(step, Tensor):
            numbers.hold(step, numbers.of(("weight", "")))
        elif step is not None:
            for word, tensor in step.state_dict(keep_vars=True).items():
                numbers.hold(tensor, numbers.of(("weight", word)))
        tensors = []
        for position, shape in enumerate(node.input_shapes):
            tensor = torch.empty(BATCH, *shape, device="meta")
            numbers.hold(tensor, numbers.of(("input", position)))
            tensors.append(tensor)
        with torch.no_grad(), Log(numbers):
            made = self._flow(f"lambda step, {', '.join(names)}: {flow}")(step, *tensors)
        recipe.keys = numbers.keys()
        recipe.outputs = [numbers.value(each) for each in _tensors(made)]
        return recipe

    def _module(self, text: str) -> Any:
        if text not in self._made:
            with torch.device("meta"):
                made = eval(text, _scope())  # noqa: S307 (lowered code: numbers and words alone)
            self._made[text] = made.train(self.training) if isinstance(made, nn.Module) else made
        return self._made[text]

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
    with torch.device("meta"):
        model = make()
    words = worded(read_program(graph))
    wrong = list(_compared(model, graph, lowerings, words, training=False, heads=False))
    if not wrong:
        heads = not inference
        wrong = list(_compared(model, graph, lowerings, words, training=True, heads=heads))
    return wrong[:TOLD]


def worded(program: Program) -> dict[Span, frozenset[str]]:
    """Find, by place in the text, the arguments of operators that are said in words there."""
    found: dict[Span, frozenset[str]] = {}
    bodies = (*program.blocks, program.network)
    for each in parts(tuple(body.statements for body in bodies)):
        if isinstance(each, OperatorStep):
            words = {key for key, value in each.arguments if not _is_plain(value)}
            found[each.site] = found.get(each.site, frozenset()) | words
    return found


def _is_plain(value: object) -> bool:
    return all(isinstance(each, Literal | ListOf) for each in parts(value))


def _compared(
    model: nn.Module,
    graph: Graph,
    lowerings: Mapping[str, Lowering],
    worded: Mapping[Span, frozenset[str]],
    *,
    training: bool,
    heads: bool,
) -> Iterator[str]:
    numbers = Numbers()
    mode = "in training" if training else "in inference"
    nodes = graph.nodes if heads else graph.inference_nodes
    wanted: Sequence[Output] = graph.outputs if heads else graph.inference_outputs
    try:
        shapes = [node.shape for node in graph.inputs]
        found, seen = _run(model, shapes, numbers, training=training)
    except Exception as failure:  # noqa: BLE001 (what is emitted may fail in any way)
        yield f"the class stops {mode}: {type(failure).__name__}: {str(failure).splitlines()[0]}"
        return
    values = _Steps(lowerings, numbers, training, worded).numbered(graph, nodes)
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
