"""A whole Keras file: its head, the layers that Keras lacks, one function a block, the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from cnnspec.emit.code import Leaf
from cnnspec.emit.lowering import Lowering
from cnnspec.emit.merged import MergedLoop, Plan
from cnnspec.emit.names import BUILTINS, Namespace
from cnnspec.emit.plans import make_plans
from cnnspec.emit.printer import expression
from cnnspec.emit.siblings import distinct_name
from cnnspec.emit.signature import Signature, make_signature
from cnnspec.graph import Graph, Output
from cnnspec_keras.depth import is_deep
from cnnspec_keras.function import Body, Functions
from cnnspec_keras.hints import find_hints
from cnnspec_keras.layers import LAYERS
from cnnspec_keras.names import layer_name
from cnnspec_keras.spoken import spoken

WIDTH: Final = 88
#: Names that a file uses for itself.
_WORDS: Final = """
    Any KerasTensor LOSS_WEIGHTS Sequence inference keras layers math name np ops
"""
RESERVED: Final = BUILTINS.union(_WORDS.split())


@dataclass(frozen=True, slots=True)
class Written:
    """A file's body, and the name of the network's function in it."""

    body: str
    name: str


def write(
    graph: Graph, lower: Mapping[str, Lowering], head: list[str], *, inference: bool
) -> Written:
    """Write the source of a network; `head` are the lines of the module's docstring."""
    find = partial(find_hints, graph)
    plans = make_plans(
        graph, lower, inference=inference, find_hints=find, keep=_keeps, functional=True
    )
    nested = is_deep(graph, lower, plans.hints)
    space = Namespace(RESERVED | set(LAYERS))
    network = space.take(graph.name)
    names: dict[int, str] = {id(plans.network): network}
    for plan in plans.blocks:
        names[id(plan)] = space.take(distinct_name(plan, plans.blocks))
    reserved = RESERVED | set(LAYERS) | set(names.values())
    signatures: dict[int, Signature] = {}
    functions = Functions(names, signatures)
    written: list[str] = []
    for plan in (*plans.blocks, plans.network):
        whole = plan is plans.network
        used = frozenset(spoken(plan.units, signatures))
        signatures[id(plan)] = make_signature(plan, network=whole, reserved=reserved, used=used)
        make = _Function(plan, functions, reserved, graph=graph if whole else None)
        written.append(make.network(plans.outputs) if whole else make.block(nested=nested))
    trained = any(each.train for each in plans.outputs)
    if trained:
        written.append(_inference(plans.outputs))
    text = "\n\n\n".join(written)
    text = "\n\n\n".join([*_layers(text), text])
    constants = [_weights(plans.outputs)] if trained else []
    parts = [_docstring(_head(head, text, nested=nested)), _imports(text), *constants]
    return Written("\n\n".join(parts) + "\n\n\n" + text + "\n", network)


@dataclass(frozen=True, slots=True)
class _Function:
    """Writes one function."""

    plan: Plan
    functions: Functions
    reserved: frozenset[str]
    graph: Graph | None

    @property
    def name(self) -> str:
        return self.functions.names[id(self.plan)]

    @property
    def signature(self) -> Signature:
        return self.functions.signatures[id(self.plan)]

    def _body(self, *, nested: bool = False) -> Body:
        outputs = None
        if self.graph is not None:
            outputs = frozenset(each.name for each in self.graph.outputs)
        keep = nested or self.graph is not None
        return Body(self.plan, self.functions, self.reserved, outputs=outputs, keep=keep)

    def block(self, *, nested: bool) -> str:
        """Write a block: from tensors to tensors; `nested` makes each call a model of its own."""
        body = self._body(nested=nested)
        single = len(self.plan.results) == 1
        returned = "KerasTensor" if single else "list[KerasTensor]"
        outer = [f"{each}_in" if nested else each for each in body.arguments]
        tensors = [f"{each}: KerasTensor" for each in outer]
        lines = signature(self.name, self.signature.text(tensors, "name: str"), returned)
        if nested:
            lines += [
                f"    {inner} = keras.Input({given}.shape[1:])"
                for inner, given in zip(body.arguments, outer, strict=True)
            ]
        body.run(self.plan.units, last=not nested)
        lines += body.lines
        results = _listed(body.results()) if nested or not self._returns(body) else ""
        if nested:
            model = f"keras.Model({_listed(body.arguments)}, {results}, name=name)"
            lines.append(f"    return {model}({_listed(outer)})")
        elif results:
            lines.append(f"    return {results}")
        return "\n".join(lines)

    def _returns(self, body: Body) -> bool:
        """Whether the body's last statement gives the result back."""
        last = next((each for each in reversed(body.lines) if re.match(r"    \w", each)), "")
        return last.startswith("    return ")

    def network(self, outputs: tuple[Output, ...]) -> str:
        """Write the network: from its inputs to a model."""
        assert self.graph is not None
        body = self._body()
        lines = signature(self.name, self.signature.text([]), "keras.Model")
        for node, name in zip(self.graph.inputs, body.arguments, strict=True):
            shape = expression(Leaf((*node.shape[1:], node.shape[0])))
            label = expression(Leaf(layer_name(node.path)))
            lines.append(f"    {name} = keras.Input({shape}, name={label})")
        body.run(self.plan.units)
        lines += body.lines
        given = body.results()
        results = given[0]
        if len(outputs) > 1:
            results = "outputs"
            items = [f'"{o.name}": {name}' for o, name in zip(outputs, given, strict=True)]
            lines += bracketed("    outputs = ", "{", items)
        title = expression(Leaf(self.graph.name))
        lines.append(f"    return keras.Model({_listed(body.arguments)}, {results}, name={title})")
        return "\n".join(lines)


