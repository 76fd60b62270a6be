"""Colours: every word of the language in its kind, the same text, and none in a pipe."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pygments import lex
from pygments.token import Error, Keyword, Name, Token

from cnnspec import library
from cnnspec.highlight import CnnLexer, coloured, grammar
from cnnspec.ops import OPERATORS
from cnnspec.syntax.slip import RESERVED

FILES = library.shipped_files()
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def tokens(text: str) -> list[tuple[object, str]]:
    return list(lex(text, CnnLexer(stripnl=False, ensurenl=False)))


@pytest.mark.parametrize("file", FILES)
def test_what_ships_has_no_word_that_is_not_known(file: str) -> None:
    text = (Path("specs") / file).read_text()
    found = tokens(text)
    assert "".join(word for _, word in found) == text
    assert [word for kind, word in found if kind is Error] == []
    assert ESCAPE.sub("", coloured(text)) == text


def test_words_of_the_language_are_keywords_and_operators_are_built_in() -> None:
    for word in RESERVED:
        (only,) = tokens(word)
        assert only[0] in Keyword or only[0] in Token.Operator, word
    for word in OPERATORS:
        assert tokens(word) == [(Name.Builtin, word)]
    assert tokens("stem: conv")[0] == (Name.Label, "stem")


def test_the_grammar_of_editors_matches_what_the_lexer_does() -> None:
    patterns = json.loads(grammar())["patterns"]
    text = library.zoo_text("resnet50")
    for kind, word in tokens(text):
        if word.strip() and kind not in (Name, Token.Punctuation, Name.Attribute, Name.Label):
            assert any(re.fullmatch(each["match"], word) for each in patterns), word


def on_a_terminal(*arguments: str, cwd: Path) -> str:
    """Run the program with a terminal as its output and errors; give what stands on it."""
    ours, its = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
    command = [sys.executable, "-m", "cnnspec", *arguments]
    running = subprocess.Popen(command, cwd=cwd, stdout=its, stderr=its, env=environment)
    os.close(its)
    shown = b""
    try:
        while part := os.read(ours, 65_536):
            shown += part
    except OSError:  # how a terminal says that nobody writes to it any more
        pass
    os.close(ours)
    running.wait(timeout=30)
    return shown.decode()


def test_a_pipe_gets_no_colours_and_a_terminal_does(tmp_path: Path) -> None:
    (tmp_path / "bad.cnn").write_text("network n { image = input(3, 8, 8)\n output y = imag }\n")
    shown = on_a_terminal("zoo", "lenet5", cwd=tmp_path)
    assert ESCAPE.search(shown)
    assert ESCAPE.sub("", shown).replace("\r\n", "\n") == library.zoo_text("lenet5")
    piped = subprocess.run(
        [sys.executable, "-m", "cnnspec", "zoo", "lenet5"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert piped.stdout == library.zoo_text("lenet5")
    assert "\x1b[34moutput" in on_a_terminal("check", "bad.cnn", cwd=tmp_path)
