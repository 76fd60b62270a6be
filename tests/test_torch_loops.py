"""Loops that survive into source: fewer lines, the same weights and the same numbers."""

from __future__ import annotations

import pytest
import torch

import cnnspec
from cnnspec.emit.loading import module_of
from tests.torch_proofs import maker, wrong

#: Each spec with what its source must hold, the parts in any order.
SPECS = {
    "dense blocks": (
        """
        block layer(x, growth) { return x -> bn -> relu -> conv(growth, 3, pad = 1) }
        block grow(x, n) {
            for i in range(n) { x = concat(x, x -> layer{i + 1}: layer(4)) }
            return x
        }
        network net {
            image = input(3, 8, 8)
            output y = image -> a: grow(3) -> b: grow(5) -> gap -> fc: dense(2)
        }
        """,
        [
            "for i in range(n):",
            'self.add_module(f"layer{i + 1}", Layer(channels, 4))',
            "for layer in self.children():\n            x = torch.cat([x, layer(x)], dim=1)",
        ],
    ),
    "a loop of no turns in one instance": (
        """
        block unit(x) { return add(x, x -> conv(x.channels, 3, pad = 1) -> relu) }
        block stage(x, width, n) {
            x = x -> 0: conv(width, 1)
            for i in range(n - 1) { x = x -> {i + 1}: unit }
            return x
        }
        network net {
            image = input(3, 8, 8)
            output y = image -> a: stage(4, 1) -> b: stage(6, 4) -> c: stage(8, 2) -> gap
        }
        """,
        ["for _ in range(n - 1):\n            self.append(Unit(width))"],
    ),
    "two values carried": (
        """
        block cell(x) { return x -> conv(4, 3, pad = 1) -> relu }
        block cells(a, b, n) {
            for i in range(n) { c = add(a -> cell{i}: cell, b)  a = mul(a, b)  b = c }
            return add(a, b)
        }
        network net {
            image = input(4, 8, 8)
            output y = cells(image, image -> tanh, 4) -> gap
        }
        """,
        ["c = cell(a) + b\n            a = a * b\n            b = c"],
    ),
    "a value from outside read in every turn": (
        """
        block cell(x) { return x -> conv(4, 3, pad = 1) -> relu }
        block cells(x, n) {
            first = x -> sigmoid
            y = x
            for i in range(n) { y = add(y -> cell{i}: cell, first) }
            return add(y, first)
        }
        network net { image = input(4, 8, 8)  output y = cells(image, 5) -> gap }
        """,
        ["for cell in self.children():\n            y = cell(y) + first"],
    ),
    "a group of its own beside other layers": (
        """
        block cell(x) { return x -> conv(x.channels, 3, pad = 1) -> relu }
        network net {
            image = input(3, 8, 8)
            x = image -> stem: conv(4, 3, pad = 1)
            for i in range(4) { x = add(x, x -> cells.{i}: cell) }
            for i in range(3) { x = add(x, x -> named.cell_{i + 1}: cell) }
            output y = x -> gap -> fc: dense(2)
        }
        """,
        [
            "self.cells.append(Cell(4))",
            'self.named[f"cell_{i + 1}"] = Cell(4)',
            "for cell in self.cells:",
        ],
    ),
    "rates that grow": (
        """
        block cell(x, rate) { return add(x, x -> conv(4, 3, pad = 1) -> drop_path(rate)) }
        block cells(x, n, rate) {
            for i in range(n) { x = x -> {i}: cell(rate * i / n) }
            return x
        }
        network net { image = input(4, 8, 8)  output y = image -> cells(6, 0.5) -> gap }
        """,
        ["self.append(Cell(in_channels, rate * i / n))"],
    ),
    "one column that follows no rule": (
        """
        block cell(x, width) { return x -> conv(width, 3, pad = 1) -> conv(4, 1) }
        widths = [3, 1, 4, 1, 5]
        block cells(x) {
            for i, width in enumerate(widths) { x = x -> {i}: cell(width) }
            return x
        }
        network net { image = input(4, 8, 8)  output y = image -> cells -> gap }
        """,
        ["for width in WIDTHS:\n            self.append(Cell(channels, width))"],
    ),
    "a first turn that is another": (
        """
        block cell(x, width, stride) { return x -> conv(width, 3, stride = stride, pad = 1) }
        block cells(x, width, n) {
            for j in range(n) { x = x -> {j}: cell(width, if j == 0 then 2 else 1) }
            return x
        }
        network net {
            image = input(3, 16, 16)
            output y = image -> a: cells(4, 3) -> b: cells(6, 5) -> gap
        }
        """,
        ["self.append(Cell(channels, width, 2 if j == 0 else 1))"],
    ),
    "members with names": (
        """
        block cell(x) { return x -> conv(4, 3, pad = 1) -> relu }
        network net {
            image = input(4, 8, 8)
            x = image
            for i in range(4) { x = x -> stage.block1-{i}: cell }
            output y = x -> gap
        }
        """,
        ['self.stage.add_module(f"block1-{i}", Cell(4))'],
    ),
    "no weights at all": (
        """
        network net {
            image = input(4, 8, 8)
            x = image
            for i in range(5) { x = add(x, x -> tanh) }
            output y = x -> gap
        }
        """,
        ["for _ in range(5):"],
    ),
    "turns that only compute": (
        """
        network net {
            image = input(4, 8, 8)
            widths = []
            for n in range(4) { for m in range(3) { widths = widths + [n + m + 1] } }
            output y = image -> conv(widths[5], 3) -> gap
        }
        """,
        ["self.conv1(image)"],
    ),
    "turns that read a list": (
        """
        network net {
            image = input(4, 8, 8)
            skips = []
            x = image
            for i in range(3) { x = x -> down{i}: conv(4, 3, pad = 1)  skips = skips + [x] }
            for i in range(3) { x = add(x, skips[2 - i]) -> up{i}: conv(4, 3, pad = 1) }
            output y = x -> gap
        }
        """,
        ['getattr(self, f"up{i}")(x + skips[2 - i])'],
    ),
    "what is read after the loop": (
        """
        block cell(x) { return x -> conv(4, 3, pad = 1) -> relu }
        block cells(x) {
            for i in range(3) { y = x -> cell{i}: cell  x = add(x, y) }
            return concat(x, y)
        }
        network net { image = input(4, 8, 8)  output y = image -> cells -> gap }
        """,
        ["return torch.cat([x, y], dim=1)"],
    ),
    "values that change places": (
        """
        block cells(x, w) {
            a = x -> conv(w, 3, pad = 1)
            b = x -> conv(2 * w, 1)
            for i in range(3) { a, b = b, a -> relu }
            p, q = 3, 5
            p, q = q, p
            return concat(a, b) -> conv(p, 1) -> conv(q + p, 1)
        }
        network net { image = input(4, 8, 8)  output y = image -> cells(2) -> gap }
        """,
        [
            "a, b = b, F.relu(a)",
            "a_channels, b_channels = b_channels, a_channels",
            "p, q = q, p",
        ],
    ),
    "values that move along": (
        """
        network net(w = 2) {
            image = input(w, 8, 8)
            a, b, c = image -> conv(w, 1), image -> conv(w, 1), image -> conv(w, 1)
            for i in range(4) { a, b, c = b, c, add(a, b, c) -> tanh }
            output y = c -> gap
        }
        """,
        ["a, b, c = b, c, torch.tanh(a + b + c)"],
    ),
    "steps without weights, as often as is said": (
        """
        block cell(x, wide, n) {
            if wide { x = x -> conv(4, 1) -> bn }
            x = x -> (relu -> tanh) * n
            return x -> sigmoid when wide
        }
        network net {
            image = input(4, 8, 8)
            output y = image -> cell(true, 2) -> cell(false, 3) -> gap
        }
        """,
        ["for _ in range(self.n):\n            y = torch.tanh(F.relu(y))"],
    ),
    "channels that an input alone speaks of": (
        """
        network net(w = 3) { image = input(w, 8, 8)  output y = image -> conv(1, 1) -> gap }
        """,
        ["def __init__(self, *, w: int = 3)", "nn.Conv2d(w, 1, 1)"],
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_loop_in_source_computes_what_its_turns_do(name: str) -> None:
    text, wanted = SPECS[name]
    net = cnnspec.loads(text)
    source = net.source("torch")
    for part in wanted:
        assert part in source, source
    assert wrong(maker(net), net) == []
    assert net.mismatch("torch") == []


@pytest.mark.parametrize("name", SPECS)
def test_loops_compile_and_export(name: str) -> None:
    text, _ = SPECS[name]
    net = cnnspec.loads(text)
    model = net.build("torch").eval()
    image = torch.randn(2, *net.elaborated.inputs[0].shape)
    wanted = model(image)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    assert torch.equal(compiled(image), wanted)
    assert torch.equal(torch.export.export(model, (image,)).module()(image), wanted)


def test_how_often_a_loop_turns_is_a_parameter_as_in_the_spec() -> None:
    text = """
    block cell(x, width) { return x -> conv(width, 3, pad = 1) -> relu }
    widths = [4, 8, 16]
    network net(n = 3) {
        image = input(3, 8, 8)
        x = image
        for i, width in enumerate(widths) {
            for j in range(n) { x = x -> stage{i}.{j}: cell(width) }
        }
        output y = x -> gap
    }
    """
    written = cnnspec.loads(text).emitted("torch")
    assert "def __init__(self, *, n: int = 3) -> None:" in written.text
    made = getattr(module_of(written.text), written.class_name)
    five = cnnspec.loads(text.replace("n = 3", "n = 5"))
    assert wrong(lambda: made(n=5), five) == []


def test_source_does_not_grow_with_the_number_of_turns() -> None:
    text = SPECS["dense blocks"][0]
    short = cnnspec.loads(text).source("torch")
    long = cnnspec.loads(text.replace("grow(5)", "grow(50)")).source("torch")
    assert len(short.splitlines()) == len(long.splitlines())
    assert "50)" in long
