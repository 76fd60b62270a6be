"""A whole PyTorch file: its head, tables, the layers that PyTorch lacks, one class a block."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cnnspec.diagnostics import SpecError, error
from cnnspec.emit.lowering import Lowering
from cnnspec.emit.program import Body, GivenStep, Operation, parts
from cnnspec.emit.pycode import lines
from cnnspec.emit.pycode import text as text_of
from cnnspec.emit.pytree import STORE, assign
from cnnspec.emit.pytree import name as name_
from cnnspec.graph import Graph
from cnnspec.op import Op
from cnnspec_torch.classes import sized
from cnnspec_torch.classes.binding import project_body
from cnnspec_torch.classes.file import RESERVED, File, Key, Variant, key_of
from cnnspec_torch.classes.handing import (
    KIND,
    OF_VECTORS,
    PUT,
    is_mixed,
    kinds_table,
    settled_ranks,
    use_function,
    vectors_table,
    written_functions,
)
from cnnspec_torch.classes.head import (
    Written,
    docstring,
    imports_of,
    layers_in,
    loss_weights,
    outputs_of,
    speaks,
)
from cnnspec_torch.classes.networks import Networks, one, several
from cnnspec_torch.classes.projection import Projection
from cnnspec_torch.classes.source import LAYER, WIDTH, names_layers, written
from cnnspec_torch.classes.stepwise import project_steps
from cnnspec_torch.classes.values import Hard
from cnnspec_torch.layers import LAYERS


@dataclass(frozen=True, slots=True)
class Classes:
    """A file's classes, projected, and the text of each."""

    file: File
    texts: list[str]
    #: The functions of operators that are handed on.
    given: list[str] = field(default_factory=list)
    #: What the functions of a family's networks are called, and what they return.
    functions: list[str] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)


def projected(
    graph: Graph, lowerings: Mapping[str, Lowering], *, inference: bool = False
) -> Classes:
    """Write the blocks that a network reaches, and the network, each after all that it calls."""
    return _all(one(graph, RESERVED), lowerings, inference=inference)


def _all(networks: Networks, lowerings: Mapping[str, Lowering], *, inference: bool) -> Classes:
    """Write all classes of a file.

    A body that has no shape which a person would type is written step by step. Raises SpecError for
    what cannot be written so either.
    """
    plain: frozenset[Key] = frozenset()
    ranks: Mapping[type[Op], frozenset[bool]] = {}
    while True:
        file = File(networks, lowerings, plain=plain, inference=inference, ranks=ranks)
        mixed = any(is_mixed(file, each) for each in ranks)
        file.uniform = mixed or (bool(plain) and any(map(_hands_on, file.bodies)))
        found = _classes(file, inference=inference)
        if isinstance(found, Classes):
            settled = settled_ranks(file)
            if settled is None:
                return found
            ranks = settled
            continue
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
    names = {each: file.space.take(file.networks.named(each)) for each in file.networks.bodies}
    family = file.networks.family
    functions = [file.space.take(x.graph.name) for x in file.networks.each if family]
    body = file.program.network
    try:
        for body in file.bodies:
            if body in names:
                _project(file, body, names[body], Variant(()))
                if len(names) > 1:
                    file.classes[-1].prefix = names[body]
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
        made = [*(calls(file) if functions else ())]
        given = written_functions(file)
    except Hard as why:
        return body, why
    return Classes(file, texts, given, functions, made)


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
        if projection.needs <= counted:
            raise Hard("a name whose number is counted in vain")
        counted |= projection.needs
        file.classes.pop()


def write(
    graph: Graph, lowerings: Mapping[str, Lowering], head: list[str], *, inference: bool
) -> Written:
    """Write the source of a network; `head` are the lines of the module's docstring."""
    found = projected(graph, lowerings, inference=inference)
    return Written(_file(found, head, []), found.file.classes[-1].name)


def write_family(
    graphs: tuple[Graph, ...],
    lowerings: Mapping[str, Lowering],
    head: list[str],
    notes: Sequence[str],
    *,
    inference: bool,
) -> str:
    """Write networks of one file: all blocks once, and a function a network with its `notes`."""
    found = _all(several(graphs, RESERVED), lowerings, inference=inference)
    file = found.file
    functions = [
        function(name, _class_of(file, each.body).name, note, call)
        for name, each, note, call in zip(
            found.functions, file.networks.each, notes, found.calls, strict=True
        )
    ]
    return _file(found, head, functions)


