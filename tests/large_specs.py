"""Networks of 20,000 nodes, one of each shape that is hard for somebody: for layout, tables, loops.

Each has one parameter, `w`, which sets its width, and images of one pixel, so that all it costs is
cnnspec's own work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

NODES: Final = 20_000
HEAD: Final = "network n(w = 2) {\n    image = input(w, 1, 1)\n    x = image\n"
TAIL: Final = "    output y = x\n}\n"


def _network(body: str, before: str = "", tail: str = TAIL) -> str:
    return f"{before}{HEAD}{body}{tail}"


def _loop(turns: int, body: str) -> str:
    return f"    for i in range({turns}) {{\n        {body}\n    }}\n"


def chain(nodes: int) -> str:
    return _network(_loop(nodes // 4, "x = x -> conv(w, 1) -> bn -> relu -> tanh"))


def written_chain(nodes: int) -> str:
    steps = ("conv(w, 1)", "bn", "relu", "scale(2)")
    return _network("".join(f"    x = x -> {steps[i % 4]}\n" for i in range(nodes)))


def blocks(nodes: int) -> str:
    block = "block b(x, w) {\n    y = x -> conv(w, 1) -> bn -> relu\n    return add(x, y)\n}\n"
    return _network(_loop(nodes // 4, "x = x -> b(w)"), block)


def repeated_blocks(nodes: int) -> str:
    block = "block b(x, w) { return x -> conv(w, 1) -> bn -> relu -> tanh }\n"
    return _network(f"    x = x -> b(w) * {nodes // 4}\n", block)


def other_blocks(nodes: int) -> str:
    """Make blocks that are all defined apart, each of them used once."""
    count = nodes // 10
    before = "".join(
        f"block b{i}(x, w) {{ return x -> conv(w, 1) -> (relu -> tanh) * {4} -> bn }}\n"
        for i in range(count)
    )
    return _network("".join(f"    x = x -> b{i}(w)\n" for i in range(count)), before)


def nested(nodes: int) -> str:
    """Put blocks into blocks, 44 deep, one step a level."""
    before = "block b0(x) { return x -> relu }\n" + "".join(
        f"block b{i}(x) {{ return x -> tanh -> b{i - 1} }}\n" for i in range(1, 44)
    )
    return _network(f"    x = x -> b43 * {nodes // 44}\n", before)


def outputs(nodes: int) -> str:
    lines = "".join(f"    output o{i} = image -> conv(w, 1)\n" for i in range(nodes))
    return _network(lines, tail="}\n")


def inputs(nodes: int) -> str:
    lines = "".join(f"    i{i} = input(w, 1, 1)\n" for i in range(nodes - 2))
    return _network(f"{lines}    x = add(x, {', '.join(f'i{i}' for i in range(nodes - 2))})\n")


def branches(nodes: int) -> str:
    parts = ", ".join(f"x -> conv({1 + i % 3}, 1)" for i in range(nodes))
    return _network(f"    x = concat({parts})\n")


def groups(nodes: int) -> str:
    return _network(_loop(nodes // 4, "x = x -> g{i}: (conv(w, 1) -> bn -> a.b: (relu -> tanh))"))


def long_labels(nodes: int) -> str:
    return _network(_loop(nodes, f"x = x -> {'quite_long_' * 17}{{i}}.{'q' * 190}: relu"))


def dense(nodes: int) -> str:
    """Let each step read the eight before it."""
    words = ", ".join("abcdefgh")
    turn = f"{words} = {words[3:]}, add({words})"
    start = "".join(f"    {word} = x -> conv(w, 1)\n" for word in "abcdefgh")
    return _network(start + _loop(nodes - 8, turn) + "    x = h\n")


def hub(nodes: int) -> str:
    """Let each step read the image once more."""
    return _network(_loop(nodes // 2, "x = add(x -> relu, image)"))


def skips(nodes: int) -> str:
    """Let each step of the second half read one of the first, the last the first."""
    half = nodes // 2
    down = "".join(f"    d{i} = {f'd{i - 1}' if i else 'x'} -> relu\n" for i in range(half))
    up = "".join(f"    u = add(u, d{i})\n" for i in reversed(range(half - 1)))
    return _network(f"{down}    u = d{half - 1}\n{up}    x = u\n")


def parts(nodes: int) -> str:
    """Take values apart, into as many as there are."""
    return (
        "network n(w = 2) {\n    image = input(64, 1, 1)\n    x = image\n"
        + _loop(nodes // 3, "a = x -> split(64)\n        x = concat(a) -> scale(w)")
        + TAIL
    )


def widths(nodes: int) -> str:
    """Give each step another width than the last: nothing repeats."""
    return _network(_loop(nodes // 2, "x = x -> conv(w + i % 97 * (i % 89), 1) -> relu"))


def choices(nodes: int) -> str:
    """Let blocks differ by what they are told."""
    block = (
        "block b(x, w, wide, deep) {\n    if wide { x = x -> conv(w, 1) -> bn }\n"
        "    x = x -> (relu -> tanh) * deep\n    return x -> relu when wide\n}\n"
    )
    return _network(_loop(nodes // 6, "x = x -> b(w, i % 3 == 0, 1 + i % 4)"), block)


#: By name, what writes a network of about so many nodes.
SHAPES: Final[dict[str, Callable[[int], str]]] = {
    make.__name__.replace("_", " "): make
    for make in (
        chain, written_chain, blocks, repeated_blocks, other_blocks, nested, outputs, inputs,
        branches, groups, long_labels, dense, hub, skips, parts, widths, choices,
    )
}  # fmt: skip
