"""The words of the language for who colours its text: a lexer for Pygments, a grammar for editors.

Both are made of the parser's own words, and `make docs` writes the grammar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from pygments.lexer import RegexLexer, words
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
)

from cnnspec.ops import OPERATORS
from cnnspec.syntax.slip import RESERVED

#: What begins an item of a file or declares something in it.
DECLARING: Final = frozenset(("use", "default", "block", "network", "recurs", "on"))
CONSTANTS: Final = frozenset(("true", "false"))
#: Words between values.
BETWEEN: Final = frozenset(("and", "or", "not", "in"))
NUMBER: Final = r"\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+|[KMG])?\b"
LABEL: Final = r"(?:[A-Za-z0-9_.-]|\{[^{}\n]*\})+(?=\s*:)"
SIGNS: Final = r"->|==|!=|<=|>=|\*\*|//|[-+*/%<>=]"


class CnnLexer(RegexLexer):
    """Reads `.cnn`, the texts of convolutional networks."""

    name = "cnnspec"
    aliases: ClassVar = ["cnn", "cnnspec"]
    filenames: ClassVar = ["*.cnn"]
    mimetypes: ClassVar = ["text/x-cnn"]
    tokens: ClassVar[Mapping[str, list[tuple[Any, ...]]]] = {
        "root": [
            (r"#[^\n]*", Comment.Single),
            (r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"', String),
            (LABEL, Name.Label),
            (NUMBER, Number),
            (words(sorted(DECLARING), r"\b", r"\b"), Keyword.Declaration),
            (words(sorted(CONSTANTS), r"\b", r"\b"), Keyword.Constant),
            (words(sorted(BETWEEN), r"\b", r"\b"), Operator.Word),
            (words(sorted(RESERVED - DECLARING - CONSTANTS - BETWEEN), r"\b", r"\b"), Keyword),
            (words(sorted(OPERATORS), r"\b", r"\b"), Name.Builtin),
            (r"[A-Za-z_]\w*(?=\s*=[^=])", Name.Attribute),
            (r"[A-Za-z_]\w*", Name),
            (SIGNS, Operator),
            (r"[()\[\]{},.:]", Punctuation),
            (r"\s+", Text),
        ]
    }


def coloured(text: str) -> str:
    """Colour a text, or a line of one, for a terminal."""
    from pygments import lex
    from pygments.console import ansiformat
    from pygments.formatters.terminal import TERMINAL_COLORS

    parts = []
    for kind, word in lex(text, CnnLexer(stripnl=False, ensurenl=False)):
        colour = _colour(kind, TERMINAL_COLORS)
        lines = (ansiformat(colour, line) if colour and line else line for line in word.split("\n"))
        parts.append("\n".join(lines))
    return "".join(parts)


def _colour(kind: Any, colours: Mapping[Any, tuple[str, str]]) -> str:
    """Give the colour of a kind of word on a dark ground or a light one: the nearest that has."""
    at = kind
    while at is not None:
        if at in colours:
            return str(colours[at][0])
        at = at.parent
    return ""


def grammar() -> str:
    """Write the TextMate grammar that editors read."""
    patterns = [
        ("comment.line.number-sign", r"#.*$"),
        ("string.quoted.double", r'"[^"\\]*(?:\\.[^"\\]*)*"'),
        ("entity.name.label", LABEL),
        ("constant.numeric", NUMBER),
        ("storage.type", _any(DECLARING)),
        ("constant.language", _any(CONSTANTS)),
        ("keyword.operator.word", _any(BETWEEN)),
        ("keyword.control", _any(RESERVED - DECLARING - CONSTANTS - BETWEEN)),
        ("support.function", _any(OPERATORS)),
        ("variable.parameter", r"\b[A-Za-z_]\w*(?=\s*=[^=])"),
        ("keyword.operator", SIGNS),
    ]
    said = {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "cnnspec",
        "scopeName": "source.cnn",
        "fileTypes": ["cnn"],
        "patterns": [{"name": f"{name}.cnn", "match": match} for name, match in patterns],
    }
    return json.dumps(said, indent=2) + "\n"


def _any(known: Iterable[str]) -> str:
    return rf"\b(?:{'|'.join(sorted(map(re.escape, known)))})\b"
