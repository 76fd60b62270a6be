"""`check --fix=version`: what meant something else in the version before, as it was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnnspec
from cnnspec.cli import run
from cnnspec.editing.fixes import edited, has_changed, mended
from cnnspec.editing.sheet import sheet_of
from cnnspec.source import Source

TEXT = """\
network n(c = 1, deep = true) {{
    image = input(3, 8, 8)
    {now}
    output o = y -> gap
}}
"""
#: What is written, and what the version before read: the choice first, then what is for all of it.
MEANT = {
    "y = if deep then image else image -> conv(4, 1)": (
        "t = if deep then image else image",
        "y = t -> conv(4, 1)",
    ),
    "y = if deep then image else image -> conv(4, 1) -> bn -> relu": (
        "t = if deep then image else image",
        "y = t -> conv(4, 1) -> bn -> relu",
    ),
    "y = if c == 1 then image else if c == 2 then (image -> bn) else image -> conv(4, 1)": (
        "t = if c == 1 then image else (if c == 2 then (image -> bn) else image)",
        "y = t -> conv(4, 1)",
    ),
    "y = image -> (if deep then conv(4, 1) else relu -> bn)": (
        "t = if deep then conv(4, 1) else relu",
        "y = image -> t -> bn",
    ),
    "f = if deep then bn else relu when c == 2\n    y = image -> f": (
        "t = if deep then bn else relu",
        "f = t when c == 2\n    y = image -> f",
    ),
    "y = if deep then image else image -> conv(4, 1) -> relu when c == 2": (
        "t = if deep then image else image",
        "y = t -> conv(4, 1) -> relu when c == 2",
    ),
    "y = image -> (if deep then relu else tanh when c == 2 -> conv(4, 1))": (
        "t = if deep then relu else tanh",
        "f = t when c == 2\n    y = image -> f -> conv(4, 1)",
    ),
}
SETTINGS = [{"c": c, "deep": deep} for c in (1, 2, 3) for deep in (True, False)]


def told(text: str):
    return sheet_of(Source("n.cnn", text), None).diagnostics


def made(text: str, how: dict[str, object]) -> list[tuple[str, str]]:
    """Give each node's operator and shapes: what is made, whatever it is called."""
    network = cnnspec.loads(text, set=how)
    return [(node.kind, str([str(shape) for shape in node.shapes])) for node in network.nodes]


@pytest.mark.parametrize("now", MEANT)
def test_what_is_rewritten_makes_what_the_version_before_made(now: str) -> None:
    text = TEXT.format(now=now)
    (found,) = (each for each in told(text) if each.code == "else-takes-flow")
    new, count = mended(Source("n.cnn", text), lambda each: told(each.text), has_changed)
    assert (count, new) == (1, edited(text, found.edits))
    assert not [each for each in told(new) if each.code == "else-takes-flow"]
    before = TEXT.format(now="\n    ".join(MEANT[now]))
    for how in SETTINGS:
        assert made(new, how) == made(before, how), how


@pytest.mark.parametrize("now", MEANT)
def test_the_other_choice_keeps_what_it_makes_now(now: str) -> None:
    text = TEXT.format(now=now)
    (found,) = (each for each in told(text) if each.code == "else-takes-flow")
    _, alone = found.choices
    new = edited(text, alone.edits)
    assert not [each for each in told(new) if each.code == "else-takes-flow"]
    for how in SETTINGS:
        assert made(new, how) == made(text, how), how


def test_plain_fix_leaves_it_to_the_author(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = TEXT.format(now="y = if deep then image else image -> conv(4, 1)")
    file = Path("n.cnn")
    file.write_text(text)
    assert run(["check", "--fix", "n.cnn"]) == 0
    assert file.read_text() == text
    assert "else-takes-flow" in capfd.readouterr().err
    assert run(["check", "--fix=version", "n.cnn"]) == 0
    assert "    y = (if deep then image else image) -> conv(4, 1)\n" in file.read_text()
    shown, said = capfd.readouterr()
    assert "+    y = (if deep then image else image) -> conv(4, 1)" in shown
    assert "wrote n.cnn: 1 place mended" in said
    assert "else-takes-flow" not in said


def test_what_the_facts_of_the_text_contradict_is_not_rewritten(tmp_path: Path) -> None:
    text = TEXT.format(now="y = if deep then image else image -> conv(4, 1)")
    text = text.replace("-> gap\n", "-> gap\n    expect { params = 0 }\n")
    file = tmp_path / "n.cnn"
    file.write_text(text)
    assert run(["check", "--fix=version", str(file)]) == 0
    assert file.read_text() == text
