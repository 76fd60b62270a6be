"""A whole PyTorch file: its head, tables, the layers that PyTorch lacks, one class a block."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cnnspec.emit.lowering import Lowering
from cnnspec.emit.names import class_from_title, class_name
from cnnspec.emit.program import Body
from cnnspec.emit.pycode import lines
from cnnspec.emit.pytree import assign
from cnnspec.graph import Graph
from cnnspec_torch.classes.binding import project_body
from cnnspec_torch.classes.file import File, ranks_of
from cnnspec_torch.classes.projection import Projection
from cnnspec_torch.classes.source import LAYER, names_layers, written
from cnnspec_torch.writer import (
    Written,
    docstring,
    imports_of,
    layers_in,
    loss_weights,
    outputs_of,
)


def projected(graph: Graph, lowerings: Mapping[str, Lowering]) -> File:
    """Project the blocks that a network reaches, and the network, each after all that it calls."""
    file = File(graph, lowerings)
    title = graph.meta.get("title")
    wanted = class_from_title(title) if isinstance(title, str) else None
    network = file.space.take(wanted or class_name(graph.name))
    for body in file.program.blocks:
        every = file.ranks(body)
        for ranks in every:
            if len(every) > 1:
                file.now = {id(x) for x in file.instances(body) if ranks_of(x) == ranks}
            _project(file, body, file.class_name(body), ranks)
            file.now = None
    _project(file, file.program.network, network, ())
    return file


def _project(file: File, body: Body, name: str, ranks: tuple[bool, ...]) -> None:
    """Project a body, again with a count of what turned out to need one."""
    counted: frozenset[str] = frozenset()
    while True:
        projection = Projection(file, body, name, ranks, counted=counted)
        file.classes.append(projection)
        project_body(projection)
        if not projection.needs:
            projection.wanted = projection.wanted or body in file.wanted
            return
        counted |= projection.needs
        file.classes.pop()


def write(
    graph: Graph, lowerings: Mapping[str, Lowering], head: list[str], *, inference: bool
) -> Written:
    """Write the source of a network; `head` are the lines of the module's docstring.

    Raises `values.Hard` for what cannot be projected yet.
    """
    file = projected(graph, lowerings)
    file.names_layers = names_layers(file.classes)
    classes = _with_defaults(
        file, ["\n".join(written(each, inference=inference)) for each in file.classes]
    )
    outputs = graph.inference_outputs if inference else graph.outputs
    text = "\n\n\n".join([*outputs_of(outputs), *classes])
    tables = _tables(file, "\n".join(classes))
    known = "\n".join([*tables, text])
    text = "\n\n\n".join([*_functions(known), *layers_in(known), text])
    every = "\n".join([*tables, text])
    weights = [loss_weights(outputs)] if any(each.train for each in outputs) else []
    named = [f"Layer = {LAYER}"] if re.search(r"\bLayer\b", text) else []
    imports = imports_of("\n".join([*named, every]))
    short = [each for each in [*named, *tables] if "\n" not in each]
    long = [each for each in tables if "\n" in each]
    parts = [docstring(head), imports, *weights, *(["\n".join(short)] if short else []), *long]
    return Written("\n\n".join(parts) + "\n\n\n" + text + "\n", file.classes[-1].name)


def _with_defaults(file: File, classes: list[str]) -> list[str]:
    """Put what is a default before the first class that speaks of it."""
    result: list[str] = []
    told: set[str] = set()
    for each in classes:
        for name, value in file.defaults.items():
            if name not in told and re.search(rf"\b{name}\b", each):
                told.add(name)
                result.append("\n".join(lines([assign(name, value)], 0)))
        result.append(each)
    return result


def _tables(file: File, text: str) -> list[str]:
    """What stands at the top of a file for the classes that speak of it."""
    result: list[str] = []
    for name, value in reversed(file.constants.items()):
        if re.search(rf"\b{name}\b", text):
            result.insert(0, "\n".join(lines([assign(name, value)], 0)))
            text += result[0]
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


def _functions(text: str) -> list[str]:
    known = {"round_to(": ROUND_TO, "named(": NAMED}
    return [source for word, source in known.items() if re.search(rf"\b{re.escape(word)}", text)]
