"""Random bodies: they compile, they are drawn alike again, what is wrong is found and made small.

Below are the kinds of mistakes that they have shown, each by the least spec that shows it.
"""

from __future__ import annotations

import re

import pytest

import cnnspec
from cnnspec.emit.code import Call, Raw
from cnnspec.emit.lowering import Lowered
from cnnspec.testing.bodies import compiles, spec
from cnnspec.testing.reduce import candidates, reduce
from cnnspec_torch.lowerings import LOWERINGS
from tests.torch_bodies import fault


def test_the_same_seed_draws_the_same_bodies_and_they_compile() -> None:
    texts = [spec(7, number) for number in range(12)]
    assert texts == [spec(7, number) for number in range(12)]
    assert all(map(compiles, texts))
    every = "\n".join(spec(8, number) for number in range(60))
    for word in (" for ", " when ", "if ", " * (", "concat(", "split(2)", "act", " when "):
        assert word in every


def test_a_feature_that_is_left_out_is_not_drawn() -> None:
    every = "\n".join(spec(8, number, frozenset()) for number in range(40))
    assert "out_channels" not in every
    assert not re.search(r"^    return \[|^    return \w+, ", every, re.MULTILINE)


def test_what_a_spec_shows_is_shown_by_a_smaller_one() -> None:
    text = next(each for each in (spec(8, number) for number in range(20)) if "-> conv(" in each)
    smaller = reduce(text, lambda each: compiles(each) and "-> conv(" in each)
    assert "-> conv(" in smaller
    assert compiles(smaller)
    assert 2 * len(smaller) < len(text)
    assert all(len(each) < len(text) for each in candidates(text))


def test_a_planted_mistake_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = LOWERINGS["bn"]

    def wrong(step: object) -> Lowered:
        found: Lowered = right(step)  # type: ignore[arg-type]
        assert isinstance(found.module, Call)
        return Lowered(found.flow, Call(Raw("nn.InstanceNorm2d"), found.module.arguments))

    text = PLAIN % "bn"
    assert fault(text) == ("", "")
    monkeypatch.setitem(LOWERINGS, "bn", wrong)
    assert fault(text)[0] == "keys differs"


PLAIN = """block part(x, act) { return x -> conv(4, 3) -> act }
network n {
    image = input(3, 8, 8)
    output y = image -> part(%s)
}
"""
NETWORK = """network n {
    image = input(4, 8, 8)
    output y = image -> part(2)
}
"""
MENDED = {
    "steps counted a number of times in a loop": """block part(x, n) {
    for i in range(2) { x = x -> bn * n }
    return x -> bn
}
""",
    "a counter that begins on one way": """block part(x, n) {
    if n > 1 {
        if n > 2 { x = x -> bn }
    } else {
        x = x -> tanh
    }
    return x -> bn -> relu
}
""",
    "a counter of a loop on one way": """block part(x, n) {
    if n == 2 {
        for i in range(n) { x = x -> (conv(4, 1) when i == 1) }
    }
    return x -> conv(4, 1)
}
""",
    "a parameter without a default behind one that has": """block inner(x, n = 3, act, k = 1) {
    return x -> conv(n, k) -> act
}
block part(x, n) { return x -> inner(n, relu) -> inner(act = tanh) }
""",
    "a module that nothing reads": """block part(x, n) {
    y = x -> gn(groups = 1)
    z = y -> body: (conv(3, 1) -> bn * n)
    if n > 1 { w = z -> a.b: conv(2, 1) }
    return x -> conv(2, 1)
}
""",
    "a list of steps of one name": """block part(x, n) {
    return x -> body: ((a: conv(4, 1) when n == 3) * n -> relu)
}
""",
    "a chosen step that has a name": """block part(x, n) {
    return x -> body: (if n > 3 then 0: bn else hardswish)
}
""",
    "a group that is entered on two ways": """block part(x, n) {
    return x -> (if n == 3 then a.left: bn else a.right: bn)
}
""",
    "lists of numbers put together": """block inner(x, rows) {
    for c in rows + [2] { x = x -> conv(c, 1) }
    return x
}
block part(x, n) {
    rows = [n]
    return x -> inner(rows + [3]) -> inner([])
}
""",
    "data called as channels are": """block part(x, channels) {
    out_channels = 2 * channels
    x_channels = [channels]
    names = x -> conv(out_channels, 1) -> names: bn
    return names -> out_channels: conv(x_channels[0], 1) -> conv(channels, 1)
}
""",
    "a parameter called as the channels of another": """block inner(x, y, y_channels) {
    return concat(x -> conv(y_channels, 1), y -> conv(y.channels, 1))
}
block part(x, n) { return inner(x, x -> relu, n) }
""",
}


@pytest.mark.parametrize("body", MENDED.values(), ids=MENDED.keys())
def test_what_random_bodies_have_shown(body: str) -> None:
    text = body + NETWORK
    assert fault(text) == ("", "")
    network = cnnspec.loads(text)
    assert network.mismatch("torch") == []
    assert network.mismatch("keras") == []


def test_an_input_that_nothing_reads_is_an_input() -> None:
    text = """network n {
    image = input(4, 8, 8)
    other = input(3, 8, 8)
    z = other -> bn1: (s.0: bn)
    output y = image -> body: (s.0: bn)
}
"""
    assert fault(text) == ("", "")


def test_an_operator_that_is_given_more_where_it_is_applied_takes_it() -> None:
    text = """block inner(x, unit = conv(size = 3)) { return x -> unit(2) -> unit(3, size = 1) }
block part(x, n) { return x -> inner -> inner(conv(bias = false, size = 1)) }
"""
    assert fault(text + NETWORK) == ("", "")


RECURSION = """block part1(x, put) { return x -> put }
block part2(x) {
    outs = [part1(put = [])]
    return x -> part1(outs)
}
network n {
    image = input(4, 8, 8)
    output y = image -> part2
}
"""


def test_a_block_that_a_list_brings_into_itself_is_told() -> None:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(RECURSION)
    (found,) = caught.value.diagnostics
    assert found.code == "endless-recursion"
    assert "one of a list of steps" in found.title


def test_steps_in_a_list_are_said_by_their_names() -> None:
    text = """block inner(x) { return x -> relu }
block part(x, steps) {
    return x -> (a: steps[0]) * 2
}
network n {
    image = input(4, 8, 8)
    output y = image -> part(steps = [inner, relu, bn(eps = 0.1)])
}
"""
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(text)
    assert "part(steps = [inner, relu, bn(…)])" in str(caught.value)


CONDITIONAL = """block part(x, flag) {
    y = x -> conv(4, 1) -> bn
    return if flag then y else x
}
network n {
    image = input(4, 8, 8)
    output y = image -> part(true)%s
}
"""


def test_weights_that_nothing_reads_at_some_arguments_are_refused_at_their_step() -> None:
    assert fault(CONDITIONAL % "") == ("", "")
    network = cnnspec.loads(CONDITIONAL % " -> part(false)")
    with pytest.raises(cnnspec.SpecError) as caught:
        network.source("torch")
    (found,) = caught.value.diagnostics
    assert found.code == "not-expressible"
    assert "cannot leave out part2.conv1" in found.title
    assert found.labels[0].span.line == 2
    assert network.mismatch("keras") == []
