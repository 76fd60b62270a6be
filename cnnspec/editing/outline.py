"""The outline of a text: what it declares, and what can be folded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cnnspec.editing.sheet import Sheet
from cnnspec.source import Span
from cnnspec.syntax import tree

Kind = Literal["block", "network", "constant"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that is declared: its name, where it stands, and the whole of it."""

    name: str
    kind: Kind
    named: Span
    whole: Span


def outline(sheet: Sheet) -> Iterator[Entry]:
    """Give what a text declares, in order."""
    items = sheet.items
    ends = [*(item.span.begin for item in items), len(sheet.source.text)][1:]
    for item, end in zip(items, ends, strict=False):
        kind: Kind = "constant"
        if isinstance(item, tree.Block):
            kind = "block"
        elif isinstance(item, tree.NetworkDef | tree.Variant):
            kind = "network"
        elif not isinstance(item, tree.Const):
            continue
        text = sheet.source.text[item.span.begin : end]
        whole = Span(sheet.source, item.span.begin, item.span.begin + _code(text))
        yield Entry(item.name.id, kind, item.name.span, whole)


def _code(text: str) -> int:
    """Give the length of a text without the empty lines and comments at its end."""
    length = 0
    at = 0
    for line in text.splitlines(keepends=True):
        at += len(line)
        if line.strip() and not line.lstrip().startswith("#"):
            length = at - len(line) + len(line.rstrip())
    return length
