"""A whole Keras file: its head, the layers that Keras lacks, one function a block, the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cnnspec.emit.bodies import read_family, read_program
from cnnspec.emit.code import Call, Code, Input, Keyword, Leaf, Raw, Starred
from cnnspec.emit.flat import Flat
from cnnspec.emit.flatten import flattened
from cnnspec.emit.live import needed
from cnnspec.emit.names import BUILTINS, Namespace
from cnnspec.emit.printer import expression, fill, statement
from cnnspec.emit.program import Body, Expr, Name, Variant
from cnnspec.emit.site import Site
from cnnspec.graph import Graph, Output
from cnnspec.op import Op
from cnnspec_keras.application import named, padded, taken_apart
from cnnspec_keras.body import Writer, fill_padding
from cnnspec_keras.depth import is_deep
from cnnspec_keras.file import File
from cnnspec_keras.functions import FUNCTIONS
from cnnspec_keras.layers import LAYERS
from cnnspec_keras.signature import function, head

WIDTH: Final = 88
#: Names that a file uses for itself.
_WORDS: Final = """
    Any Callable Counter KerasTensor LOSS_WEIGHTS Sequence inference keras math np ops partial
"""
RESERVED: Final = BUILTINS.union(_WORDS.split())
#: And those of what may be copied into it.
OURS: Final = RESERVED.union(LAYERS, FUNCTIONS)


@dataclass(frozen=True, slots=True)
class Written:
    """A file's body, and the name of the network's function in it."""

    body: str
    name: str


def write(
    graph: Graph, lower: Mapping[str, Any], head_lines: list[str], *, inference: bool
) -> Written:
    """Write the source of a network; `head_lines` are those of the module's docstring."""
    space = Namespace(OURS | {"layers"})
    network = space.take(graph.name)
    program = flattened(read_program(graph), OURS | {"layers"})
    file = File((graph,), program, lower, space, OURS | {network}, nested=is_deep(graph))
    outputs = graph.inference_outputs if inference else graph.outputs
    pieces = [(_block(file, each), file.name(each.body)) for each in program.blocks]
    pieces.append((_network(file, program.network, network, outputs, title=graph.name), network))
    trained = any(each.train for each in outputs)
    if trained:
        pieces.append((_inference(outputs), "inference"))
    constants = [_weights(outputs)] if trained else []
    return Written(_assembled(file, pieces, head_lines, constants), network)


def write_family(
    graphs: tuple[Graph, ...],
    lower: Mapping[str, Any],
    head_lines: list[str],
    notes: Sequence[str],
    *,
    inference: bool,
) -> str:
    """Write networks of one file: all blocks once, and a function a network with its `notes`.

    A network that others are variants of takes its parameters; a variant calls it.
    """
    space = Namespace(OURS | {"layers"})
    names = {graph.name: space.take(graph.name) for graph in graphs}
    programs, variants = read_family(graphs)
    bases = {id(each.network): each for each in programs}
    flats = {key: flattened(each, OURS | {"layers"}) for key, each in bases.items()}
    first = next(iter(flats.values()))
    nested = any(map(is_deep, graphs))
    file = File(graphs, first, lower, space, OURS | set(names.values()), nested=nested)
    pieces = [(_block(file, each), file.name(each.body)) for each in first.blocks]
    called: dict[int, str] = {}
    constants: list[str] = []
    for graph, variant, note in zip(graphs, variants, notes, strict=True):
        key, name = id(variant.body), names[graph.name]
        outputs = graph.inference_outputs if inference else graph.outputs
        if key not in called:
            base = variant.body.name
            called[key] = names.get(base) or space.take(base)
            whole = note if base == graph.name else None
            text = _network(file, flats[key].network, called[key], outputs, title="", note=whole)
            pieces.append((text, called[key]))
            if any(each.train for each in outputs):
                constants.append(_weights(outputs, f"{called[key].upper()}_LOSS_WEIGHTS"))
                words = f"{called[key]}_inference"
                pieces.append((_inference(outputs, words), words))
        if called[key] != name:
            pieces.append((_variant(file, variant, called[key], name, note), name))
    return _assembled(file, pieces, head_lines, constants)


def _assembled(
    file: File, pieces: list[tuple[str, str]], head_lines: list[str], constants: list[str]
) -> str:
    """Put a file together: its head, what it imports, our own parts, operators, pieces."""
    operators = [_operator(file, op, keys) for op, keys in _all_operators(file)]
    text = "\n\n\n".join([*operators, *_with_constants(file, pieces)])
    text = "\n\n\n".join([*_ours(text), text])
    parts = [_docstring(_head(head_lines, text, nested=file.nested)), _imports(text), *constants]
    between = "\n\n\n" if text.startswith(("def ", "@")) else "\n\n"
    return "\n\n".join(parts) + between + text + "\n"


