"""Runs emitted PyTorch source as it stands and tells every node's value.

It runs twice: on the meta device, to find the nodes among the operations, and then in earnest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnnspec.emit.code import Code, Raw
from cnnspec.emit.lowering import Applied, compact
from cnnspec.emit.printer import expression, fill
from cnnspec.expression import Written, literal
from cnnspec.graph import Graph, Node
from cnnspec.numbering import Place, Run, Value, written
from cnnspec.witness import Case, Emitted, See, Testimony, trial, weight_key
from cnnspec_torch import layers_source
from cnnspec_torch.attributes import state_key
from cnnspec_torch.backend import BACKEND
from cnnspec_torch.dropping import Calls, quiet_parts

#: The attribute by which a tensor carries its `Value` with it.
MARK: Final = "_cnnspec_value"


class Act(Protocol):
    """Takes an operation's name, written arguments, tensors that go in and that come out."""

    def __call__(
        self,
        label: str,
        arguments: str,
        taken: list[Tensor],
        made: list[Tensor],
        *,
        overwrites: bool = False,
    ) -> None:
        """Take an operation that ran; whether it overwrote what it was given."""


class Watch(TorchFunctionMode):
    """Sees every operation of torch that makes a tensor."""

    def __init__(self, act: Act) -> None:
        super().__init__()
        self.act = act

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        made = _tensors(result)
        if made:
            taken = _tensors((args, kwargs or {}))
            label = f"{getattr(func, '__name__', func)}"
            named = {key: each for key, each in (kwargs or {}).items() if key != "inplace"}
            overwrites = bool((kwargs or {}).get("inplace"))
            self.act(label, written(_blank((args, named))), taken, made, overwrites=overwrites)
        return result


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [each for member in value for each in _tensors(member)]
    return []


