"""Runs a module once, and records each function that it calls as a step in the tree of its modules.

Sizes are known while it runs, so views, chunks and Python that asks for shapes just work. On the
meta device nothing is computed. What has no operator is refused by the function's name, the
module's path and class, and the line that calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import currentframe
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from cnnspec.diagnostics import SpecError
from cnnspec.importing.refusal import refused
from cnnspec.importing.rewrite import UNSCALED
from cnnspec.importing.tree import NOTHING, PLACE, Argument, Origin, Scope, Shape, Step, Value
from cnnspec_torch.importing.meaning import (
    FIRST,
    Flow,
    Held,
    Made,
    Meaning,
    Noise,
    Unsaid,
    tensors,
)

#: Functions whose result Python decides by: what runs then depends on the numbers.
READS_NUMBERS: Final = frozenset(
    ("__bool__", "item", "tolist", "__int__", "__float__", "__index__", "numpy", "__contains__")
)
#: Functions that write into parts of a tensor.
WRITES: Final = frozenset(
    ("__setitem__", "copy_", "index_add_", "index_copy_", "scatter_", "masked_fill_", "index_put_")
)
#: Steps that drop whole examples.
DROPS: Final = ("drop_path", UNSCALED)
_TORCH: Final = str(Path(torch.__file__).parent)
_HERE: Final = str(Path(__file__).parent)


@dataclass(slots=True)
class _Known:
    """What a tensor stands for, as long as nothing else writes into its memory."""

    tensor: torch.Tensor
    version: int
    meaning: Meaning


class Recorder(TorchFunctionMode):
    """Records what a module runs; `handlers` say by a function's name what step it is."""

    def __init__(
        self, module: nn.Module, handlers: Mapping[str, Handler], origins: Mapping[str, Origin]
    ) -> None:
        super().__init__()
        self.module = module
        self.handlers = handlers
        self.origins = origins
        self.paths = {id(each): path for path, each in module.named_modules()}
        self.root = Scope("", origins[""])
        self.stack = [self.root]
        self.running: list[nn.Module] = [module]
        #: How often each parameter's owner was applied.
        self.applied: dict[str, int] = {}
        #: Classes whose modules drop whole examples: one that does nothing drops none.
        self.dropping: frozenset[type[nn.Module]] = frozenset()
        #: Classes of which a module did nothing, and those of which one dropped examples.
        self.idle: set[type[nn.Module]] = set()
        self.dropped: set[type[nn.Module]] = set()
        self._known: dict[int, _Known] = {}
        #: What went in, in order.
        self.inputs: list[Value] = []
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            self.learn(tensor, Held(name))

    # --- what tensors stand for

    def learn(self, tensor: torch.Tensor, meaning: Meaning) -> None:
        """Note what a tensor stands for; it is kept, so that its identity stays its own."""
        self._known[id(tensor)] = _Known(tensor, tensor._version, meaning)

    def meaning(self, tensor: torch.Tensor) -> Meaning:
        """Give what a tensor stands for; refuses one that was written into by another name."""
        known = self._known.get(id(tensor))
        if known is None or known.tensor is not tensor:
            return Made("a function outside the network")
        if known.version != tensor._version and isinstance(known.meaning, Flow):
            raise self.refusal(
                "a tensor is changed in place under another name",
                help="write `y = y + x` for `y += x` on what is a view of another tensor",
            )
        return known.meaning

    # --- running

    def run(self, inputs: Sequence[torch.Tensor]) -> Any:
        """Run the module; gives what it returns."""
        for tensor in inputs:
            value = Value(tuple(tensor.shape[1:]))
            self.inputs.append(value)
            self.learn(tensor, Flow(value))
        with torch.no_grad(), self._hooked(), self:
            return self.module(*inputs)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run a function and record it."""
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", str(func))
        taken = tensors([*args, *kwargs.values()])
        known = {id(each): self.meaning(each) for each in taken}
        flows = any(isinstance(each, Flow | Unsaid) for each in known.values())
        if flows and name in READS_NUMBERS:
            raise self.refusal(f"what runs depends on the numbers that flow (`{name}`)")
        if flows and name in WRITES:
            raise self.refusal(f"it writes into a part of a tensor (`{name}`)")
        versions = [each._version for each in taken]
        result = func(*args, **kwargs)
        given = tensors(result)
        if not given:
            return result
        if isinstance(result, torch.Tensor) and any(result is each for each in taken):
            changed = versions != [each._version for each in taken]
            if not changed and flows:
                result = torch.ops.aten.alias(result)
                given = [result]
        call = Call(self, name, args, kwargs, known, given)
        meanings = self._meanings(call)
        for tensor, meaning in zip(given, meanings, strict=True):
            self.learn(tensor, meaning)
        return result

    def _meanings(self, call: Call) -> Sequence[Meaning]:
        """Say what the results stand for; what cannot be said may be of no use to the model."""
        unsaid = next((each for each in call.known.values() if isinstance(each, Unsaid)), None)
        if unsaid is not None:
            return [unsaid] * len(call.given)
        try:
            return self._said(call)
        except SpecError as failure:
            return [Unsaid(failure)] * len(call.given)

    def _said(self, call: Call) -> Sequence[Meaning]:
        if any(isinstance(each, Flow) for each in call.known.values()):
            handler = self.handlers.get(call.name)
            if handler is None:
                raise self.refusal(f"there is no operator for the function `{call.name}`")
            found = handler(call)
            return found if isinstance(found, list) else [found]
        held = next((each for each in call.known.values() if isinstance(each, Held)), None)
        if held is not None:
            views = call.name in VIEWS and held.view
            made = Held(held.name, held.made or ("" if views else call.name), views)
            return [made] * len(call.given)
        return [_drawn(call)] * len(call.given)

    @contextmanager
    def _hooked(self) -> Iterator[None]:
        """Follow which module runs, by torch's own hooks for all modules."""
        before = hooks.register_module_forward_pre_hook(self._enter)
        after = hooks.register_module_forward_hook(self._leave)
        try:
            yield
        finally:
            before.remove()
            after.remove()

    def _enter(self, module: nn.Module, _args: Any) -> None:
        path = self.paths.get(id(module))
        if path is None:
            return
        self.running.append(module)
        if path:
            scope = Scope(path, self.origins[path])
            self.stack[-1].members.append(scope)
            self.stack.append(scope)

    def _leave(self, module: nn.Module, _args: Any, result: Any) -> Any:
        path = self.paths.get(id(module))
        if path is None:
            return None
        scope = self.stack[-1]
        self.running.pop()
        if not path:
            return None
        self.stack.pop()
        own = type(module)
        if any(isinstance(each, Step) and each.operator in DROPS for each in scope.members):
            self.dropped.add(own)
        if scope.members or not isinstance(result, torch.Tensor):
            return None
        self.idle.add(own)
        meaning = self.meaning(result)
        if own not in self.dropping or not isinstance(meaning, Flow):
            return None
        step = Step("drop_path", {"rate": 0.0}, [meaning.value], [], path)
        step.outputs = [Value(meaning.value.shape, step)]
        scope.members.append(step)
        given = torch.ops.aten.alias(result)
        self.learn(given, Flow(step.outputs[0], meaning.layout))
        return given

    def own_path(self) -> str:
        """Give the path of a step without weights: its module's, or a place in its module."""
        module, path = self.running[-1], self.stack[-1].path
        leaf = path and not any(True for _ in module.children()) and not module.state_dict()
        return path if leaf else f"{path}.{PLACE}".lstrip(".")

    # --- refusing

    def refusal(self, what: str, *, help: str | None = None) -> SpecError:
        """Make the refusal of what the module does now: its path, its class, the line."""
        path = self.stack[-1].path
        where = f"in the module {path}" if path else "in the model itself"
        return refused(what, f"{where}, a {type(self.running[-1]).__name__}", _line(), help=help)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function, for the handler that makes a step of it."""

    recorder: Recorder
    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    #: What the tensors among the arguments stood for before it ran, by identity, in order.
    known: Mapping[int, Meaning]
    given: Sequence[torch.Tensor]

    @property
    def result(self) -> torch.Tensor:
        """The tensor that it gives."""
        return self.given[0]

    def get(self, position: int, name: str, default: Any = None) -> Any:
        """Give an argument."""
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)

    def meaning(self, position: int, name: str) -> Meaning | None:
        """Give what an argument stands for; None: it is no tensor."""
        found = self.get(position, name)
        return self.known[id(found)] if isinstance(found, torch.Tensor) else None

    def flow(self, position: int = 0, name: str = "input") -> Flow:
        """Give an argument that flows; refuses any other."""
        found = self.get(position, name)
        if not isinstance(found, torch.Tensor):
            raise self.refusal(f"`{self.name}` takes no tensor for its {name}")
        meaning = self.known[id(found)]
        if isinstance(meaning, Flow):
            return meaning
        raise self.refusal(f"{_shown(meaning)} goes into `{self.name}`")

    def upright(self, position: int = 0, name: str = "input") -> Flow:
        """Give an argument that flows, channels first; refuses other layouts."""
        found = self.flow(position, name)
        if found.layout != FIRST:
            raise self.refusal(f"`{self.name}` runs on a tensor whose axes were exchanged")
        return found

    def owner(self, position: int, name: str, key: str | None) -> str | None:
        """Give the path of the module whose weight is an argument; None: there is none.

        The weight has to be called `key` there; any name is right where that is None.
        """
        found = self.get(position, name)
        if found is None:
            return None
        meaning = self.known[id(found)]
        if not isinstance(meaning, Held):
            raise self.refusal(f"{_shown(meaning)} is the {name} of `{self.name}`")
        if not meaning.view or (key is not None and meaning.made):
            raise self.refusal(
                f"the {name} of `{self.name}` is computed: `{meaning.made}` of {meaning.name}"
            )
        if key is None:
            return meaning.name
        path, _, own = meaning.name.rpartition(".")
        if own != key:
            raise self.refusal(
                f"the {name} of `{self.name}` is called {own}, and a spec's is called {key}",
                help="a module of torch.nn in its place keeps the name",
            )
        return path

    def step(
        self,
        operator: str,
        arguments: Mapping[str, Argument],
        inputs: Sequence[Flow],
        *,
        path: str | None = None,
        shape: Shape | None = None,
    ) -> Flow:
        """Record a step of one output; `path` is where its weights are."""
        first = inputs[0]
        made = first.shape(self.result) if shape is None else shape
        value = self.steps(operator, arguments, inputs, [made], path=path)[0].value
        return Flow(value, first.layout)

    def steps(
        self,
        operator: str,
        arguments: Mapping[str, Argument],
        inputs: Sequence[Flow],
        shapes: Sequence[Shape],
        *,
        path: str | None = None,
    ) -> list[Flow]:
        """Record a step of several outputs."""
        recorder = self.recorder
        if path is not None:
            times = recorder.applied[path] = recorder.applied.get(path, 0) + 1
            if times > 1:
                raise self.refusal(
                    f"the weights of {path} are applied twice",
                    help="a spec's step has weights of its own: give the second its own module",
                )
        here = recorder.stack[-1]
        step = Step(
            operator,
            dict(arguments),
            [each.value for each in inputs],
            [],
            recorder.own_path() if path is None else path,
            weighted=path is not None,
        )
        step.outputs = [Value(shape, step, index) for index, shape in enumerate(shapes)]
        here.members.append(step)
        return [Flow(value) for value in step.outputs]

    def refusal(self, what: str, *, help: str | None = None) -> SpecError:
        """Make the refusal of it."""
        return self.recorder.refusal(what, help=help)


#: Makes steps of a call, and says what its results stand for.
Handler = Callable[[Call], Meaning | list[Meaning]]
#: Functions that change a weight's shape alone.
VIEWS: Final = frozenset(
    ("view", "reshape", "unsqueeze", "squeeze", "expand", "flatten", "__getitem__", "__get__")
)


def origin(module: nn.Module, constructed: Mapping[str, object] = NOTHING) -> Origin:
    """Say what a module's scope is an instance of."""
    own = type(module)
    plain = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, int | float) and not name.startswith("_") and name != "training"
    }
    container = own in (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    return Origin(own.__name__, own, constructed, plain, container)


def _drawn(call: Call) -> Meaning:
    """Follow numbers that are drawn, as dropping whole branches draws them."""
    first = next(iter(call.known.values()), None)
    number = next((each for each in call.args if isinstance(each, int | float)), None)
    if call.name in ("bernoulli_", "bernoulli") and isinstance(number, int | float):
        return Noise(float(number))
    if isinstance(first, Noise) and call.name in ("to", "float", "type", "type_as", "bool"):
        return first
    if isinstance(first, Noise) and call.name in ("div_", "div") and number == first.keep:
        return Noise(first.keep, divided=True)
    if isinstance(first, Made) and first.function == "rand":
        if call.name in ("add", "add_") and isinstance(number, int | float):
            return Made("rand", first.added + number)
        if call.name in ("floor", "floor_") and 0 < first.added < 1:
            return Noise(first.added)
        if call.name in ("ge", "gt", "__ge__", "__gt__") and number is not None:
            return Noise(1 - number)
        if call.name in ("lt", "le", "__lt__", "__le__") and number is not None:
            return Noise(float(number))
    return Made("rand" if call.name == "rand" else call.name)


def _shown(meaning: Meaning) -> str:
    match meaning:
        case Held(name, made, _):
            return f"`{made}` of the parameter {name}" if made else f"the parameter {name}"
        case Made(function, _):
            return f"a tensor that `forward` makes by `{function}`"
        case Noise():
            return "random numbers"
        case _:
            return "a value that flows"


def _line() -> str:
    """Say which line of the model's own code runs now."""
    frame = currentframe()
    while frame is not None:
        file = frame.f_code.co_filename
        own = not file.startswith((_TORCH, _HERE, "<"))
        if own and frame.f_code.co_name not in ("prove", "open"):
            return f"{file}:{frame.f_lineno}, in {frame.f_code.co_qualname}"
        if frame.f_back is None:
            break
        frame = frame.f_back
    return ""