def _variant(file: File, variant: Variant, base: str, name: str, note: str) -> str:
    """Write a variant: the network that it is of, with its arguments."""
    writer = Writer(file, Flat(variant.body, []), network=True)
    said = [
        f"{file.keyword(variant.body, key)}="
        + expression(writer.said_to(value, (id(variant.body), key)))
        for key, value in variant.arguments.items()
    ]
    items = [*said, f"name={expression(Leaf(name))}", "**parameters"]
    lines = [f"def {name}(**parameters: Any) -> keras.Model:", *_noted(note)]
    whole = f"    return {base}({', '.join(items)})"
    inner = "        " + ", ".join(items)
    if len(whole) <= WIDTH:
        return "\n".join([*lines, whole])
    if len(inner) <= WIDTH:
        return "\n".join([*lines, f"    return {base}(", inner, "    )"])
    return "\n".join([*lines, f"    return {base}(", *(f"        {i}," for i in items), "    )"])


def _noted(note: str) -> list[str]:
    """Write a function's docstring."""
    safe = note.replace("\\", "/").replace('"""', "'''")
    if "\n" not in safe:
        return [f'    """{safe}"""'] if safe else []
    first, *rest = safe.split("\n")
    return [f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """']


def _block(file: File, source: Flat) -> str:
    """Write a block: from tensors to tensors; nested, each call is a model of its own."""
    writer = Writer(file, source, network=False)
    body = source.body
    returned = "KerasTensor" if body.result == "node" else "Sequence[KerasTensor]"
    lines, begins = function(file, writer, body, name=file.name(body), returned=returned)
    if file.nested:
        for each in body.nodes:
            word, inner = writer.spell(each.name), writer.inner(each.name)
            lines.append(f"    {inner} = keras.Input({word}_in.shape[1:])")
            if inner != word:
                lines.append(f"    {word} = {inner}")
    writer.lines += begins
    writer.row(needed(source.statements))
    return "\n".join([*lines, *_counted(writer), *writer.lines])


def _counted(writer: Writer) -> list[str]:
    return ["    counts: Counter[str] = Counter()"] if writer.counts else []


def _network(
    file: File,
    source: Flat,
    name: str,
    outputs: tuple[Output, ...],
    *,
    title: str,
    note: str | None = None,
) -> str:
    """Write the network: from its inputs to a model; without a title its name is a parameter."""
    writer = Writer(file, source, network=True)
    named_ = (f'name: str = "{name}"',) if not title else ()
    lines, begins = function(
        file, writer, source.body, name=name, returned="keras.Model", more=named_
    )
    lines += _noted(note or "")
    writer.lines += begins
    kept = {each.name for each in outputs}
    writer.row(needed(source.statements, inference=not any(each.train for each in outputs)))
    lines += [*_counted(writer), *writer.lines]
    given = {
        each.name: expression(writer.say(each.value))
        for each in writer.outputs
        if each.name in kept
    }
    results = given[outputs[0].name]
    if len(outputs) > 1:
        results = "outputs"
        items = [f'"{each.name}": {given[each.name]}' for each in outputs]
        lines += bracketed("    outputs = ", "{", items)
    called = expression(Leaf(title)) if title else "name"
    lines.append(f"    return keras.Model({_listed(writer.inputs)}, {results}, name={called})")
    return "\n".join(lines)


def _all_operators(file: File) -> Iterable[tuple[type[Op], dict[str, None]]]:
    return file.given.operators.items()


def _operator(file: File, op: type[Op], keys: Mapping[str, None]) -> str:
    """Write an operator as a function, for where it is a value."""
    taken = {*keys, *op.required}
    arguments: dict[str, Expr] = {key: Name(key) for key in op.names if key in taken}

    def say(expr: Expr) -> Code:
        return Raw(expr.id if isinstance(expr, Name) and expr.id else "x")

    lowered = file.lowerings[op.name](Site(op, arguments, say, (None,), ()))
    many = op.arity[1] != 1
    inputs: list[Code] = [Starred(Raw("x")) if many else Raw("x")]
    flow = fill(lowered.flow, inputs, None)

    def label(word: str) -> Code:
        return Raw(f'f"{{name}}_{word}"') if word else Raw("name")

    layers, given = taken_apart(named(flow, label))
    parameters = ["*x: KerasTensor" if many else "x: KerasTensor"]
    more: list[str] = []
    for key in arguments:
        arg = op.arguments[key]
        if arg.required:
            parameters.append(f"{key}: Any")
        else:
            more.append(f"{key}: Any = {expression(Leaf(arg.default))}")
    lines = head(
        file.given.name_of(op),
        [*parameters, "*", *more, "name: str"][many:]
        if False
        else [*parameters, *([] if many else ["*"]), *more, "name: str"],
        "KerasTensor",
    )
    if padded(given):
        lines += statement("x, padding = ", given, indent=4)
        layers, given = [fill_padding(each, "padding") for each in layers], Raw("x")
    for layer in layers[:-1]:
        lines += statement("x = ", Call(layer, (given,)), indent=4)
        given = Raw("x")
    code = Call(layers[-1], (given,)) if layers else given
    text = "\n".join([*lines, *statement("return ", code, indent=4)])
    return text + _called(file.given.name_of(op), op.name)


def _called(function: str, word: str) -> str:
    """Have a function tell the spec's word for it, where Python has that for itself."""
    return "" if function == word else f'\n\n\n{function}.__name__ = "{word}"'


def _with_constants(file: File, pieces: list[tuple[str, str]]) -> list[str]:
    """Put constants where all that they speak of is known, and all that speaks of them is not."""
    waiting = {
        name: "\n".join(statement(f"{name} = ", code, indent=0))
        for name, code in {**file.constants, **file.given.constants}.items()
    }
    blocks = [name for _, name in pieces]
    result: list[str] = []

    def ready(known: set[str]) -> list[str]:
        found = []
        for name, text in list(waiting.items()):
            others = (set(blocks) | set(waiting)) - known - {name}
            if not any(re.search(rf"\b{each}\b", text) for each in others):
                found.append(waiting.pop(name))
        return found

    known: set[str] = set()
    for text, name in pieces:
        found: list[str] = []
        while more := ready(known):
            found += more
        if found:
            result.append("\n".join(found))
        result.append(text)
        known.add(name)
    return result


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def bracketed(prefix: str, bracket: str, items: list[str]) -> list[str]:
    """Write items in braces, on one line if they fit, else each on its own."""
    line = f"{prefix}{bracket}{', '.join(items)}}}"
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(prefix) - len(prefix.lstrip()))
    return [f"{prefix}{bracket}", *(f"{indent}    {item}," for item in items), f"{indent}}}"]


