"""Operators applied: lowered in both projections' words, channels by their rule."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cnnspec.channels import Argument as Formula
from cnnspec.channels import Joined, Places, express
from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec.emit.lowering import Lowered
from cnnspec.kinds import AXES
from cnnspec.ops.geometry import along
from cnnspec_torch.classes import evaluating, placing, sized
from cnnspec_torch.classes.lowered import operation, tree
from cnnspec_torch.classes.overwriting import in_place
from cnnspec_torch.classes.projection import Path, Projection
from cnnspec_torch.classes.sequences import total
from cnnspec_torch.classes.values import (
    Hard,
    Node,
    Nodes,
    Value,
)


def arguments_of(
    p: Projection, step: pg.OperatorStep
) -> tuple[dict[str, ast.expr], dict[str, ast.expr]]:
    """Give an operator's arguments in both projections' words."""
    made: dict[str, ast.expr] = {}
    run: dict[str, ast.expr] = {}
    p.inside += 1
    for key, each in step.arguments:
        value = evaluating.data_of(p, each)
        made[key], run[key] = py.fold(value.made), py.fold(value.run)
    p.inside -= 1
    return made, run


def lower_step(
    p: Projection, step: pg.OperatorStep, inputs: Sequence[Node | Nodes]
) -> tuple[Lowered, Lowered, bool | None]:
    """Lower a step in the constructor's words and in `forward`'s; whether an image is after."""
    made, run = arguments_of(p, step)
    channels = tuple(each.channels for each in inputs)
    rank = p.file.rank(step.site, inputs[0].image if inputs else None)
    constructor = p.file.lower(step, made, channels, inputs, rank)
    forward = p.file.lower(step, run, channels, inputs, rank)
    if len(p.file.ranks_at(step.site)) > 1:
        for words, lowered in ((made, constructor), (run, forward)):
            for image in (True, False):
                if p.file.lower(step, words, channels, inputs, image) != lowered:
                    raise Hard(f"{step.op.name} of an image at some calls, a vector at others")
    after = p.file.rank_after(step, made, rank)
    return constructor, forward, after


def channels_after(
    p: Projection, step: pg.OperatorStep, channels: Sequence[ast.expr], image: bool | None
) -> ast.expr:
    """Say an operator's channels by its rule."""
    made, _ = arguments_of(p, step)
    rule = step.op.rule({key: py.known(words) for key, words in made.items()})
    if rule is None:
        return unruled_channels(p, step, made, channels)

    def argument(each: Formula) -> ast.expr:
        value = made.get(each.name)
        if value is None:
            default = step.op.arguments[each.name].default
            value = py.literal(default)
        if each.index is None or not isinstance(value, ast.Tuple | ast.List):
            return value
        return value.elts[each.index]

    def join(sign: Any, left: ast.expr, right: ast.expr) -> ast.expr:
        return py.fold(operation(sign, [left, right]))

    places = None
    if image is not False and speaks_of_places(rule):
        places = p.file.places(p, step)
    return py.fold(
        express(
            rule,
            inputs=channels,
            argument=argument,
            places=places,
            join=join,
            one=py.literal(1),
        )
    )


def unruled_channels(
    p: Projection, step: pg.OperatorStep, made: dict[str, ast.expr], channels: Sequence[ast.expr]
) -> ast.expr:
    """Say channels that no formula says: of what had its axes put in another order."""
    axes = made.get("axes")
    if isinstance(axes, ast.List | ast.Tuple) and py.whole(axes.elts[0]) == 0:
        return channels[0]
    found = sized.by_instance(p.file.nodes(step.site), lambda node: node.shape.channels)
    if not found:
        raise Hard("channels that may be rows or columns", step.site)
    return sized.number(p, "size", found)


def apply_operator(
    p: Projection, step: pg.OperatorStep, inputs: list[Node | Nodes], path: Path | None
) -> Value:
    """Apply an operator."""
    op = step.op
    if op.outputs_from is not None:
        return apply_split(p, step, inputs[0])
    if op.arity[1] != 1 and not is_alone(inputs):
        return merge(p, step, inputs)
    (value,) = inputs
    if isinstance(value, Nodes):
        raise Hard(f"a list flows into {op.name}")
    made, run, after = lower_step(p, step, [value])
    rank = p.file.rank(step.site, value.image)
    out = channels_after(p, step, [value.channels], rank)
    x = [value.tensor]
    owns = p.file.owns(step)
    said = in_place if p.file.overwriting.allows(step.site) else _as_it_is
    if p.straight:
        module = made.standalone if made.standalone is not None else made.module
        if module is None:
            raise Hard(f"{op.name} without a module")
        placing.put_free(p, op.name, path, said(tree(module, x)), owns=owns)
        return Node(out, value.tensor, after)
    if made.module is None and not (path is not None and made.standalone is not None):
        placing.leaf(p, op.name, path)
        return Node(out, said(tree(run.flow, x)), after)
    if made.module is None:
        assert made.standalone is not None
        standalone = said(tree(made.standalone, x))
        whole = placing.put_module(p, placing.leaf(p, op.name, path), standalone)
        return placing.at_once(p, op.name, Node(out, ast.Call(whole, x, []), after))
    if not owns and path is None:
        reach = placing.put_free(p, op.name, None, tree(made.module, x), owns=False)
        return Node(out, tree(run.flow, x, reach), after)
    put = placing.put_module(p, placing.leaf(p, op.name, path), tree(made.module, x))
    result = Node(out, tree(run.flow, x, put), after)
    return placing.at_once(p, op.name, result) if path is None else result


