"""What may be typed at a place: names, steps, arguments of the call around it, words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from cnnspec import manual
from cnnspec.editing.calls import called
from cnnspec.editing.names import Place, place
from cnnspec.editing.sheet import Sheet
from cnnspec.ops import operators
from cnnspec.syntax import tree

Kind = Literal["argument", "name", "operator", "block", "word"]
_STATEMENTS: Final = ("output", "return", "for", "if", "expect", "meta")
_ITEMS: Final = ("block", "network", "use", "default")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One word that may stand at a place; `text` is what is typed for it."""

    label: str
    kind: Kind
    text: str
    detail: str = ""


def proposals(sheet: Sheet, offset: int) -> Iterator[Proposal]:
    """Give what may be typed at an offset, most likely first."""
    here = place(sheet, offset)
    call = called(sheet.source.text, offset)
    callee = None if call is None else call.name
    if callee is not None:
        yield from _arguments(sheet, callee)
    if here.item is None and callee is None:
        yield from (Proposal(word, "word", word) for word in _ITEMS)
        return
    yield from (Proposal(word, "name", word) for word in here.local)
    yield from _declared(sheet, here)
    for name, op in operators().items():
        yield Proposal(name, "operator", name, manual.signature(op))
    if callee is None:
        yield from (Proposal(word, "word", word) for word in _STATEMENTS)


def _arguments(sheet: Sheet, callee: str) -> Iterator[Proposal]:
    for item in sheet.items:
        if isinstance(item, tree.Block | tree.NetworkDef) and item.name.id == callee:
            for each in item.parameters:
                default = "" if each.default is None else f"{each.default.span.text} if left out"
                yield Proposal(each.name.id, "argument", f"{each.name.id} = ", default)
            return
    op = operators().get(callee)
    if op is not None:
        for key, arg in op.arguments.items():
            yield Proposal(key, "argument", f"{key} = ", arg.doc)


def _declared(sheet: Sheet, here: Place) -> Iterator[Proposal]:
    for item in sheet.items:
        name = getattr(item, "name", None)
        if isinstance(name, tree.Identifier) and name.id in here.file:
            kind: Kind = "block" if isinstance(item, tree.Block) else "name"
            yield Proposal(name.id, kind, name.id)
