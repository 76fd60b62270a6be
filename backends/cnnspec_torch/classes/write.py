"""A whole PyTorch file: its head, tables, the layers that PyTorch lacks, one class a block."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cnnspec.diagnostics import SpecError, error
from cnnspec.emit.bodies import read_program
from cnnspec.emit.flatten import flattened
from cnnspec.emit.lowering import Lowering
from cnnspec.emit.names import class_from_title, class_name
from cnnspec.emit.program import Body, GivenStep, Operation, parts
from cnnspec.emit.prove import Unproved, mismatches
from cnnspec.emit.pycode import lines
from cnnspec.emit.pytree import STORE, assign
from cnnspec.emit.pytree import name as name_
from cnnspec.graph import Graph
from cnnspec_torch.classes import sized
from cnnspec_torch.classes.binding import project_body
from cnnspec_torch.classes.file import RESERVED, File, Key, Variant, key_of
from cnnspec_torch.classes.handing import KIND, PUT, kinds_table, use_function, written_functions
from cnnspec_torch.classes.head import (
    Written,
    docstring,
    imports_of,
    layers_in,
    loss_weights,
    outputs_of,
)
from cnnspec_torch.classes.projection import Projection
from cnnspec_torch.classes.source import LAYER, names_layers, written
from cnnspec_torch.classes.stepwise import project_steps
from cnnspec_torch.classes.values import Hard


@dataclass(frozen=True, slots=True)
class Classes:
    """A file's classes, projected, and the text of each."""

    file: File
    texts: list[str]


def projected(
    graph: Graph, lowerings: Mapping[str, Lowering], *, inference: bool = False
) -> Classes:
    """Write the blocks that a network reaches, and the network, each after all that it calls.

    A body that has no shape which a person would type is written step by step. Raises SpecError for
    what cannot be written so either.
    """
    plain: frozenset[Key] = frozenset()
    program = flattened(read_program(graph), RESERVED)
    while True:
        file = File(graph, lowerings, program, plain=plain, inference=inference)
        blocks = (*file.program.blocks, file.program.network)
        file.uniform = bool(plain) and any(map(_hands_on, blocks))
        found = _classes(file, inference=inference)
        if isinstance(found, Classes):
            return found
        body, why = found
        if key_of(body) in plain:
            raise _refused(body, why)
        plain |= {key_of(body)}


def _hands_on(body: Body) -> bool:
    """Whether a body applies steps, or compares them, that values are."""
    every = parts(body.statements)
    return any(
        isinstance(each, GivenStep)
        or (isinstance(each, Operation) and each.operator in ("==", "!="))
        for each in every
    )


def _refused(body: Body, why: Hard) -> SpecError:
    """Say that PyTorch has no place for what a body does."""
    span = why.span or body.definition.item.span
    return error("not-expressible", f"torch cannot express this {body.name}: {why}", span)


def _classes(file: File, *, inference: bool) -> Classes | tuple[Body, Hard]:
    """Write all classes; or give the body that cannot be written as it is now, and why."""
    title = file.graph.meta.get("title")
    wanted = class_from_title(title) if isinstance(title, str) else None
    network = file.space.take(wanted or class_name(file.graph.name))
    every = [*file.program.blocks, file.program.network]
    body = file.program.network
    try:
        for body in every:
            if body is file.program.network:
                _project(file, body, network, Variant(()))
                continue
            variants = file.variants(body)
            for each in variants:
                if len(variants) > 1:
                    every_ = file.instances(body)
                    file.now = {id(x) for x in every_ if file.variant_of(body, x) == each}
                _project(file, body, file.class_name(body), each)
                file.now = None
        texts = []
        hidden = any(each.name == "Layer" for each in file.classes) or "Layer" in file.constants
        file.names_layers = not hidden and names_layers(file.classes)
        for projection in file.classes:
            body = projection.body
            texts.append("\n".join(written(projection, inference=inference)))
    except Hard as why:
        return body, why
    return Classes(file, texts)


def _project(file: File, body: Body, name: str, variant: Variant) -> None:
    """Project a body, again with a count of what turned out to need one."""
    counted: frozenset[str] = frozenset()
    while True:
        projection = Projection(file, body, name, variant.ranks, left=variant.left, counted=counted)
        file.classes.append(projection)
        if key_of(body) in file.plain:
            projection.stepwise = True
            project_steps(projection, file.flat(body))
        else:
            project_body(projection)
        if not projection.needs:
            sized.settle(projection)
            projection.wanted = projection.wanted or body in file.wanted
            return
        counted |= projection.needs
        file.classes.pop()