def _inference(outputs: tuple[Output, ...], name: str = "inference") -> str:
    main = [each.name for each in outputs if not each.train]
    given = f'model.output["{main[0]}"]'
    lines = [
        f"def {name}(model: keras.Model) -> keras.Model:",
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


_CALLED: Final = re.compile(r"\b(\w+)\(").findall


def _ours(text: str) -> list[str]:
    """The layers and functions of our own that a text uses, and those that these use."""
    found: set[str] = set()
    own = {**LAYERS, **FUNCTIONS}
    seen = [text]
    for part in seen:  # it grows meanwhile
        called = set(_CALLED(part))
        more = [source for name, source in own.items() if name in called and source not in found]
        found |= set(more)
        seen += more
    everything = [*(source for _, source in sorted(LAYERS.items())), *FUNCTIONS.values()]
    return [source for source in everything if source in found]


def _imports(text: str) -> str:
    standard, ours = [], ["import keras"]
    if re.search(r"\bmath\.", text):
        standard.append("import math")
    if re.search(r"\bCounter\[", text):
        standard.append("from collections import Counter")
    abc = [word for word in ("Callable", "Sequence") if re.search(rf"\b{word}\[", text)]
    if abc:
        standard.append(f"from collections.abc import {', '.join(abc)}")
    if re.search(r"\bpartial\(", text):
        standard.append("from functools import partial")
    if re.search(r"\bAny\b", text):
        standard.append("from typing import Any")
    if re.search(r"\bnp\.", text):
        ours.append("import numpy as np")
    names = [word for word in ("KerasTensor", "layers", "ops") if re.search(_USES[word], text)]
    if names:
        ours.append(f"from keras import {', '.join(names)}")
    return "\n\n".join("\n".join(part) for part in (standard, ours) if part)


_USES: Final = {
    "KerasTensor": r"\bKerasTensor\b",
    "layers": r"(?<!keras\.)\blayers\.[A-Z]",
    "ops": r"(?<!keras\.)\bops[.,]",
}


def _weights(outputs: Iterable[Output], name: str = "LOSS_WEIGHTS") -> str:
    items = [f'"{o.name}": {o.weight if o.train else 1.0!r}' for o in outputs]
    why = "# How much each output's loss counts: what `compile` takes as loss_weights."
    return "\n".join([why, *bracketed(f"{name} = ", "{", items)])


__all__ = ["Body", "Input", "Keyword", "Written", "write"]
