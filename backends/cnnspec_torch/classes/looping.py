"""Loops of a body, and steps several times in a row."""

from __future__ import annotations

import ast
from typing import Final

from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec_torch.classes import applying, binding, evaluating
from cnnspec_torch.classes.projection import Loop, Projection, Statements
from cnnspec_torch.classes.scan import WRITTEN_OUT, bindings, pattern_words
from cnnspec_torch.classes.values import (
    Data,
    Hard,
    Node,
    Nodes,
    Rows,
    Value,
)

_NUMBER: Final = Data(py.name("i"), py.name("i"))


def run_for(
    p: Projection, pattern: pg.Pattern, values: pg.Expr, body: tuple[pg.Statement, ...]
) -> None:
    """Project a loop: both projections turn alike."""
    over = evaluating.evaluate(p, values)
    assigned = sorted(bindings(body))
    p.hold(assigned)
    words = frozenset(pattern_words(pattern))
    hidden = {word: p.env.get(word) for word in words}
    made_values, run_values = turns(p, over)
    made_target, run_target = bind_pattern(p, pattern, element_of(p, over))
    outer_held = p.held
    p.held = outer_held | {word for word in assigned if isinstance(p.env.get(word), Node | Nodes)}
    inside: Statements = []
    loop = Loop(words, p.init, inside, made_target, made_values, body, frozenset(assigned))
    p.loops.append(loop)
    ordinals = dict(p.ordinals)
    outer = p.init, p.run
    p.init, p.run = inside, []
    binding.run_statements(p, body)
    called = p.run
    p.init, p.run = outer
    p.loops.pop()
    p.uncertain |= {k for k, n in p.ordinals.items() if n != ordinals.get(k, 0)}
    p.held = outer_held
    for word, value in hidden.items():
        if value is None:
            p.env.pop(word, None)
        else:
            p.env[word] = value
    p.init.append(ast.For(made_target, made_values, inside or [ast.Pass()], [], lineno=0))
    p.run.append(ast.For(run_target, run_values, called or [ast.Pass()], [], lineno=0))


def turns(p: Projection, over: Value) -> tuple[ast.expr, ast.expr]:
    """What a loop goes over, in both projections' words."""
    match over:
        case Rows("rows", parts):
            pairs = [turns(p, each) for each in parts]
            return (
                ast.Tuple([each[0] for each in pairs], py.LOAD),
                ast.Tuple([each[1] for each in pairs], py.LOAD),
            )
        case Rows(kind, parts):
            pairs = [turns(p, each) for each in parts]
            return (
                py.call(kind, *(each[0] for each in pairs)),
                py.call(kind, *(each[1] for each in pairs)),
            )
        case Node(channels, tensor) | Nodes(channels, tensor):
            return channels, tensor
        case Data(made, run):
            return made, run
    raise Hard("a loop over steps")


def element_of(p: Projection, over: Value) -> Value | None:
    """What a turn takes from what a loop goes over."""
    match over:
        case Nodes(channels, tensor, image):
            return Node(channels, tensor, image)
        case Rows("enumerate", (inner,)):
            return Rows("rows", (_NUMBER, element_of(p, inner) or _NUMBER))
        case Rows("zip", parts):
            return Rows("rows", tuple(element_of(p, each) or _NUMBER for each in parts))
        case Rows("rows", parts):
            return parts[0]
    return None


def bind_pattern(
    p: Projection, pattern: pg.Pattern, value: Value | None
) -> tuple[ast.expr, ast.expr]:
    """Bind what a turn takes, in both projections' words."""
    if isinstance(pattern, str):
        word = p.file.word(pattern)
        if pattern in p.env:  # what it hides comes back after the loop
            word = p.fresh(f"{word}_")
        if isinstance(value, Node | Nodes):
            variable = p.variable(pattern)
            p.env[pattern] = type(value)(py.name(variable), py.name(word), value.image)
            return ast.Name(variable, py.STORE), ast.Name(word, py.STORE)
        p.env[pattern] = Data(py.name(word), py.name(word))
        return ast.Name(word, py.STORE), ast.Name(word, py.STORE)
    parts = value.parts if isinstance(value, Rows) and len(value.parts) == len(pattern) else None
    pairs = [
        bind_pattern(p, each, parts[place] if parts else None) for place, each in enumerate(pattern)
    ]
    return (
        ast.Tuple([each[0] for each in pairs], py.STORE),
        ast.Tuple([each[1] for each in pairs], py.STORE),
    )


def apply_repeat(p: Projection, inner: pg.Expr, count: pg.Expr, value: Node | Nodes) -> Value:
    """A step several times in a row, each with a name of its own."""
    times = evaluating.data_of(p, count)
    if (number := py.whole(times.made)) is not None and number <= WRITTEN_OUT:
        for _ in range(number):
            value = evaluating.as_flowing(p, applying.apply_step(p, inner, value))
        return value
    counter, name = p.fresh("i"), p.fresh("y")
    variable = p.fresh(f"{name}_channels")
    p.moving.add(variable)
    p.init.append(py.assign(variable, value.channels))
    p.run.append(py.assign(name, value.tensor))
    target = ast.Name(counter, py.STORE)
    inside: Statements = []
    statement = pg.Return((inner,))  # what stands in a turn, for those who count it
    over = py.call("range", times.made)
    p.loops.append(
        Loop(frozenset({counter}), p.init, inside, target, over, (statement,), frozenset())
    )
    outer = p.init, p.run
    p.init, p.run = inside, []
    ordinals = dict(p.ordinals)
    found = evaluating.as_flowing(
        p, applying.apply_step(p, inner, type(value)(py.name(variable), py.name(name), value.image))
    )
    p.init.append(py.assign(variable, found.channels))
    called = [*p.run, py.assign(name, found.tensor)]
    p.init, p.run = outer
    p.loops.pop()
    p.uncertain |= {k for k, n in p.ordinals.items() if n != ordinals.get(k, 0)}
    p.init.append(ast.For(target, over, inside, [], lineno=0))
    p.run.append(ast.For(target, py.call("range", times.run), called, [], lineno=0))
    return type(value)(py.name(variable), py.name(name), found.image)


def counter_of(loop: Loop) -> str | None:
    """The variable that counts the turns of a loop from 0."""
    values, target = loop.values, loop.target
    if not (isinstance(values, ast.Call) and isinstance(values.func, ast.Name)):
        return None
    if values.func.id == "range" and len(values.args) == 1 and isinstance(target, ast.Name):
        return target.id
    if values.func.id == "enumerate" and isinstance(target, ast.Tuple):
        first = target.elts[0]
        return first.id if isinstance(first, ast.Name) else None
    return None
