"""What diagnostics say to type, as edits: each applied, and the text read anew."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cnnspec.cli import run
from cnnspec.diagnostics import Diagnostic
from cnnspec.editing.fixes import edited, mended, told
from cnnspec.editing.sheet import sheet_of
from cnnspec.source import Source
from tests.test_cases import CASES, Case

pytestmark = pytest.mark.slow

#: What stands behind a mistake that is mended, and was hidden by it, by the text that is typed.
HIDDEN = {
    "conv": "the arguments of the call were not looked at",
    "pad": "nor was the value",
    "rate": "nor was the value",
    "my_net": "nor was the rest of the network, which has no output",
    "[3, 32, 32]": "an input takes no list",
    "[3, 3]": "the next list stands in parentheses, too",
    "image -> conv": "the next step stands after a point, too",
    '"../lib/x.cnn"': "there is no such file",
    '"lib/x.cnn"': "there is no such file",
    '"lib/new.cnn"': "there is no such file",
    "c = take(c, i) + [5] + drop(c, i + 1)": "nothing is called `i`",
    "(conv(w, 3) -> relu)": "the next steps have commas, too",
    "x": "nothing flows out of a number",
    "(": "its other half is as wide",
    "": "the facts were not looked at",
    " {": "a brace is missing at the body's end, too",
    "output y": "the word is used as a name, twice",
    "c = c + 1": "the name has no value before",
    "i = i + 1": "the name has no value before",
    "c = []\n    for i in range(3) { c = c + [16 * i] }": "the first of the list is 0",
    "0.01": "another step has the same",
}


def mistakes(text: str) -> tuple[Diagnostic, ...]:
    return sheet_of(Source("case.cnn", text), None).diagnostics


EDITS = [
    (case, each)
    for case in CASES
    for each in mistakes(case.blocks[0][1])
    if each.edits and all(edit.span.source.name == "case.cnn" for edit in each.edits)
]


def outcome(case: Case, found: Diagnostic) -> bool:
    """Apply; whether one mistake less is left, and no new one."""
    text = case.blocks[0][1]
    before = told(mistakes(text))
    now = mistakes(edited(text, found.edits))
    # a warning may need a text without mistakes to be seen at all
    after = told(each for each in now if each.severity == "error" or _kind(each) in before)
    assert after.total() <= before.total()
    return after.total() < before.total() and not after - before


def _kind(found: Diagnostic) -> tuple[str, str]:
    return found.code, found.title


@pytest.mark.parametrize(
    ("case", "found"), EDITS, ids=lambda each: getattr(each, "title", "").replace("\n", " ")[:60]
)
def test_an_edit_leaves_one_mistake_less_and_no_new_one(case: Case, found: Diagnostic) -> None:
    assert outcome(case, found) or found.edits[0].text in HIDDEN


def test_what_is_hidden_is_so() -> None:
    hiding = {each.edits[0].text for case, each in EDITS if not outcome(case, each)}
    assert hiding == set(HIDDEN)
    assert len(EDITS) > 140


#: What a diagnostic says to write that is no edit, for something in it is left to the author: a
#: name or a number that stands nowhere, what flows in, one of two.
LEFT = (
    r"…",
    r"`[^`]*\bx\b[^`]*`.* what flows in",
    r"where `",
    r"`, or with a number `",
    r"` or `|, or `|`, `|for the rest|; Keras's",
    r"write `(conv\(filters, size\)|dense\(units\)|upsample\(factor\)|add\(a, b\))`",
    r"write `(pad\(\[top|to = \[channels|axes = \[)",
    r"\(axis = channels\)`",  # which axes is the author's to say
    r"write `dwconv\(.*filters",
    r"write `y = image -> relu`",
    r"write `use \"blocks.cnn\"`",
    r"write `\(if c then a else b\)`$",  # how far it goes is not known where a flow follows
)


def test_what_says_in_full_what_to_write_is_an_edit() -> None:
    told = [each for case in CASES for each in mistakes(case.blocks[0][1])]
    words = [each.help for each in told if each.help and "write `" in each.help and not each.edits]
    assert [each for each in words if not any(re.search(left, each) for left in LEFT)] == []
    unused = [left for left in LEFT if not any(re.search(left, each) for each in words)]
    assert unused == []


BROKEN = """\
network n(classes = 10) {
    image = input(3, 32, 32)
    x = image -> nn.Conv2d(3, 8, 3, padding = "valid") => relu
    y = x -> conv(8, 3, padding = 1) -> BatchNorm2d
    output = x + y -> gap -> dense(clases)
}
"""
MENDED = """\
network n(classes = 10) {
    image = input(3, 32, 32)
    x = image -> conv(8, 3, pad = 0) -> relu
    y = x -> conv(8, 3, pad = 1) -> bn
    output y = x + y -> gap -> dense(clases)
}
"""


def test_what_is_mended_shows_what_it_hid_and_a_question_stays_one() -> None:
    text, count = mended(Source("case.cnn", BROKEN), lambda each: mistakes(each.text))
    assert (text, count) == (MENDED, 3)


def test_check_writes_what_diagnostics_say_and_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.cnn").write_bytes(b"\xef\xbb\xbf" + BROKEN.replace("\n", "\r\n").encode())
    assert run(["check", "--fix", "a.cnn"]) == 1  # `clases` is left
    assert Path("a.cnn").read_bytes() == b"\xef\xbb\xbf" + MENDED.replace("\n", "\r\n").encode()
    shown, said = capfd.readouterr()
    assert shown.startswith("--- a.cnn\n+++ a.cnn\n@@")
    assert "wrote a.cnn: 3 mistakes mended" in said
    assert "did you mean `classes`?" in said

    Path("a.cnn").write_text(MENDED.replace("clases", "classes"))
    before = Path("a.cnn").stat().st_mtime_ns
    assert run(["check", "a.cnn", "--fix"]) == 0
    assert Path("a.cnn").stat().st_mtime_ns == before
    assert "nothing to write" in capfd.readouterr().err


def test_a_word_that_several_places_have_is_mended_in_all(tmp_path: Path) -> None:
    text = "network n {\n    image = input(3, 8, 8)\n"
    text += "    output y = image -> Conv2D(4, 3) -> Conv2D(4, 3)\n}\n"
    file = tmp_path / "a.cnn"
    file.write_text(text)
    assert run(["check", "--fix", str(file)]) == 0
    assert file.read_text() == text.replace("Conv2D", "conv")


@pytest.mark.parametrize("given", [["resnet50"], ["-"], ["a.cnn", "--set", "classes=3"]])
def test_what_is_no_file_as_it_stands_is_not_mended(
    given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.cnn").write_text(BROKEN)
    assert run(["check", "--fix", *given]) == 2
    assert Path("a.cnn").read_text() == BROKEN


def test_edits_are_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.cnn").write_text(BROKEN)
    assert run(["check", "--json", "a.cnn"]) == 1
    found = json.loads(capfd.readouterr().out)["diagnostics"]
    first = next(each for each in found if each["edits"])
    assert first["edits"] == [
        {"file": "a.cnn", "line": 3, "column": 56, "end_line": 3, "end_column": 58}
        | {"new": "->", "sure": True}
    ]
