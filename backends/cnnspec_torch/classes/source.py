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
from cnnspec_torch.classes import polish, sized
from cnnspec_torch.classes.containers import Containers
from cnnspec_torch.classes.file import WORDS
from cnnspec_torch.classes.hints import typed
from cnnspec_torch.classes.projection import Projection
from cnnspec_torch.classes.prune import prune
from cnnspec_torch.classes.tidy import appends, boxes_of, chains, copies, members, once, shared
from cnnspec_torch.classes.unread import without_unread
from cnnspec_torch.classes.values import NAMES, SIZE, Hard, Put
from cnnspec_torch.layers import LAYERS

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
    if not projection.straight and not projection.stepwise:
        init = without_unread(init, prune(run)[0])
    if projection.straight:
        run = []
        for box in projection.boxes[1:]:
            box.kind = "sequential"
    run = settled(_forward(projection, run, arguments))
    if projection.is_network or not projection.straight:
        init = _used(projection, init, run)
    _, before = prune(run)
    parameters = {projection.file.word(each.name) for each in projection.body.data}
    # What is bound on one way only and read on that way again is no parameter.
    free = before - (py.stores(run) - parameters) - set(arguments) - _KNOWN - BUILTINS
    free -= {name for name, _ in projection.file.functions.values()} | (set(LAYERS) - parameters)
    free -= {f"{projection.prefix}Outputs", f"{projection.prefix}TrainOutputs"}
    free -= set(projection.file.constants) | {each.name for each in projection.file.classes}
    attributes = {each: _attribute(projection, each) for each in sorted(free)}
    run = _stored(run, attributes)
    for each in free - parameters:
        raise Hard(f"forward needs {each}")
    stored: list[ast.stmt] = [
        ast.Assign([py.code(f"self.{attributes[each]}")], py.name(each), lineno=0)
        for each in attributes
    ]
    init = _constructor(projection, init, run)
    return _class(projection, stored, init, run, arguments, returned)


def _stored(run: list[ast.stmt], attributes: dict[str, str]) -> list[ast.stmt]:
    """Read parameters from `self`; one that is bound again begins as a variable."""
    again = {each for each in attributes if each in py.stores(run)}
    only = {word: name for word, name in attributes.items() if word not in again}
    head: list[ast.stmt] = [py.assign(x, py.code(f"self.{attributes[x]}")) for x in sorted(again)]
    return [*head, *(_on_self(each, only) for each in run)]


def settled(statements: list[ast.stmt]) -> list[ast.stmt]:
    """`x if t else x` is `x`, and `f(x) if True else y` is `f(x)`."""

    def change(part: ast.AST) -> ast.AST | None:
        if isinstance(part, ast.IfExp):
            whole = py.fold(part)
            return None if isinstance(whole, ast.IfExp) else settled_part(whole)
        return None

    def settled_part(part: ast.expr) -> ast.expr:
        result = py.rewritten(part, change)
        assert isinstance(result, ast.expr)
        return result

    result = [py.rewritten(each, change) for each in statements]
    return [each for each in result if isinstance(each, ast.stmt)]


def _returns(projection: Projection, *, inference: bool) -> tuple[list[ast.stmt], str]:
    """What a network gives: in training its training heads too, each where it is worked out."""
    file = projection.file
    names = {each.name: file.word(each.name) for each in projection.outputs}
    main = [names[each.name] for each in projection.outputs if not each.train]
    every = [names[each.name] for each in projection.outputs]
    several = len(main) > 1
    one, all_ = f"{projection.prefix}Outputs", f"{projection.prefix}TrainOutputs"
    whole = _tuple(one, main) if several else py.name(main[0])
    late = any(each.train for each in projection.outputs) and not inference
    returned = one if several else "Tensor"
    if not late:
        return [*projection.run, ast.Return(whole)], returned
    run = _in_training(projection.run, main)
    heads = _tuple(all_ if several else one, every)
    before: list[ast.stmt] = []
    if run and isinstance(run[-1], ast.If) and py.same(run[-1].test, py.code("self.training")):
        before = run.pop().body  # type: ignore[attr-defined]
    last = ast.If(py.code("self.training"), [*before, ast.Return(heads)], [])
    run = [*run, last, ast.Return(whole)]
    return run, f"{one} | {all_}" if several else f"Tensor | {one}"


