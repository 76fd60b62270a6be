"""A class written step by step: every module under its path, every value under its name.

What has a shape that a person would type is written so (`binding`, `applying`); this is for the
rest: a group that is entered again, a step without a label whose name depends on what is given, a
parameter among modules. The body is taken apart (`emit.flatten`) into statements of one step each,
and each becomes one statement of the constructor and one of `forward`. Both decide and turn alike,
so a module whose name is worked out is found again by the order in which modules were put.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cnnspec.emit import flat
from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec.emit.flatten import words
from cnnspec.emit.live import needed
from cnnspec.emit.names import is_identifier
from cnnspec_torch.attributes import attribute
from cnnspec_torch.classes import calling, evaluating, handing, looping, operating
from cnnspec_torch.classes.evaluating import word_of_literal
from cnnspec_torch.classes.lowered import operation, tree
from cnnspec_torch.classes.placing import is_parameter
from cnnspec_torch.classes.projection import Projection, Statements, lasting
from cnnspec_torch.classes.scan import bindings
from cnnspec_torch.classes.values import NAMES, Box, Data, Hard, Node, Nodes, Rows, Steps, Value

COUNTS: Final = "counts"
#: A result that nothing reads.
NOTHING: Final = pg.Literal(0)
#: What the constructor says, and what `forward` says.
Pair = tuple[ast.expr, ast.expr]


def project_steps(p: Projection, taken_apart: flat.Flat) -> None:
    """Write both projections of a body that was taken apart."""
    p.boxes.append(Box(0, kind="self"))
    p.binds(bindings(p.body.statements))
    every = taken_apart.statements
    if p.left:
        every = _without(every, p.left)
    statements = needed(every, inference=p.file.inference)
    p.fresh_names |= {p.file.word(each) for each in _names_given(statements)}
    _begin(p)
    p.defaults = p.file.parameter_defaults(p)
    _row(p, statements)
    read = py.reads(p.init)
    head: Statements = []
    if COUNTS in read:
        head.append(py.assign(COUNTS, py.code("Counter()")))
    if any(_is_put(each) for each in py.walk(p.init)):
        target = py.code(f"self.{NAMES}")
        assert isinstance(target, ast.Attribute)
        head.append(ast.AnnAssign(target, py.code("list[str]"), py.items([]), 0))
        p.run.insert(0, py.assign(NAMES, py.code(f"iter(self.{NAMES})")))
    p.init[:0] = head
    p.done = True


def _names_given(statements: Iterable[flat.Statement]) -> set[str]:
    """The names that a body which was taken apart gives: its own, of branches, of counters."""
    found: set[str] = set()
    for each in statements:
        match each:
            case flat.Assign(targets):
                found |= set(targets)
            case flat.Count(counter):
                found.add(counter)
            case flat.If(arms, orelse):
                for body in (*(body for _, body in arms), orelse):
                    found |= _names_given(body)
            case flat.Loop():
                found |= _names_given(each.body)
    return found


def _without(statements: list[flat.Statement], left: frozenset[int]) -> list[flat.Statement]:
    """Leave out results that nothing reads."""
    result: list[flat.Statement] = []
    for each in statements:
        match each:
            case flat.Give(values):
                kept = (x if n not in left else NOTHING for n, x in enumerate(values))
                result.append(flat.Give(tuple(kept)))
            case flat.If(arms, orelse):
                rows = [(test, _without(body, left)) for test, body in arms]
                result.append(flat.If(rows, _without(orelse, left)))
            case _:
                result.append(each)
    return result


def _is_put(part: ast.AST) -> bool:
    return isinstance(part, ast.Attribute) and part.attr == NAMES


def _begin(p: Projection) -> None:
    """Bind the parameters; the channels of one that is bound again are in a variable."""
    p.env = {}
    first = True
    ranks = iter(p.ranks)
    for each in p.body.parameters:
        word = p.file.word(each.name)
        if each.kind == "data":
            p.env[each.name] = Data(py.name(word), py.name(word))
            continue
        given = p.give_channels(each.name, first=first)
        first = False
        channels = py.name(given)
        if p.bound.get(each.name):
            variable = p.variable(each.name)
            if variable != given:
                p.init.append(py.assign(variable, channels))
            channels = py.name(variable)
        flowing = Nodes if each.kind == "nodes" else Node
        p.env[each.name] = flowing(channels, py.name(word), next(ranks, True))


def _row(p: Projection, statements: Iterable[flat.Statement]) -> None:
    for each in statements:
        _statement(p, each)


def _statement(p: Projection, statement: flat.Statement) -> None:
    match statement:
        case flat.Assign((word,), value):
            p.target = word
            found = _value(p, value)
            p.target = None
            bind(p, word, found)
        case flat.Assign(targets, value):
            _take_apart(p, targets, _value(p, value))
        case flat.Count(counter, by):
            _count(p, counter, by)
        case flat.Tick(kind):
            place = py.code(f"{COUNTS}[k]", k=_kind(p, kind))
            assert isinstance(place, ast.Subscript)
            target = ast.Subscript(place.value, place.slice, py.STORE)
            p.init.append(ast.AugAssign(target, ast.Add(), py.literal(1)))
        case flat.If(arms, orelse):
            _if(p, arms, orelse)
        case flat.Loop():
            _loop(p, statement)
        case flat.Give(values):
            _give(p, values)
        case flat.Output(name, value, _):
            bind(p, name, evaluating.as_node(evaluating.evaluate(p, value)))
            p.outputs.append(pg.Output(name, value, statement.train))
        case pg.Never(why):
            for each in (p.init, p.run):
                each.append(ast.Raise(py.call("ValueError", py.literal(why)), None))


def bind(p: Projection, word: str, value: Value) -> None:
    """Bind a name: a variable in each projection."""
    if word == "_":
        p.run.append(ast.Expr(value.tensor) if isinstance(value, Node) else ast.Pass())
        return
    name = _variable(p, word)
    match value:
        case Node() | Nodes():
            variable = p.variable(word)
            _assign(p.init, variable, value.channels)
            _assign(p.run, name, value.tensor)
            p.env[word] = replace(value, channels=py.name(variable), tensor=py.name(name))
        case _:
            data = lasting(evaluating.as_data(p, value))
            _assign(p.init, name, data.made)
            _assign(p.run, name, data.run)
            p.env[word] = Data(py.name(name), py.name(name))


def _variable(p: Projection, word: str) -> str:
    """The variable of a name; inside a loop that binds it too, the loop's own."""
    return p.spelled.get(word, p.file.word(word))


