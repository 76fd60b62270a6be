"""A class as text: its signature, its constructor, its `forward`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec.emit.held import is_step
from cnnspec.emit.names import BUILTINS
from cnnspec.emit.pycode import lines, text
from cnnspec.expression import plain
from cnnspec_torch.classes import polish
from cnnspec_torch.classes.containers import Containers
from cnnspec_torch.classes.evaluating import SIZE
from cnnspec_torch.classes.file import WORDS
from cnnspec_torch.classes.projection import Projection
from cnnspec_torch.classes.prune import prune
from cnnspec_torch.classes.tidy import appends, boxes_of, chains, copies, members, once, shared
from cnnspec_torch.classes.values import Hard, Put

WIDTH = 88
LAYER = "Callable[..., nn.Module]"
_COUNTS = ("int", "list[int]")
_KNOWN = frozenset(WORDS.split())


def written(projection: Projection, *, inference: bool) -> list[str]:
    """Write a class."""
    init, run = projection.init, projection.run
    arguments = [projection.file.word(each.name) for each in projection.body.nodes]
    returned = "Tensor"
    if projection.is_network:
        arguments = projection.inputs
        run, returned = _returns(projection, inference=inference)
    if projection.straight:
        run = []
        for box in projection.boxes[1:]:
            box.kind = "sequential"
    run = _forward(projection, run, arguments)
    if projection.is_network or not projection.straight:
        init = _used(projection, init, run)
    free = py.reads(run) - set(arguments) - py.stores(run) - _KNOWN - BUILTINS
    free -= set(projection.file.constants) | {each.name for each in projection.file.classes}
    attributes = {each: _attribute(projection, each) for each in sorted(free)}
    run = [_on_self(each, attributes) for each in run]
    parameters = {projection.file.word(each.name) for each in projection.body.data}
    for each in free - parameters:
        raise Hard(f"forward needs {each}")
    stored: list[ast.stmt] = [
        ast.Assign([py.code(f"self.{attributes[each]}")], py.name(each), lineno=0)
        for each in attributes
    ]
    init = _constructor(projection, init, run)
    return _class(projection, stored, init, run, arguments, returned)


def _returns(projection: Projection, *, inference: bool) -> tuple[list[ast.stmt], str]:
    """What a network gives: in training its training heads too, each where it is worked out."""
    file = projection.file
    names = {each.name: file.word(each.name) for each in projection.outputs}
    main = [names[each.name] for each in projection.outputs if not each.train]
    every = [names[each.name] for each in projection.outputs]
    several = len(main) > 1
    whole = _tuple("Outputs", main) if several else py.name(main[0])
    late = any(each.train for each in projection.outputs) and not inference
    returned = "Outputs" if several else "Tensor"
    if not late:
        return [*projection.run, ast.Return(whole)], returned
    kept, _ = prune(projection.run, main)
    known = {id(each) for each in kept}
    run = _in_training(projection.run, known)
    heads = _tuple("TrainOutputs" if several else "Outputs", every)
    run = [*run, ast.If(py.code("self.training"), [ast.Return(heads)], []), ast.Return(whole)]
    return run, "Outputs | TrainOutputs" if several else "Tensor | Outputs"


def _in_training(statements: list[ast.stmt], known: set[int]) -> list[ast.stmt]:
    """Put what only training heads need under `if self.training`."""
    result: list[ast.stmt] = []
    heads: list[ast.stmt] = []
    for each in statements:
        if _stays(each, known):
            if heads:
                result.append(ast.If(py.code("self.training"), heads, []))
                heads = []
            result.append(each)
        else:
            heads.append(each)
    if heads:
        result.append(ast.If(py.code("self.training"), heads, []))
    return result


def _stays(statement: ast.stmt, known: set[int]) -> bool:
    return id(statement) in known or isinstance(statement, ast.If | ast.For | ast.Return)


def _tuple(name: str, values: list[str]) -> ast.expr:
    return py.call(name, *map(py.name, values))


def _forward(projection: Projection, run: list[ast.stmt], arguments: list[str]) -> list[ast.stmt]:
    run, _ = prune(run)
    run = chains(run)
    run, _ = prune(run)
    for box in projection.boxes[1:]:
        if box.kind == "dict" and box.counts and len(box.sites) == 1:
            box.kind = "list"
    taken = {*arguments, *py.reads(run), *py.stores(run)}
    run = members(run, taken, alone=not projection.is_network)
    run = copies(run)
    run = appends(run, numbers=False)
    run, _ = prune(run)
    return once(run, set())


def _used(projection: Projection, init: list[ast.stmt], run: list[ast.stmt]) -> list[ast.stmt]:
    """Leave out modules of the class that nobody calls: heads that are there in training only."""
    if not projection.is_network:
        return init
    reached = {segment for number, segment in boxes_of([*run]) if not number}
    spoken = {
        segment
        for number, segment in boxes_of([each for each in init if not isinstance(each, Put)])
        if not number
    }
    opened = {
        ast.dump(ast.Constant(box.segment))
        if isinstance(box.segment, str)
        else ast.dump(box.segment)
        for box in projection.boxes[1:]
        if box.parent is not None and not box.parent.number and _reached(box, run)
    }
    return [
        each
        for each in init
        if not isinstance(each, Put)
        or each.number
        or not isinstance(each.segment, ast.Constant)
        or ast.dump(each.segment) in reached | spoken | opened
    ]


def _reached(box: Any, run: list[ast.stmt]) -> bool:
    numbers = {number for number, _ in boxes_of(run)}
    return box.number in numbers or any(n for n in numbers)


def _constructor(
    projection: Projection, init: list[ast.stmt], run: list[ast.stmt]
) -> list[ast.stmt]:
    wanted = projection.wanted
    spoken = [ast.dump(each) for each in (*run, *init)]
    kept: list[ast.stmt] = []
    for each in init:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Attribute):
            word = each.targets[0].attr
            if word == "out_channels":
                if not wanted:
                    continue
            elif not any(f"attr='{word}'" in other for other in spoken if other != ast.dump(each)):
                continue
        kept.append(each)
    kept, _ = prune(kept)
    kept = shared(kept)
    kept = copies(kept)
    kept = appends(kept, numbers=True)
    if SIZE in py.reads(kept):
        raise Hard("a height or width in a constructor")
    return kept


def _attribute(projection: Projection, word: str) -> str:
    """The attribute that keeps a parameter: a module's label wins over it."""
    from cnnspec_torch.attributes import attribute

    taken = {str(site[0]) for site in projection.boxes[0].sites if isinstance(site[0], str)} | set(
        projection.free
    )
    name = attribute(word)
    while name in taken:
        name += "_"
    return name


