"""What `check` tells of a broken file is what an editor is told of it."""

from __future__ import annotations

import io
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnspec import library
from cnnspec.cli import run
from cnnspec.editing.sheet import sheet_of
from cnnspec.render import AGAIN
from cnnspec.source import Source
from tests.lsp_client import Editor
from tests.slips import KINDS, planted
from tools.lsp_edits import PIECES

COUNT = int(os.environ.get("CNNSPEC_FUZZ_COUNT", "20"))
SMALL = "network {name} {{\n    image = input(3, 8, 8)\n    output y = image -> {step}\n}}\n"
#: Codes that need the whole file to be asked for, and say nothing of its text.
OF_THE_ASK = {"no-network"}


def checked(file: Path, capfd: pytest.CaptureFixture[str]) -> list[dict]:
    run(["check", "--json", str(file)])
    return json.loads(capfd.readouterr().out)["diagnostics"]


def places(found: list[dict], file: Path) -> list[tuple[str, str, int]]:
    """Give codes, weights and lines: an editor marks each place of a name by itself.

    What stands in another file it marks where this one leads there.
    """
    return sorted(
        (each["code"], each["severity"], label["line"] if label["file"] == str(file) else 0)
        for each in found
        for label in each["labels"]
        if label is each["labels"][0] or label["text"] == AGAIN
    )


def marked(found: list[dict]) -> list[tuple[str, str, int]]:
    """Give the same of what the server says."""
    return sorted(
        (
            each["code"],
            {1: "error", 2: "warning"}[each["severity"]],
            0 if "\nin <zoo>/" in each["message"] else each["range"]["start"]["line"] + 1,
        )
        for each in found
    )


def broken(seed: int) -> str:
    """Give a text with slips planted in it, or with random edits."""
    chance = random.Random(seed)
    case = planted(seed, tuple(KINDS)) if chance.random() < 0.5 else None
    if case is not None:
        return case.text
    text = library.zoo_text(chance.choice(sorted(library.shipped())))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(PIECES) + text[at + chance.randint(0, 3) :]
    return text


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    speaking = Editor(tmp_path)
    yield speaking
    assert "Traceback" not in speaking.close()


def test_random_broken_files_are_told_alike(
    tmp_path: Path, editor: Editor, capfd: pytest.CaptureFixture[str]
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    with capfd.disabled():
        sys.stdout.write(f"\nbroken files from seed {seed}\n")
    for number in range(COUNT):
        file = tmp_path / f"a{number}.cnn"
        file.write_bytes(broken(seed + number).encode())
        found = checked(file, capfd)
        told = editor.open(file.name, library.read(str(file)).text)
        if not {each["code"] for each in found} <= OF_THE_ASK:
            assert places(found, file) == marked(told), seed + number
        editor.shut(file.name)


def codes(file: Path, text: str, capfd: pytest.CaptureFixture[str]) -> list[str]:
    file.write_text(text)
    return [each["code"] for each in checked(file, capfd)]


def test_a_mistake_in_one_network_hides_none_in_another(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    facts = SMALL.format(name="a", step="relu").replace("\n}", "\n    expect { params = 3 }\n}")
    text = facts + SMALL.format(name="b", step="=> relu")
    assert codes(tmp_path / "a.cnn", text, capfd) == ["expectation-missed", "unexpected-token"]


def test_a_lost_use_or_default_is_all_that_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = SMALL.format(name="a", step="conv(3, 1) -> conv_bn(3)")
    text = text.replace("\n}", "\n    expect { params = 3 }\n}")
    found = codes(tmp_path / "a.cnn", f'use "blocks.cnn\n{text}', capfd)
    assert found == ["bad-string"]
    text = text.replace(" -> conv_bn(3)", "")
    found = codes(tmp_path / "a.cnn", f"default conv(bias = = false)\n{text}", capfd)
    assert found == ["unexpected-token"]


def test_a_file_of_no_braces_says_so_of_each_item(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "".join(SMALL.format(name=name, step="relu") for name in "abc").replace(" {\n", "\n", 2)
    found = codes(tmp_path / "a.cnn", text, capfd)
    assert found == ["unexpected-token", "unexpected-token"]


def test_standard_input_is_told_alike(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = SMALL.format(name="a", step="=> relu") + SMALL.format(name="b", step="nope")

    class Given:
        buffer = io.BytesIO(text.encode())

        @staticmethod
        def isatty() -> bool:
            return False

    monkeypatch.setattr(sys, "stdin", Given)
    assert run(["check", "-"]) == 1
    said = capfd.readouterr().err
    assert "error[unexpected-token]" in said
    assert "error[unknown-name]: nothing is called `nope`\n --> <stdin>:7:25" in said


def test_a_text_goes_on_after_a_character_that_no_spec_has(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = SMALL.format(name="a", step="relu") + "é\n" + SMALL.format(name="b", step="nope")
    assert codes(tmp_path / "a.cnn", text, capfd) == ["bad-character", "unknown-name"]


UNOPENED = """\
block unit(x, width, stride = 1)
    shortcut = x
    return add(shortcut, x)
}
network n {
    image = input(3, 8, 8)
    for i in range(2) {
        image = image -> unit(
            3, stride = 2, +
        )
    }
    output y = image
}
network m = n() {
    expect { params = }
}
"""


def test_a_brace_that_was_put_in_closes_nothing_in_parentheses() -> None:
    found = sheet_of(Source("a.cnn", UNOPENED), None).diagnostics
    assert [each.labels[0].span.line for each in found if each.severity == "error"] == [1, 9, 15]


def test_a_name_that_nothing_has_is_told_once_with_all_places(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    steps = " -> ".join(["nope"] * 6)
    text = SMALL.format(name="a", step=steps) + SMALL.format(name="b", step="nope")
    file = tmp_path / "a.cnn"
    file.write_text(text)
    (only,) = checked(file, capfd)
    assert [label["text"] for label in only["labels"]] == ["not known here", *["and here"] * 6]
    run(["check", str(file)])
    assert "  = and in 3 more places\n" in capfd.readouterr().err
    sheet = sheet_of(Source("a.cnn", text), None)
    assert len(sheet.diagnostics) == 7
