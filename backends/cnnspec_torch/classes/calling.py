"""Blocks, and steps that a value is: constructed with channels first, then called."""

from __future__ import annotations

import ast
import copy

from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec_torch.classes import evaluating, handing, placing, sized
from cnnspec_torch.classes.networks import ranks_of
from cnnspec_torch.classes.projection import Constructed, Path, Projection
from cnnspec_torch.classes.values import (
    Hard,
    Node,
    Nodes,
    Steps,
    Value,
)


def apply_given(
    p: Projection, step: pg.GivenStep, inputs: list[Node | Nodes], path: Path | None
) -> Value:
    """Apply a step that a value is."""
    (value,) = inputs
    if not isinstance(value, Node):
        raise Hard("a list flows into a step that was given")
    made = construct_given(p, step, value.channels, value.image)
    kinds = {node.kind for node in p.file.nodes(step.site)}
    kinds |= {scope.block or "" for scope in p.file.scopes(step.site)}
    kinds |= p.file.kinds_given(step)
    free = p.file.is_free(p, step)
    word = step.value.id if isinstance(step.value, pg.Name) else "step"
    if path is None and free:
        module = placing.put_free(p, p.file.word(word), None, made.made, owns=False, plain=True)
    elif path is None and len(kinds) == 1:
        module = placing.put_module(p, placing.leaf(p, kinds.pop() or word, None), made.made)
    elif path is None:
        raise Hard("a step without a label whose name depends on an argument")
    else:
        module = placing.put_module(p, path, made.made)
    channels = made.channels
    if channels is None:
        channels = py.member(copy.deepcopy(module), "out_channels")
        if p.file.may_keep(p, step):
            told = ast.Constant("out_channels")
            channels = py.call("getattr", copy.deepcopy(module), told, value.channels)
    return Node(channels, ast.Call(module, [value.tensor], []), value.image)


def construct_given(
    p: Projection, step: pg.GivenStep, channels: ast.expr, image: bool | None
) -> Constructed:
    """Construct a module of a step that a value is."""
    inner = evaluating.evaluate(p, step.value)
    if p.file.uniform and handing.parameter_use(p.file) is not None:
        raise Hard("a parameter that is given among modules", step.site)
    if isinstance(inner, Steps):
        raise Hard("a step that is chosen where it is used")
    callee = handing.for_rank(p, step, evaluating.as_data(p, inner).made, image)
    arguments: list[ast.expr] = []
    if not p.file.is_free(p, step):
        arguments.append(channels)
    keywords: list[ast.keyword] = []
    names = p.file.parameters_of(p, step)
    p.inside += 1
    for place, (key, each) in enumerate(step.arguments):
        value = evaluating.as_data(p, evaluating.evaluate(p, each)).made
        if key is None and names is not None and place + 1 < len(names):
            named = any(each.default is not None for each in names[: place + 2])
            key = names[place + 1].name if named else None
        if key is None:
            arguments.append(value)
        else:
            keywords.append(ast.keyword(p.file.word(key), value))
    p.inside -= 1
    made = ast.Call(callee, arguments, keywords)
    if p.file.keeps_channels(p, step):
        return Constructed(made, channels, image)
    p.file.want_all(p, step)
    return Constructed(made, None, image)


def construct_block(p: Projection, step: pg.BlockStep, flowing: Node | Nodes | None) -> Constructed:
    """Construct a block's module: what makes it, its inputs, and the channels that come out."""
    body = p.file.program.body(step)
    known = dict(step.arguments)
    nodes: dict[str, Node | Nodes] = {}
    data: dict[str, ast.expr] = {}
    p.inside += 1
    for each in body.parameters:
        if each.name not in known:
            if flowing is not None and each.kind != "data":
                nodes[each.name], flowing = flowing, None
            continue
        if each.kind != "data":
            nodes[each.name] = evaluating.as_flowing(p, evaluating.evaluate(p, known[each.name]))
    flat = all(each.image is False for each in nodes.values())
    for each in body.data:
        if each.name in known:
            contract = (body, each.name)
            data[each.name] = p.file.argued(p, known[each.name], contract, not flat)
    p.inside -= 1
    ranks = tuple(nodes[each.name].image is not False for each in body.nodes)
    if len({ranks_of(each) for each in p.file.scopes(step.site)}) > 1:
        raise Hard(f"{body.name} of an image at some calls, of a vector at others", step.site)
    called = p.file.projection(step, ranks)
    arguments = [nodes[each.name].channels for each in body.nodes]
    meant = {called.parameter_channels(each.name): nodes[each.name].channels for each in body.nodes}
    keywords: list[ast.keyword] = []
    gap = False
    for each in body.data:
        word = p.file.word(each.name)
        if each.name in data:
            meant[word] = data[each.name]
            if not gap and each.default is None:
                arguments.append(data[each.name])
            else:
                keywords.append(ast.keyword(word, data[each.name]))
        else:
            default = called.defaults.get(each.name)
            if default is not None:
                meant[word] = py.substituted(default, meant)
        gap = gap or each.default is not None  # what follows is given by name
    keywords += sized.given(p, called, p.file.scopes(step.site))
    made = ast.Call(py.name(called.name), arguments, keywords)
    tensors = [nodes[each.name].tensor for each in body.nodes]
    image = p.file.result_image(p, step, nodes)
    channels = None
    if (
        called.done
        and called.out is not None
        and py.reads(called.out) & set(parameter_words(p, called)) <= set(meant)
    ):
        channels = py.fold(py.substituted(called.out, meant))
    else:
        called.wanted = True
    return Constructed(made, channels, image, tensors, called)


def parameter_words(p: Projection, called: Projection) -> set[str]:
    """The names of a class's parameters."""
    return {p.file.word(each.name) for each in called.body.data} | {
        called.parameter_channels(each.name) for each in called.body.nodes
    }


def apply_block(
    p: Projection, step: pg.BlockStep, flowing: Node | Nodes | None, path: Path | None
) -> Value:
    """Construct a block and call it."""
    made = construct_block(p, step, flowing)
    assert made.called is not None
    module = placing.put_module(p, placing.leaf(p, made.called.body.name, path), made.made)
    channels = made.channels
    if channels is None:
        channels = py.member(copy.deepcopy(module), "out_channels")
    result = ast.Call(module, made.tensors, [])
    kind = Nodes if made.called.body.result == "nodes" else Node
    found = kind(channels, result, made.image)
    return placing.at_once(p, made.called.body.name, found) if path is None else found
