"""The words that emitted classes are written in: the spec's own, whatever a call gives."""

from __future__ import annotations

import pytest

import cnnspec
from tests.torch_proofs import maker, wrong


def source(text: str) -> str:
    net = cnnspec.loads(text)
    assert net.mismatch("torch") == []
    assert wrong(maker(net), net) == []
    return net.source("torch")


#: What a block with a truth value `flag` ends with, and how its class decides.
DECISIONS = {
    "what is done where it holds": (
        "return if flag then concat(x, y) else add(x, y)",
        "return torch.cat([x, y], dim=1) if self.flag else x + y",
    ),
    "what is not done where it holds": (
        "if flag { z = y } else { y = y -> relu }  return add(x, y)",
        "if not self.flag:\n            y = F.relu(y)",
    ),
    "what only one arm does": (
        "y = if flag then (y -> relu -> tanh) else (y -> relu -> sigmoid)  return add(x, y)",
        "torch.tanh(F.relu(y)) if self.flag else torch.sigmoid(F.relu(y))",
    ),
    "what a loop does": (
        "if flag { for i in range(2) { y = y -> tanh } }  return add(x, y)",
        "if self.flag:\n            for _ in range(2):",
    ),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_what_is_decided_is_decided_by_the_parameter_of_the_spec(name: str) -> None:
    ending, wanted = DECISIONS[name]
    text = source(f"""
    block unit(x, flag = false) {{ y = x -> conv(4, 3, pad = 1)  {ending} }}
    network net {{ image = input(4, 8, 8)  output y = image -> unit -> unit(flag = true) }}
    """)
    assert "self.flag = flag" in text, text
    assert wanted in text, text


#: A block's body, the calls of it, and what its class must hold.
NUMBERS = {
    "a step that some calls have": (
        """
        y = x -> conv(width * 4, 1)
        if x.channels != width * 4 { x = x -> down: conv(width * 4, 1) }
        return add(y, x)
        """,
        "unit(2) -> unit(2) -> pick: conv(16, 1) -> unit(4)",
        ["self.down = nn.Conv2d(in_channels, width * 4, 1)"],
    ),
    "channels that one call changes": (
        """
        if x.channels != width * 4 { x = x -> down: conv(width * 4, 1) }
        return add(x, x -> conv(width * 4, 1))
        """,
        "unit(2) -> unit(2) -> pick: conv(16, 1) -> unit(4)",
        ["self.down = nn.Conv2d(in_channels, width * 4, 1)", "channels = in_channels"],
    ),
    "a step that one call has": (
        "if deep { x = x -> down: conv(width * 4, 1) }  return x -> relu",
        "unit(2) -> unit(4, deep = true) -> unit(3)",
        ["if deep:", "channels = width * 4"],
    ),
    "two parameters multiplied": (
        "return x -> conv(width * scale, 1) -> conv(width, 1)",
        "unit(2, scale = 6) -> unit(4, scale = 3)",
        ["nn.Conv2d(in_channels, width * scale, 1)", "nn.Conv2d(width * scale, width, 1)"],
    ),
    "a loop that some calls have": (
        """
        x = x -> conv(width * 4, 1)
        if deep { for i in range(3) { x = x -> turns.{i}: conv(width * 4, 1) } }
        return x
        """,
        "unit(2) -> unit(4, deep = true)",
        ["self.turns.append(nn.Conv2d(channels, width * 4, 1))"],
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_said_as_the_spec_says_it(name: str) -> None:
    body, calls, wanted = NUMBERS[name]
    text = source(f"""
    block unit(x, width, scale = 4, deep = false) {{ {body} }}
    network net {{ image = input(4, 8, 8)  output y = image -> {calls} }}
    """)
    block = text[text.index("class Unit") : text.index("class Net")]
    assert "in_channels: int, width: int, *, scale: int = 4, deep: bool = False" in block, block
    for part in wanted:
        assert part in block, block


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
def test_two_modules_of_one_name_stand_on_ways_of_their_own(body: str) -> None:
    text = source(f"""
    block unit(x, deep = false) {{ {body} return add(x, y) }}
    network net {{ image = input(4, 8, 8)  output y = image -> unit -> unit(deep = true) -> unit }}
    """)
    assert text.count("(nn.Module)") == 2
    assert "Identity" not in text


#: A block's parameters after `x`, and two calls that do not agree.
CALLS = {
    "an operator": ("act", "unit(prelu) -> unit(gelu)"),
    "one with an argument": ("act", "unit(relu) -> unit(leaky_relu(0.2))"),
    "a truth value": ("deep, act = relu", "unit(true) -> unit(false)"),
    "a list": ("table, act = relu", "unit([1]) -> unit([2, 1])"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_block_is_one_class_whatever_its_calls_give(name: str) -> None:
    parameters, calls = CALLS[name]
    turns = "(if deep then [2, 1] else [2])" if "deep" in parameters else "table"
    loop = "" if parameters == "act" else f"for n in {turns} {{ x = x -> conv(n, 1) }}"
    text = source(f"""
    block unit(x, {parameters}) {{ {loop}  y = x -> conv(4, 1) -> act  return mul(y, y) }}
    network net {{ image = input(4, 8, 8)  output y = image -> {calls} }}
    """)
    assert [line.split("(")[0] for line in text.splitlines() if line.startswith("class ")] == [
        "class Unit",
        "class Net",
    ]
