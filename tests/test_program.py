"""Programs: what a spec's text says, with every name resolved and every kind known."""

from __future__ import annotations

import pytest

import cnnspec
from cnnspec import library
from cnnspec.emit.bodies import read_program
from cnnspec.emit.program import (
    Assign,
    BlockStep,
    Call,
    Flow,
    GivenStep,
    If,
    Literal,
    Measure,
    Name,
    Never,
    Operation,
    OperatorStep,
    Return,
    parts,
)
from tests.emitted import network


def program(text: str):
    return read_program(cnnspec.loads(text).elaborated)


@pytest.mark.parametrize("name", sorted(library.shipped()))
def test_every_network_that_ships_is_read(name: str) -> None:
    graph = network(name).elaborated
    read = read_program(graph)
    bodies = (*read.blocks, read.network)
    assert not [
        each for body in bodies for each in parts(body.statements) if isinstance(each, Never)
    ]
    called = {
        each.block
        for body in bodies
        for each in parts(body.statements)
        if isinstance(each, BlockStep)
    }
    assert called <= {body.definition for body in read.blocks}
    assert [each.name for each in read.network.parameters] == list(graph.parameters)


def test_a_body_says_what_the_text_says() -> None:
    read = program(
        "block unit(x, width, act = relu) {\n"
        "    y = x\n"
        "    if x.channels != width { y = x -> conv(width, 1) }\n"
        "    return add(x -> conv(width, 3, pad = 1) -> act, y)\n"
        "}\n"
        "network n { image = input(3, 8, 8)  output y = image -> unit(4) -> unit(4, act = tanh) }"
    )
    (unit,) = read.blocks
    assert [(each.name, each.kind) for each in unit.parameters] == [
        ("x", "node"),
        ("width", "data"),
        ("act", "data"),
    ]
    copied, decided, given = unit.statements
    x, width = Name("x", "node"), Name("width")
    assert copied == Assign(("y",), x)
    assert isinstance(decided, If)
    assert decided.arms[0][0] == Operation("!=", (Measure(x, "channels"), width))
    assert isinstance(given, Return)
    (total,) = given.values
    assert isinstance(total, Call)
    flow, other = total.inputs
    assert other == Name("y", "node")
    assert isinstance(flow, Flow)
    conv, act = flow.steps
    assert isinstance(conv, OperatorStep)
    assert dict(conv.arguments) == {"filters": width, "size": Literal(3), "pad": Literal(1)}
    assert isinstance(act, GivenStep)
    assert act.value == Name("act")


def test_defaults_count_where_the_operator_is_written() -> None:
    read = program(
        "default conv(bias = false)\n"
        "block b(x) { return x -> conv(4, 1) }\n"
        "default conv(bias = true)\n"
        "network n { image = input(3, 8, 8)  output y = image -> b -> conv(2, 1) }"
    )
    found = [
        each.argument("bias")
        for body in (*read.blocks, read.network)
        for each in parts(body.statements)
        if isinstance(each, OperatorStep) and each.op.name == "conv"
    ]
    assert found == [Literal(False), Literal(True)]


def test_a_name_of_data_does_not_hide_an_operator_that_is_called() -> None:
    read = program(
        "network n(dropout = 0.5) { image = input(3, 8, 8)\n"
        "  output y = image -> dropout(dropout) -> gap }"
    )
    (step,) = [
        each
        for each in parts(read.network.statements)
        if isinstance(each, OperatorStep) and each.op.name == "dropout"
    ]
    assert step.argument("rate") == Name("dropout")


def test_a_block_that_takes_a_node_and_a_list_is_read_for_both() -> None:
    read = program(
        "block join(x) { return concat(x) }\n"
        "network n { image = input(3, 8, 8)  a = image -> relu  b = image -> tanh\n"
        "  output y = concat(join([a, b]), join(a)) }"
    )
    assert sorted(each.kinds for each in read.blocks) == [("node",), ("nodes",)]


def test_a_block_that_calls_itself_is_read_once() -> None:
    read = program(
        "block hg(x, levels) recurs on levels {\n"
        "  y = x -> conv(x.channels, 3, pad = 1)\n"
        "  if levels > 0 { y = y -> hg(levels - 1) }\n"
        "  return add(x, y)\n"
        "}\n"
        "network n { image = input(3, 8, 8)  output y = image -> hg(2) }"
    )
    assert [each.name for each in read.blocks] == ["hg"]


def test_what_no_call_can_read_is_never() -> None:
    read = program(
        "network n(deep = false) { image = input(3, 8, 8)\n"
        "  x = image -> relu\n"
        "  if deep { x = x -> nothing_at_all(3) }\n"
        "  output y = x -> tanh }"
    )
    assert [each.why for each in parts(read.network.statements) if isinstance(each, Never)]
