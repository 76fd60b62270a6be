"""The traffic of one session, readable: a ResNet written from nothing, with five mistakes.

`pytest --update-golden` writes it anew; read the difference as a reviewer would.
"""

from __future__ import annotations

import json
import re
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

from tests.lsp_client import Editor

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent / "golden" / "lsp_session.txt"
ALL = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}

UNIT = """\
block unit(x, filters, stride = 1) {
    y = x -> conv(filters, 3, stride = stride, pad = 1) -> bn -> relu
        -> conv(filters, 3, pad = 1) -> bn
    shortcut = if stride == 1 then x else (x -> conv(filters, 1, stride = stride) -> bn)
    return add(y, shortcut) -> relu
}
"""
NETWORK = """
network resnet(classes = 10) {
    image = input(3, 32, 32)
    x = image -> conv(16, 3, pad = 1) -> bn -> relu
    x = x -> layer1: (unit(16) * 2) -> layer2: (unit(32, stride = 2) -> unit(32))
    output logits = x -> gap -> fc: dense(classes)
}
"""
#: Texts, each with what is said of it: the mistakes are those that people make.
STEPS = (
    ("an empty file", ""),
    ("a block is begun: nothing closes it", UNIT[: UNIT.index(" -> bn -> relu")]),
    ("the block is whole", UNIT),
    (
        "a network in the words of PyTorch",
        UNIT + NETWORK.replace("conv(16, 3,", "nn.Conv2d(3, 16, 3,"),
    ),
    ("a block is misspelt", UNIT + NETWORK.replace("unit(32))", "unitt(32))")),
    (
        "the images do not fit: a stride has no shortcut",
        UNIT.replace("if stride == 1 then x else (", "if true then x else (") + NETWORK,
    ),
    ("the sum is a plus", UNIT.replace("add(y, shortcut)", "y + shortcut") + NETWORK),
    ("it is a ResNet", UNIT + NETWORK),
)


def told(traffic: list[tuple[str, dict[str, Any]]], uri: str, text: str) -> str:
    """Write what passed since `text`; of what is told of a text the last, when it is worked out."""
    lines: list[str] = []
    latest = ""
    for who, message in traffic:
        method, params = message.get("method"), message.get("params", {})
        if method in ("textDocument/didOpen", "textDocument/didChange"):
            now = params["textDocument"].get("text") if "text" in params["textDocument"] else None
            now = params["contentChanges"][0]["text"] if now is None else now
            lines.append(f"--> {method} version {params['textDocument']['version']}")
            changed = unified_diff(text.splitlines(), now.splitlines(), lineterm="", n=1)
            lines += [f"    {line}" for line in list(changed)[2:]]
            text = now
        elif method == "textDocument/publishDiagnostics":
            latest = _json("<--", message)
        elif method == "$/cnnspec/settled":
            lines += [latest, _json("<--", message)]
        else:
            lines.append(_json("-->" if who == "editor" else "<--", message))
    return "\n".join(lines).replace(uri, "file:///net.cnn") + "\n"


def _json(sign: str, message: dict[str, Any]) -> str:
    method = message.get("method", f"answer {message.get('id')}")
    shown = message.get("params", message.get("result", message.get("error")))
    words = json.dumps(shown, indent=1, ensure_ascii=False) if shown is not None else "null"
    number = f" {message['id']}" if "id" in message and "method" in message else ""
    body = "\n".join(f"    {line}" for line in _short(words).split("\n"))
    return f"{sign} {method}{number}\n{body}"


def _short(words: str) -> str:
    """Put places and small objects on a line each."""
    for _ in range(2):
        words = re.sub(r"\{\s*((?:\"\w+\": (?:\d+|\{[^{}\n]*\})(?:,\s*)?)+)\s*\}", _one_line, words)
    return words


def _one_line(match: Any) -> str:
    return "{" + " ".join(match[1].split()) + "}"


def test_a_session(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    editor = Editor(tmp_path)
    editor.traffic.clear()
    uri = editor.uri("net.cnn")
    document = {"uri": uri}
    notes: list[tuple[int, str]] = []
    for version, (note, text) in enumerate(STEPS, 1):
        notes.append((len(editor.traffic), note))
        if version == 1:
            editor.open("net.cnn", text)
        else:
            editor.change("net.cnn", text, version)
        if "plus" in note or "PyTorch" in note or "misspelt" in note:
            context = {"diagnostics": []}
            editor.ask("textDocument/codeAction", textDocument=document, range=ALL, context=context)
    editor.ask("textDocument/inlayHint", textDocument=document, range=ALL)
    editor.at("textDocument/hover", "net.cnn", 1, 16)
    editor.at("textDocument/signatureHelp", "net.cnn", 1, 31)
    editor.ask("textDocument/codeLens", textDocument=document)
    editor.at("textDocument/rename", "net.cnn", 0, 7, newName="residual")
    parts = []
    ends = [*(start for start, _ in notes[1:]), None]
    for (start, note), stop, (_, before) in zip(notes, ends, [("", ""), *STEPS], strict=False):
        parts.append(f"# {note}\n{told(editor.traffic[start:stop], uri, before)}\n")
    assert "Traceback" not in editor.close()
    found = "".join(parts)
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(found)
    assert found == GOLDEN.read_text()
