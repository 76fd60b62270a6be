"""Flows of a body: what a step makes of what flows into it, groups, what is called."""

from __future__ import annotations

import ast
import copy
from dataclasses import replace
from typing import Final

from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec_torch.classes import (
    calling,
    choosing,
    evaluating,
    looping,
    operating,
    placing,
    sequencing,
)
from cnnspec_torch.classes.projection import Path, Projection
from cnnspec_torch.classes.scan import words_in
from cnnspec_torch.classes.sequences import inside_of, sequence
from cnnspec_torch.classes.values import (
    Growing,
    Hard,
    Member,
    Node,
    Nodes,
    Steps,
    Value,
    said,
)

#: So deep may calls stand in calls before a value gets its name.
DEEPEST: Final = 3


def flow(p: Projection, head: pg.Expr, steps: tuple[pg.Expr, ...]) -> Value:
    """Let a value flow through steps; deep calls get their target's name on the way."""
    value: Value = evaluating.as_flowing(p, evaluating.evaluate(p, head))
    target = p.target
    depth = 0
    for place, step in enumerate(steps):
        assert isinstance(value, Node | Nodes)
        before = value
        value = apply_step(p, step, value)
        assert isinstance(value, Node | Nodes)
        depth += not py.same(before.tensor, value.tensor)
        last = place == len(steps) - 1
        later = words_in(steps[place + 1 :])
        free = target is not None and target not in later and not p.inside
        chosen = isinstance(value.tensor, ast.IfExp)
        if not last and isinstance(value, Node) and free and (depth >= DEEPEST or chosen):
            assert target is not None
            name = p.file.word(target)
            p.run.append(py.assign(name, value.tensor))
            value = replace(value, tensor=py.name(name))
            depth = 0
    return value


def within_label(p: Projection, path: Path, inner: pg.Expr) -> Value:
    """Put what a flow makes into a group."""
    match inner:
        case pg.Flow(head, steps):
            value = evaluating.as_flowing(p, evaluating.evaluate(p, head))
            return apply_step(p, pg.Group(steps, True), value, path)
        case pg.Call(step, inputs):
            return call_step(p, step, inputs, (*path, "0"))
    raise Hard("a group that holds more than a flow")


def call_step(
    p: Projection, step: pg.Expr, inputs: tuple[pg.Expr, ...], path: Path | None
) -> Value:
    """Call a step with nodes among its arguments."""
    p.inside += 1
    nodes = [evaluating.as_flowing(p, evaluating.evaluate(p, each)) for each in inputs]
    p.inside -= 1
    while isinstance(step, pg.Labelled):
        path = (*(path or ()), *evaluating.segments_of(p, step.label))
        step = step.step
    if isinstance(step, pg.OperatorStep):
        if step.op.is_input:
            return make_input(p, step)
        return operating.apply_operator(p, step, nodes, path)
    if isinstance(step, pg.BlockStep):
        return calling.apply_block(p, step, None, path)
    if isinstance(step, pg.GivenStep):
        return calling.apply_given(p, step, nodes, path)
    raise Hard(f"a call of {type(step).__name__}")


def make_input(p: Projection, step: pg.OperatorStep) -> Node:
    """Take an input of the network."""
    sizes = [evaluating.data_of(p, each) for _, each in step.arguments]
    name = p.file.word(p.target or f"input{len(p.inputs) + 1}")
    p.inputs.append(name)
    return Node(sizes[0].made, py.name(name), len(sizes) == 3)


def apply_step(
    p: Projection, step: pg.Expr, value: Node | Nodes, path: Path | None = None
) -> Value:
    """Apply a step to what flows."""
    match step:
        case pg.Labelled(label, inner):
            return apply_step(p, inner, value, (*(path or ()), *evaluating.segments_of(p, label)))
        case pg.OperatorStep():
            return operating.apply_operator(p, step, [value], path)
        case pg.BlockStep():
            return calling.apply_block(p, step, value, path)
        case pg.GivenStep(pg.Name(word)) if isinstance(p.env.get(word), Growing):
            return apply_grown(p, word, value, path)
        case pg.GivenStep(inner, ()) if isinstance(found := evaluating.evaluate(p, inner), Steps):
            return apply_step(p, found.step, value, path)
        case pg.GivenStep():
            return calling.apply_given(p, step, [value], path)
        case pg.Optional(inner, test):
            return choosing.apply_optional(p, inner, evaluating.data_of(p, test), value, path)
        case pg.Choice():
            return choosing.apply_either(p, step, value, path)
        case pg.Group(steps) if path is None:
            for each in steps:
                value = evaluating.as_flowing(p, apply_step(p, each, value))
            return value
        case pg.Group() | pg.Repeat() if path is not None:
            return apply_group(p, step, value, path)
        case pg.Repeat(inner, count):
            return looping.apply_repeat(p, inner, count, value)
        case pg.Never(why):
            raise Hard(why)
    raise Hard(f"{type(step).__name__} as a step")


