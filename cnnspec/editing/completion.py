"""What may be typed at a place: names, steps, arguments of the call around it, words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from cnnspec import manual
from cnnspec.editing.names import Place, place
from cnnspec.editing.snapshot import Snapshot
from cnnspec.ops import operators
from cnnspec.syntax import tree

Kind = Literal["argument", "name", "operator", "block", "word"]
_CALLED: Final = re.compile(r"([A-Za-z_]\w*)\s*$")
_STATEMENTS: Final = ("output", "return", "for", "if", "expect", "meta")
_ITEMS: Final = ("block", "network", "use", "default")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One word that may stand at a place; `text` is what is typed for it."""

    label: str
    kind: Kind
    text: str
    detail: str = ""


def proposals(snapshot: Snapshot, offset: int) -> Iterator[Proposal]:
    """Give what may be typed at an offset, most likely first."""
    here = place(snapshot, offset)
    callee = called(snapshot.source.text, offset)
    if callee is not None:
        yield from _arguments(snapshot, callee)
    if here.item is None and callee is None:
        yield from (Proposal(word, "word", word) for word in _ITEMS)
        return
    yield from (Proposal(word, "name", word) for word in here.local)
    yield from _declared(snapshot, here)
    for name, op in operators().items():
        yield Proposal(name, "operator", name, manual.signature(op))
    if callee is None:
        yield from (Proposal(word, "word", word) for word in _STATEMENTS)


def called(text: str, offset: int) -> str | None:
    """Give the name whose call a place stands in.

    >>> called("x -> conv(64, ", 14)
    'conv'
    """
    depth = 0
    for at in range(offset - 1, max(0, offset - 2_000), -1):
        if text[at] in ")]}":
            depth += 1
        elif text[at] in "([{":
            if depth == 0:
                match = _CALLED.search(text, max(0, at - 200), at)
                return match[1] if match and text[at] == "(" else None
            depth -= 1
    return None


def _arguments(snapshot: Snapshot, callee: str) -> Iterator[Proposal]:
    for item in snapshot.items:
        if isinstance(item, tree.Block | tree.NetworkDef) and item.name.id == callee:
            for each in item.parameters:
                default = "" if each.default is None else f"{each.default.span.text} if left out"
                yield Proposal(each.name.id, "argument", f"{each.name.id} = ", default)
            return
    op = operators().get(callee)
    if op is not None:
        for key, arg in op.arguments.items():
            yield Proposal(key, "argument", f"{key} = ", arg.doc)


def _declared(snapshot: Snapshot, here: Place) -> Iterator[Proposal]:
    for item in snapshot.items:
        name = getattr(item, "name", None)
        if isinstance(name, tree.Identifier) and name.id in here.file:
            kind: Kind = "block" if isinstance(item, tree.Block) else "name"
            yield Proposal(name.id, kind, name.id)
