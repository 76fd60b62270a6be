"""Expressions of a body: data in both projections' words, nodes, lists of them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import partial

from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec.emit.prove import closed
from cnnspec_torch.classes import applying, choosing, handing, sized
from cnnspec_torch.classes.lowered import operation
from cnnspec_torch.classes.projection import Path, Projection, lasting
from cnnspec_torch.classes.values import (
    SIZE,
    Data,
    Hard,
    Node,
    Nodes,
    Rows,
    Segment,
    Steps,
    Value,
)


def data_of(p: Projection, expr: pg.Expr) -> Data:
    """Evaluate to data."""
    return as_data(p, evaluate(p, expr))


def as_data(p: Projection, value: Value) -> Data:
    """Take a value for data."""
    match value:
        case Data():
            return value
        case Steps(step):
            made = p.file.step_value(p, step, None)
            return Data(made, made)
        case Rows("rows", parts):
            each = [as_data(p, part) for part in parts]
            return Data(py.items(x.made for x in each), py.items(x.run for x in each))
        case Rows(kind, parts):
            each = [as_data(p, part) for part in parts]
            return Data(
                py.call(kind, *(x.made for x in each)), py.call(kind, *(x.run for x in each))
            )
    raise Hard(f"data is wanted, not {type(value).__name__}")


def as_node(value: Value) -> Node:
    """Take a value for a node."""
    if isinstance(value, Node):
        return value
    raise Hard(f"a node is wanted, not {type(value).__name__}")


def as_flowing(p: Projection, value: Value) -> Node | Nodes:
    """Take a value for nodes."""
    match value:
        case Node() | Nodes():
            return value
        case Rows("rows", parts):
            return listed([as_flowing(p, each) for each in parts])
    raise Hard(f"nodes are wanted, not {type(value).__name__}")


def listed(values: Sequence[Node | Nodes]) -> Nodes:
    """Put nodes into a list."""
    channels: list[ast.expr] = []
    tensors: list[ast.expr] = []
    for each in values:
        if isinstance(each, Node):
            channels.append(each.channels)
            tensors.append(each.tensor)
            continue
        channels += elements_of(each.channels)
        tensors += elements_of(each.tensor)
    image = values[0].image if values else None
    return Nodes(py.items(channels), py.items(tensors), image)


def evaluate(p: Projection, expr: pg.Expr) -> Value:
    """Evaluate an expression."""
    match expr:
        case pg.Literal(value):
            return both(py.literal(value))
        case pg.Name(word, kind):
            return read_name(p, word, kind)
        case pg.Constant():
            return both(p.file.constant(p, expr))
        case pg.ListOf(members):
            return read_list(p, expr, members)
        case pg.Operation("+", operands) if pg.kind_of(expr) == "nodes":
            return listed([as_flowing(p, evaluate(p, each)) for each in operands])
        case pg.Operation("==" | "!=" as operator, (left, right)):
            return alike(p, operator, left, right)
        case pg.Operation("and" | "or" | "not") if (known := worked_out(expr)) is not None:
            return both(py.literal(known))
        case pg.Operation("+", operands) if any(map(partial(is_row, p), operands)):
            rows = [data_of(p, each) for each in operands]
            return Data(joined_rows(x.made for x in rows), joined_rows(x.run for x in rows))
        case pg.Operation(operator, operands):
            parts = [lasting(data_of(p, each)) for each in operands]
            made = py.fold(operation(operator, [each.made for each in parts]))
            return Data(made, py.fold(operation(operator, [each.run for each in parts])))
        case pg.Choice():
            return choosing.choose_value(p, expr)
        case pg.Item(inner, index):
            return item_of(p, evaluate(p, inner), data_of(p, index))
        case pg.Function(name, arguments):
            return call_function(p, name, [evaluate(p, each) for each in arguments])
        case pg.Measure(node, what):
            return measured(p, expr, as_flowing(p, evaluate(p, node)), what)
        case pg.Flow(head, steps):
            return applying.flow(p, head, steps)
        case pg.Call(step, inputs):
            return applying.call_step(p, step, inputs, None)
        case pg.Within(label, inner):
            return applying.within_label(p, segments_of(p, label), inner)
        case pg.Never(why):
            raise Hard(why)
    return Steps(expr)


def is_row(p: Projection, expr: pg.Expr) -> bool:
    """Whether data is a list: it is a tuple or a list in Python, as it came about."""
    return p.file.taken_apart.reach.is_list(p.body, expr)


def joined_rows(rows: Iterable[ast.expr]) -> ast.expr:
    """Lists of data put together, whatever each is in Python."""
    parts = [[*x.elts] if isinstance(x, ast.List | ast.Tuple) else [_starred(x)] for x in rows]
    return py.items([each for part in parts for each in part])


def _starred(row: ast.expr) -> ast.expr:
    return ast.Starred(row, py.LOAD)


def alike(p: Projection, operator: str, left: pg.Expr, right: pg.Expr) -> Data:
    """Compare: true and 1 differ, and an operator is itself whatever it holds."""
    if (known := worked_out(pg.Operation(operator, (left, right)))) is not None:
        return both(py.literal(known))
    one, other = evaluate(p, left), evaluate(p, right)
    if isinstance(one, Steps) and isinstance(other, Steps):
        same = _what(one.step) is _what(other.step)
        return both(py.literal(same == (operator == "==")))
    first, second = as_data(p, one), as_data(p, other)
    if isinstance(one, Steps) or isinstance(other, Steps) or handing.is_step(p, left):
        if not p.file.uniform:
            raise Hard("a step that is compared")
        made, run = (
            operation(operator, [py.call("kind", each) for each in sides])
            for sides in ((first.made, second.made), (first.run, second.run))
        )
        return Data(made, run)
    return Data(
        py.fold(operation(operator, [first.made, second.made])),
        py.fold(operation(operator, [first.run, second.run])),
    )


def worked_out(expr: pg.Expr) -> object:
    """The value of an expression that speaks of nothing; None where it speaks of something."""
    plain = (pg.Literal, pg.ListOf, pg.Operation, pg.Choice, pg.Item, pg.Function)
    every = tuple(pg.parts(expr))
    return closed(expr) if all(isinstance(each, plain) for each in every) else None


def _what(step: pg.Expr) -> object:
    """The operator or the block that a step is of."""
    if isinstance(step, pg.OperatorStep):
        return step.op
    return step.block if isinstance(step, pg.BlockStep) else step


def read_name(p: Projection, word: str, kind: pg.Kind) -> Value:
    """Look a name up; nobody bound it yet where a loop's last turn did."""
    if p.stepwise:
        return read_variable(p, word, kind)
    if word in p.env:
        return p.env[word]
    if kind in ("node", "nodes"):  # what an earlier turn of a loop left
        p.held |= {word}
        made = Node if kind == "node" else Nodes
        p.env[word] = made(py.name(p.variable(word)), py.name(p.file.word(word)))
        return p.env[word]
    name = py.name(p.file.word(word))
    return Data(name, name)