def _file(found: Classes, head: list[str], functions: list[str]) -> str:
    """Put a file together."""
    file = found.file
    text = "\n".join([*found.texts, *found.given, *functions])
    kinds = [kinds_table(file)] if speaks(text, "kind", "(") else []
    kinds += [vectors_table(file)] if file.of_vectors else []
    tables = _tables(file, text)
    late = {name: each for name, each in tables.items() if _speaks(each, file)}
    classes = _before_use([*found.texts, *functions], {**late, **_defaults(file)})
    types, weights = _outputs(file)
    text = "\n\n\n".join([*types, *found.given, *classes, *kinds])
    early = [each for name, each in tables.items() if name not in late]
    known = "\n".join([*early, text])
    text = "\n\n\n".join([*_functions(file, known), *layers_in(known), text])
    every = "\n".join([*early, text])
    named = [f"Layer = {LAYER}"] if speaks(text, "Layer") else []
    imports = imports_of("\n".join([*named, every]))
    short = [each for each in [*named, *early] if "\n" not in each]
    long = [each for each in early if "\n" in each]
    top = [docstring(head), imports, *weights, *(["\n".join(short)] if short else []), *long]
    return "\n\n".join(top) + "\n\n\n" + text + "\n"


def _outputs(file: File) -> tuple[list[str], list[str]]:
    """The types of what networks give, and how much training heads count."""
    types: list[str] = []
    weights: list[str] = []
    for body in file.networks.bodies:
        prefix = _class_of(file, body).prefix
        outputs = file.networks.outputs(body, inference=file.inference)
        types += outputs_of(outputs, prefix)
        if any(each.train for each in outputs):
            word = f"{body.name.upper()}_LOSS_WEIGHTS" if prefix else "LOSS_WEIGHTS"
            weights.append(loss_weights(outputs, word))
    return types, weights


def _class_of(file: File, body: Body) -> Projection:
    return next(each for each in file.classes if each.body is body)


def calls(file: File) -> Iterator[list[str]]:
    """Say what the functions of a family's networks give to their classes."""
    for each in file.networks.each:
        projection = _class_of(file, each.body)
        known = {parameter.name for parameter in projection.parameters}
        yield [
            f"{file.word(key)}={text_of(file.argued(projection, value, (each.body, key)))}"
            for key, value in each.arguments.items()
            if key in known
        ]


def function(name: str, class_: str, note: str, given: list[str]) -> str:
    """Write the function of a network: its class, with its arguments."""
    safe = note.replace("\\", "/").replace('"""', "'''").split("\n")
    told = [f'    """{safe[0]}', *(f"    {line}".rstrip() for line in safe[1:])]
    told = [*told, '    """'] if len(told) > 1 else [f'{told[0]}"""']
    head = f"def {name}(**parameters: Any) -> {class_}:"
    return "\n".join([head, *told, *_call(class_, [*given, "**parameters"])])


def _call(class_: str, items: list[str]) -> list[str]:
    """Write a call, on one line if it fits."""
    whole = f"    return {class_}({', '.join(items)})"
    inner = "        " + ", ".join(items)
    if len(whole) <= WIDTH:
        return [whole]
    if len(inner) <= WIDTH:
        return [f"    return {class_}(", inner, "    )"]
    return [f"    return {class_}(", *(f"        {each}," for each in items), "    )"]


def _speaks(table: str, file: File) -> bool:
    """Whether a table speaks of classes or functions of the file."""
    own = [each.name for each in file.classes] + [name for name, _ in file.functions.values()]
    own += LAYERS
    return any(speaks(table, each) for each in own)


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
            if name not in told and speaks(each, name):
                told.add(name)
                result.append(text)
        result.append(each)
    return result


def _tables(file: File, text: str) -> dict[str, str]:
    """The tables that classes speak of."""
    result: dict[str, str] = {}
    for name, value in reversed(file.constants.items()):
        if speaks(text, name):
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
    known |= {"of_vectors(": OF_VECTORS}
    if speaks(text, "use", "("):
        known["use("] = use_function(file)
    return [source for word, source in known.items() if speaks(text, word[:-1], "(")]
