"""Members put together: sequences, sums of channels."""

from __future__ import annotations

import ast

from cnnspec.emit import pytree as py
from cnnspec_torch.classes.lowered import operation
from cnnspec_torch.classes.values import Hard, Member


def total(channels: ast.expr) -> ast.expr:
    """The sum of a list of channels."""
    if not isinstance(channels, ast.List):
        return py.call("sum", channels)
    parts = [
        py.call("sum", each.value) if isinstance(each, ast.Starred) else each
        for each in channels.elts
    ]
    count: dict[str, int] = {}
    first: dict[str, ast.expr] = {}
    for each in parts:
        key = py.dumped(each)
        count[key] = count.get(key, 0) + 1
        first.setdefault(key, each)
    result: ast.expr | None = None
    for key, each in first.items():
        term = each if count[key] == 1 else operation("*", [py.literal(count[key]), each])
        result = term if result is None else operation("+", [result, term])
    return py.fold(result) if result is not None else py.literal(0)


def several(members: list[ast.expr], count: ast.expr) -> list[ast.expr]:
    """Members of a sequence, several times."""
    number = py.whole(count)
    if number == 0:
        return []
    if number == 1:
        return members
    turn = ast.comprehension(ast.Name("_", py.STORE), py.call("range", count), [], 0)
    if len(members) == 1 and not isinstance(members[0], ast.Starred | Member):
        return [ast.Starred(ast.GeneratorExp(members[0], [turn]), py.LOAD)]
    inner = ast.comprehension(ast.Name("m", py.STORE), ast.Tuple(members, py.LOAD), [], 0)
    return [ast.Starred(ast.GeneratorExp(py.name("m"), [turn, inner]), py.LOAD)]


def sequence(members: list[ast.expr]) -> ast.expr:
    """A sequence; a name that is its member's position need not be said."""
    labels = [each.label for each in members if isinstance(each, Member)]
    if len(set(labels)) < len(labels):
        raise Hard("a name that two members have")
    sure = True
    plain = True
    for place, each in enumerate(members):
        for x in inside_of(each):
            if isinstance(x, Member) and not (sure and x.label == str(place)):
                plain = False
        sure = sure and not isinstance(each, ast.Starred)
    if plain:
        return ast.Call(py.code("nn.Sequential"), [_bare(each) for each in members], [])
    if any(isinstance(each, ast.Starred) for each in members):
        return py.call("named", *map(_paired, members))
    pairs = [
        ast.Tuple([_key(each, place), _bare(each)], py.LOAD) for place, each in enumerate(members)
    ]
    named = py.call("OrderedDict", py.items(pairs))
    return py.call("nn.Sequential", named)


def _paired(member: ast.expr) -> ast.expr:
    """A member beside its name, where it has one."""

    def change(part: ast.AST) -> ast.AST | None:
        if isinstance(part, Member):
            return ast.Tuple([ast.Constant(part.label), part.made], py.LOAD)
        return None

    result = py.rewritten(member, change)
    assert isinstance(result, ast.expr)
    return result


def inside_of(member: ast.expr) -> list[ast.expr]:
    """The members that may be in a member."""
    if isinstance(member, ast.Starred) and isinstance(member.value, ast.IfExp):
        arms = member.value.body, member.value.orelse
        return [x for arm in arms if isinstance(arm, ast.List) for x in arm.elts]
    return [member]


def _key(member: ast.expr, place: int) -> ast.expr:
    return ast.Constant(member.label if isinstance(member, Member) else str(place))


def _bare(member: ast.expr) -> ast.expr:
    if isinstance(member, Member):
        return member.made
    if isinstance(member, ast.Starred) and isinstance(member.value, ast.IfExp):
        choice = member.value
        arms = [
            py.items([_bare(x) for x in arm.elts]) if isinstance(arm, ast.List) else arm
            for arm in (choice.body, choice.orelse)
        ]
        return ast.Starred(ast.IfExp(choice.test, arms[0], arms[1]), py.LOAD)
    return member
