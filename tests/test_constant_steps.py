"""A step that is read once means what it would if it were read every time."""

from __future__ import annotations

from bisect import bisect_left

import pytest

import cnnspec
from cnnspec.diagnostics import SpecError

NETWORK = "network n {{ image = input(4, 8, 8)  x = image  {body}  output y = x }}"


def kinds(body: str, items: str = "") -> list[str]:
    nodes = cnnspec.loads(items + NETWORK.format(body=body)).nodes
    return [f"{node.kind} {node.op.values.get('filters', '')}".strip() for node in nodes[1:]]


@pytest.mark.parametrize(
    ("body", "made"),
    [
        (
            "for i in range(5) { x = x -> (relu -> tanh)  if i == 3 { relu = conv(6, 1) } }",
            ["relu", "tanh"] * 4 + ["conv 6", "tanh"],
        ),
        (
            "for i in range(5) { x = x -> conv(w, 1)  if i == 3 { w = 6 } }",
            ["conv 5"] * 4 + ["conv 6"],
        ),
        (
            "for i in range(4) { x = x -> (s -> relu)  if i == 2 { s = tanh } }",
            ["conv 5", "relu"] * 3 + ["tanh", "relu"],
        ),
        (
            "for w in [3, 4, 5] { x = x -> conv(w, 1) -> (relu -> conv(w, 1)) }",
            [each for w in (3, 4, 5) for each in (f"conv {w}", "relu", f"conv {w}")],
        ),
    ],
    ids=["an operator", "a constant", "a step", "a loop's word"],
)  # fmt: skip
def test_a_name_that_is_bound_meanwhile_is_read_anew(body: str, made: list[str]) -> None:
    assert kinds(body, "w = 5\ns = conv(w, 1)\n") == made


def test_a_block_reads_its_own_words() -> None:
    blocks = """
    w = 5
    block plain(x) { return x -> conv(w, 1) -> relu }
    block given(x, w) { for i in range(3) { x = x -> conv(w, 1) } return x }
    """
    made = kinds("for i in range(2) { x = x -> plain } x = x -> given(6) -> given(7)", blocks)
    assert made == ["conv 5", "relu"] * 2 + ["conv 6"] * 3 + ["conv 7"] * 3


def test_each_turn_says_where_it_is_wrong() -> None:
    body = "for i in range(3) { x = x -> conv(4, 3) -> relu }  x = x -> conv(4, 3)"
    with pytest.raises(SpecError) as stop:
        cnnspec.loads(NETWORK.format(body=body))
    (mistake,) = stop.value.diagnostics
    assert mistake.labels[0].span.text == "3"
    assert mistake.labels[0].span.start == NETWORK.format(body=body).rindex("3")


@pytest.mark.parametrize("step", ["relu", "conv(4, 3, pad = 1) -> bn", "g{i}: (relu -> tanh)"])
def test_each_turn_takes_as_much_of_the_budget(step: str) -> None:
    def suffices(turns: int, budget: int) -> bool:
        text = NETWORK.format(body=f"for i in range({turns}) {{ x = x -> {step} }}")
        try:
            cnnspec.loads(text, limits={"steps": budget})
        except SpecError as stop:
            return stop.diagnostics[0].code != "budget-exceeded"
        return True

    def least(turns: int) -> int:
        """Find the budget that just suffices."""
        return bisect_left(range(10_000), True, key=lambda budget: suffices(turns, max(1, budget)))

    first, *others = [least(turns) for turns in range(1, 6)]
    between = {later - before for before, later in zip([first, *others], others, strict=False)}
    assert len(between) == 1
