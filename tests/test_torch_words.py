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


#: A block's body, the calls of it, what its class must hold and what it must not.
NUMBERS = {
    "the parameter is there anyway": (
        """
        y = x -> conv(width * 4, 1)
        if x.channels != width * 4 { x = x -> down: conv(width * 4, 1) }
        return add(y, x)
        """,
        "unit(2) -> unit(2) -> pick: conv(16, 1) -> unit(4)",
        ["self.down = nn.Conv2d(in_channels, width * 4, 1)"],
        [],
    ),
    "the parameter is there only for what comes later": (
        """
        if x.channels != width * 4 { x = x -> down: conv(width * 4, 1) }
        return add(x, x -> conv(width * 4, 1))
        """,
        "unit(2) -> unit(2) -> pick: conv(16, 1) -> unit(4)",
        ["self.down = nn.Conv2d(in_channels, width * 4, 1)"],
        [],
    ),
    "there is no such parameter": (
        "if deep { x = x -> down: conv(width * 4, 1) }  return x -> relu",
        "unit(2) -> unit(4, deep = true) -> unit(3)",
        ["nn.Conv2d(in_channels, 16, 1)", "deep"],
        ["width"],
    ),
    "all instances have the step": (
        "return x -> conv(width * scale, 1) -> conv(width, 1)",
        "unit(2, scale = 6) -> unit(4, scale = 3)",
        ["width, 1)", "(in_channels, 12, 1)"],
        ["scale"],
    ),
    "a loop that only some have": (
        """
        x = x -> conv(width * 4, 1)
        if deep { for i in range(3) { x = x -> turns.{i}: conv(width * 4, 1) } }
        return x
        """,
        "unit(2) -> unit(4, deep = true)",
        ["nn.Conv2d(width * 4, width * 4, 1) for _ in range(3)"],
        ["16"],
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_few_instances_have_is_said_by_parameters_that_are_there(name: str) -> None:
    body, calls, wanted, unwanted = NUMBERS[name]
    text = source(f"""
    block unit(x, width, scale = 4, deep = false) {{ {body} }}
    network net {{ image = input(4, 8, 8)  output y = image -> {calls} }}
    """)
    block = text[text.index("class Unit") : text.index("class Net")]
    for part in wanted:
        assert part in block, block
    for part in unwanted:
        assert part not in block, block


@pytest.mark.parametrize(
    "body",
    [
        "y = if deep then (x -> conv(4, 1) -> bn) else (x -> conv(4, 3, pad = 1))",
        "if deep { y = x -> a: conv(4, 1) } else { y = x -> a: (conv(4, 3, pad = 1) -> bn) }",
        "if deep { y = x -> a.b: conv(4, 1) } else { y = x -> a: conv(4, 3, pad = 1) }",
        """
        y = x
        if deep { y = x -> a: conv(4, 1) }
        y = y -> b: conv(4, 1)
        if not deep { y = y -> a: conv(4, 3, pad = 1) }
        """,
    ],
)
def test_an_attribute_is_not_given_to_two_modules(body: str) -> None:
    text = source(f"""
    block unit(x, deep = false) {{ {body} return add(x, y) }}
    network net {{ image = input(4, 8, 8)  output y = image -> unit -> unit(deep = true) -> unit }}
    """)
    assert text.count("(nn.Module)") == 3
    assert "Identity" not in text


#: A block's parameters after `x`, two calls that do not agree, and the names of the two classes.
SIBLINGS = {
    "an operator": ("act", "unit(prelu) -> unit(gelu)", "UnitPrelu UnitGelu"),
    "one with an argument": (
        "act",
        "unit(relu) -> unit(leaky_relu(0.2))",
        "UnitRelu UnitLeakyRelu",
    ),
    "a truth value": ("deep, act = relu", "unit(true) -> unit(false)", "UnitDeep UnitNoDeep"),
    "nothing that has a word": ("table, act = relu", "unit([1]) -> unit([2, 1])", "Unit Unit2"),
}


@pytest.mark.parametrize("name", SIBLINGS)
def test_two_classes_of_one_block_are_named_after_what_tells_them_apart(name: str) -> None:
    parameters, calls, names = SIBLINGS[name]
    turns = "(if deep then [2, 1] else [2])" if "deep" in parameters else "table"
    loop = "" if parameters == "act" else f"for n in {turns} {{ x = x -> conv(n, 1) }}"
    spec = f"""
    block unit(x, {parameters}) {{ {loop}  y = x -> conv(4, 1) -> act  return mul(y, y) }}
    network net {{ image = input(4, 8, 8)  output y = image -> {calls} }}
    """
    text = source(spec)
    assert [line.split("(")[0] for line in text.splitlines() if line.startswith("class ")] == [
        f"class {each}" for each in (*names.split(), "Net")
    ]
