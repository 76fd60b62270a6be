"""A whole PyTorch file: its head, the layers that PyTorch lacks, one class a block, the network."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cnnspec.emit.code import Call, Raw
from cnnspec.emit.lowering import Lowering
from cnnspec.emit.merged import Merged, MergedDecision, Plan, Ref, Value, reads_of
from cnnspec.emit.names import BUILTINS, Namespace, class_from_title, class_name
from cnnspec.emit.plans import make_plans
from cnnspec.emit.printer import expression, statement
from cnnspec.emit.siblings import distinct_name
from cnnspec.emit.signature import Signature, make_signature
from cnnspec.graph import Graph, Output
from cnnspec_torch.attributes import MODULE_ATTRIBUTES
from cnnspec_torch.constructor import Classes, Constructor
from cnnspec_torch.forward import Forward
from cnnspec_torch.layers import LAYERS
from cnnspec_torch.loops import keeps

#: Names that a file uses for itself.
_WORDS: Final = """
    Any F LOSS_WEIGHTS NamedTuple OrderedDict Outputs Tensor TrainOutputs math nn self torch
"""
RESERVED: Final = BUILTINS.union(_WORDS.split())
WIDTH = 88


@dataclass(frozen=True, slots=True)
class Written:
    """A file's body, and the name of the network's class in it."""

    body: str
    class_name: str


def write(graph: Graph, lower: dict[str, Lowering], head: list[str], *, inference: bool) -> Written:
    """Write the source of a network; `head` are the lines of the module's docstring."""
    plans = make_plans(graph, lower, inference=inference, keep=keeps)
    space = Namespace(RESERVED | set(LAYERS))
    title = graph.meta.get("title")
    wanted = class_from_title(title) if isinstance(title, str) else None
    network = space.take(wanted or class_name(graph.name))
    names: dict[int, str] = {id(plans.network): network}
    signatures: dict[int, Signature] = {}
    classes: list[str] = []
    for plan in plans.blocks:
        names[id(plan)] = space.take(class_name(distinct_name(plan, plans.blocks)))
        signatures[id(plan)] = make_signature(plan, network=False, reserved=RESERVED)
        classes.append(_class(plan, names, signatures, ()))
    signatures[id(plans.network)] = make_signature(plans.network, network=True, reserved=RESERVED)
    outputs = plans.outputs
    classes.append(_class(plans.network, names, signatures, outputs))
    heads = outputs_of(outputs)
    text = "\n\n\n".join([*heads, *classes])
    layers = layers_in(text)
    text = "\n\n\n".join([*layers, text])
    constants = [] if not any(each.train for each in outputs) else [loss_weights(outputs)]
    parts = [docstring(head), imports_of(text), *constants]
    return Written("\n\n".join(parts) + "\n\n\n" + text + "\n", network)


def docstring(lines: list[str]) -> str:
    safe = [line.replace("\\", "/").replace('"""', "'''") for line in lines]
    if len(safe) == 1:
        return f'"""{safe[0]}"""'
    return '"""' + "\n".join(safe) + '\n"""'


def layers_in(text: str) -> list[str]:
    """The layers of our own that a text uses, those that they use themselves first."""
    needed: dict[str, None] = {}

    def add(source: str) -> None:
        for name in sorted(LAYERS):
            if name not in needed and re.search(rf"(?<!class )(?<!def )(?<!\.)\b{name}\(", source):
                add(LAYERS[name].source)
                needed[name] = None

    add(text)
    return [LAYERS[name].source.strip("\n") for name in needed]


def imports_of(text: str) -> str:
    standard, ours = [], []
    if re.search(r"\bmath\.", text):
        standard.append("import math")
    known = [word for word in ("Counter", "OrderedDict") if re.search(rf"\b{word}\(", text)]
    if known:
        standard.append(f"from collections import {', '.join(known)}")
    if "Callable[" in text:
        standard.append("from collections.abc import Callable")
    if re.search(r"\bpartial\(", text):
        standard.append("from functools import partial")
    typing = [
        w
        for w, use in (("Any", r"(: |\[)Any\b"), ("NamedTuple", r"\(NamedTuple\)"))
        if re.search(use, text)
    ]
    if typing:
        standard.append(f"from typing import {', '.join(typing)}")
    if re.search(r"\btorch\.", text):
        ours.append("import torch")
    if re.search(r"\bF\.", text):
        ours.append("import torch.nn.functional as F")
    names = [word for word in ("Tensor", "nn") if re.search(rf"\b{word}\b", text)]
    ours.append(f"from torch import {', '.join(names)}")
    return "\n\n".join("\n".join(part) for part in (standard, ours) if part)