def apply_grown(p: Projection, word: str, value: Node | Nodes, path: Path | None) -> Node:
    """Apply a list of steps whose modules are made."""
    grown = p.env[word]
    assert isinstance(grown, Growing)
    if path is None:
        raise Hard("a list of steps without a label")
    made = py.call("nn.Sequential", ast.Starred(py.name(grown.name), py.LOAD))
    module = placing.put_module(p, path, made)
    return Node(py.name(grown.channels), ast.Call(module, [value.tensor], []), value.image)


def apply_group(p: Projection, step: pg.Expr, value: Node | Nodes, path: Path) -> Node:
    """Apply steps in a row that have a name: a sequence."""
    whole = step if isinstance(step, pg.Group) else pg.Group((step,), True)
    if not isinstance(value, Node):
        raise Hard("a list flows into a group")
    enter_once(p, path)
    made = sequencing.members_of(p, whole, value.channels, value.image)
    if made is not None:
        module = placing.put_module(p, path, sequence(made.members))
        channels = made.channels
        if channels is None:
            channels = py.member(py.code("m[-1]", m=copy.deepcopy(module)), "out_channels")
        return Node(channels, ast.Call(module, [value.tensor], []), made.image)
    variable = "channels"
    if not (isinstance(value.channels, ast.Name) and value.channels.id == variable):
        p.init.append(py.assign(variable, value.channels))
    p.moving.add(variable)
    module = placing.put_module(p, path, py.call("nn.Sequential"))
    image = grow(p, whole, module, variable, value.image)
    return Node(py.name(variable), ast.Call(module, [value.tensor], []), image)


def enter_once(p: Projection, path: Path) -> None:
    """Refuse a group that is entered again: its members go on counting."""
    words = {name for each in path if not isinstance(each, str) for name in py.reads(each)}
    turning = {p.file.word(word) for loop in p.loops for word in loop.words}
    key = "".join(py.dumped(said(each)) for each in path)
    if key in p.entered or (p.loops and not words & turning):
        raise Hard("a group that is entered again")
    p.entered.add(key)


def grow(
    p: Projection, step: pg.Group, module: ast.expr, variable: str, image: bool | None
) -> bool | None:
    """Fill a sequence by statements, the channels in a variable."""
    before: pg.Expr | None = None
    for each in step.steps:
        if before is not None and isinstance(each, pg.Repeat):
            member = settled_member(p, before, each, variable, image)
            if member is not None:
                p.init.append(ast.Expr(ast.Call(py.member(module, "extend"), [member], [])))
                continue
        image = grow_one(p, each, module, variable, image)
        before = each
    return image


def settled_member(
    p: Projection, before: pg.Expr, repeat: pg.Repeat, variable: str, image: bool | None
) -> ast.expr | None:
    """Members all alike, where the step before came to the channels that each leaves."""
    if not p.file.settles(p, before, repeat.step):
        return None
    made = sequencing.members_of(p, repeat.step, py.name(variable), image)
    if made is None or len(made.members) != 1:
        return None
    count = py.call("range", evaluating.data_of(p, repeat.count).made)
    turn = ast.comprehension(ast.Name("_", py.STORE), count, [], 0)
    return ast.GeneratorExp(made.members[0], [turn])


def grow_one(
    p: Projection, step: pg.Expr, module: ast.expr, variable: str, image: bool | None
) -> bool | None:
    """Append a step to a sequence, the channels in a variable."""
    if isinstance(step, pg.Repeat):
        outer, p.init = p.init, []
        image = grow_one(p, step.step, module, variable, image)
        body, p.init = p.init, outer
        count = evaluating.data_of(p, step.count).made
        p.init.append(ast.For(ast.Name("_", py.STORE), py.call("range", count), body, [], lineno=0))
        return image
    if isinstance(step, pg.Group) and not step.several:
        for each in step.steps:
            image = grow_one(p, each, module, variable, image)
        return image
    made = sequencing.group_members(p, step, py.name(variable), image)
    if made is None:
        raise Hard("channels that only a module knows, in a group of a group")
    last = py.code("m[-1]", m=module)
    for one in made.members:
        if any(each is not one and isinstance(each, Member) for each in inside_of(one)):
            raise Hard("a label that is there at times, in a group whose channels a module knows")
        if isinstance(one, Member):
            key = ast.Constant(one.label)
            put = ast.Call(py.member(module, "add_module"), [key, one.made], [])
            last = py.call("getattr", module, key)
        else:
            put = ast.Call(py.member(module, "append"), [one], [])
        p.init.append(ast.Expr(put))
    channels = made.channels
    if channels is None:
        channels = py.member(last, "out_channels")
    if not py.same(channels, py.name(variable)):
        p.init.append(py.assign(variable, channels))
    return made.image
