"""Names in a text: where each is declared, and where it is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Final

from cnnspec.editing.snapshot import Snapshot
from cnnspec.ops import operators
from cnnspec.source import Span
from cnnspec.syntax import tree
from cnnspec.syntax.slip import RESERVED

_PARTS: Final = {
    kind: tuple(each.name for each in fields(kind) if each.name not in ("span", "depth"))
    for kind in vars(tree).values()
    if isinstance(kind, type) and is_dataclass(kind)
}


@dataclass(frozen=True, slots=True)
class Use:
    """A name in the text: the stretch, and where it is declared (its first place), if here."""

    span: Span
    word: str
    declared: Span | None


@dataclass(frozen=True, slots=True)
class Place:
    """What may be named at a place: what is bound in the body around it, and in the file."""

    item: tree.Block | tree.NetworkDef | None
    local: dict[str, Span]
    file: dict[str, Span]


def declared(snapshot: Snapshot) -> dict[str, Span]:
    """Give what the file declares: name to where it stands."""
    result: dict[str, Span] = {}
    for item in snapshot.items:
        name = getattr(item, "name", None)
        if isinstance(name, tree.Identifier):
            result.setdefault(name.id, name.span)
    return result


def bound(item: tree.Block | tree.NetworkDef) -> dict[str, Span]:
    """Give the names that a block or network binds: name to where it stands first."""
    result = {each.name.id: each.name.span for each in item.parameters}
    for node in walk(item.body):
        if isinstance(node, tree.Bind):
            for target in node.targets:
                result.setdefault(target.id, target.span)
        elif isinstance(node, tree.Output):
            result.setdefault(node.name.id, node.name.span)
        elif isinstance(node, tree.Pattern) and node.name is not None:
            result.setdefault(node.name, node.span)
    return result


def place(snapshot: Snapshot, offset: int) -> Place:
    """Tell what may be named at an offset."""
    file = declared(snapshot)
    inside: tree.Block | tree.NetworkDef | None = None
    for item in snapshot.items:
        if item.span.start > offset:
            break
        inside = item if isinstance(item, tree.Block | tree.NetworkDef) else None
    return Place(inside, bound(inside) if inside is not None else {}, file)


def uses(snapshot: Snapshot) -> Iterator[Use]:
    """Give every name in the text that a declaration of this text may stand behind."""
    file = declared(snapshot)
    parameters = {
        item.name.id: {each.name.id: each.name.span for each in item.parameters}
        for item in snapshot.items
        if isinstance(item, tree.Block | tree.NetworkDef)
    }
    for item in snapshot.items:
        local = bound(item) if isinstance(item, tree.Block | tree.NetworkDef) else {}
        for node in walk(item):
            if isinstance(node, tree.Name | tree.Identifier):
                yield Use(node.span, node.id, local.get(node.id) or file.get(node.id))
            elif isinstance(node, tree.Pattern) and node.name is not None:
                yield Use(node.span, node.name, local.get(node.name))
            elif isinstance(node, tree.Call) and isinstance(node.callee, tree.Name):
                yield from _keywords(node.arguments, parameters.get(node.callee.id, {}))
            if isinstance(node, tree.Variant):
                yield from _keywords(node.arguments, parameters.get(node.base.id, {}))


def _keywords(arguments: tuple[tree.Argument, ...], known: dict[str, Span]) -> Iterator[Use]:
    for each in arguments:
        if each.keyword is not None and each.keyword_span is not None:
            yield Use(each.keyword_span, each.keyword, known.get(each.keyword))


def at(snapshot: Snapshot, offset: int) -> Use | None:
    """Give the name that stands at an offset."""
    for use in uses(snapshot):
        if use.span.start <= offset <= use.span.stop:
            return use
    return None


def alike(snapshot: Snapshot, offset: int) -> tuple[Use, ...]:
    """Give every place of the declaration that is named at an offset."""
    here = at(snapshot, offset)
    if here is None or here.declared is None:
        return ()
    found = (use for use in uses(snapshot) if use.declared == here.declared)
    return tuple({use.span.start: use for use in found}.values())


def may_be_called(snapshot: Snapshot, word: str) -> bool:
    """Whether a name is free in a text: an identifier, no word of the language, nobody else's."""
    taken = {use.word for use in uses(snapshot)} | RESERVED | set(operators())
    return word.isascii() and word.isidentifier() and word not in taken


def walk(root: object) -> Iterator[tree.Node]:
    """Give every node of the tree below one, each before its parts."""
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(reversed(node))
        elif isinstance(node, tree.Node | tree.LabelText):
            if isinstance(node, tree.Node):
                yield node
            pending.extend(getattr(node, word) for word in reversed(_PARTS[type(node)]))