def _blank(value: Any) -> Any:
    """Put a mark where a tensor stands."""
    if isinstance(value, Tensor):
        return None
    if isinstance(value, dict):
        return {key: _blank(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_blank(each) for each in value]
    return value


def mark(tensor: Tensor, value: Value) -> Tensor:
    """Make a tensor known by a value."""
    setattr(tensor, MARK, value)
    return tensor


def quiet(module: nn.Module) -> nn.Module:
    """Turn noise off: what has no tensors and no parts of its own is as in inference."""
    for part in quiet_parts(module).values():
        part.eval()
    return module


class Numbered:
    """Numbers tensors as operations make them; a tensor carries its value with it."""

    def __init__(self, run: Run, number: Callable[..., list[Value]]) -> None:
        self.run = run
        self.number = number

    def __call__(
        self,
        label: str,
        arguments: str,
        taken: list[Tensor],
        made: list[Tensor],
        *,
        overwrites: bool = False,
    ) -> None:
        """Number what an operation made, or what a tensor holds now that it overwrote."""
        values = self.number(label, arguments, [self.value(each) for each in taken], len(made))
        for tensor, value in zip(made, values, strict=True):
            if overwrites or not hasattr(tensor, MARK):  # a count keeps what it was
                mark(tensor, value)

    def value(self, tensor: Tensor) -> Value:
        """Give a tensor's value; one that no operation made is a constant."""
        return getattr(tensor, MARK, None) or self.run.given("constant", tuple(tensor.shape))


@dataclass(frozen=True, slots=True)
class TorchWitness:
    """Runs what the torch backend emits."""

    name: str = "torch"
    doc: str = "the emitted PyTorch source, on the CPU"
    backend: str | None = "torch"
    biased_variance: bool = False

    def versions(self) -> Mapping[str, str]:
        """Give torch's."""
        return {"torch": str(torch.__version__)}

    def errs(self, graph: Graph) -> bool:
        """Batch norm on a map one row or column wide, after a permute: docs/frameworks.md."""
        permuted = any(node.kind == "permute" for node in graph.nodes)
        return permuted and any(node.kind == "bn" and 1 in node.shape[1:] for node in graph.nodes)

    def observe(self, case: Case, emitted: Emitted | None, see: See) -> Testimony:
        """Run the class."""
        assert emitted is not None
        make = BACKEND.load(emitted.text, emitted.class_name)
        ports, drops, unmatched = locate(case, emitted, make)
        model = prepared(loaded(make, case), case)
        telling = Telling(ports, case, see)
        dtype = getattr(torch, case.dtype)
        inputs = [torch.from_numpy(np.array(each)).to(dtype) for each in case.inputs]
        for each in inputs:  # group norm's backward crashes without: docs/frameworks.md
            each.requires_grad_(case.training)
        with torch.set_grad_enabled(case.training):
            try:
                with Watch(telling):
                    outputs = _outputs(model(*inputs))
            except RuntimeError:
                if not unmatched:
                    raise
                return Testimony({}, unmatched=unmatched)
            names = [each.name for each in case.outputs]
            told = dict(zip(names, map(_array, outputs), strict=True))
            if not case.training:
                return Testimony(told, unmatched=unmatched)
            _backward(outputs, [case.cotangents[name] for name in names])
        return Testimony(
            told,
            _state(model, case),
            _gradients(model, case),
            noise=_noise(model, drops, dtype),
            unmatched=unmatched,
        )


def _backward(outputs: list[Tensor], cotangents: list[Any]) -> None:
    """Take the loss's gradients; what depends on no weight has none."""
    pairs = [
        (output, torch.from_numpy(each).to(output.dtype))
        for output, each in zip(outputs, cotangents, strict=True)
        if output.requires_grad
    ]
    if pairs:
        torch.autograd.backward([each for each, _ in pairs], [each for _, each in pairs])


class Telling:
    """Counts the operations of a run and tells the nodes whose values they make."""

    def __init__(self, ports: Mapping[Node, list[Place | int]], case: Case, see: See) -> None:
        self.see = see
        self.count = -1
        self.watched: dict[int, list[tuple[Node, int, int]]] = {}
        self.waiting: dict[Node, dict[int, Any]] = {}
        for node, places in ports.items():
            for position, place in enumerate(places):
                if isinstance(place, int):
                    self.tell(node, position, case.inputs[place])
                else:
                    row = (node, position, place.output)
                    self.watched.setdefault(place.operation, []).append(row)

    def __call__(
        self,
        label: str,
        arguments: str,
        taken: list[Tensor],
        made: list[Tensor],
        *,
        overwrites: bool = False,
    ) -> None:
        """Tell the nodes whose values came out, as copies: a later step may overwrite them."""
        self.count += 1
        for node, position, output in self.watched.get(self.count, ()):
            self.tell(node, position, _array(made[output]))

    def tell(self, node: Node, position: int, value: Any) -> None:
        """Take one output of a node; tell the node when all are there."""
        held = self.waiting.setdefault(node, {})
        held[position] = value
        if len(held) == len(node.ports):
            self.see(node, tuple(held[each] for each in range(len(held))))
            del self.waiting[node]


def _outputs(result: Any) -> list[Tensor]:
    return [result] if isinstance(result, Tensor) else list(result)


def _array(tensor: Tensor) -> Any:
    return tensor.detach().numpy().copy()


def loaded(make: Callable[[], nn.Module], case: Case) -> nn.Module:
    """Make the model and give it the case's weights, without drawing any of its own."""
    with torch.device("meta"):
        model = make()
    dtype = getattr(torch, case.dtype)
    state = {
        state_key(node.path, weight.key): torch.from_numpy(
            np.array(case.weights[weight_key(node, weight)])
        ).to(dtype)
        for node in case.graph.nodes
        for weight in node.weights
    }
    for key in model.state_dict():
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(0)
    model.load_state_dict(state, strict=True, assign=True)
    return model


def prepared(model: nn.Module, case: Case) -> nn.Module:
    """Put it into the case's mode."""
    if not case.training:
        return model.eval()
    quiet(model.train()).training = True  # its own flag says which outputs it gives
    return model


def _state(model: nn.Module, case: Case) -> dict[str, Any]:
    state = model.state_dict()
    return {
        weight_key(node, weight): state[state_key(node.path, weight.key)].numpy()
        for node in case.nodes
        for weight in node.weights
        if not weight.trainable
    }


def _noise(model: nn.Module, drops: Mapping[Node, str], dtype: torch.dtype) -> dict[str, Any]:
    """Give what the layers that drop values make of ones in training."""
    result = {}
    for node, name in drops.items():
        layer = model.get_submodule(name).train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            result[node.path] = _array(layer(torch.ones(trial(node), dtype=dtype)))
    return result


def _gradients(model: nn.Module, case: Case) -> dict[str, Any]:
    parameters = dict(model.named_parameters())
    result = {}
    for node in case.nodes:
        for weight in node.weights:
            if weight.trainable:
                gradient = parameters[state_key(node.path, weight.key)].grad
                if gradient is not None:
                    result[weight_key(node, weight)] = gradient.numpy()
    return result


# --- finding the nodes


def locate(
    case: Case, emitted: Emitted, make: Callable[[], nn.Module]
) -> tuple[dict[Node, list[Place | int]], dict[Node, str], dict[str, str]]:
    """Find each node's outputs: the operation that makes them, or the input that they are.

    Beside them, where the modules are that drop values, and why what was not found was not.
    """
    run = Run()
    with torch.device("meta"):
        model = prepared(make(), case).to(torch.float64)
        inputs = [torch.empty(each.shape, dtype=torch.float64) for each in case.inputs]
    keys = {
        state_key(node.path, weight.key): weight_key(node, weight)
        for node in case.graph.nodes
        for weight in node.weights
    }
    for key, tensor in model.state_dict(keep_vars=True).items():
        mark(tensor, run.given("weight", weight=keys.get(key, key)))
    values: dict[Any, Value] = {}
    given: dict[int, int] = {}
    for position, (node, tensor) in enumerate(zip(case.graph.inputs, inputs, strict=True)):
        value = run.given("input", position)
        mark(tensor, value)
        values[node.ports[0]] = value
        given[value.exact] = position
    stopped = ""
    numbered, calls = Numbered(run, run.saw), Calls()
    calls.watch(model, numbered.value)
    try:
        with torch.no_grad(), Watch(numbered):
            model(*inputs)
    except Exception as failure:
        stopped = f"; the source stopped: {str(failure).splitlines()[0]}"
    places = run.places()
    found: dict[Node, list[Place | int]] = {}
    drops: dict[Node, str] = {}
    unmatched: dict[str, str] = {}
    for node in case.nodes:
        if node.kind != "input":
            made = template(node, case, emitted, run, [values[port] for port in node.inputs])
            values.update(zip(node.ports, made, strict=True))
        where = [
            places[each] if each in places else given.get(each)
            for each in (values[port].exact for port in node.ports)
        ]
        if any(each is None for each in where):
            unmatched[node.path] = (
                f"no operation of the source does this {node.kind} with its inputs{stopped}"
            )
        else:
            found[node] = [each for each in where if each is not None]
        if case.training and node.op.noise is not None and node.path not in unmatched:
            name = calls.claim(_dropping(node, emitted), values[node.inputs[0]], run)
            if name is None:
                unmatched[node.path] = f"no module of the source does this {node.kind} to its input"
            else:
                drops[node] = name
    return found, drops, unmatched


def _dropping(node: Node, emitted: Emitted) -> nn.Module:
    """Make the module of a step that drops values."""
    applied = Applied(node.op, node.input_shapes, node.shapes, {})
    module = emitted.lowerings[node.kind](applied).module
    assert module is not None
    made: nn.Module = eval(expression(module), _scope())  # noqa: S307
    return made.eval()


def template(
    node: Node, case: Case, emitted: Emitted, run: Run, inputs: Sequence[Value]
) -> list[Value]:
    """Lower a step by itself, run that on the meta device, and find what it does in the run.

    A step is written in one way within a flow and in another where a sequence holds it, and perhaps
    in a third where its arguments are said in words, which may be other numbers at another call; a
    run in which equal steps are written in several has made one value twice. What is evaluated is
    the code of a lowering: an argument is a number or one of its operator's words
    (`cnnspec.kinds.Kind`), so no text of a spec reaches it.
    """
    for words in ({}, _worded(node)):
        result, found = _matched(node, words, case, emitted, run, inputs)
        if found:
            break
    return result


def _matched(
    node: Node,
    words: Mapping[str, Any],
    case: Case,
    emitted: Emitted,
    run: Run,
    inputs: Sequence[Value],
) -> tuple[list[Value], bool]:
    """Do a step in the ways in which it may be written; tell whether the run does one of them."""
    applied = Applied(node.op, node.input_shapes, node.shapes, words)
    lowered = emitted.lowerings[node.kind](applied)
    names = [f"x{position}" for position in range(len(inputs))]
    flow = expression(fill(lowered.flow, [Raw(each) for each in names], Raw("step")))
    ways = [(lowered.module, flow)]
    if lowered.standalone is not None:
        ways.append((lowered.standalone, "step(x0)"))
    places = run.places()
    given = {value.exact for value in inputs}
    result: list[Value] = []
    found: list[Value] = []
    for loose in (False, True):
        for module, code in ways:
            numbered = Numbered(run, partial(run.expects, loose=loose))
            with torch.device("meta"), torch.no_grad():
                step = _numbered_step(module, node, case, run)
                arguments = [
                    mark(torch.empty(case.batch, *shape, dtype=torch.float64), value)
                    for shape, value in zip(node.input_shapes, inputs, strict=True)
                ]
                forward = eval(f"lambda step, {', '.join(names)}: {code}", _scope())  # noqa: S307
                with Watch(numbered):
                    made = forward(step, *arguments)
                result = [numbered.value(each) for each in _outputs(made)]
            if all(each.exact in places or each.exact in given for each in result):
                for one, other in zip(found, result, strict=False):
                    run.same(one, other)
                found = found or result
        if found:
            return found, True
    return result, False


def _worded(node: Node) -> dict[str, Written]:
    """Give a step's arguments as if the text said each in words."""
    values = {key: getattr(node.op, key) for key in node.op.arguments}
    return {
        key: Written(value, literal(compact(value)))
        for key, value in values.items()
        if not isinstance(compact(value), str | tuple)
    }


def _numbered_step(code: Code | None, node: Node, case: Case, run: Run) -> Any:
    """Make a step's module or parameter; its weights are known by their keys in the graph."""
    if code is None:
        return None
    made = eval(expression(code), _scope())  # noqa: S307
    if isinstance(made, Tensor):
        return mark(made, run.given("weight", weight=node.path))
    (quiet(made.train()) if case.training else made.eval()).to(torch.float64)
    known = {weight.key: weight_key(node, weight) for weight in node.weights}
    for key, tensor in made.state_dict(keep_vars=True).items():
        own = known.get(key, state_key(node.path, key))
        mark(tensor, run.given("weight", weight=own))
    return made


def _scope() -> dict[str, Any]:
    """Give the names that emitted source uses."""
    return {
        "torch": torch,
        "nn": nn,
        "F": F,
        "math": math,
        "Tensor": Tensor,
        **vars(layers_source),
    }


WITNESS = TorchWitness()
