"""Whatever is typed: a network or a diagnostic with a place, soon, and never a traceback."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec import library
from cnnspec.diagnostics import Diagnostic
from cnnspec.render import as_data, brief, render
from cnnspec.syntax.slip import RESERVED

pytestmark = pytest.mark.slow

#: What people type, and what they do not: words of the language, signs, numbers, odd characters.
TOKENS = [
    *sorted(RESERVED),
    *("x", "y", "conv", "bn", "relu", "add", "concat", "split", "range", "same", "stride", "pad"),
    *("->", "-", "=", "==", ":", ",", "(", ")", "[", "]", "{", "}", ".", "*", "**", "//", "/", "%"),
    *("0", "1", "3", "64", "1e-5", "4.09G", "10**10**8", "-1", "007", "3x3", ".5", '"a"', '"', "#"),
    *(
        "\n",
        "\t",
        "\r\n",
        "\0",
        "\ufeff",
        "\u200b",
        "\u202e",
        "\u0445",
        "→",
        "“",
        "\xd7",
        "漢",
        "\x1b[2J",
    ),
    *("a{x}.b:", "{", "{}:", "..", "when true", "* 3", "if true then", "recurs on x", "x.channels"),
]
#: Longer than this is a hang.
SECONDS = 60
SPECS = [library.zoo_text(name) for name in sorted(set(library.shipped()))][::7]
SMALL = """
use "blocks.cnn"
default conv(bias = false)
stages = [[1, 16], [2, 24]]
block unit(x, width, stride = 1) {
    y = x -> conv(width, 3, stride = stride, pad = 1) -> bn -> relu
    if stride == 1 and x.channels == width { y = add(y, x) }
    return y
}
block deep(x, levels) recurs on levels {
    if levels > 0 { x = x -> deep(levels - 1) }
    return x -> unit(4)
}
network n(classes = 10, act = relu) {
    image = input(3, 32, 32)
    x = image -> stem: (conv(8, 3) -> bn) -> act
    for i, [n, width] in enumerate(stages) { x = x -> s{i}.0: unit(width) -> (act when i > 0) * n }
    a, b = x -> split(2)
    x = concat([a, b]) -> deep(2)
    train output aux(weight = 0.3) = x -> gap -> dense(classes)
    output logits = x -> gap -> fc: dense(classes)
    expect { logits.shape = [10] }
    meta { title = "n" }
}
network m = n(classes = if true then 5 else 2 ** 3) { meta { year = 2015 } }
"""


def held(text: str, network: str | None) -> tuple[Diagnostic, ...]:
    """Load a text; give what is said of it, after saying it in every way there is."""
    try:
        said = cnnspec.loads(
            text, network=network, limits={"nodes": 2_000, "steps": 1_000_000}
        ).warnings
    except cnnspec.SpecError as wrong:
        said = wrong.diagnostics
        assert said, "refused without a word"
    for each in said:
        assert "\x1b[" in render([each], color=True)
        assert len(brief(each).splitlines()) == 1
        assert as_data(each)["code"] in library.pages()
        for label in (*each.labels, *each.trail):
            assert 0 <= label.span.start <= label.span.stop
            assert label.span.start <= len(label.span.source.text)
        shown = render([each])
        assert not any(c < " " and c not in "\n\t" for c in shown)
        assert max(map(len, shown.splitlines())) < 1_000
    return said


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A shipped or small spec in which a few stretches were cut, doubled, moved or replaced."""
    text = draw(st.sampled_from([SMALL, SMALL, SMALL, *SPECS]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        stop = min(len(text), start + draw(st.integers(0, 12)))
        piece = draw(
            st.one_of(
                st.sampled_from(TOKENS),
                st.lists(st.sampled_from(TOKENS), max_size=4).map(" ".join),
                st.just(text[start:stop] * 2),
                st.just(""),
                st.text(max_size=3),
            )
        )
        text = text[:start] + piece + text[stop:]
    return text


def test_the_small_spec_is_fine() -> None:
    assert held(SMALL, "n") == held(SMALL, "m") == ()


@given(edited(), st.sampled_from([None, "n", "m"]))
@settings(max_examples=400, deadline=None)
@example("", None)
@example("\0", None)
@example("network n {", None)
@example("network n = n()", "n")
@example("network n = m()\nnetwork m = n()", "n")
@example(SMALL, "m")
def test_an_edited_spec_compiles_or_is_explained(text: str, network: str | None) -> None:
    began = time.monotonic()
    held(text, network)
    assert time.monotonic() - began < SECONDS


@given(st.lists(st.sampled_from(TOKENS), max_size=40).map(" ".join))
@settings(max_examples=200, deadline=None)
def test_any_row_of_words_and_signs_is_explained(text: str) -> None:
    held("network n {\n image = input(3, 8, 8)\n x = image\n" + text + "\n output o = x\n}", "n")


@pytest.mark.parametrize("name", [SMALL, *SPECS], ids=lambda text: str(len(text)))
def test_a_text_that_ends_anywhere_is_explained(name: str) -> None:
    for stop in range(0, len(name), max(1, len(name) // 60)):
        held(name[:stop], None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("z = " + "(" * 100_000 + "1" + ")" * 100_000, "nesting-too-deep"),
        ("z = " + "[" * 100_000, "unclosed-bracket unexpected-token nesting-too-deep"),
        ("z = " + "-" * 100_000 + "1", "nesting-too-deep"),
        ("z = " + "not " * 50_000 + "true", "nesting-too-deep"),
        ("z = 1" + " ** 1" * 50_000, "nesting-too-deep"),
        ("z = 1" + " + 1" * 50_000, ""),
        ("z = " + "if true then 1 else " * 30_000 + "2", "nesting-too-deep"),
        ("if true { " * 20_000 + "z = 1" + " }" * 20_000, "nesting-too-deep"),
        ("if false { z = 1 }" + " else if false { z = 1 }" * 20_000, ""),
        ("z = image" + " -> relu" * 1_500, ""),
        ("z = image -> " + "(relu -> " * 20_000 + "relu" + ")" * 20_000, "nesting-too-deep"),
        ("z = relu" + "()" * 50_000, "nesting-too-deep"),
        ("z = " + "a" * 1_000_000, "unexpected-token"),
        ("z = " + "1" * 1_000_000, "bad-number"),
        ('z = "' + "a" * 1_000_000, "bad-string"),
        ("z = image -> " + "a." * 50_000 + "a: relu", "budget-exceeded"),
        ("z = 10 ** 10 ** 8", "budget-exceeded"),
        ("z = (0 - 10) ** (10 ** 8 + 1)", "budget-exceeded"),
        ("z = range(10 ** 15)", "wrong-type"),
        ("for i in range(10 ** 6) { for j in range(10 ** 6) { z = 1 } }", "budget-exceeded"),
        ("z = [1]\n for i in range(60) { z = z + z }", "budget-exceeded"),
        ("z = [1]\n for i in range(60) { z = [z, z] }", "budget-exceeded"),
        ("z = image -> relu * 10 ** 12", "budget-exceeded"),
        ("z = image -> (relu * 0) * 10 ** 12", ""),
        ("z = image -> conv(10 ** 18, 3)", "bad-argument budget-exceeded"),
        ("z = 1e308 * 10", "bad-arithmetic"),
        ("\n".join("z = nope" for _ in range(20_000)), "unknown-name"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_a_monstrous_text_is_bounded(text: str, said: str) -> None:
    found = held("network n {\n image = input(3, 8, 8)\n" + text + "\n output o = image\n}", "n")
    assert [each.severity for each in found].count("error") <= 50
    codes = {each.code for each in found if each.severity == "error"}
    assert codes <= set(said.split())
    assert bool(codes) == bool(said)