def _keeps(loop: MergedLoop, elsewhere: frozenset[str], /, *, in_row: bool) -> bool:
    """Whether a loop can be written as one: in a function that builds a model, any that does."""
    del elsewhere, in_row
    return bool(loop.body)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def signature(name: str, parameters: list[str], returned: str) -> list[str]:
    """Write the head of a function."""
    line = f"def {name}({', '.join(parameters)}) -> {returned}:"
    if len(line) <= WIDTH:
        return [line]
    inner = "    " + ", ".join(parameters)
    if len(inner) <= WIDTH:
        return [f"def {name}(", inner, f") -> {returned}:"]
    return [f"def {name}(", *(f"    {part}," for part in parameters), f") -> {returned}:"]


def bracketed(prefix: str, bracket: str, items: list[str]) -> list[str]:
    """Write items in braces, on one line if they fit, else each on its own."""
    line = f"{prefix}{bracket}{', '.join(items)}}}"
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(prefix) - len(prefix.lstrip()))
    return [f"{prefix}{bracket}", *(f"{indent}    {item}," for item in items), f"{indent}}}"]


def _inference(outputs: tuple[Output, ...]) -> str:
    main = [each.name for each in outputs if not each.train]
    given = f'model.output["{main[0]}"]'
    lines = [
        "def inference(model: keras.Model) -> keras.Model:",
        '    """Leave out the heads for training: the same layers, the same weights."""',
    ]
    if len(main) > 1:
        given = "outputs"
        lines += bracketed(
            "    outputs = ", "{", [f'"{each}": model.output["{each}"]' for each in main]
        )
    lines.append(f"    return keras.Model(model.input, {given}, name=model.name)")
    return "\n".join(lines)


def _head(lines: list[str], text: str, *, nested: bool) -> list[str]:
    more = ["Images have their channels last."]
    if nested:
        more.append("Each block is a model of its own: Keras walks a flat one by recursion.")
    if "layers.BatchNormalization(" in text:
        more.append("Running variances are a batch's own; PyTorch's are n / (n - 1) times that.")
    return [*lines, *more]


def _docstring(lines: list[str]) -> str:
    safe = [line.replace("\\", "/").replace('"""', "'''") for line in lines]
    return '"""' + "\n".join(safe) + '\n"""'


def _layers(text: str) -> list[str]:
    """The layers of our own that a text uses."""
    return [source for name, source in sorted(LAYERS.items()) if re.search(rf"\b{name}\(", text)]


def _imports(text: str) -> str:
    standard, ours = [], ["import keras"]
    if re.search(r"\bmath\.", text):
        standard.append("import math")
    if re.search(r"\bSequence\[", text):
        standard.append("from collections.abc import Sequence")
    if re.search(r"\bAny\b", text):
        standard.append("from typing import Any")
    if re.search(r"\bnp\.", text):
        ours.append("import numpy as np")
    names = [word for word in ("KerasTensor", "layers", "ops") if re.search(rf"\b{word}\b", text)]
    if names:
        ours.append(f"from keras import {', '.join(names)}")
    return "\n\n".join("\n".join(part) for part in (standard, ours) if part)


def _weights(outputs: Iterable[Output]) -> str:
    items = [f'"{o.name}": {o.weight if o.train else 1.0!r}' for o in outputs]
    why = "# How much each output's loss counts: what `compile` takes as loss_weights."
    return "\n".join([why, *bracketed("LOSS_WEIGHTS = ", "{", items)])
