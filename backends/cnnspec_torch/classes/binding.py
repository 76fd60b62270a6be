"""Statements of a body: names bound, results given back, lists of steps filled."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec_torch.classes import choosing, evaluating, looping, sequencing
from cnnspec_torch.classes.projection import Projection, Statements
from cnnspec_torch.classes.scan import bindings, is_straight, step_lists
from cnnspec_torch.classes.values import (
    Box,
    Data,
    Growing,
    Hard,
    Node,
    Nodes,
    Rows,
    Value,
)


def run_statements(p: Projection, statements: Iterable[pg.Statement]) -> None:
    """Project statements in order."""
    for each in statements:
        run_statement(p, each)


def run_statement(p: Projection, statement: pg.Statement) -> None:
    """Project a statement."""
    match statement:
        case pg.Assign((word,), value):
            bind(p, word, value)
        case pg.Assign(words, pg.ListOf(values)) if len(words) == len(values):
            given = [evaluating.evaluate(p, each) for each in values]
            if _read_each_other(p, words, given):
                p.give_together(words, given)
                return
            for word, one in zip(words, given, strict=True):
                p.give(word, one)
        case pg.Assign(words, value):
            take_apart(p, words, evaluating.evaluate(p, value))
        case pg.Output(name, value, _):
            p.target = name
            found = evaluating.as_node(evaluating.evaluate(p, value))
            p.target = None
            p.give(name, found)
            p.outputs.append(statement)
        case pg.Return(values):
            give_back(p, values)
        case pg.If(arms, orelse):
            choosing.run_if(p, arms, orelse)
        case pg.For(pattern, values, body):
            looping.run_for(p, pattern, values, body)
        case pg.Never(why):
            raise Hard(f"a way that no call has taken: {why}")


def give_back(p: Projection, values: tuple[pg.Expr, ...]) -> None:
    """Give a block's results back."""
    first = p.body.nodes[0].name if p.body.nodes else "x"
    p.target = first
    found = [evaluating.as_flowing(p, evaluating.evaluate(p, each)) for each in values]
    p.target = None
    p.results.append(tuple(found))
    if p.left:
        raise Hard("results that nothing reads")
    channels = found[0].channels if len(found) == 1 else py.items(x.channels for x in found)
    tensor = (
        found[0].tensor if len(found) == 1 else ast.Tuple([each.tensor for each in found], py.LOAD)
    )
    p.init.append(ast.Assign([py.code("self.out_channels")], channels, lineno=0))
    p.run.append(ast.Return(tensor))


def bind(p: Projection, word: str, value: pg.Expr) -> None:
    """Bind a name."""
    if word in p.heads:
        grow_list(p, word, value)
        return
    p.target = word
    found = evaluating.evaluate(p, value)
    p.target = None
    p.give(word, found)


def _read_each_other(p: Projection, words: tuple[str, ...], values: Sequence[Value]) -> bool:
    """Whether a value speaks of a name that is bound before it."""
    bound: set[str] = set()
    for word, value in zip(words, values, strict=True):
        match value:
            case Data(made, run) | Node(made, run) | Nodes(made, run):
                if not bound.isdisjoint(py.reads(made) | py.reads(run)):
                    return True
        bound |= {p.file.word(word), p.words.get(f"{word}:", word)}
    return False


def take_apart(p: Projection, words: tuple[str, ...], value: Value) -> None:
    """Bind names to the parts of a list."""
    names = [p.file.word(each) for each in words]
    targets = ast.Tuple([ast.Name(each, py.STORE) for each in names], py.STORE)
    match value:
        case Nodes(channels, tensor, image):
            if isinstance(tensor, ast.Call) and py.same(tensor.func, py.name("list")):
                tensor = tensor.args[0]
            p.run.append(ast.Assign([targets], tensor, lineno=0))
            for place, (word, name) in enumerate(zip(words, names, strict=True)):
                each = py.fold(py.code("c[i]", c=channels, i=py.literal(place)))
                p.keep(word, Node(each, py.name(name), image))
        case Data(made, run):
            p.init.append(ast.Assign([targets], made, lineno=0))
            p.run.append(ast.Assign([targets], run, lineno=0))
            for word, name in zip(words, names, strict=True):
                p.env[word] = Data(py.name(name), py.name(name))
        case Rows("rows", parts) if len(parts) == len(words):
            for word, part in zip(words, parts, strict=True):
                p.give(word, part)
        case _:
            raise Hard("a list that cannot be taken apart")


def grow_list(p: Projection, word: str, value: pg.Expr) -> None:
    """Put modules into a list of steps."""
    name = p.file.word(word)
    if value == pg.ListOf(()):
        head = p.env.get(p.heads[word])
        if not isinstance(head, Node):
            raise Hard("a list of steps for what is not there yet")
        variable = "channels"
        p.moving.add(variable)
        p.init += [py.assign(name, py.items([])), py.assign(variable, head.channels)]
        p.env[word] = Growing(name, variable)
        return
    match value:
        case pg.Operation("+", (pg.Name(first), *more)) if first == word:
            grown = p.env[word]
            assert isinstance(grown, Growing)
            channels: ast.expr = py.name(grown.channels)
            for each in more:
                if not isinstance(each, pg.ListOf):
                    raise Hard("a list of steps joined with another")
                step = pg.Group(each.items, True)
                made = sequencing.members_of(p, step, channels, p.image)
                if made is None or made.channels is None:
                    raise Hard("a list of steps whose channels only a module knows")
                elements = py.items(made.members)
                p.init.append(ast.AugAssign(ast.Name(name, py.STORE), ast.Add(), elements))
                if not py.same(made.channels, channels):
                    p.init.append(py.assign(grown.channels, made.channels))
        case _:
            raise Hard("a list of steps that does not grow at its end")


def scoped(p: Projection, body: Iterable[pg.Statement]) -> tuple[Statements, Statements]:
    """Project statements apart: what the constructor does, and what `forward` does."""
    outer = p.init, p.run
    p.init, p.run = [], []
    flags = dict(p.flags)  # what is stored on one way only is there on that way only
    run_statements(p, body)
    p.flags = flags
    inner = p.init, p.run
    p.init, p.run = outer
    return inner


def project_body(p: Projection) -> None:
    """Write both projections."""
    p.boxes.append(Box(0, kind="self"))
    bound = bindings(p.body.statements)
    for each in p.body.data:  # a parameter is bound as it comes in
        if each.name in bound:
            bound[each.name] += 1
    p.binds(bound)
    first = True
    ranks = iter(p.ranks)
    for each in p.body.parameters:
        word = p.file.word(each.name)
        if each.kind == "data":
            p.env[each.name] = Data(py.name(word), py.name(word))
            continue
        channels = p.give_channels(each.name, first=first)
        flowing = Nodes if each.kind == "nodes" else Node
        image = next(ranks, True)
        p.env[each.name] = flowing(py.name(channels), py.name(word), image)
        first = False
    p.defaults = p.file.parameter_defaults(p)
    p.straight = not p.is_network and is_straight(p.body, p.file.owns)
    p.heads = step_lists(p.body)
    for kind in sorted(p.counted):
        for statements in (p.init, p.run):
            statements.append(py.assign(p.counter(kind), py.literal(0)))
    run_statements(p, p.body.statements)
    if not p.is_network:
        p.out = p.says_out()
    p.done = True
