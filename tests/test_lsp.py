"""The language server over its protocol: one session, and rubbish."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from cnnspec import library
from tests.lsp_client import Editor

RESNET = library.zoo_text("resnet50")
ALL = {"start": {"line": 0, "character": 0}, "end": {"line": 10_000, "character": 0}}


@pytest.fixture
def editor(tmp_path: Path):
    speaking = Editor(tmp_path)
    yield speaking
    said = speaking.close()
    assert "Traceback" not in said


def place(text: str, words: str) -> tuple[int, int]:
    at = text.index(words)
    return text[:at].count("\n"), at - (text.rfind("\n", 0, at) + 1)


def test_a_session_with_a_mistake_in_it(editor: Editor) -> None:
    document = {"uri": editor.uri("net.cnn")}
    assert editor.open("net.cnn", RESNET) == []
    shown = editor.ask("textDocument/inlayHint", textDocument=document, range=ALL)
    assert "256 x 56 x 56" in {each["label"] for each in shown}

    broken = RESNET.replace("conv(inner, 1)", "convv(inner, 1)").replace("-> gap ->", "-> gapp ->")
    (first, second) = editor.change("net.cnn", broken, 2)
    assert (first["code"], second["code"]) == ("unknown-name", "unknown-name")
    assert first["range"]["start"] == dict(
        zip(("line", "character"), place(broken, "convv"), strict=True)
    )
    still = editor.ask("textDocument/inlayHint", textDocument=document, range=ALL)
    assert len(shown) - 12 < len(still) < len(shown)

    assert editor.change("net.cnn", RESNET, 3) == []
    line, character = place(RESNET, "unit(64) *")
    assert "`layer1.0` of resnet" in str(
        editor.at("textDocument/hover", "net.cnn", line, character)
    )
    line, character = place(RESNET, "inner, 3")
    where = editor.at("textDocument/definition", "net.cnn", line, character)
    assert where["range"]["start"]["line"] == place(RESNET, "inner = widen")[0]
    edit = editor.at("textDocument/rename", "net.cnn", line, character, newName="middle")
    assert len(edit["changes"][document["uri"]]) == 3
    where = {"line": line, "character": character}
    refused = editor.asked(
        "textDocument/rename", textDocument=document, position=where, newName="conv"
    )
    assert refused["error"]["code"] == -32803
    assert "conv cannot be the name" in refused["error"]["message"]

    crowded = RESNET.replace(" = ", "=")
    editor.change("net.cnn", crowded, 4)
    options = {"tabSize": 4, "insertSpaces": True}
    (whole,) = editor.ask("textDocument/formatting", textDocument=document, options=options)
    assert whole["newText"] == RESNET
    symbols = editor.ask("textDocument/documentSymbol", textDocument=document)
    assert "resnet152" in {each["name"] for each in symbols}
    assert editor.ask("textDocument/foldingRange", textDocument=document)
    assert not list(editor.folder.iterdir()), "a server writes nothing"


def test_places_are_counted_in_the_editors_units(editor: Editor) -> None:
    text = "network n {\n    image = input(3, 8, 8)\n"
    text += '    meta { title = "\U0001d518" }  output y = nope\n}\n'
    (only,) = editor.open("net.cnn", text)
    before = text.split("\n")[2].index("nope")
    assert only["range"]["start"]["character"] == before + 1  # the letter is two units of UTF-16


def test_what_the_server_does_not_know_is_answered_so(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    assert editor.asked("cnnspec/nothing")["error"]["code"] == -32601
    assert editor.asked("textDocument/hover", position="here")["error"]["code"] == -32602
    assert editor.asked("textDocument/hover", position=3)["error"]["code"] == -32602
    editor.tell("$/setTrace", value=3)
    editor.tell("cnnspec/nothing", value=3)
    text = "network n {\n    image = input(3, 8, 8)\n    output y = image\n}\n"
    assert editor.open("a.cnn", text) == [], "it goes on"
    editor.close()


def test_a_text_that_was_never_opened_is_not_read(editor: Editor) -> None:
    (editor.folder / "b.cnn").write_text("block b(x) { return x -> relu }\n")
    for each in ("hover", "definition", "prepareRename", "signatureHelp"):
        assert editor.at(f"textDocument/{each}", "b.cnn", 0, 7) is None
    document = {"uri": editor.uri("b.cnn")}
    assert editor.ask("textDocument/documentSymbol", textDocument=document) == []


def test_a_text_outside_the_workspace_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "secret.cnn").write_text("block secret(x) { return x -> relu }\n")
    editor = Editor(tmp_path / "work")
    text = 'use "secret.cnn"\nnetwork n {\n    image = input(3, 8, 8)\n    output y = image\n}\n'
    uri = (tmp_path / "other.cnn").as_uri()
    document = {"uri": uri, "languageId": "cnn", "version": 1, "text": text}
    editor.tell("textDocument/didOpen", textDocument=document)
    assert [each["code"] for each in editor.told(uri)] == ["missing-file"]
    editor.close()


def test_random_edits_leave_nothing_stale_and_no_exception(editor: Editor, capsys) -> None:
    """A spread of `make lsp-edits`."""
    from tools.lsp_edits import replay

    seed = random.SystemRandom().randrange(10**6)
    with capsys.disabled():
        sys.stdout.write(f"\nedits from seed {seed}\n")
    assert replay(editor, count=20, seed=seed) == 20