def _on_self(statement: ast.stmt, attributes: dict[str, str]) -> ast.stmt:
    def change(part: ast.AST) -> ast.AST | None:
        if isinstance(part, ast.Name) and py.is_load(part) and part.id in attributes:
            return py.code(f"self.{attributes[part.id]}")
        return None

    result = py.rewritten(statement, change)
    assert isinstance(result, ast.stmt)
    return result


def _class(
    projection: Projection,
    stored: list[ast.stmt],
    init: list[ast.stmt],
    run: list[ast.stmt],
    arguments: list[str],
    returned: str,
) -> list[str]:
    base = "nn.Sequential" if projection.straight else "nn.Module"
    result = [f"class {projection.name}({base}):"]
    words = Containers(projection.straight)
    plain_ = projection.straight and not stored and not late_defaults(projection)
    positional = _positional(projection, init) if plain_ else None
    head = signature(projection)
    if positional is not None:
        result += _signature("__init__", ["self", *head], "None")
        made = [words.words(each) for each in positional]
        result += lines([ast.Expr(py.call("super().__init__", *made))], 8)
    else:
        filled = Containers(projection.straight, _stage(projection, init))
        body = filled.statements([*late_defaults(projection), *stored, *init])
        body = polish.constructor(body, projection.file.constants, straight=projection.straight)
        if body or head:
            result += _signature("__init__", ["self", *head], "None")
            result.append("        super().__init__()")
            result += lines(body, 8) if body else []
    if projection.straight:
        return result
    if len(result) > 1:
        result.append("")
    hints = [
        f"{word}: {'list[Tensor]' if many else 'Tensor'}"
        for word, many in zip(arguments, _many(projection, arguments), strict=True)
    ]
    last = run[-1] if run else None
    if isinstance(last, ast.Return) and isinstance(last.value, ast.Tuple):
        returned = f"tuple[{', '.join(['Tensor'] * len(last.value.elts))}]"
    elif projection.body.result == "nodes" and not projection.is_network:
        returned = "list[Tensor]"
    result += _signature("forward", ["self", *hints], returned)
    return result + lines(polish.forward(words.statements(run)), 8)


def _stage(projection: Projection, init: list[ast.stmt]) -> str:
    """Name the one sequence that a constructor fills and whose name is worked out."""
    some = Containers(stage="stage")
    if sum(map(some.is_stage, projection.boxes)) != 1:
        return ""
    taken = py.reads(init) | py.stores(init)
    taken |= {projection.file.word(each.name) for each in projection.body.parameters}
    return "stage_" if "stage" in taken else "stage"


def _many(projection: Projection, arguments: list[str]) -> list[bool]:
    if projection.is_network:
        return [False] * len(arguments)
    return [each.kind == "nodes" for each in projection.body.nodes]


def _positional(projection: Projection, init: list[ast.stmt]) -> list[ast.expr] | None:
    """The members of a sequence, if their names are their places."""
    made: list[ast.expr] = []
    numbered = False
    for place, each in enumerate(init):
        if not isinstance(each, Put) or each.number or not isinstance(each.segment, ast.Constant):
            return None
        word = str(each.segment.value)
        numbered = numbered or word == str(place)
        if word != str(place) and word not in projection.free:
            return None
        made.append(each.made)
    return made if numbered else None


