"""After a mistake of syntax: the rest of the file is read, and what follows from it is not told."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

import cnnspec
from cnnspec.diagnostics import SpecError
from cnnspec.source import Source
from cnnspec.syntax import tree
from cnnspec.syntax.parse import parse_what_can_be
from tests.slips import KEPT, KINDS, WORKED_ON, judged, planted

pytestmark = pytest.mark.slow

BROKEN = """use "blocks.cnn"
block unit(x, width, stride = 1) {
    y = x -> conv(width, 3, stride = stride, pad =
    z = y -> bn -> relu
    return add(y, x)) -> relu
}
block other(x, w {
    return x -> convv(3)
}
network n(classes = 10) {
    image = input(3, 32, 32)
    for i = range(3) {
        image = image -> unit(3) -> bnn
    }
    if classes = 3 { image = image -> unit(4) }
    x = image -> conv(3, 3, padd = 1)
    expect { params = = 3  macs = 4 }
    output logits = x -> gap -> dense(classes
}
network m = n(classes = 3) { expect { params = 3, } }
"""


def places(text: str, network: str | None = None) -> list[tuple[int, str]]:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(text, network=network)
    return [(each.labels[0].span.line, each.code) for each in caught.value.diagnostics]


def test_every_mistake_of_a_file_is_told_at_once_and_nothing_else() -> None:
    assert [line for line, _ in places(BROKEN, "n")] == [4, 5, 7, 8, 12, 13, 15, 16, 17, 18, 20]


def test_what_is_broken_is_lost_and_what_stands_around_it_is_there() -> None:
    parsed, mistakes = parse_what_can_be(Source("a.cnn", BROKEN))
    assert len(mistakes) == 8
    kinds = [type(item).__name__ for item in parsed.items]
    assert kinds == ["Use", "Block", "Block", "NetworkDef", "Variant"]
    unit, network = parsed.items[1], parsed.items[3]
    assert isinstance(unit, tree.Block)
    assert isinstance(network, tree.NetworkDef)
    assert [type(each).__name__ for each in unit.body] == ["Lost", "Bind", "Lost"]
    lost = unit.body[0]
    assert isinstance(lost, tree.Lost)
    assert lost.names == ("y",)
    loop = network.body[1]
    assert isinstance(loop, tree.If)
    head = loop.arms[0][0]
    assert isinstance(head, tree.LostValue)
    assert head.names == ("i",)


def test_a_body_without_its_brace_is_a_body() -> None:
    text = "network n(classes = 10)\n    image = input(3, 8, 8)\n"
    text += "    output y = image -> conv(nope, 3)\n}\n"
    assert [line for line, _ in places(text)] == [1, 3]


def test_a_body_that_is_not_closed_ends_at_the_next_item() -> None:
    text = "block a(x) {\n    return x -> relu\n\nnetwork n {\n    image = input(3, 8, 8)\n"
    text += "    output y = image -> a -> conv(8, 3, padd = 1)\n}\n"
    assert [line for line, _ in places(text)] == [1, 6]


def test_a_block_that_nothing_called_is_looked_through() -> None:
    text = "block a(x) { return x -> convv(3) }\nnetwork n {\n    image = input(3, 8, 8)\n"
    text += "    output y = image -> nope -> relu\n}\n"
    assert [line for line, _ in places(text)] == [1, 4]


def test_a_name_that_is_missed_in_several_places_is_told_once() -> None:
    text = "network n {\n    image = input(3, 8, 8)\n    a = image -> conv(wide, 3)\n"
    text += "    output y = image -> conv(wide, 3)\n}\n"
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(text)
    (only,) = caught.value.diagnostics
    assert [label.span.line for label in only.labels] == [3, 4]


def test_what_stands_behind_a_closed_brace_opens_none_of_the_braces_around() -> None:
    text = """\
block a(x) {
    y = x
    for i in range(2) { y = y -> relu } +
    return y -> relu
}
network n(wide = 3 deep = 2) {
    image = input(3, 8, 8)
    output y = image -> a -> conv(deep, 3)
    meta { title = "n" } +
}
network m = n() {
    expect { params = 1 } +
}
network o = n()
"""
    mistakes = parse_what_can_be(Source("a.cnn", text))[1]
    assert [each.labels[0].span.line for each in mistakes] == [3, 6, 9, 12]


def test_the_halves_of_the_slips_are_halves() -> None:
    assert set(WORKED_ON) | set(KEPT) == set(KINDS)
    assert len(WORKED_ON) == len(KEPT) == len(KINDS) // 2


def test_slips_are_told_in_one_run(capsys) -> None:
    """A spread of `make slips`, from a new seed each time."""
    seed = random.SystemRandom().randrange(10**6)
    with capsys.disabled():
        sys.stdout.write(f"\nslips from seed {seed}\n")
    slips = missed = cascades = said = 0
    for number in range(40):
        case = planted(seed * 1_000_003 + number, tuple(KINDS))
        if case is not None:
            lost, more, told = judged(case)
            slips, missed = slips + len(case.slips), missed + len(lost)
            cascades, said = cascades + len(more), said + told
    assert slips > 60
    assert missed / slips < 0.12, f"seed {seed}"
    assert cascades / said < 0.12, f"seed {seed}"


def test_networks_that_are_looked_through_share_no_outputs(tmp_path: Path) -> None:
    text = "network a { x = input(3, 8, 8)  output y = x -> relu }\n"
    spec = tmp_path / "two.cnn"
    spec.write_text(text + text.replace(" a ", " b "))
    with pytest.raises(SpecError) as caught:
        cnnspec.load(spec)
    assert [each.code for each in caught.value.diagnostics] == ["several-networks"]