def _assign(statements: Statements, word: str, value: ast.expr) -> None:
    if not (isinstance(value, ast.Name) and value.id == word):
        statements.append(py.assign(word, value))


def _value(p: Projection, value: pg.Expr | flat.Apply) -> Value:
    return apply(p, value) if isinstance(value, flat.Apply) else evaluating.evaluate(p, value)


def _take_apart(p: Projection, targets: tuple[str, ...], value: Value) -> None:
    names = [each if each == "_" else _variable(p, each) for each in targets]
    stored = ast.Tuple([ast.Name(each, py.STORE) for each in names], py.STORE)
    match value:
        case Nodes(channels, tensor, image):
            variables = [each if each == "_" else p.variable(each) for each in targets]
            into = ast.Tuple([ast.Name(each, py.STORE) for each in variables], py.STORE)
            p.init.append(ast.Assign([into], channels, lineno=0))
            p.run.append(ast.Assign([stored], tensor, lineno=0))
            for word, variable, name in zip(targets, variables, names, strict=True):
                p.env[word] = Node(py.name(variable), py.name(name), image)
        case Rows("rows", parts) if len(parts) == len(targets):
            # All are worked out before any is bound: `a, b = b, a`.
            fresh = [p.fresh("v") for _ in parts]
            for word, part in zip(fresh, parts, strict=True):
                bind(p, word, part)
            for word, other in zip(targets, fresh, strict=True):
                bind(p, word, p.env[other])
        case _:
            data = evaluating.as_data(p, value)
            p.init.append(ast.Assign([stored], data.made, lineno=0))
            p.run.append(ast.Assign([stored], data.run, lineno=0))
            for word, name in zip(targets, names, strict=True):
                p.env[word] = Data(py.name(name), py.name(name))


def _count(p: Projection, counter: str, by: int | None) -> None:
    name = p.file.word(counter)
    p.env[counter] = Data(py.name(name), py.name(name))
    if by is None:
        p.init.append(py.assign(name, py.literal(0)))
    else:
        p.init.append(ast.AugAssign(ast.Name(name, py.STORE), ast.Add(), py.literal(by)))


# --- decisions and loops