def _as_it_is(made: ast.expr) -> ast.expr:
    return made


def apply_split(p: Projection, step: pg.OperatorStep, value: Node | Nodes) -> Value:
    """Split channels."""
    made, run = arguments_of(p, step)
    n = made["n"]
    placing.leaf(p, step.op.name, None)
    number = py.whole(n)
    listed = is_list_of_parts(p, step, n)
    lengths = n.elts if isinstance(n, ast.List | ast.Tuple) else None
    if number == 1 or (lengths is not None and len(lengths) == 1):
        return replace(value)
    axis, place = axis_of(made, run)
    if axis is None:
        raise Hard("parts along an axis that is not known", step.site)
    channels = value.channels
    if axis == "channels" and not listed:
        channels = py.fold(py.code("c // n", c=channels, n=n))
    if axis == "channels" and listed:
        each = n
    elif lengths is not None or number is not None:
        each = py.items([channels] * (number or len(lengths or ())))
    else:
        each = py.code("[c] * len(n)" if listed else "[c] * n", c=channels, n=n)
    method, given = ("split", py.call("list", run["n"])) if listed else ("chunk", run["n"])
    if lengths is not None:
        given = run["n"]
    parts = ast.Call(py.member(value.tensor, method), [given], [ast.keyword("dim", place)])
    return Nodes(each, py.call("list", parts), value.image)


def is_list_of_parts(p: Projection, step: pg.OperatorStep, n: ast.expr) -> bool:
    """Whether an axis is split into parts of given lengths."""
    if isinstance(n, ast.List | ast.Tuple | ast.Constant):
        return not isinstance(n, ast.Constant)
    kinds = {isinstance(node.op.values["n"], tuple) for node in p.file.nodes(step.site)}
    if len(kinds) > 1:
        raise Hard("parts that are a number at one call and a list at another", step.site)
    return kinds == {True}


def axis_of(made: dict[str, ast.expr], run: dict[str, ast.expr]) -> tuple[str | None, ast.expr]:
    """Say the one axis that a step names, if it is known, and its number in `forward`."""
    words = made.get("axis")
    known = along({} if words is None else {"axis": py.known(words)})
    if known is None:
        return None, py.code("dims(a)[0]", a=run["axis"])
    return known[0], py.literal(1 + AXES.index(known[0]))


def is_alone(inputs: Sequence[Node | Nodes]) -> bool:
    """Whether one value flows into a step: beside a number, if it puts values together."""
    return len(inputs) == 1 and isinstance(inputs[0], Node)


def merge(p: Projection, step: pg.OperatorStep, inputs: list[Node | Nodes]) -> Node:
    """Put several values together: add, multiply, compare, join."""
    name = step.op.name
    placing.leaf(p, name, None)
    image = None
    if any(each.image for each in inputs):
        image = True
    elif all(each.image is False for each in inputs):
        image = False
    if name == "concat":
        nodes = evaluating.listed(inputs)
        many = nodes.tensor
        if len(inputs) == 1 and isinstance(inputs[0], Nodes):
            many = inputs[0].tensor
        axis, place = axis_of(*arguments_of(p, step))
        joined = py.call("torch.cat", many, dim=place)
        if axis == "channels":
            return Node(total(nodes.channels), joined, image)
        if axis is None:
            raise Hard("values put together along an axis that is not known", step.site)
        return Node(py.fold(py.code("c[0]", c=nodes.channels)), joined, image)
    if len(inputs) == 1 and isinstance(inputs[0], Nodes):
        (nodes_,) = inputs
        if name != "add" or not image:
            raise Hard(f"{name} of a list")
        first = py.fold(py.code("c[0]", c=nodes_.channels))
        return Node(first, py.call("sum", nodes_.tensor), image)
    if any(isinstance(each, Nodes) for each in inputs):
        raise Hard(f"{name} of a list beside values")
    _, run, _ = lower_step(p, step, inputs)
    tensor = tree(run.flow, [each.tensor for each in inputs])
    return Node(widest_channels(p, step, inputs), tensor, image)


def widest_channels(
    p: Projection, step: pg.OperatorStep, inputs: Sequence[Node | Nodes]
) -> ast.expr:
    """Say the channels of values that spread over each other: of one that always has as many."""
    nodes = p.file.nodes(step.site)
    wide = [
        each
        for place, each in enumerate(inputs)
        if all(node.input_shapes[place].channels == node.shape.channels for node in nodes)
    ]
    if not wide:
        return py.fold(py.call("max", *(each.channels for each in inputs)))
    easiest = min(wide, key=lambda each: (hard_to_say(p, each.channels), py.size(each.channels)))
    return easiest.channels


def hard_to_say(p: Projection, channels: ast.expr) -> bool:
    """Whether channels are said in what changes, or worked out."""
    return p.moves(channels) or py.has_call(channels)


def speaks_of_places(rule: object) -> bool:
    """Whether a rule for channels speaks of an image's places."""
    if isinstance(rule, Joined):
        return speaks_of_places(rule.left) or speaks_of_places(rule.right)
    return isinstance(rule, Places)
