"""The language server over its protocol: one session, and rubbish."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from cnnspec import library
from tests.lsp_client import Editor

pytestmark = pytest.mark.slow

RESNET = library.zoo_text("resnet50")
ALL = {"start": {"line": 0, "character": 0}, "end": {"line": 10_000, "character": 0}}


@pytest.fixture
def editor(tmp_path: Path):
    speaking = Editor(tmp_path)
    yield speaking
    said = speaking.close()
    assert "Traceback" not in said


@pytest.fixture
def editor_in():
    """Make editors in folders; each is closed at the end, and its log is looked at."""
    made: list[Editor] = []

    def make(folder: Path) -> Editor:
        made.append(Editor(folder))
        return made[-1]

    yield make
    for each in made:
        assert "Traceback" not in each.close()


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


def test_a_text_outside_the_workspace_reads_no_file(tmp_path: Path, editor_in) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "secret.cnn").write_text("block secret(x) { return x -> relu }\n")
    editor = editor_in(tmp_path / "work")
    text = 'use "secret.cnn"\nnetwork n {\n    image = input(3, 8, 8)\n    output y = image\n}\n'
    uri = (tmp_path / "other.cnn").as_uri()
    document = {"uri": uri, "languageId": "cnn", "version": 1, "text": text}
    editor.tell("textDocument/didOpen", textDocument=document)
    assert [each["code"] for each in editor.told(uri)] == ["missing-file"]


def test_random_edits_leave_nothing_stale_and_no_exception(editor: Editor, capsys) -> None:
    """A spread of `make lsp-edits`."""
    from tools.lsp_edits import replay

    seed = random.SystemRandom().randrange(10**6)
    with capsys.disabled():
        sys.stdout.write(f"\nedits from seed {seed}\n")
    assert replay(editor, count=20, seed=seed) == 20


def test_a_mistake_in_a_used_file_is_marked_where_the_text_leads_there(editor: Editor) -> None:
    used = "block b(x, w) { return x -> conv(w, 3, pad = w / 2) }\n"
    (editor.folder / "b.cnn").write_text(used)
    text = 'use "b.cnn"\nnetwork n {\n    image = input(3, 8, 8)\n'
    text += "    output y = image -> b(3)\n}\n"
    (found,) = editor.open("a.cnn", text)
    assert found["range"]["start"] == {"line": 3, "character": 24}
    assert f"\nin {editor.folder / 'b.cnn'}:1:40" in found["message"]


BROKEN = """\
network n {
    image = input(3, 32, 32)
    x = image -> conv(8, 3, padding = 1) => relu
    output y = x -> flaten -> dense(10)
}
"""


def test_quick_fixes_are_the_edits_of_the_diagnostics(editor: Editor) -> None:
    document = {"uri": editor.uri("a.cnn")}
    assert len(editor.open("a.cnn", BROKEN)) == 2
    where = {"range": ALL, "context": {"diagnostics": []}}
    arrow, guess = editor.ask("textDocument/codeAction", textDocument=document, **where)
    assert arrow["title"] == "flows are written `->`"
    assert (arrow["kind"], arrow["isPreferred"]) == ("quickfix", True)
    assert (guess["title"], guess["isPreferred"]) == ("did you mean `flatten`?", False)
    (edit,) = arrow["edit"]["changes"][document["uri"]]
    assert edit == {
        "range": {"start": {"line": 2, "character": 41}, "end": {"line": 2, "character": 43}},
        "newText": "->",
    }
    here = {"start": {"line": 3, "character": 22}, "end": {"line": 3, "character": 22}}
    where = {"range": here, "context": {"diagnostics": []}}
    (only,) = editor.ask("textDocument/codeAction", textDocument=document, **where)
    assert only["title"] == guess["title"]
    everything = {"range": here, "context": {"diagnostics": [], "only": ["source.fixAll"]}}
    (whole,) = editor.ask("textDocument/codeAction", textDocument=document, **everything)
    assert whole["edit"]["changes"][document["uri"]] == [edit]
    nothing = {"range": ALL, "context": {"diagnostics": [], "only": ["refactor"]}}
    assert editor.ask("textDocument/codeAction", textDocument=document, **nothing) == []


def test_totals_stand_over_networks_and_blocks(editor: Editor) -> None:
    editor.open("net.cnn", RESNET)
    document = {"uri": editor.uri("net.cnn")}
    found = editor.ask("textDocument/codeLens", textDocument=document)
    shown = {each["range"]["start"]["line"]: each["command"]["title"] for each in found}
    line, _ = place(RESNET, "resnet50 =")
    assert shown[line] == "25,557,032 parameters · 4,089,184,256 MACs"
    line, _ = place(RESNET, "block bottleneck")
    assert shown[line].endswith("MACs · layer1.0 of resnet, the first of 16")


def test_a_call_shows_its_signature_and_what_is_typed(editor: Editor) -> None:
    editor.open("net.cnn", RESNET)
    line, character = place(RESNET, "inner, 3, stride")
    found = editor.at("textDocument/signatureHelp", "net.cnn", line, character + 8)
    (one,) = found["signatures"]
    assert one["label"].startswith("conv(filters, size, *")
    start, stop = one["parameters"][found["activeParameter"]]["label"]
    assert one["label"][start:stop] == "size"
    found = editor.at("textDocument/signatureHelp", "net.cnn", line, character + 14)
    start, stop = found["signatures"][0]["parameters"][found["activeParameter"]]["label"]
    assert found["signatures"][0]["label"][start:stop] == "stride"
    line, character = place(RESNET, "unit(64) *")
    found = editor.at("textDocument/signatureHelp", "net.cnn", line, character + 5)
    assert found is None, "`unit` is a parameter here"


def test_a_name_is_renamed_in_every_file_that_uses_it(tmp_path: Path, editor_in) -> None:
    blocks = "block cell(x, wide) { return x -> conv(wide, 3) }\n"
    user = 'use "blocks.cnn"\nnetwork n {\n    image = input(3, 8, 8)\n'
    user += "    output y = image -> cell(4)\n}\n"
    other = user.replace("network n", "network m").replace('use "blocks.cnn"\n', "")
    other = f"block cell(x, wide) {{ return x -> relu }}\n{other}"
    for name, text in (("blocks.cnn", blocks), ("user.cnn", user), ("other.cnn", other)):
        (tmp_path / name).write_text(text)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "user.cnn").write_text(user)
    editor = editor_in(tmp_path)
    assert editor.open("user.cnn", user) == []
    line, character = place(user, "cell(4)")
    where = editor.at("textDocument/definition", "user.cnn", line, character)
    assert (where["uri"], where["range"]["start"]) == (
        editor.uri("blocks.cnn"),
        {"line": 0, "character": 6},
    )
    edit = editor.at("textDocument/rename", "user.cnn", line, character, newName="unit")
    changes = {Path(uri).name: len(edits) for uri, edits in edit["changes"].items()}
    assert changes == {"blocks.cnn": 1, "user.cnn": 1}
    assert (tmp_path / "blocks.cnn").read_text() == blocks, "a server writes nothing"


def test_what_lies_outside_the_given_folders_is_not_renamed(tmp_path: Path, editor_in) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "blocks.cnn").write_text("block cell(x) { return x -> relu }\n")
    editor = editor_in(tmp_path / "work")
    text = 'use "../blocks.cnn"\nuse "blocks.cnn"\nnetwork n {\n    image = input(3, 8, 8)\n'
    text += "    output y = image -> conv_bn(8)\n}\n"
    editor.open("user.cnn", text)
    line, character = place(text, "conv_bn")
    assert editor.at("textDocument/prepareRename", "user.cnn", line, character) is None
    refused = editor.asked(
        "textDocument/rename",
        textDocument={"uri": editor.uri("user.cnn")},
        position={"line": line, "character": character},
        newName="cell",
    )
    assert refused["error"]["code"] == -32803
    assert "ships with cnnspec" in refused["error"]["message"]


def test_ends_of_lines_of_windows(editor: Editor) -> None:
    (first, second) = editor.open("a.cnn", BROKEN.replace("\n", "\r\n"))
    assert first["range"]["start"] == {"line": 2, "character": 41}
    assert second["range"]["end"] == {"line": 3, "character": 26}
    assert editor.open("b.cnn", BROKEN.replace("flaten", "gap").replace("=>", "->")) != []
    text = RESNET.replace("\n", "\r\n")
    assert editor.open("net.cnn", text) == []
    document = {"uri": editor.uri("net.cnn")}
    shown = editor.ask("textDocument/inlayHint", textDocument=document, range=ALL)
    lines = RESNET.split("\n")
    assert all(
        each["position"]["character"] == len(lines[each["position"]["line"]]) for each in shown
    )


def test_an_address_with_a_drive_letter(tmp_path: Path, editor_in) -> None:
    editor = editor_in(tmp_path)
    uri = "file:///c%3A/Nets/a%20b.cnn"
    document = {"uri": uri, "languageId": "cnn", "version": 1, "text": BROKEN}
    document["text"] = BROKEN.replace("=>", "->")
    editor.tell("textDocument/didOpen", textDocument=document)
    assert len(editor.told(uri)) == 2
    where = {"line": 3, "character": 15}
    found = editor.ask("textDocument/definition", textDocument={"uri": uri}, position=where)
    assert found["uri"] == uri


def test_the_picture_beside_the_text_is_the_servers(editor: Editor) -> None:
    editor.open("net.cnn", RESNET)
    uri = editor.uri("net.cnn")
    line, _ = place(RESNET, "network resnet18")
    drawn = editor.ask("cnnspec/picture", uri=uri, line=line, theme="dark")
    assert drawn["network"] == "resnet18"
    assert "<svg" in drawn["svg"]
    line, _ = place(RESNET, "inner, 3, stride")
    assert editor.ask("cnnspec/picture", uri=uri, line=line, theme="light")["network"] == "resnet"
    broken = RESNET.replace("image = input", "image == input")
    editor.change("net.cnn", broken, 2)
    still = editor.ask("cnnspec/picture", uri=uri, line=line, theme="light")
    assert still["network"] == "resnet", "the last that there was"
    assert editor.ask("cnnspec/picture", uri="file:///elsewhere.cnn", line=0) is None
