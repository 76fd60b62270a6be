"""What parts are called: arguments that matter, strides as figures have them, named shortcuts."""

from __future__ import annotations

import pytest

import cnnspec
from cnnspec.analysis.fold import Part, fold
from cnnspec.analysis.wording import content, layer
from cnnspec.draw.titles import of_line, of_scope

SPEC = """
block unit(x, width, drop, stride = 1) {{
    y = x -> conv(width, 3, stride = stride, pad = 1) -> relu -> drop_path(drop)
    {body}
}}
network net {{
    image = input(4, 8, 8)
    output y = image -> {call}
}}
"""


def part(body: str, call: str) -> Part:
    found = fold(cnnspec.loads(SPEC.format(body=body, call=call)).elaborated)
    return found[1]


@pytest.mark.parametrize(
    ("body", "call", "words"),
    [
        ("return y", "unit(4, 0.1)", "unit(4)"),
        ("return y", "unit(4, 0.1, stride = 2)", "unit(4) /2"),
        # What a rate decides beside the noise is said.
        ("return (if drop > 0.5 then y else y) -> relu", "unit(4, 0.1)", "unit(4, 0.1)"),
        ("return y -> scale(factor = drop)", "unit(4, 0.1)", "unit(4, 0.1)"),
        ("return y -> conv(round(20 * drop), 1)", "unit(4, 0.1)", "unit(4, 0.1)"),
    ],
)
def test_rates_of_dropping_are_not_said(body: str, call: str, words: str) -> None:
    assert content(part(body, call)) == words


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("conv(4, 3, groups = 4)", "conv 3x3 depthwise"),
        ("conv(8, 3, groups = 4)", "conv 3x3 groups 4"),
        ("conv(4, 3, groups = 2)", "conv 3x3 groups 2"),
        ("channel_shuffle(4)", "channel_shuffle groups 4"),
        ("conv(8, 3, dilation = 2)", "conv 3x3 dilation 2"),
        ("conv(8, 3, dilation = [2, 1])", "conv 3x3 dilation [2, 1]"),
        ("conv(8, 3, dilation = [1, 2])", "conv 3x3 dilation [1, 2]"),
        ("conv(8, 3, stride = [1, 2])", "conv 3x3 /1x2"),
        ("conv(8, 3, stride = [2, 1])", "conv 3x3 /2x1"),
    ],
)
def test_what_differs_from_a_plain_layer_is_said(step: str, words: str) -> None:
    net = cnnspec.loads(f"network net {{ output y = input(4, 8, 8) -> {step} }}")
    assert layer(fold(net.elaborated)[1]) == words


def test_a_call_is_cut_between_its_arguments() -> None:
    spec = """
    block unit(x, widths, units) { return x -> conv(widths[0], 1) -> conv(units[0], 1) }
    network net { output y = input(4, 8, 8) -> unit([16, 32, 64, 128], [3, 4, 6, 3]) }
    """
    found = fold(cnnspec.loads(spec).elaborated)[1]
    assert content(found) == "unit([16, 32, 64, 128], ...)"
    assert content(found, longest=10) == "unit(...)"
    assert content(found, longest=99) == "unit([16, 32, 64, 128], [3, 4, 6, 3])"


IF = "s = x\n if width == 4 {{ s = x -> {} }}\n return add({}, s)"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return add(y, x)", "unit(4)"),
        (IF.format("proj: conv(width, 1)", "y"), "unit(4) + proj"),
        (IF.format("proj: (conv(width, 1) -> bn)", "y"), "unit(4) + proj"),
        (IF.format("conv(width, 1)", "y"), "unit(4)"),
        (IF.format("skip: relu", "y"), "unit(4)"),
        (IF.format("skip: conv(4, 1)", "y -> body: (bn -> relu)"), "unit(4) + skip"),
        # What is always there tells nothing, nor does the longer way, whatever it is called.
        ("return add(y, x -> proj: (conv(width, 1) -> bn))", "unit(4)"),
        ("z = y -> body: (bn -> relu)\n return add(z, x)", "unit(4)"),
    ],
)
def test_the_shortcut_that_only_some_have_is_said_by_its_name(body: str, words: str) -> None:
    assert of_scope(part(body, "unit(4, 0.1)")) == words


BLOCKS = """
block unit(x, from, to, act = relu, more = [], size = [3, 3]) {
    return x -> conv(4 + from + to, size, pad = 1) -> act
}
block parts(x, unit) { return add(x -> g.1: unit, x -> g.2: unit) }
"""


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        ("unit(1, 2)", "unit(1, 2)"),
        ("unit(1, 2, act = relu, more = [], size = [3, 3])", "unit(1, 2)"),
        ("unit(1, 2, act = gelu)", "unit(1, 2, act = gelu)"),
        ("unit(1, 2, act = elu(alpha = 0.5))", "unit(1, 2, act = elu(...))"),
        ("unit(1, 2, more = [1])", "unit(1, 2, more = [1])"),
        ("parts(unit(1, 2))", "parts"),
    ],
)
def test_what_is_no_default_is_said(flow: str, words: str) -> None:
    spec = f"{BLOCKS} network net {{ output y = input(4, 8, 8) -> {flow} }}"
    assert content(fold(cnnspec.loads(spec).elaborated)[1]) == words


def test_what_stands_behind_an_argument_that_differs_has_its_name() -> None:
    spec = f"""{BLOCKS} network net {{
        x = input(4, 8, 8)
        output y = add(x -> g.1: unit(1, 0), x -> g.2: unit(1, 0)) -> h: (unit(2, 1) -> unit(3, 1))
    }}"""
    *_, group = [p for p in fold(cnnspec.loads(spec).elaborated) if p.parts]
    assert content(group) == "unit(to = 1) x 2"


def test_small_steps_alone_are_said_in_their_order() -> None:
    spec = "network net { output y = input(4, 8, 8) -> a: (relu -> bn) -> conv(2, 1) }"
    parts = fold(cnnspec.loads(spec).elaborated)[1].parts
    assert of_line(parts) == "relu (bn)"


def test_operators_in_a_list_have_their_names() -> None:
    spec = """
    block b(x, acts) {
        for act in acts { x = x -> act }
        return x
    }
    network net { output y = input(4, 8, 8) -> b([relu, elu(alpha = 0.5)]) -> conv(2, 1) }
    """
    assert content(fold(cnnspec.loads(spec).elaborated)[1]) == "b([relu, elu(...)])"
