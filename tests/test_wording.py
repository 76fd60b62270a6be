"""What parts are called: arguments that matter, strides as figures have them, named shortcuts."""

from __future__ import annotations

import pytest

import cnnspec
from cnnspec.analysis.fold import Part, fold
from cnnspec.analysis.wording import content, layer
from cnnspec.draw.titles import of_scope

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
        ("return if drop > 0.5 then y else y -> relu", "unit(4, 0.1)", "unit(4, 0.1)"),
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
    ],
)
def test_a_convolution_of_each_channel_alone_is_depthwise(step: str, words: str) -> None:
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


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return add(y, x)", "unit(4)"),
        ("return add(x -> proj: conv(width, 1), y)", "unit(4) + proj"),
        ("return add(y, x -> proj: (conv(width, 1) -> bn))", "unit(4) + proj"),
        ("return add(y, x -> conv(width, 1))", "unit(4)"),
        # The longer way is the block itself, whatever it is called.
        ("z = y -> body: (bn -> relu)\n return add(z, x)", "unit(4)"),
        ("z = y -> body: (bn -> relu)\n return add(z, x -> skip: conv(4, 1))", "unit(4) + skip"),
        ("return add(y, x -> skip: relu)", "unit(4)"),
    ],
)
def test_the_shortcut_is_said_by_its_name(body: str, words: str) -> None:
    assert of_scope(part(body, "unit(4, 0.1)")) == words
