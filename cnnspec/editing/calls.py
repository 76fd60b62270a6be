"""The call around a place: what is called, its signature, and which argument is typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cnnspec import manual
from cnnspec.editing.instances import Bodied
from cnnspec.editing.sheet import Sheet
from cnnspec.ops import operators

_CALLED: Final = re.compile(r"([A-Za-z_]\w*)\s*$")
_KEYWORD: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)")
#: So far back a call is looked for.
NEAR: Final = 2_000


@dataclass(frozen=True, slots=True)
class Call:
    """A call around a place: what is called, and the text of its arguments before the place."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """How something is called: one line, the texts of its parameters in it, and a sentence each."""

    label: str
    parameters: tuple[tuple[str, str], ...]
    active: int | None
    words: str


def called(text: str, offset: int) -> Call | None:
    """Find the call that a place stands in.

    >>> called("x -> conv(64, ", 14)
    Call(name='conv', arguments=('64', ' '))
    """
    depth, end = 0, offset
    parts: list[str] = []
    for at in range(offset - 1, max(0, offset - NEAR), -1):
        if text[at] in ")]}":
            depth += 1
        elif text[at] in "([{":
            if depth == 0:
                match = _CALLED.search(text, max(0, at - 200), at)
                if match is None or text[at] != "(":
                    return None
                return Call(match[1], tuple(reversed([*parts, text[at + 1 : end]])))
            depth -= 1
        elif text[at] == "," and depth == 0:
            parts.append(text[at + 1 : end])
            end = at
    return None


def signature(sheet: Sheet, offset: int) -> Signature | None:
    """Say how what is called around a place is called; None where nothing known is."""
    call = called(sheet.source.text, offset)
    if call is None:
        return None
    entry = sheet.entry(call.name)
    if entry is not None and isinstance(entry.item, Bodied):
        item = entry.item
        given = tuple(
            (each.span.text, "" if each.default is None else "may be left out")
            for each in item.parameters
        )
        names = [each.name.id for each in item.parameters]
        # what flows in is the first by position, before the arrow
        shift = 1 if isinstance(item, Bodied) and _flows_in(sheet.source.text, offset, call) else 0
        label = f"{call.name}({', '.join(words for words, _ in given)})"
        return Signature(label, given, _active(call, names, shift), "")
    op = operators().get(call.name)
    if op is None:
        return None
    label = manual.signature(op)
    shown = tuple((key, arg.doc) for key, arg in op.arguments.items())
    return Signature(label, shown, _active(call, list(op.arguments), 0), manual.summary(op))


def _flows_in(text: str, offset: int, call: Call) -> bool:
    """Whether something flows into a call by an arrow before it."""
    inside = sum(map(len, call.arguments)) + len(call.arguments)
    before = text[max(0, offset - inside - 200) : offset - inside]
    return re.search(rf"(->|:)\s*{call.name}\s*$", before) is not None


def _active(call: Call, names: list[str], shift: int) -> int | None:
    """Say which parameter is typed: the one that is named, or that of the place."""
    named = _KEYWORD.match(call.arguments[-1])
    if named is not None:
        return names.index(named[1]) if named[1] in names else None
    place = len(call.arguments) - 1 + shift
    return place if place < len(names) else None