def loss_weights(outputs: Iterable[Output]) -> str:
    items = ", ".join(f'"{o.name}": {o.weight!r}' for o in outputs if o.train)
    why = "# How much each training head's loss counts beside the main one."
    return f"{why}\nLOSS_WEIGHTS = {{{items}}}"


def _tuple(name: str, doc: str, outputs: Iterable[Output]) -> str:
    fields = "\n".join(f"    {_field(o.name)}: Tensor" for o in outputs)
    return f'class {name}(NamedTuple):\n    """{doc}"""\n\n{fields}'


def _field(name: str) -> str:
    # Attributes hide no function of Python's, but a tuple has two of its own.
    return Namespace({"count", "index", *_WORDS.split()}).take(name.lstrip("_") or "output")


def outputs_of(outputs: tuple[Output, ...]) -> list[str]:
    main = [each for each in outputs if not each.train]
    result = []
    if len(main) > 1:
        result.append(_tuple("Outputs", "What the network gives.", main))
    if len(main) < len(outputs):
        name = "TrainOutputs" if len(main) > 1 else "Outputs"
        result.append(_tuple(name, "What the network gives in training.", outputs))
    return result


def _class(
    plan: Plan,
    names: dict[int, str],
    signatures: dict[int, Signature],
    outputs: tuple[Output, ...],
) -> str:
    signature = signatures[id(plan)]
    made = Constructor(plan, signature, Classes(names, signatures))
    if plan.is_row and not outputs:
        return _row_class(plan, names[id(plan)], signature, made)
    flow = Forward(plan, made, RESERVED, frozenset(each.name for each in outputs))
    main = [n for n, each in enumerate(outputs) if not each.train]
    flow.count(plan.units, plan.results)
    for unit in plan.units:
        if isinstance(unit, MergedDecision) and flow.is_identity(unit):
            made.identity(unit)
        else:
            made.place(unit)
    returned = "Tensor"
    if outputs and len(main) < len(outputs):
        late = _training_only(plan, [plan.results[n] for n in main])
        flow.run([unit for unit in plan.units if unit.number not in late], flush=True)
        flow.lines.append("        if self.training:")
        flow.indent = 12
        flow.run([unit for unit in plan.units if unit.number in late])
        several = len(main) > 1
        flow.result(plan.results, "TrainOutputs" if several else "Outputs")
        flow.indent = 8
        flow.result(tuple(plan.results[n] for n in main), "Outputs" if several else None)
        returned = "Outputs | TrainOutputs" if several else "Tensor | Outputs"
    else:
        flow.run(plan.units)
        wrapper = "Outputs" if len(outputs) > 1 else None
        flow.result(plan.results, wrapper)
        if wrapper:
            returned = wrapper
        elif len(plan.results) > 1:
            returned = f"tuple[{', '.join(['Tensor'] * len(plan.results))}]"
    lines = [f"class {names[id(plan)]}(nn.Module):"]
    if made.lines:
        lines += _signature("__init__", signature.text(["self"]), "None")
        lines += ["        super().__init__()", *made.lines, ""]
    arguments = ["self", *(f"{name}: Tensor" for name in flow.arguments)]
    lines += _signature("forward", arguments, returned)
    return "\n".join([*lines, *flow.lines])


def _row_class(plan: Plan, name: str, signature: Signature, made: Constructor) -> str:
    lines = [f"class {name}(nn.Sequential):"]
    lines += _signature("__init__", signature.text(["self"]), "None")
    code = Call(Raw("super().__init__"), made.items(plan.units))
    return "\n".join([*lines, *statement("", code, indent=8)])


def _signature(name: str, parameters: list[str], returned: str) -> list[str]:
    line = f"    def {name}({', '.join(parameters)}) -> {returned}:"
    if len(line) <= WIDTH:
        return [line]
    inner = "        " + ", ".join(parameters)
    if len(inner) <= WIDTH:
        return [f"    def {name}(", inner, f"    ) -> {returned}:"]
    each = [f"        {part}," for part in parameters]
    return [f"    def {name}(", *each, f"    ) -> {returned}:"]


def _training_only(plan: Plan, results: list[Value]) -> set[int]:
    """The units that only training heads need (a network has one instance: no decisions)."""
    made: dict[int, Merged] = {unit.number: unit for unit in plan.units}
    needed: set[int] = set()
    pending = list(results)
    while pending:
        value = pending.pop()
        if isinstance(value, Ref) and value.unit in made and value.unit not in needed:
            needed.add(value.unit)
            pending.extend(reads_of(made[value.unit]))
    return set(made) - needed


__all__ = ["MODULE_ATTRIBUTES", "Written", "expression", "write"]
