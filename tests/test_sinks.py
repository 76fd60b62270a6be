"""Hostile text in every slot of a spec, through every sink: nothing of it is obeyed anywhere."""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cnnspec.cli import run

pytestmark = pytest.mark.slow

HOSTILE = {
    "escape": "\x1b[2J\x1b[31mPWNED",
    "lines": "a\nb\r\nc",
    "tab": "a\tb",
    "c1": "\x9b31m\x85",
    "bidi": "\u202eevil\u2066",
    "separator": "a\u2028b",
    "nul": "\x00nul",
    "formula": "=HYPERLINK(1)",
    "plus": "+cmd|' /C calc'!A0",
    "minus": "-1+1",
    "at": "@SUM(1)",
    "spaced formula": "  =1+1",
    "link": "[click](javascript:alert(1))",
    "address": "https://evil.example www.evil.example",
    "image": "![x](https://evil.example/x.png)",
    "cells": "|a|b|",
    "tag": "<script>alert(1)</script>",
    "quotes": "\"\"\"; import os; '''",
    "latex": "\\input{secret}\\end{tabular}",
    "marks": "$x^2_%&#~[y]",
    "code": "`code` *bold*",
    "comment": "--> <!-- ]]> */",
    "braces": "{x}${y}%(z)s",
    "backslash": "ends in \\",
}
SLOTS = (
    "title", "paper", "license", "authors", "argument", "default", "passed on", "in a list",
    "file", "folder",
)  # fmt: skip


def as_text(hostile: str) -> str:
    """Write it as a text of the language, without the marks around it."""
    return "".join(
        c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}"
        for c in hostile
    )


def written(slot: str, hostile: str) -> str:
    """Write a spec with hostile text in a slot."""
    text = as_text(hostile)
    put = dict.fromkeys(SLOTS, "fine") | {slot: text}
    return f"""block b(x, s, v = []) {{ return x -> conv(4, 3) -> relu }}
network n(word = "{put["default"]}", other = "{put["passed on"]}") {{
    image = input(3, 8, 8)
    x = image -> b("{put["argument"]}") -> b(other) -> b(word, v = ["{put["in a list"]}"])
    output y = x -> gap -> dense(1000)
    meta {{
        title = "{put["title"]}" paper = "{put["paper"]}" license = "{put["license"]}"
        authors = ["{put["authors"]}"] top1 = 1.0 year = 2020
    }}
}}
"""


def plain(text: str, hostile: str) -> None:
    """A terminal obeys nothing in it."""
    odd = {each for each in text if not each.isprintable()} - set("\n\N{NO-BREAK SPACE}")
    assert not odd


def as_csv(text: str, hostile: str) -> None:
    plain(text, hostile)
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert not re.match(r"\s*[=+@]|\s*-(?!\d+(\.\d+)?$)", cell), cell


def as_markdown(text: str, hostile: str) -> None:
    plain(text, hostile)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert not re.search(r"(?<!\\)\]\(|<[a-z/!]|https?://|www\.|(?<!&#64;)@", text)


def as_changes(text: str, hostile: str) -> None:
    as_markdown(
        re.sub(r"^  <br>|^</?details>(<summary>[\w ]+</summary>)?$", "", text, flags=re.MULTILINE),
        "",
    )


def as_latex(text: str, hostile: str) -> None:
    plain(text, hostile)
    assert text.count("\\end{") == 1
    assert "\\input" not in text
    assert not re.search(r"\\\\\s*\[", text)


def as_json(text: str, hostile: str) -> None:
    plain(text, hostile)
    json.loads(text)


def as_lines(text: str, hostile: str) -> None:
    """JSON, a row a line, whatever splits lines; the hostile text comes back whole."""
    plain(text, hostile)
    rows = [json.loads(line) for line in text.splitlines()]
    assert rows[1]["word"] == hostile


def as_python(text: str, hostile: str) -> None:
    plain(text, hostile)
    tree = ast.parse(text)
    names = {a.name for each in ast.walk(tree) if isinstance(each, ast.Import) for a in each.names}
    assert "os" not in names


def as_svg(text: str, hostile: str) -> None:
    plain(text, hostile)
    root = ET.fromstring(text)
    assert not [each for each in root.iter() if each.tag.endswith("script")]


def as_dot(text: str, hostile: str) -> None:
    plain(text.replace("\t", " "), hostile)  # Graphviz sets its own text with tabs


def as_html(text: str, hostile: str) -> None:
    plain(text, hostile)
    assert "<script>alert" not in text
    assert "--> <!-- ]]>" not in text


