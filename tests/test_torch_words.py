"""The words that emitted classes are written in: they say what is meant, in every instance."""

from __future__ import annotations

import pytest

import cnnspec


def source(text: str) -> str:
    net = cnnspec.loads(text)
    assert net.mismatch("torch") == []
    return net.source("torch")


#: What a block with a truth value `flag` ends with, and the name of its decision.
DECISIONS = {
    "what is done where it holds": (
        "return if flag then concat(x, y) else add(x, y)",
        "self.with_concat = flag",
    ),
    "what is not done where it holds": (
        "if flag { z = y } else { y = y -> relu }  return add(x, y)",
        "self.without_relu = flag",
    ),
    "what only one arm does": (
        "y = if flag then (y -> relu -> tanh) else (y -> relu -> sigmoid)  return add(x, y)",
        "self.with_tanh = flag",
    ),
    "what a loop does": (
        "if flag { for i in range(2) { y = y -> tanh } }  return add(x, y)",
        "self.with_tanh = flag",
    ),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_a_flag_is_named_after_what_is_done_where_it_is_true(name: str) -> None:
    ending, wanted = DECISIONS[name]
    text = source(f"""
    block unit(x, flag = false) {{ y = x -> conv(4, 3, pad = 1)  {ending} }}
    network net {{ image = input(4, 8, 8)  output y = image -> unit -> unit(flag = true) }}
    """)
    assert wanted in text, text