def _signature(name: str, parameters: list[str], returned: str) -> list[str]:
    line = f"    def {name}({', '.join(parameters)}) -> {returned}:"
    if len(line) <= WIDTH:
        return [line]
    inner = "        " + ", ".join(parameters)
    if len(inner) <= WIDTH:
        return [f"    def {name}(", inner, f"    ) -> {returned}:"]
    return [
        f"    def {name}(",
        *[f"        {each}," for each in parameters],
        f"    ) -> {returned}:",
    ]


def signature(projection: Projection) -> list[str]:
    """The parameters of a class: channels that come in, and what the spec's block takes."""
    file, body = projection.file, projection.body
    result = [
        f"{projection.parameter_channels(each.name)}: {_COUNTS[each.kind == 'nodes']}"
        for each in body.nodes
    ]
    star = False
    for each in projection.parameters:
        word = file.word(each.name)
        default = file.default(projection, each)
        hint = hinted(projection, each, default)
        if file.names_layers:
            hint = hint.replace(LAYER, "Layer")
        if default is None:
            result.append(f"{word}: {hint}")
            continue
        if not star:
            result.append("*")
            star = True
        if isinstance(default, ast.List):
            default = ast.Tuple(default.elts, py.LOAD)
        if is_late(projection, default):
            result.append(f"{word}: {hint} | None = None")
            continue
        result.append(f"{word}: {hint} = {text(default)}")
    return result


def names_layers(projections: Iterable[Projection]) -> bool:
    """Whether the type of what constructs a layer stands so often that a name is easier to read."""
    times = 0
    for each in projections:
        for parameter in each.parameters:
            default = each.file.default(each, parameter)
            times += LAYER in hinted(each, parameter, default)
    return times > 2


def is_late(projection: Projection, default: ast.expr) -> bool:
    """Whether a default speaks of other parameters, so that it is worked out in the constructor."""
    data = {projection.file.word(each.name) for each in projection.body.data}
    flowing = {projection.parameter_channels(each.name) for each in projection.body.nodes}
    return bool(py.reads(default) & (data | flowing))


def late_defaults(projection: Projection) -> list[ast.stmt]:
    """Work out the defaults that speak of other parameters, in order."""
    result: list[ast.stmt] = []
    for each in projection.parameters:
        default = projection.file.default(projection, each)
        if default is not None and is_late(projection, default):
            word = projection.file.word(each.name)
            absent = ast.Compare(py.name(word), [ast.Is()], [ast.Constant(None)])
            result.append(ast.If(absent, [py.assign(word, default)], []))
    return result


def hinted(projection: Projection, parameter: pg.Parameter, default: ast.expr | None) -> str:
    """The type of a parameter, as all its values have it."""
    file = projection.file
    if steps := file.reaching().get(parameter.name):
        return _constructs(projection, steps)
    values: list[Any] = [
        plain(scope.values[parameter.name])
        for scope in file.instances(projection.body)
        if parameter.name in scope.values
    ]
    if projection.is_network:
        values.append(plain(file.graph.parameters.get(parameter.name)))
    if default is not None:
        with suppress(ValueError, TypeError):
            values.append(ast.literal_eval(default))
    return _hint(values)


def _constructs(projection: Projection, steps: Iterable[pg.Expr]) -> str:
    """The type of what constructs a module: of blocks, so that their channels are known."""
    file = projection.file
    names: list[str] = []
    for each in steps:
        if not isinstance(each, pg.BlockStep):
            return LAYER
        body = file.program.body(each)
        names += sorted({x.name for x in file.classes if x.body is body} - {*names})
    return f"Callable[..., {' | '.join(names)}]" if names else LAYER


def _hint(values: Iterable[Any]) -> str:
    found = [each for each in values if each is not None]
    if any(map(is_step, found)):
        return LAYER
    lists = [each for each in found if isinstance(each, tuple | list)]
    if lists:
        plain_ = [each for each in found if not isinstance(each, tuple | list)]
        many = _row_hint(lists, fixed=bool(plain_))
        return f"{_hint(plain_)} | {many}" if plain_ else many
    kinds = {type(each) for each in found}
    for names in ((bool,), (int,), (str,)):
        if kinds == set(names):
            return names[0].__name__
    if kinds and kinds <= {int, float}:
        return "float"
    return "Any"


def _row_hint(rows: Sequence[Sequence[Any]], *, fixed: bool) -> str:
    """The type of lists: by place where places hold values of different types."""
    length = len(rows[0])
    if length and all(len(each) == length for each in rows):
        columns = [_hint(plain(row[place]) for row in rows) for place in range(length)]
        if fixed or (len(set(columns)) > 1 and set(columns) != {"int", "float"}):
            return f"tuple[{', '.join(columns)}]"
    return f"tuple[{_hint(plain(x) for each in rows for x in each)}, ...]"


__all__ = ["LAYER", "names_layers", "signature", "written"]