def _if(
    p: Projection,
    arms: list[tuple[pg.Expr, list[flat.Statement]]],
    orelse: list[flat.Statement],
) -> None:
    before = dict(p.env)
    ways = []
    p.depth += 1
    for test, body in [*arms, (None, orelse)]:
        p.env = dict(before)
        decided = None if test is None else evaluating.data_of(p, test)
        outer = p.init, p.run
        p.init, p.run = [], []
        _row(p, body)
        ways.append((decided, p.init, p.run, p.env))
        p.init, p.run = outer
    p.depth -= 1
    p.env = _joined([env for *_, env in ways])
    made, run = ways[-1][1], ways[-1][2]
    for decided, inner, called, _ in reversed(ways[:-1]):
        assert decided is not None
        made = [ast.If(decided.made, inner or [ast.Pass()], made)]
        run = [ast.If(decided.run, called or [ast.Pass()], run)]
    p.init += made
    p.run += run


def _joined(ways: list[dict[str, Value]]) -> dict[str, Value]:
    """What names stand for after a choice: the same variables, an image if it is one each way."""
    result: dict[str, Value] = {}
    for env in ways:
        for word, each in env.items():
            other = result.get(word)
            if isinstance(each, Node | Nodes) and isinstance(other, Node | Nodes):
                image = each.image if each.image == other.image else None
                result[word] = replace(each, image=image)
            else:
                result[word] = each
    return result


def _loop(p: Projection, loop: flat.Loop) -> None:
    before = dict(p.env)
    hidden = {word: p.spelled.get(word) for word in words(loop.pattern or ())}
    if loop.pattern is None:
        count = evaluating.data_of(p, loop.values)
        over: Pair = py.call("range", count.made), py.call("range", count.run)
        targets: Pair = ast.Name("_", py.STORE), ast.Name("_", py.STORE)
    else:
        values = evaluating.evaluate(p, loop.values)
        if isinstance(values, Steps):
            values = evaluating.as_data(p, values)
        over = looping.turns(p, values)
        targets = _pattern(p, loop.pattern, looping.element_of(p, values))
    outer = p.init, p.run
    p.init, p.run = [], []
    p.depth += 1
    _row(p, loop.body)
    p.depth -= 1
    made, run = p.init, p.run
    p.init, p.run = outer
    p.env = _joined([before, p.env])
    for word, name in hidden.items():
        if name is None:
            p.spelled.pop(word, None)
        else:
            p.spelled[word] = name
        if word in before:
            p.env[word] = before[word]
        else:
            p.env.pop(word, None)
    target, values_ = targets[0], over[0]
    if loop.index is not None and loop.pattern is None:
        target = ast.Name(loop.index, py.STORE)
    elif loop.index is not None:
        target = ast.Tuple([ast.Name(loop.index, py.STORE), target], py.STORE)
        values_ = py.call("enumerate", values_)
    p.init.append(ast.For(target, py.tuples(values_), made or [ast.Pass()], [], lineno=0))
    p.run.append(ast.For(targets[1], py.tuples(over[1]), run or [ast.Pass()], [], lineno=0))


def _pattern(p: Projection, pattern: pg.Pattern, value: Value | None) -> tuple[ast.expr, ast.expr]:
    if isinstance(pattern, str):
        if pattern == "_":
            return ast.Name("_", py.STORE), ast.Name("_", py.STORE)
        word = p.file.word(pattern)
        if pattern in p.env or p.bound.get(pattern, 0) > 1:  # a loop's names end with it
            word = p.fresh(f"{word}_")
        p.spelled[pattern] = word
        if isinstance(value, Node | Nodes):
            variable = f"{word}_channels" if word != p.file.word(pattern) else p.variable(pattern)
            p.env[pattern] = replace(value, channels=py.name(variable), tensor=py.name(word))
            return ast.Name(variable, py.STORE), ast.Name(word, py.STORE)
        p.env[pattern] = Data(py.name(word), py.name(word))
        return ast.Name(word, py.STORE), ast.Name(word, py.STORE)
    parts = value.parts if isinstance(value, Rows) and len(value.parts) == len(pattern) else None
    pairs = [
        _pattern(p, each, parts[place] if parts else _part(value))
        for place, each in enumerate(pattern)
    ]
    return (
        ast.Tuple([each[0] for each in pairs], py.STORE),
        ast.Tuple([each[1] for each in pairs], py.STORE),
    )


def _part(value: Value | None) -> Value | None:
    """What a list of nodes is taken apart into."""
    return Node(value.channels, value.tensor, value.image) if isinstance(value, Nodes) else None


