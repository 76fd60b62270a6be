"""Programs: what a spec's text says, with every name resolved and every kind known."""

from __future__ import annotations

import dataclasses

import pytest

import cnnspec
from cnnspec import library
from cnnspec.cli import main
from cnnspec.emit import flat
from cnnspec.emit.bodies import read_program
from cnnspec.emit.flatten import flattened
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
from cnnspec.emit.prove import mismatches
from cnnspec.emit.values import Verdict
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec
from tests.emitted import network
from tests.test_cases import CASES, loaded

COMPILES = [
    case for case in CASES if any(kind in ("paths", "facts", "torch") for kind, _ in case.blocks)
]


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
    assert mismatches(graph, flattened(read)) == []


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
        "block join(x, y) { return concat(x, y) }\n"
        "network n { image = input(3, 8, 8)  a = image -> relu  b = image -> tanh\n"
        "  output y = concat(join([a, b], a), join(a, b)) }"
    )
    assert sorted(each.kinds for each in read.blocks) == [("node", "node"), ("nodes", "node")]


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


@pytest.mark.parametrize("case", COMPILES, ids=lambda case: case.title)
def test_every_case_does_what_its_graph_says(case) -> None:
    graph = loaded(case.blocks[0][1]).elaborated
    assert mismatches(graph, flattened(read_program(graph))) == []


def test_random_networks_do_what_their_graphs_say() -> None:
    generator = Generator(20261201)
    for number in range(40):
        graph = cnnspec.loads(spec(generator.program(number))).elaborated
        assert mismatches(graph, flattened(read_program(graph))) == [], number


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (  # a position behind one that is there at times, and behind that of a loop
            (
                "block u(x, p, n) { return x -> q: (relu when p -> tanh * n -> silu) }\n"
                "network t { image = input(3, 8, 8) output y = image -> u(true, 2) -> u(false, 0)}"
            ),
            ["u1.q.0", "u1.q.1", "u1.q.2", "u1.q.3", "u2.q.0"],
        ),
        (  # one group, entered again at each turn of a loop
            (
                "network t { x = input(3, 8, 8)\n"
                "  for i in range(3) { x = x -> g: (relu -> tanh when i == 1)  x = x -> silu }\n"
                "  output y = x }"
            ),
            ["g.0", "silu1", "g.1", "g.2", "silu2", "g.3", "silu3"],
        ),
        (  # a step that was given beside others of its kind
            (
                "block u(x, act) { return x -> relu -> act -> relu -> act }\n"
                "network t { image = input(3, 8, 8)  output y = image -> u(relu) -> u(silu) }"
            ),
            [
                "u1.relu1",
                "u1.relu2",
                "u1.relu3",
                "u1.relu4",
                "u2.relu1",
                "u2.silu1",
                "u2.relu2",
                "u2.silu2",
            ],
        ),
        (  # what flows through several steps is spoken of in them
            (
                "network t { x = input(3, 8, 8)\n"
                "  x = x -> (conv(8, 1) -> conv(x.channels, 1)) * 2\n"
                "  output y = x -> conv(2 * x.channels, 1) when x.channels > 2 }"
            ),
            ["conv1", "conv2", "conv3", "conv4", "conv5"],
        ),
        (  # a group that is empty at times takes no number
            (
                "block u(x, p) { return x -> q: (g: (relu when p) -> tanh) }\n"
                "network t { image = input(3, 8, 8)  output y = image -> u(true) -> u(false) }"
            ),
            ["u1.q.g.0", "u1.q.1", "u2.q.0"],
        ),
        (  # steps in a list, applied as they were added
            (
                "network t(n = 2) { image = input(3, 8, 8)  layers = []\n"
                "  for i in range(n) { layers = layers + [conv(4, 1), relu when i > 0] }\n"
                "  output y = image -> features: layers -> gap }"
            ),
            ["features.0", "features.1", "features.2", "gap1"],
        ),
    ],
)
def test_paths_are_counted_as_the_elaborator_counts_them(text: str, paths: list[str]) -> None:
    graph = cnnspec.loads(text).elaborated
    assert [each.path for each in graph.nodes if each.kind != "input"] == paths
    assert mismatches(graph, flattened(read_program(graph))) == []


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ("output y = input(3, 8, 8) -> relu", "y"),
        ("y = relu(input(3, 8, 8)) -> tanh  output z = y", "y"),
        ("a, b = split(input(4, 8, 8) -> relu, 2)  output y = add(a, b)", "input1"),
        ("a, b = input(3, 8, 8), input(3, 8, 8) -> relu  output y = add(a, b)", "input1 input2"),
        ("output y = add(a: input(3, 8, 8) -> relu, input(3, 8, 8) -> tanh) -> silu", "a y"),
        ("output y = if true then input(3, 8, 8) -> relu else input(3, 4, 4) -> tanh", "y"),
    ],
)
def test_an_input_is_called_after_what_its_statement_gives(body: str, paths: str) -> None:
    # Where an input flows on before it has that name, it is in a variable that is called otherwise.
    graph = cnnspec.loads(f"network t {{ {body} }}").elaborated
    assert mismatches(graph, flattened(read_program(graph))) == []
    assert [each.path for each in graph.inputs] == paths.split()


def test_a_wrong_program_is_caught() -> None:
    graph = network("resnet18").elaborated
    for spoil in (_drop, _argument, _swap, _label):
        program = flattened(read_program(graph))
        assert mismatches(graph, program) == []
        spoil(program)
        assert mismatches(graph, program), spoil.__name__


def _drop(program) -> None:
    """Leave a step out."""
    (block,) = program.blocks
    del block.statements[1]


def _argument(program) -> None:
    """Give a step another argument."""
    (block,) = program.blocks
    assign = block.statements[0]
    step = dataclasses.replace(
        assign.value.step, arguments=(("filters", Literal(7)), ("size", Literal(3)))
    )
    assign.value = dataclasses.replace(assign.value, step=step)


def _swap(program) -> None:
    """Add in the other order."""
    (block,) = program.blocks
    added = next(
        each
        for each in block.statements
        if isinstance(each, flat.Assign) and getattr(each.value, "inputs", ())[1:]
    )
    added.value = dataclasses.replace(added.value, inputs=added.value.inputs[::-1])


def _label(program) -> None:
    """Call a step otherwise."""
    (block,) = program.blocks
    assign = block.statements[2]
    assign.value = dataclasses.replace(assign.value, path=(("other",),))


def test_what_is_not_proved_is_not_written(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cnnspec.emit.prove.misread", lambda _: ["conv1 is not made"])
    wrong = Verdict(("conv1: no layer of the model does this conv",))
    monkeypatch.setattr("cnnspec_keras.symbolic.proof.verdict", lambda *_, **__: wrong)
    with pytest.raises(SystemExit) as done:
        main(["compile", "resnet18", "-b", "keras"])
    assert done.value.code == 3
    told = capsys.readouterr().err
    assert "as it is read, conv1 is not made\n  conv1: no layer of the model" in told
    assert not list(tmp_path.iterdir())