def read_variable(p: Projection, word: str, kind: pg.Kind) -> Value:
    """Read a name where each has its variables."""
    known = p.env.get(word)
    flowing = kind in ("node", "nodes")
    if known is not None and flowing == isinstance(known, Node | Nodes):
        return known
    name = py.name(p.spelled.get(word, p.file.word(word)))
    if not flowing:
        return Data(name, name)
    made = Node if kind == "node" else Nodes
    return made(py.name(p.variable(word)), name, None)


def read_list(p: Projection, expr: pg.Expr, members: tuple[pg.Expr, ...]) -> Value:
    """Evaluate a list."""
    found = [evaluate(p, each) for each in members]
    kind = pg.kind_of(expr)
    if kind == "nodes" or (found and all(isinstance(each, Node | Nodes) for each in found)):
        return listed([as_flowing(p, each) for each in found])
    if any(isinstance(each, Node | Nodes | Rows) for each in found):
        return Rows("rows", tuple(found))
    if any(isinstance(each, Steps) for each in found) and p.inside:
        return Rows("rows", tuple(found))
    if not found and p.target and p.body.locals.get(p.target) == "nodes":
        return Nodes(py.items([]), py.items([]), None)
    parts = [as_data(p, each) for each in found]
    return Data(py.items(each.made for each in parts), py.items(each.run for each in parts))


