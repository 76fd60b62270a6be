"""Random blocks whose steps are there at times, or are handed to them: merged, they mean the same.

The generator of `cnnspec.testing` draws networks whose blocks differ in numbers; here they differ
in conditions, in the operators that they are given, in labels and repeats. Inference only: where
many batch norms follow each other on few values, a training step magnifies rounding.
"""

from __future__ import annotations

import os
from random import Random

import pytest

import cnnspec
from cnnspec import witness
from cnnspec.render import render
from cnnspec.verify import verify
from cnnspec.verify.table import diagnostics

pytestmark = pytest.mark.framework

COUNT = int(os.environ.get("CNNSPEC_OPTIONAL_COUNT", "45"))
GIVEN = (
    *("relu", "silu", "tanh", "hardswish", "gelu", "leaky_relu(slope = 0.1)", "identity", "prelu"),
    *("sigmoid", "relu6", "bn", "dropout(0.1)"),
)
PLAIN = ("conv(n, 3, pad = 1)", "conv(n, 1)", "dwconv(3, pad = 1)", "bn")
TESTS = ("deep", "not deep", "stride == 1", "n > 4")


def step(random: Random, given: list[str]) -> str:
    """Draw a step of a block."""
    plain, handed = random.choice(PLAIN), random.choice(given)
    return random.choice(
        [
            *(plain, plain, handed, handed, handed),
            f"({random.choice((plain, handed))} when {random.choice(TESTS)})",
            f"({random.choice((plain, handed))} when {random.choice(TESTS)})",
            f"({plain} -> {handed}) * {random.randint(1, 2)}",
            f"LABEL: {random.choice((plain, handed))}",
        ]
    )


def steps(random: Random, given: list[str]) -> str:
    """Draw a chain of steps, some with labels, all of them in a group or none."""
    parts = [step(random, given) for _ in range(random.randint(2, 6))]
    chain = " -> ".join(part.replace("LABEL", f"part{number}") for number, part in enumerate(parts))
    return f"main: ({chain})" if random.random() < 0.5 else chain


def body(random: Random, given: list[str], call: str) -> str:
    """Draw what a block does with `x`: a chain, a choice, and a shortcut at times."""
    lines = [f"y = x -> conv(n, 1, stride = stride) -> {steps(random, given)}"]
    if random.random() < 0.3:
        one, other = random.choice(PLAIN), random.choice(given)
        lines.append(f"if {random.choice(TESTS)} {{ y = y -> {one} }} else {{ y = y -> {other} }}")
    if call:
        lines.append(f"y = y -> {call}")
    if random.random() < 0.3:
        lines.append(f"y = y -> ({random.choice(given)} when {random.choice(TESTS)})")
    results = ["y", f"add(y, y -> {random.choice(given)})", f"y -> {random.choice(given)}"]
    return "\n    ".join([*lines, f"return {random.choice(results)} -> conv(n, 1)"])


def spec(random: Random) -> str:
    """Draw a network of two blocks, one of which calls the other, given all kinds of steps."""
    given = ["act", "last"]
    heads = "x, n, act = relu, last = tanh, stride = 1, deep = true"
    call = random.choice(
        ["inner(n, act, deep = deep)", "inner(n, last, act)", "inner(n)", "inner(n, deep = n > 4)"]
    )
    lines = []
    for number in range(random.randint(2, 6)):
        words = [str(random.choice((4, 4, 6)))]
        words += [f"act = {random.choice(GIVEN)}"] if random.random() < 0.7 else []
        words += [f"last = {random.choice(GIVEN)}"] if random.random() < 0.4 else []
        words += [f"deep = {random.choice(('true', 'false'))}"] if random.random() < 0.5 else []
        one = f"{random.choice(('inner', 'outer', 'outer'))}({', '.join(words)})"
        many = f"{one} * {random.randint(2, 3)}" if random.random() < 0.3 else one
        lines.append(
            f"x = x -> s{number}: ({many})" if random.random() < 0.5 else f"x = x -> {many}"
        )
    if random.random() < 0.4:
        lines.append("for a in [relu, silu, tanh] { x = x -> outer(4, a) }")
    chain = "\n    ".join(lines)
    return f"""
block inner({heads}) {{
    {body(random, given, "")}
}}
block outer({heads}) {{
    {body(random, given, call)}
}}
network n {{
    x = input(3, 5, 6)
    {chain}
    output y = x -> gap -> dense(3)
}}
"""


@pytest.mark.parametrize("names", ["numpy torch", "numpy keras"])
def test_blocks_with_optional_and_given_steps_are_the_same_everywhere(names: str) -> None:
    heard = [witness.find(each) for each in names.split()]
    share = 1 if "torch" in names else 3  # Keras takes longer, and writes no classes
    for number in range(0, COUNT, share):
        text = spec(Random(number))
        found = verify(cnnspec.loads(text), heard, seed=number)
        assert found.agrees, f"{number}\n{text}\n{render(diagnostics(found))}"
