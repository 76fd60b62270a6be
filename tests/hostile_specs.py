"""Specs that ask for as much as they may, made from a seed: each is accepted or refused in time."""

# ruff: noqa: E501  (a spec stands on one line here)
from __future__ import annotations

from collections.abc import Iterator
from random import Random

INPUT = "image = input(8, 8, 8)"
#: Specs of public reports and of our own hunting that took minutes, or gigabytes.
KNOWN = {
    "calls that make nothing": f"block b(x) {{ return x }}\nnetwork n {{ {INPUT}  x = image -> b * 4_000_000  output y = x }}",
    "a tree of calls that make nothing": (
        "block b(x, l) recurs on l { if l > 0 { x = x -> b(l - 1) -> b(l - 1) } return x }\n"
        f"network n {{ {INPUT} output y = image -> b(20) -> relu }}"
    ),
    "a loop of calls that make nothing": f"block b(x) {{ return x }}\nnetwork n {{ {INPUT} x = image for i in range(900_000) {{ x = x -> b }} output y = x -> relu }}",
    "a step that is not there": f"network n {{ {INPUT} output y = image -> (relu when false) * 9_000_000 -> relu }}",
    "a step that is not repeated": f"network n {{ {INPUT} output y = image -> (relu * 0) * 9_000_000 -> relu }}",
    "scopes": f"network n {{ {INPUT} x = image for i in range(200_000) {{ x = x -> {{i}}.{{i}}.{{i}}: relu }} output y = x }}",
    "a long list": f"a = [{'1,' * 7_000_000}1]\nnetwork n {{ {INPUT} output y = image -> relu }}",
    "many statements": "network n {\n" + " z = 1\n" * 2_000_000 + f"{INPUT} output y = image }}",
    "a long name": f"network n {{ {INPUT} {'q' * 15_000_000} = image output y = image }}",
    "names that there are not": "network n {\n" + "".join(f" a{i} = u{i}\n" for i in range(130_000)) + f" {INPUT} output y = image }}",
    "comments": "#\n" * 8_000_000,
    "escapes": 'a = "' + r"\n" * 8_000_000 + '"',
    "one long line of differences": "a = " + "-".join([30 * "b"] * 150_000),
    "outputs": f"network n {{ {INPUT}\n" + "".join(f" output o{i} = image -> relu\n" for i in range(40_000)) + "}",
    "facts": f"network n {{ {INPUT} x = image for i in range(60_000) {{ x = x -> g{{i}}: (relu -> relu) }} output y = x expect {{\n" + "".join(f"g{i}.params = 0\n" for i in range(60_000)) + "} }",
    "a power of ten": f"network n {{ {INPUT} output y = image expect {{ macs = 1.0e-999999999 }} }}",
    "many networks": "".join(f"network n{i} {{ {INPUT} output y = image -> relu * 2_000 }}\n" for i in range(5_000)),
    "parts": "network n { image = input(1024) for i in range(100_000) { a = image -> split(1024) } output y = image }",
    "calls with much": (
        "block b(x, " + ", ".join(f"a{i} = {i}" for i in range(5_000)) + ") { return x -> relu }\n"
        f"network n {{ {INPUT} x = image for i in range(20_000) {{ x = x -> b }} output y = x }}"
    ),
    "a list that is passed on": (
        f"v = range(100_000)\nblock b(x, v) {{ return x -> relu }}\nnetwork n {{ {INPUT} s = b(v = v) x = image for i in range(20_000) {{ x = x -> s }} output y = x }}"
    ),
    "deep blocks": "block b0(x) { return x -> relu }\n" + "".join(f"block b{i}(x) {{ return x -> b{i - 1} }}\n" for i in range(1, 45)) + f"network n {{ {INPUT} output y = image -> b44 * 100_000 }}",
}  # fmt: skip


def hostile(seed: int) -> str:
    """Make a spec that asks for a lot of several things at once."""
    random = Random(seed)
    return "".join(_items(random)) + f"network n {{\n {INPUT}\n x = image\n" + "".join(
        _statement(random, 0) for _ in range(random.randint(1, 4))
    ) + " output y = x -> relu\n}\n"  # fmt: skip


def _items(random: Random) -> Iterator[str]:
    yield "block nothing(x) { return x }\n"
    yield "block some(x, w = 8) { return x -> conv(w, 3, pad = 1) -> bn -> relu }\n"
    yield "block tree(x, l) recurs on l { if l > 0 { x = x -> tree(l - 1) -> tree(l - 1) } return x }\n"
    yield "block perhaps(x, there) { if there { x = x -> relu } return x }\n"
    yield "block both(x) { a = x -> relu  b = x -> tanh  return add(a, b) }\n"
    for number in range(random.choice((0, 0, 10, 2_000))):
        yield f"c{number} = {random.randint(0, 99)}\n"


def _statement(random: Random, depth: int) -> str:
    count = random.choice((3, 50, 1_000, 20_000, 300_000, 10**7))
    steps = (
        "relu", "nothing", "(relu when false)", "some", "both", "tree(12)", "perhaps(false)", "perhaps(true)",
        "conv(8, 3, pad = 1)", "(bn -> relu)", "(some -> both)", "g: (relu -> nothing)", "(nothing * 1_000)",
    )  # fmt: skip
    step = random.choice(steps)
    kind = random.randint(0, 6)
    if kind == 0:
        return f" x = x -> {step} * {count}\n"
    if kind == 1 and depth < 3:
        inner = "".join(_statement(random, depth + 1) for _ in range(random.randint(1, 2)))
        return f" for i{depth} in range({min(count, 10**6)}) {{\n{inner} }}\n"
    if kind == 2:
        return f" z = range({min(count, 10**6)})  w = enumerate(z)  v = zip(z, w)\n"
    if kind == 3:
        return f" s = {step}\n x = x -> (s -> s) * {count}\n"
    if kind == 4:
        return f" xs = []\n for j in range({min(count, 2_000)}) {{ xs = xs + [x -> relu] }}\n x = add(xs + [x, x])\n"
    if kind == 5:
        return f" a = x -> split(4)\n x = concat(a)\n if {random.choice(('true', 'false'))} {{ x = x -> {step} }}\n"
    return (
        f" x = x -> l{random.randint(0, 10**6)}.{{1 + 1}}: {step}\n"
        if depth == 0
        else f" x = x -> {step}\n"
    )