def _in_training(statements: list[ast.stmt], main: list[str]) -> list[ast.stmt]:
    """Put what only training heads need under `if self.training`."""
    groups: list[tuple[bool, list[ast.stmt]]] = []
    live = set(main)
    for each in reversed(statements):
        kept, live = prune([each], live)
        # What goes over modules by their order keeps to it.
        stays = bool(kept) or NAMES in py.reads(each) | py.stores(each)
        if stays:
            live |= py.reads(each)
        if not groups or groups[-1][0] != stays:
            groups.append((stays, []))
        groups[-1][1].append(each)
    result: list[ast.stmt] = []
    for stays, group in reversed(groups):
        group.reverse()
        result += group if stays else [ast.If(py.code("self.training"), group, [])]
    return result


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
    every = boxes_of([*run])
    reached = {segment for number, segment in every if not number}
    inner = any(number for number, _ in every)
    spoken = {
        segment
        for number, segment in boxes_of([each for each in init if not isinstance(each, Put)])
        if not number
    }
    opened = {
        py.dumped(ast.Constant(box.segment))
        if isinstance(box.segment, str)
        else py.dumped(box.segment)
        for box in projection.boxes[1:]
        if inner and box.parent is not None and not box.parent.number
    }
    kept = reached | spoken | opened
    return [
        each
        for each in init
        if not isinstance(each, Put)
        or each.number
        or not isinstance(each.segment, ast.Constant)
        or py.dumped(each.segment) in kept
    ]


def _constructor(
    projection: Projection, init: list[ast.stmt], run: list[ast.stmt]
) -> list[ast.stmt]:
    wanted = projection.wanted
    spoken = [py.dumped(each) for each in (*run, *init)]
    kept: list[ast.stmt] = []
    for each in init:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Attribute):
            word = each.targets[0].attr
            if word == "out_channels":
                if not wanted:
                    continue
            elif not any(f"attr='{word}'" in other for other in spoken if other != py.dumped(each)):
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

    taken = (
        {"names"}
        | {
            str(site[0]).split(".")[0]
            for site in projection.boxes[0].sites
            if isinstance(site[0], str)
        }
        | set(projection.free)
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
        body = typed(projection, body, made=True)
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
        hints_ = ("None" if py.constant(each, None) else "Tensor" for each in last.value.elts)
        returned = f"tuple[{', '.join(hints_)}]"
    elif projection.body.result == "nodes" and not projection.is_network:
        returned = "list[Tensor]"
    result += _signature("forward", ["self", *hints], returned)
    body = typed(projection, polish.forward(words.statements(run)), made=False)
    return result + lines(body, 8)


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
        default = projection.defaults.get(each.name)
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
    more = sized.hints(projection)
    return [*result, *(["*"] if more and not star else []), *more]


def names_layers(projections: Iterable[Projection]) -> bool:
    """Whether the type of what constructs a layer stands so often that a name is easier to read."""
    times = 0
    for each in projections:
        for parameter in each.parameters:
            default = each.defaults.get(parameter.name)
            times += LAYER in hinted(each, parameter, default)
    return times > 2


def is_late(projection: Projection, default: ast.expr) -> bool:
    """Whether a default speaks of other parameters, so that it is worked out in the constructor."""
    data = {projection.file.word(each.name) for each in projection.body.data}
    flowing = {projection.parameter_channels(each.name) for each in projection.body.nodes}
    return bool(py.reads(default) & (data | flowing | set(projection.sized)))


def late_defaults(projection: Projection) -> list[ast.stmt]:
    """Work out the defaults that speak of other parameters, in order."""
    result: list[ast.stmt] = []
    for each in projection.parameters:
        default = projection.defaults.get(each.name)
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
        graphs = [each.graph for each in file.networks.of(projection.body)]
        values += [plain(each.parameters.get(parameter.name)) for each in graphs]
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
    said = " | ".join(names)
    before = {x.name for x in file.classes[: file.classes.index(projection)]}
    if not set(names) <= before:
        said = f'"{said}"'
    return f"Callable[..., {said}]" if names else LAYER


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
