"""What runs emitted text has no file, no process, and few of Python's modules."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnnspec
from cnnspec.cli import main
from cnnspec.emit.sandbox import NotInterpreted, run

OUT = (
    "import os",
    "from os import system",
    "import collections.abc, sys",
    "from . import anything",
    "__import__('os')",
    "().__class__",
    "getattr((), '__cl' + 'ass__')",
    "(x for x in ()).gi_frame",
    "int.mro()",
    "__builtins__['open']",
    "import typing; typing.sys",
    "open('a')",
    "eval('1')",
    "exec('1')",
    "breakpoint()",
    "globals()",
    "vars()",
)


@pytest.mark.parametrize("text", OUT)
def test_there_is_no_way_out(text: str) -> None:
    with pytest.raises((NotInterpreted, NameError, AttributeError)):
        run(text, {})


def test_words_in_strings_are_no_ways_out() -> None:
    assert run('"""It has __class__ and gi_frame."""\nx = 1', {})["x"] == 1


#: Words that would run where they stand, were they not written as what they are.
WORDS = (
    '"""\\nopen({target!r}, "w")\\n"""',
    "x'''\\\\\\nopen({target!r})",
    "\\\\",
    '\\"\\"\\"); open({target!r}, \\"w\\"); (\\"\\"\\"',
    "\\u2028open({target!r}, 'w')",
    "{{open({target!r}, 'w')}}",
)


@pytest.mark.parametrize("backend", ["torch", "keras"])
@pytest.mark.parametrize("words", WORDS)
def test_no_words_of_a_spec_run(
    words: str, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "touched"
    said = words.format(target=str(target)).replace('"', '\\"').replace('\\\\"', '\\"')
    spec = tmp_path / "net.cnn"
    spec.write_text(
        f'network net {{\n    meta {{ title = "{said}"  paper = "{said}" }}\n'
        f'    image = input(3, 8, 8)\n    word = "{said}"\n'
        '    output y = image -> conv(if word == "x" then 3 else 4, 3) -> gap -> dense(2)\n}\n'
    )
    with pytest.raises(SystemExit) as done:
        main(["compile", str(spec), "-b", backend, "-o", "out.py"])
    assert done.value.code in (0, None), spec.read_text()
    assert not target.exists()
    text = (tmp_path / "out.py").read_text()
    assert text.count("touched") >= ("touched" in said)
    assert cnnspec.load(str(spec)).emitted(backend).unproved is None
