"""Words of a spec made safe for what a picture is written in."""

from __future__ import annotations

from html import escape
from typing import Final

#: Characters from here on are measured a quarter too narrow by the engine that comes along.
WIDE: Final = "\u0250"
BLANK: Final = "&#160;"


def printable(words: str, *, lines: bool = False) -> str:
    """Take blanks for what does not print: controls, marks that turn text around, surrogates."""
    return "".join(
        each if each.isprintable() or (lines and each == "\n") else " " for each in words
    )


def label(words: str) -> str:
    """Write words into an HTML-like label, with room for characters that are wider than measured.

    >>> label('a<b & "c"')
    'a&lt;b &amp; &quot;c&quot;'
    """
    kept = printable(words)
    wide = sum(each > WIDE for each in kept)
    return escape(kept) + BLANK * -(-wide // 3)