def item_of(p: Projection, value: Value, index: Data) -> Value:
    """Take an item of a list."""
    match value:
        case Node(channels, tensor, image) | Nodes(channels, tensor, image):
            made = py.fold(py.code("v[i]", v=channels, i=index.made))
            return Node(made, py.fold(py.code("v[i]", v=tensor, i=index.run)), image)
        case Rows("rows", parts) if (place := py.whole(index.made)) is not None:
            return parts[place]
    inner = as_data(p, value)
    made = py.fold(py.code("v[i]", v=inner.made, i=index.made))
    return Data(made, py.fold(py.code("v[i]", v=inner.run, i=index.run)))


def measured(p: Projection, expr: pg.Measure, value: Node | Nodes, what: str) -> Data:
    """Measure a node."""
    if what == "channels":
        return Data(value.channels, py.code("x.shape[1]", x=value.tensor))
    if what == "shape":
        raise Hard("a shape as a list")
    axis = {"height": 2, "width": 3}[what]
    made = sized.measured(p, expr)
    return Data(made or py.name(SIZE), py.code(f"x.shape[{axis}]", x=value.tensor))


def call_function(p: Projection, name: str, values: list[Value]) -> Value:
    """Call a function of the language."""
    flows = any(has_nodes(each) for each in values)
    if name in ("enumerate", "zip") and flows:
        return Rows(
            "enumerate" if name == "enumerate" else "zip", tuple(map(partial(seen, p), values))
        )
    if name in ("take", "drop"):
        cut = "v[:n]" if name == "take" else "v[n:]"
        count = as_data(p, values[1])
        first = values[0]
        if has_nodes(first):
            nodes = as_flowing(p, first)
            return Nodes(
                py.code(cut, v=nodes.channels, n=count.made),
                py.code(cut, v=nodes.tensor, n=count.run),
                nodes.image,
            )
        inner = as_data(p, first)
        return Data(
            py.code(cut, v=inner.made, n=count.made), py.code(cut, v=inner.run, n=count.run)
        )
    if name == "len" and has_nodes(values[0]):
        nodes = as_flowing(p, values[0])
        made = py.fold(py.call("len", nodes.channels))
        return Data(made, py.fold(py.call("len", nodes.tensor)))
    parts = [as_data(p, each) for each in values]
    if name == "round_to" and py.constant(parts[-1].made, 8):
        parts.pop()  # what it takes anyway
    function = {"ceil": "math.ceil", "floor": "math.floor"}.get(name, name)
    return Data(
        py.fold(py.call(function, *(each.made for each in parts))),
        py.fold(py.call(function, *(each.run for each in parts))),
    )


def seen(p: Projection, value: Value) -> Value:
    """Take nodes as a list."""
    return as_flowing(p, value) if has_nodes(value) and not isinstance(value, Rows) else value


def segments_of(p: Projection, label: pg.Label) -> Path:
    """Give the segments of a label."""
    result: list[Segment] = []
    for pieces in label:
        parts: list[ast.expr] = []
        for piece in pieces:
            if isinstance(piece, str):
                parts.append(ast.Constant(piece))
                continue
            value = data_of(p, piece).made
            if isinstance(value, ast.Constant):
                parts.append(ast.Constant(str(value.value)))
            else:
                parts.append(ast.FormattedValue(value, -1))
        if all(isinstance(each, ast.Constant) for each in parts):
            result.append("".join(map(word_of_literal, parts)))
        else:
            result.append(ast.JoinedStr(parts))
    return tuple(result)


def both(value: ast.expr) -> Data:
    """A value that both projections say alike."""
    return Data(value, value)


def word_of_literal(value: ast.expr) -> str:
    """The word that a literal is."""
    assert isinstance(value, ast.Constant)
    return str(value.value)


def elements_of(values: ast.expr) -> list[ast.expr]:
    """The elements of a list, or all of it, starred."""
    return list(values.elts) if isinstance(values, ast.List) else [ast.Starred(values, py.LOAD)]


def has_nodes(value: Value) -> bool:
    """Whether nodes are in a value."""
    if isinstance(value, Rows):
        return any(map(has_nodes, value.parts))
    return isinstance(value, Node | Nodes)