def _give(p: Projection, values: tuple[pg.Expr | flat.Apply, ...]) -> None:
    first = p.body.nodes[0].name if p.body.nodes else "x"
    found: list[Node | Nodes] = []
    for each in values:
        if isinstance(each, flat.Apply):
            bind(p, first, _value(p, each))
            each = pg.Name(first, each.kind)
        if each is NOTHING:
            found.append(Node(py.literal(0), ast.Constant(None)))
        else:
            found.append(evaluating.as_flowing(p, evaluating.evaluate(p, each)))
    p.results.append(tuple(found))
    one = len(found) == 1
    channels = found[0].channels if one else py.items(x.channels for x in found)
    tensor = found[0].tensor if one else ast.Tuple([x.tensor for x in found], py.LOAD)
    p.init.append(ast.Assign([py.code("self.out_channels")], channels, lineno=0))
    p.run.append(ast.Return(tensor))
    if p.depth:
        p.init.append(ast.Return(None))


# --- steps


def apply(p: Projection, step: flat.Apply) -> Value:
    """Apply one step: put its module where its path says, and call it."""
    match step.step:
        case pg.OperatorStep():
            inputs = [evaluating.as_flowing(p, evaluating.evaluate(p, x)) for x in step.inputs]
            return _operator(p, step.step, inputs, step.path)
        case pg.BlockStep():
            return _block(p, step, step.step)
        case pg.GivenStep():
            return _given(p, step, step.step)


def _operator(
    p: Projection, step: pg.OperatorStep, inputs: list[Node | Nodes], path: flat.Path
) -> Value:
    if step.op.is_input:
        sizes = [evaluating.data_of(p, each) for _, each in step.arguments]
        name = p.file.word(p.target or f"input{len(p.inputs) + 1}")
        p.inputs.append(name)
        return Node(sizes[0].made, py.name(name), len(sizes) == 3)
    if step.op.outputs_from is not None:
        return operating.apply_split(p, step, inputs[0])
    if step.op.arity[1] != 1 and not operating.is_alone(inputs):
        return operating.merge(p, step, inputs)
    (value,) = inputs
    if isinstance(value, Nodes):
        raise Hard(f"a list flows into {step.op.name}", step.site)
    made, run, after = operating.lower_step(p, step, [value])
    rank = p.file.rank(step.site, value.image)
    out = operating.channels_after(p, step, [value.channels], rank)
    x = [value.tensor]
    if made.module is None:
        return Node(out, tree(run.flow, x), after)
    reach = put(p, path, tree(made.module, x))
    return Node(out, tree(run.flow, x, reach), after)


def _block(p: Projection, apply_: flat.Apply, step: pg.BlockStep) -> Value:
    known = dict(step.arguments) | dict(zip(apply_.names, apply_.inputs, strict=True))
    ordered = tuple(
        (each.name.id, known[each.name.id])
        for each in step.block.parameters
        if each.name.id in known
    )
    made = calling.construct_block(p, replace(step, arguments=ordered), None)
    reach = put(p, apply_.path, made.made)
    channels = made.channels
    if channels is None:
        channels = py.member(_module(p), "out_channels")
    assert made.called is not None
    kind = Nodes if made.called.body.result == "nodes" else Node
    return kind(channels, ast.Call(reach, made.tensors, []), made.image)


def _given(p: Projection, apply_: flat.Apply, step: pg.GivenStep) -> Value:
    inputs = [evaluating.as_flowing(p, evaluating.evaluate(p, x)) for x in apply_.inputs]
    made = handing.construct(p, step, [each.channels for each in inputs], inputs[0].image)
    reach = put(p, apply_.path, made)
    channels = handing.channels_of(p, step, _module(p), inputs[0].channels)
    image = handing.image_after(p, step, inputs[0].image)
    tensors = [each.tensor for each in inputs]
    if handing.parameter_use(p.file) is not None:
        path = reach.args[0] if isinstance(reach, ast.Call) else ast.Constant(_attribute(reach))
        return Node(channels, py.call("use", py.name("self"), path, *tensors), image)
    return Node(channels, ast.Call(reach, tensors, []), image)


def _attribute(reach: ast.expr) -> str:
    assert isinstance(reach, ast.Attribute)
    return reach.attr