def write(
    graph: Graph, lowerings: Mapping[str, Lowering], head: list[str], *, inference: bool
) -> Written:
    """Write the source of a network; `head` are the lines of the module's docstring."""
    found = projected(graph, lowerings, inference=inference)
    file = found.file
    if wrong := mismatches(graph, file.taken_apart):
        raise Unproved(wrong)
    functions = written_functions(file)
    text = "\n".join([*found.texts, *functions])
    kinds = [kinds_table(file)] if re.search(r"\bkind\(", text) else []
    tables = _tables(file, text)
    late = {name: each for name, each in tables.items() if _speaks(each, file)}
    classes = _before_use(found.texts, {**late, **_defaults(file)})
    outputs = graph.inference_outputs if inference else graph.outputs
    text = "\n\n\n".join([*outputs_of(outputs), *functions, *classes, *kinds])
    early = [each for name, each in tables.items() if name not in late]
    known = "\n".join([*early, text])
    text = "\n\n\n".join([*_functions(file, known), *layers_in(known), text])
    every = "\n".join([*early, text])
    weights = [loss_weights(outputs)] if any(each.train for each in outputs) else []
    named = [f"Layer = {LAYER}"] if re.search(r"\bLayer\b", text) else []
    imports = imports_of("\n".join([*named, every]))
    short = [each for each in [*named, *early] if "\n" not in each]
    long = [each for each in early if "\n" in each]
    top = [docstring(head), imports, *weights, *(["\n".join(short)] if short else []), *long]
    return Written("\n\n".join(top) + "\n\n\n" + text + "\n", file.classes[-1].name)


def _speaks(table: str, file: File) -> bool:
    """Whether a table speaks of classes or functions of the file."""
    own = [each.name for each in file.classes] + [name for name, _ in file.functions.values()]
    return any(re.search(rf"\b{re.escape(each)}\b", table) for each in own)


def _defaults(file: File) -> dict[str, str]:
    """The defaults that have names."""
    return {name: _constant(file, name, value) for name, value in file.defaults.items()}


def _constant(file: File, name: str, value: ast.expr) -> str:
    """Write a constant; the type of what constructs layers is said, for there may be others."""
    statement: ast.stmt = assign(name, value)
    if isinstance(value, ast.Call) and isinstance(value.args[0], ast.Attribute):
        hint = name_("Layer" if file.names_layers else LAYER)
        statement = ast.AnnAssign(ast.Name(name, STORE), hint, value, 1)
    return "\n".join(lines([statement], 0))


def _before_use(classes: list[str], named: Mapping[str, str]) -> list[str]:
    """Put what has a name before the first class that speaks of it."""
    result: list[str] = []
    told: set[str] = set()
    for each in classes:
        for name, text in named.items():
            if name not in told and re.search(rf"\b{name}\b", each):
                told.add(name)
                result.append(text)
        result.append(each)
    return result


def _tables(file: File, text: str) -> dict[str, str]:
    """The tables that classes speak of."""
    result: dict[str, str] = {}
    for name, value in reversed(file.constants.items()):
        if re.search(rf"\b{name}\b", text):
            result = {name: _constant(file, name, value), **result}
            text += result[name]
    return result


ROUND_TO = '''def round_to(value: float, divisor: int = 8) -> int:
    """The nearest multiple of divisor, never below 90 % of value."""
    result = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return result + divisor if result < 0.9 * value else result'''


NAMED = '''def named(*members: nn.Module | tuple[str, nn.Module]) -> nn.Sequential:
    """A sequence whose members are called by their places, save for those that have a name."""
    result = nn.Sequential()
    for place, member in enumerate(members):
        name, module = member if isinstance(member, tuple) else (str(place), member)
        result.add_module(name, module)
    return result'''


def _functions(file: File, text: str) -> list[str]:
    known = {"round_to(": ROUND_TO, "named(": NAMED, "kind(": KIND, "put(": PUT}
    if re.search(r"\buse\(", text):
        known["use("] = use_function(file)
    return [source for word, source in known.items() if re.search(rf"\b{re.escape(word)}", text)]