SINKS: dict[str, tuple[str, Callable[[str, str], None]]] = {
    "table": ("cost", plain),
    "Markdown": ("cost --format md", as_markdown),
    "CSV": ("cost --format csv", as_csv),
    "LaTeX": ("cost --format latex", as_latex),
    "JSON": ("cost --format json", as_json),
    "table of networks": ("compare", plain),
    "Markdown of networks": ("compare --format md", as_markdown),
    "CSV of networks": ("compare --format csv", as_csv),
    "LaTeX of networks": ("compare --format latex", as_latex),
    "JSON of networks": ("compare --format json", as_json),
    "PyTorch": ("compile -b torch -o -", as_python),
    "Keras": ("compile -b keras -o -", as_python),
    "SVG of volumes": ("draw --style volumes -o -", as_svg),
    "SVG of a graph": ("draw --format svg -o -", as_svg),
    "SVG of two": ("draw --against lenet --format svg -o -", as_svg),
    "changes": ("diff lenet", plain),
    "Markdown of changes": ("diff lenet --format md", as_changes),
    "JSON of changes": ("diff lenet --json", as_json),
    "rows": ("sweep --set word={TEXT,1}", plain),
    "CSV of rows": ("sweep -o - --set word={TEXT,1}", as_csv),
    "JSON of rows": ("sweep -o rows.jsonl --force --set word={TEXT,1}", as_lines),
    "DOT": ("draw --format dot -o -", as_dot),
    "Mermaid": ("draw --format mermaid -o -", plain),
    "HTML": ("draw --format html -o -", as_html),
    "words": ("check", plain),
    "paths": ("paths", plain),
}
#: One of so many pairs of a slot and a text is tried, with `ALL=1` each; a layout takes time.
SHARE = 1 if os.environ.get("ALL") else 6
SLOW = {"DOT": 12, "Mermaid": 12, "HTML": 4, "Keras": 2, "SVG of a graph": 12, "SVG of two": 24}
SEED = int(os.environ["SEED"])


def cases(sink: str) -> Iterator[tuple[str, str]]:
    for number, slot in enumerate(SLOTS):
        for which, name in enumerate(HOSTILE):
            share = 1 if SHARE == 1 else SHARE * SLOW.get(sink, 1)
            if (number * len(HOSTILE) + which + SEED) % share == 0:
                yield slot, name


@pytest.mark.parametrize("sink", SINKS)
def test_hostile_text_is_obeyed_nowhere(
    sink: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    typed, holds = SINKS[sink]
    for slot, name in cases(sink):
        text = HOSTILE[name]
        file, folder = "s", "f"
        if slot in ("file", "folder"):
            safe = text.replace("/", "_").replace("\0", "_").strip()
            file, folder = (safe, folder) if slot == "file" else (file, safe)
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        spec = place / f"{file}.cnn"
        spec.write_text(written(slot, text))
        monkeypatch.chdir(tmp_path)
        command, *options = (part.replace("TEXT", f'"{as_text(text)}"') for part in typed.split())
        status = run([command, *options, f"./{spec.relative_to(tmp_path)}"])
        printed = capfd.readouterr()
        assert status == (command == "diff"), f"SEED={SEED}: {slot}, {name}: {printed.err}"
        rows = Path("rows.jsonl")
        try:
            holds(rows.read_text() if rows.exists() else printed.out or printed.err, text)
            plain(printed.err, text)
        except (AssertionError, SyntaxError, ET.ParseError, ValueError) as wrong:
            where = f"SEED={SEED}: {slot}, {name}"
            raise AssertionError(f"{where}: {wrong}\n{printed.out[-2000:]}") from wrong


def test_what_is_written_is_the_same_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, set[bytes]] = {}
    for folder in ("a", "b/c"):
        place = tmp_path / folder
        place.mkdir(parents=True)
        (place / "s.cnn").write_text(written("title", "fine"))
        for start, spec in (
            (place, "s.cnn"),
            (tmp_path, f"{folder}/s.cnn"),
            (place, place / "s.cnn"),
        ):
            monkeypatch.chdir(start)
            for typed in (
                "draw -o o.svg", "draw -o o.html", "draw -o o.dot", "draw -o o.mmd",
                "draw --style volumes -o o.svg", "compile -b torch -o o.py",
                "compile -b keras -o o.py",
            ):  # fmt: skip
                assert run([*typed.split(), str(spec), "--force"]) == 0
                content = Path(typed.split()[-1]).read_bytes()
                made.setdefault(typed, set()).add(content)
                assert str(tmp_path).encode() not in content
                assert b"b/c" not in content
    assert {typed: len(each) for typed, each in made.items()} == dict.fromkeys(made, 1)


#: What a comment may hold, in one line.
COMMENTS = {name: text for name, text in HOSTILE.items() if not {*"\n\r\x85\u2028\0"} & {*text}}


@pytest.mark.parametrize(
    "command",
    ["fmt --diff", "check --fix", "check --fix=expect", "diff other.cnn", "compile -b torch"],
)
def test_hostile_comments_are_shown_and_not_obeyed(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.cnn").write_text("network m { x = input(3, 8, 8)  output y = x -> relu }")
    for text in COMMENTS.values():
        Path("s.cnn").write_text(
            f"network n {{ x = input(3, 8, 8) # {text}\n"
            f"output y = x->conv(4, 3) -> relu # {text}\n"
            f"expect {{ params = 1 }} # {text}\n }}\n"
        )
        assert run([*command.split(), "s.cnn"]) in (0, 1, 2)
        printed = capfd.readouterr()
        plain(printed.out, text)
        plain(printed.err, text)
