"""Steps as members of a sequence: what constructs them, and the channels after."""

from __future__ import annotations

import ast

from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec.emit.code import call
from cnnspec_torch.classes import calling, choosing, evaluating, operating, placing
from cnnspec_torch.classes.lowered import tree
from cnnspec_torch.classes.overwriting import in_place
from cnnspec_torch.classes.projection import Made, Path, Projection
from cnnspec_torch.classes.sequences import sequence, several
from cnnspec_torch.classes.values import (
    Hard,
    Member,
    Node,
    Steps,
)


def members_of(p: Projection, step: pg.Expr, channels: ast.expr, image: bool | None) -> Made | None:
    """Make a step as members of a sequence; None if that takes more than an expression."""
    match step:
        case pg.Labelled(label, inner):
            return labelled_member(p, evaluating.segments_of(p, label), inner, channels, image)
        case pg.OperatorStep():
            return operator_member(p, step, channels, image)
        case pg.BlockStep():
            made = calling.construct_block(p, step, Node(channels, py.name("x"), image))
            return Made([made.made], made.channels, made.image)
        case pg.GivenStep(inner, ()) if isinstance(found := evaluating.evaluate(p, inner), Steps):
            return members_of(p, found.step, channels, image)
        case pg.GivenStep():
            made = calling.construct_given(p, step, channels, image)
            return Made([made.made], made.channels, image)
        case pg.Group(steps, _):
            return row_of(p, steps, channels, image)
        case pg.Optional(pg.Never(), _):
            return Made([], channels, image)
        case pg.Optional(inner, test):
            row = group_members(p, inner, channels, image)
            if row is None or row.channels is None:
                return None
            decided = evaluating.data_of(p, test).made
            after = py.fold(choosing.settled(p, decided, row.channels, channels))
            there = ast.IfExp(decided, py.items(row.members), py.items([]))
            return Made([ast.Starred(there, py.LOAD)], after, image)
        case pg.Choice():
            return choice_members(p, step, channels, image)
        case pg.Repeat(inner, count):
            return repeated_members(p, inner, evaluating.data_of(p, count).made, channels, image)
    raise Hard(f"{type(step).__name__} as a member of a group")


def group_members(
    p: Projection, step: pg.Expr, channels: ast.expr, image: bool | None
) -> Made | None:
    """As a member of a group: a chain within it is a sequence of its own."""
    row = members_of(p, step, channels, image)
    if row is None:
        return None
    if isinstance(step, pg.Group) and step.several:
        return Made([sequence(row.members)], row.channels, row.image)
    return row


def row_of(
    p: Projection, steps: tuple[pg.Expr, ...], channels: ast.expr, image: bool | None
) -> Made | None:
    """Make steps as members, one after another."""
    members: list[ast.expr] = []
    known: ast.expr | None = channels
    for each in steps:
        if known is None:
            return None
        row = group_members(p, each, known, image)
        if row is None:
            return None
        members += row.members
        known, image = row.channels, row.image
    return Made(members, known, image)


def labelled_member(
    p: Projection, path: Path, inner: pg.Expr, channels: ast.expr, image: bool | None
) -> Made | None:
    """Make a step as a member that has a name."""
    if len(path) != 1 or not isinstance(path[0], str):
        raise Hard("a dotted or computed label inside a group")
    optional = inner if isinstance(inner, pg.Optional) else None
    step = inner if optional is None else optional.step
    row = members_of(p, step, channels, image)
    if row is None:
        return None
    group = isinstance(step, pg.Group | pg.Repeat)
    plain = not group and len(row.members) == 1 and not isinstance(row.members[0], ast.Starred)
    made = Member(path[0], row.members[0] if plain else sequence(row.members))
    if optional is None:
        return Made([made], row.channels, row.image)
    test = evaluating.data_of(p, optional.test).made
    if row.channels is None:
        return None
    after = py.fold(choosing.settled(p, test, row.channels, channels))
    there = ast.IfExp(test, py.items([made]), py.items([]))
    return Made([ast.Starred(there, py.LOAD)], after, image)


def choice_members(
    p: Projection, step: pg.Choice, channels: ast.expr, image: bool | None
) -> Made | None:
    """Make one of two steps as members."""
    for arm, other in ((step.yes, step.no), (step.no, step.yes)):
        if isinstance(other, pg.Never):
            return group_members(p, arm, channels, image)
    one = group_members(p, step.yes, channels, image)
    two = group_members(p, step.no, channels, image)
    if one is None or two is None or one.channels is None or two.channels is None:
        return None
    test = evaluating.data_of(p, step.test).made
    after = py.fold(choosing.settled(p, test, one.channels, two.channels))
    plain = not any(isinstance(each, ast.Starred | Member) for each in (*one.members, *two.members))
    if len(one.members) == len(two.members) == 1 and plain:
        made: ast.expr = ast.IfExp(test, one.members[0], two.members[0])
        return Made([made], after, one.image)
    if any(map(is_named, (*one.members, *two.members))):
        return None
    made = ast.IfExp(test, py.items(one.members), py.items(two.members))
    return Made([ast.Starred(made, py.LOAD)], after, one.image)


def is_named(member: ast.expr) -> bool:
    """Whether a member has a name, or holds one that has."""
    return any(isinstance(each, Member) for each in ast.walk(member))


def repeated_members(
    p: Projection, inner: pg.Expr, count: ast.expr, channels: ast.expr, image: bool | None
) -> Made | None:
    """Make a step several times as members."""
    row = group_members(p, inner, channels, image)
    if row is None or row.channels is None or any(map(is_named, row.members)):
        return None
    number = py.whole(py.fold(count))
    if py.same(py.fold(row.channels), py.fold(channels)):
        return Made(several(row.members, py.fold(count)), channels, row.image)
    again = group_members(p, inner, row.channels, image)
    if number == 1:
        return row
    if again is None or again.channels is None or number is None or number < 1:
        return None
    if not py.same(py.fold(again.channels), py.fold(row.channels)):
        return None
    rest = several(again.members, py.literal(number - 1))
    return Made([*row.members, *rest], again.channels, row.image)


def operator_member(
    p: Projection, step: pg.OperatorStep, channels: ast.expr, image: bool | None
) -> Made | None:
    """Make an operator as a member."""
    rank = p.file.rank(step.site, image)
    made, _, after = operating.lower_step(p, step, [Node(channels, py.name("x"), rank)])
    module = made.standalone if made.standalone is not None else made.module
    if module is None and step.op.arity[1] is None:  # of one value: that value
        module = call("nn.Identity")
    if module is None:
        raise Hard(f"{step.op.name} as a member of a group")
    if step.op.channel_rule is not None and placing.is_parameter(tree(module, [py.name("x")])):
        raise Hard("a parameter in a sequence")
    out = operating.channels_after(p, step, [channels], rank)
    member = tree(module, [py.name("x")])
    if p.file.overwriting.allows(step.site):
        member = in_place(member)
    return Made([member], out, after)