def _module(p: Projection) -> ast.expr:
    """The module that was put last, as the constructor has it."""
    last = p.init[-1]
    if isinstance(last, ast.Assign):
        return ast.Attribute(py.name("self"), _attribute(last.targets[0]), py.LOAD)
    variable = p.fresh("module")
    calls = (each for each in py.walk(last) if isinstance(each, ast.Call))
    (call,) = (each for each in calls if py.same(each.func, py.name("put")))
    p.init.insert(-1, py.assign(variable, call.args[2]))
    call.args[2] = py.name(variable)
    return py.name(variable)


def put(p: Projection, path: flat.Path, made: ast.expr) -> ast.expr:
    """Put a module at a path; give what reaches it in `forward`."""
    segments = [_segment(p, each) for each in path]
    said: list[ast.expr] = []
    for place, parts in enumerate(segments):
        said += [ast.Constant("."), *parts] if place else parts
    whole = _text(said)
    if isinstance(whole, ast.Constant):
        p.boxes[0].sites.append((word_of_literal(whole), 0, None))
    placed = py.call("put", py.name("self"), whole, made)
    find = "get_parameter" if is_parameter(made) else "get_submodule"
    if isinstance(whole, ast.Constant):
        word = word_of_literal(whole)
        if is_identifier(word):
            reach = py.code(f"self.{word}")
            p.init.append(ast.Assign([reach], made, lineno=0))
            return reach
        p.init.append(ast.Expr(placed))
        return py.call(f"self.{find}", whole)
    p.init.append(ast.Expr(ast.Call(py.code(f"self.{NAMES}.append"), [placed], [])))
    return py.call(f"self.{find}", py.call("next", py.name(NAMES)))


def _text(parts: list[ast.expr]) -> ast.expr:
    """A path: a word, or an f-string if something in it is worked out."""
    joined: list[ast.expr] = []
    for each in parts:
        before = joined[-1] if joined else None
        if isinstance(each, ast.Constant) and isinstance(before, ast.Constant):
            joined[-1] = ast.Constant(word_of_literal(before) + word_of_literal(each))
        else:
            joined.append(each)
    if all(isinstance(each, ast.Constant) for each in joined):
        return joined[0]
    return ast.JoinedStr(
        [x if isinstance(x, ast.Constant) else ast.FormattedValue(x, -1) for x in joined]
    )


def _segment(p: Projection, segment: tuple[flat.Piece, ...]) -> list[ast.expr]:
    """A segment in pieces; a word that modules have themselves gets a `_`."""
    parts = [_piece(p, each) for each in segment]
    parts = [ast.Constant(word_of_literal(x)) if isinstance(x, ast.Constant) else x for x in parts]
    whole = _text(parts)
    if isinstance(whole, ast.Constant):
        return [ast.Constant(attribute(word_of_literal(whole)))]
    return parts


def _piece(p: Projection, piece: flat.Piece) -> ast.expr:
    match piece:
        case str():
            return ast.Constant(piece)
        case flat.Number():
            return _number(p, piece)
        case flat.KindOf():
            return _kind(p, piece)
        case flat.Ordinal(kind):
            return py.code(f"{COUNTS}[k]", k=_kind(p, kind))
    return evaluating.data_of(p, piece).made


def _kind(p: Projection, kind: str | flat.KindOf) -> ast.expr:
    if isinstance(kind, str):
        return ast.Constant(kind)
    return py.call("kind", evaluating.data_of(p, kind.value).made)


def _number(p: Projection, number: flat.Number) -> ast.expr:
    total: ast.expr | None = None
    for each, term in number.terms:
        times = each if isinstance(each, int) else each.per_turn
        if not times:
            continue
        said = _turn(p, term.loop) if isinstance(term, flat.Turn) else _at_least(p, term)
        if times != 1:
            said = operation("*", [py.literal(times), said])
        total = said if total is None else operation("+", [total, said])
    if number.counter is not None:
        counted = py.name(p.file.word(number.counter))
        total = counted if total is None else operation("+", [total, counted])
    ahead = py.literal(number.ahead)
    return ahead if total is None else py.fold(operation("+", [total, ahead]))


def _at_least(p: Projection, term: pg.Expr) -> ast.expr:
    return py.fold(evaluating.data_of(p, term).made)


def _turn(p: Projection, loop: flat.Loop) -> ast.expr:
    if loop.turn is not None:
        return evaluating.data_of(p, loop.turn).made
    if loop.index is None:
        loop.index = p.fresh("i")
    return py.name(loop.index)


__all__ = ["project_steps"]
