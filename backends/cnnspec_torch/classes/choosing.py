"""Choices in a body: `if`, conditional expressions, steps that are there at times."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace

from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec_torch.classes import applying, binding, evaluating, placing, sequencing
from cnnspec_torch.classes.projection import Path, Projection, Statements
from cnnspec_torch.classes.scan import words_in
from cnnspec_torch.classes.values import (
    Data,
    Member,
    Node,
    Nodes,
    Put,
    Reach,
    Steps,
    Value,
)


def run_if(
    p: Projection,
    arms: tuple[tuple[pg.Expr, tuple[pg.Statement, ...]], ...],
    orelse: tuple[pg.Statement, ...],
) -> None:
    """Project an `if`: both projections decide alike."""
    before = dict(p.env)
    ways: list[tuple[Data | None, Statements, Statements, dict[str, Value]]] = []
    ordinals = dict(p.ordinals)
    after: list[dict[str, int]] = []
    p.decisions += 1
    decision = p.decisions
    for way, (test, body) in enumerate([*arms, (None, orelse)]):
        decided = None if test is None else evaluating.data_of(p, test)
        p.env = dict(before)
        p.ordinals = dict(ordinals)
        p.ways.append((decision, way))
        made, run = binding.scoped(p, possible(body))
        p.ways.pop()
        ways.append((decided, made, run, p.env))
        after.append(p.ordinals)
    p.env = join_ways(p, before, ways)
    count_on(p, ordinals, after)
    if len(arms) == 1 and not orelse and as_identity(p, ways[0], ways[1][1]):
        return
    made, run = ways[-1][1], ways[-1][2]
    for decided, inner, called, _ in reversed(ways[:-1]):
        assert decided is not None
        made = [ast.If(decided.made, inner or [ast.Pass()], made)]
        run = [ast.If(flag_for(p, decided, inner), called or [ast.Pass()], run)]
    p.init += made
    p.run += run


def join_ways(
    p: Projection,
    before: dict[str, Value],
    ways: list[tuple[Data | None, Statements, Statements, dict[str, Value]]],
) -> dict[str, Value]:
    """What names stand for after a choice; channels that differ go into a variable."""
    joined = dict(before)
    names = {word for *_, env in ways for word, each in env.items() if before.get(word) != each}
    for word in sorted(names):
        values = [env[word] for *_, env in ways if word in env]
        first = values[0]
        if len(values) < len(ways) or not isinstance(first, Node | Nodes):
            joined[word] = first
            continue
        flowing = [each for each in values if isinstance(each, Node | Nodes)]
        channels = [py.fold(each.channels) for each in flowing]
        if all(py.same(each, channels[0]) for each in channels):
            joined[word] = replace(first, image=alike_image(flowing))
            continue
        variable = p.variable(word)
        for (_, made, _, _), each in zip(ways, channels, strict=True):
            if not (isinstance(each, ast.Name) and each.id == variable):
                made.append(py.assign(variable, each))
        name = py.name(p.file.word(word))
        joined[word] = type(first)(py.name(variable), name, alike_image(flowing))
    return joined


def alike_image(values: Iterable[Node | Nodes]) -> bool | None:
    """Whether what comes out of a choice is an image; None: on some ways."""
    found = {each.image for each in values}
    return found.pop() if len(found) == 1 else None


def count_on(
    p: Projection,
    before: dict[str, int],
    after: list[dict[str, int]],
) -> None:
    """Numbers of steps without labels after a choice: those of all ways must agree."""
    kinds = {kind for each in after for kind in each}
    result = dict(before)
    for kind in sorted(kinds):
        found = {each.get(kind, 0) for each in after}
        result[kind] = max(found)
    p.ordinals = result
    p.uncertain |= {kind for kind in kinds if len({each.get(kind, 0) for each in after}) > 1}


def as_identity(
    p: Projection,
    way: tuple[Data | None, Statements, Statements, dict[str, Value]],
    other: Statements,
) -> bool:
    """Write an optional module as one that does nothing where it is not there."""
    test, made, run, _ = way
    puts = [each for each in made if isinstance(each, Put)]
    rest = [each for each in made if not isinstance(each, Put) and not is_channels(p, each)]
    if test is None or len(puts) != 1 or rest or len(run) != 1 or p.straight:
        return False
    if any(isinstance(part, Reach) for each in made for part in py.walk(each) if each not in puts):
        return False
    (put,) = puts
    if put.box.number and any(put is not each for each in puts):
        return False
    (called,) = run
    if not isinstance(called, ast.Assign) or not isinstance(called.targets[0], ast.Name):
        return False
    value = called.value
    if not (isinstance(value, ast.Call) and isinstance(value.func, Reach)):
        return False
    if len(value.args) != 1 or not isinstance(value.args[0], ast.Name):
        return False
    source, target = value.args[0].id, called.targets[0].id
    if source != target:
        last = p.run[-1] if p.run else None
        if not (isinstance(last, ast.Assign) and py.same(last, py.assign(target, py.name(source)))):
            return False
        p.run.pop()
    absent = py.code("nn.Identity()")
    p.init.append(Put(put.box, put.segment, ast.IfExp(test.made, put.made, absent)))
    more = [each for each in made if each is not put]
    if more or other:
        p.init.append(ast.If(test.made, more or [ast.Pass()], other))
    p.run.append(called)
    return True


def called_alone(tensor: ast.expr, source: ast.expr) -> bool:
    """Whether a value is a module called on another, so that `nn.Identity` gives that other.

    A parameter that scales it is no such module, and neither is one whose input is padded first.
    """
    match tensor:
        case ast.Call(Reach(), [given], []):
            return py.same(given, source)
    return False


def is_channels(p: Projection, statement: ast.stmt) -> bool:
    """Whether a statement keeps channels in a variable."""
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id in p.moving
    )


def flag_for(p: Projection, test: Data, made: Iterable[ast.stmt] = (), kind: str = "") -> ast.expr:
    """A test as `forward` says it: stored, where it speaks of what `forward` has not."""
    said_ = py.fold(test.run)
    if isinstance(said_, ast.Name | ast.Constant) or p.loops or p.stepwise or p.straight:
        return said_
    if isinstance(said_, ast.UnaryOp) and isinstance(said_.operand, ast.Name):
        return said_
    text = ast.unparse(test.made)
    if text not in p.flags or p.moves(test.made):  # what it speaks of may be another by now
        words = [
            evaluating.word_of_literal(each.segment)
            for each in made
            if isinstance(each, Put) and isinstance(each.segment, ast.Constant)
        ]
        named = bool(words) and words[0].isidentifier()
        name = kind or (f"has_{words[0]}" if named else "branch")
        while name in p.taken:
            name += "_"
        p.taken.add(name)
        p.flags[text] = name
        p.init.append(ast.Assign([py.code(f"self.{name}")], test.made, lineno=0))
    return py.code(f"self.{p.flags[text]}")


def choose_value(p: Projection, expr: pg.Choice) -> Value:
    """Choose between two values."""
    test = evaluating.data_of(p, expr.test)
    for arm, other in ((expr.yes, expr.no), (expr.no, expr.yes)):
        if isinstance(other, pg.Never):
            return evaluating.evaluate(p, arm)
    target, p.target = p.target, None
    outer = p.init, p.run
    ordinals = dict(p.ordinals)
    found: list[tuple[Value, Statements, Statements]] = []
    after = []
    p.decisions += 1
    decision = p.decisions
    for way, arm in enumerate((expr.yes, expr.no)):
        p.init, p.run = [], []
        p.ordinals = dict(ordinals)
        p.ways.append((decision, way))
        flags = dict(p.flags)
        value = evaluating.evaluate(p, arm)
        p.flags = flags
        p.ways.pop()
        found.append((value, p.init, p.run))
        after.append(p.ordinals)
    p.init, p.run = outer
    p.target = target
    (yes, made_yes, run_yes), (no, made_no, run_no) = found
    if isinstance(yes, Node | Nodes) and isinstance(no, Node | Nodes):
        count_on(p, ordinals, after)
        kind = ""
        if isinstance(yes.tensor, ast.BinOp) and isinstance(no.tensor, ast.Name):
            kind = "residual"
        flag = flag_for(p, test, made_yes, kind)
        if made_yes or made_no:
            p.init.append(ast.If(test.made, made_yes or [ast.Pass()], made_no))
        if run_yes or run_no:
            p.run.append(ast.If(flag, run_yes or [ast.Pass()], run_no))
        channels = py.fold(settled(p, test.made, yes.channels, no.channels))
        image = alike_image([yes, no])
        return type(yes)(channels, ast.IfExp(flag, yes.tensor, no.tensor), image)
    if isinstance(yes, Steps) or isinstance(no, Steps):
        return Steps(expr)
    one, two = evaluating.as_data(p, yes), evaluating.as_data(p, no)
    return Data(
        py.fold(ast.IfExp(test.made, one.made, two.made)),
        py.fold(ast.IfExp(test.run, one.run, two.run)),
    )


def settled(p: Projection, test: ast.expr, yes: ast.expr, no: ast.expr) -> ast.expr:
    """`yes if a != b else no`, or `yes` alone where that is `no` for equal ones."""
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.NotEq):
        left = test.left
        if isinstance(left, ast.Name):
            known = {word: each for word, each in p.defined.items() if word != left.id}
            for each in (yes, py.substituted(yes, known)):
                equal = py.substituted(each, {left.id: test.comparators[0]})
                if py.same(py.fold(equal), py.fold(no)):
                    return yes
    return ast.IfExp(test, yes, no)


def apply_optional(
    p: Projection, inner: pg.Expr, test: Data, value: Node | Nodes, path: Path | None
) -> Node | Nodes:
    """Apply a step that is there at times."""
    if isinstance(inner, pg.Never):
        return value
    if not isinstance(value.tensor, ast.Name) and p.target and not p.inside:
        name = p.file.word(p.target)
        if name not in words_in(inner):
            p.run.append(py.assign(name, value.tensor))
            value = replace(value, tensor=py.name(name))
    outer = p.init, p.run
    ordinals = dict(p.ordinals)
    p.init, p.run = [], []
    flags = dict(p.flags)
    target, p.target = p.target, None
    found = evaluating.as_flowing(p, applying.apply_step(p, inner, value, path))
    p.target = target
    (made, run), (p.init, p.run) = (p.init, p.run), outer
    p.flags = flags
    count_on(p, ordinals, [ordinals, p.ordinals])
    channels = py.fold(settled(p, test.made, found.channels, value.channels))
    if p.straight:
        p.init.append(ast.If(test.made, made, []))
        return replace(found, channels=channels)
    told = any(isinstance(each, Reach) for each in py.walk(found.channels))
    alone = len(made) == 1 and isinstance(made[0], Put) and not run and not p.loops and not told
    if alone and called_alone(found.tensor, value.tensor):
        (put,) = made
        assert isinstance(put, Put)
        absent = py.code("nn.Identity()")
        p.init.append(Put(put.box, put.segment, ast.IfExp(test.made, put.made, absent)))
        return replace(found, channels=channels)
    found = replace(found, image=alike_image([found, value]))
    flag = flag_for(p, test, made)
    if made:
        p.init.append(ast.If(test.made, made, []))
    if run:
        name = p.fresh("y")
        p.run += [
            py.assign(name, value.tensor),
            ast.If(flag, [*run, py.assign(name, found.tensor)], []),
        ]
        return replace(found, channels=channels, tensor=py.name(name))
    return replace(found, channels=channels, tensor=ast.IfExp(flag, found.tensor, value.tensor))


def apply_either(p: Projection, step: pg.Choice, value: Node | Nodes, path: Path | None) -> Value:
    """Apply one of two steps."""
    for arm, other in ((step.yes, step.no), (step.no, step.yes)):
        if isinstance(other, pg.Never):
            return applying.apply_step(p, arm, value, path)
    test = evaluating.data_of(p, step.test)
    if path is not None:
        one = sequencing.members_of(p, step.yes, value.channels, value.image)
        two = sequencing.members_of(p, step.no, value.channels, value.image)
        if one and two and len(one.members) == len(two.members) == 1:
            group = isinstance(step.yes, pg.Group), isinstance(step.no, pg.Group)
            named = any(isinstance(each, Member) for each in (*one.members, *two.members))
            if (
                not any(group)
                and not named
                and one.channels is not None
                and two.channels is not None
            ):
                made = ast.IfExp(test.made, one.members[0], two.members[0])
                module = placing.put_module(p, path, made)
                channels = py.fold(ast.IfExp(test.made, one.channels, two.channels))
                return Node(channels, ast.Call(module, [value.tensor], []), one.image)
    arms: list[tuple[Node | Nodes, Statements, Statements]] = []
    outer = p.init, p.run
    ordinals = dict(p.ordinals)
    after = []
    p.decisions += 1
    decision = p.decisions
    for place, arm in enumerate((step.yes, step.no)):
        p.init, p.run = [], []
        p.ordinals = dict(ordinals)
        p.ways.append((decision, place))
        flags = dict(p.flags)
        arms.append(
            (evaluating.as_flowing(p, applying.apply_step(p, arm, value, path)), p.init, p.run)
        )
        p.flags = flags
        p.ways.pop()
        after.append(p.ordinals)
    p.init, p.run = outer
    count_on(p, ordinals, after)
    (yes, made_yes, run_yes), (no, made_no, run_no) = arms
    flag = flag_for(p, test, made_yes)
    if made_yes or made_no:
        p.init.append(ast.If(test.made, made_yes or [ast.Pass()], made_no))
    if run_yes or run_no:
        name = p.fresh("y")
        for run, way in ((run_yes, yes), (run_no, no)):
            run.append(py.assign(name, way.tensor))
        p.run.append(ast.If(flag, run_yes, run_no))
        yes, no = (replace(each, tensor=py.name(name)) for each in (yes, no))
    channels = py.fold(settled(p, test.made, yes.channels, no.channels))
    image = alike_image([yes, no])
    tensor = ast.IfExp(flag, yes.tensor, no.tensor)
    return replace(yes, channels=channels, tensor=tensor, image=image)


def possible(body: Iterable[pg.Statement]) -> tuple[pg.Statement, ...]:
    """Leave out what no call can come by."""
    return tuple(each for each in body if not isinstance(each, pg.Never))
