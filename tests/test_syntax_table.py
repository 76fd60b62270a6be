"""The parse table that ships, and the one that Lark makes where the grammar is newer."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files

import pytest

from cnnspec.source import Source
from cnnspec.syntax import table as tables
from cnnspec.syntax.lex import lexer
from cnnspec.syntax.parse import parse

GRAMMAR = (files("cnnspec.syntax") / "grammar.lark").read_text(encoding="utf-8")
SPEC = """
network n(a = 1) {
    image = input(3, 8, 8)
    output y = image -> c{a}.d: conv(4 * a - 1, 3) * 2 -> (bn when a == 1) -> relu
    expect { c1.0.shape = [4, 6, 6]  params = 4K }
}
"""


@pytest.fixture
def fresh():
    yield
    for cached in (tables.table, lexer):
        cached.cache_clear()


def test_a_stale_table_is_made_anew(monkeypatch: pytest.MonkeyPatch, fresh) -> None:
    shipped = parse(Source("a", SPEC))
    tables.table.cache_clear()
    lexer.cache_clear()
    made = []
    monkeypatch.setattr(tables, "_digest", lambda grammar: f"another{len(made)}")
    written = tables.written
    monkeypatch.setattr(tables, "written", lambda grammar: made.append(1) or written(grammar))
    assert repr(parse(Source("b", SPEC)).items).replace("'b'", "'a'") == repr(shipped.items)
    assert made


@pytest.mark.slow
def test_the_table_is_the_same_text_under_every_hash_seed() -> None:
    code = (
        "from importlib.resources import files; from cnnspec.syntax.table import written;"
        "grammar = (files('cnnspec.syntax') / 'grammar.lark').read_text(encoding='utf-8');"
        "print(written(grammar), end='')"
    )
    for seed in ("0", "7"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.stdout == tables.written(GRAMMAR)


def test_lark_is_not_loaded_to_parse() -> None:
    code = (
        "import sys, cnnspec; cnnspec.load('resnet18');"
        "print([each for each in sys.modules if each.startswith('lark')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
