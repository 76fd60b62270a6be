"""Names in a text: where each is declared, and where it is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnnspec.editing.sheet import Sheet
from cnnspec.editing.walk import walk
from cnnspec.ops import operators
from cnnspec.source import Span
from cnnspec.syntax import tree
from cnnspec.syntax.slip import RESERVED


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


def declared(sheet: Sheet) -> dict[str, Span]:
    """Give what the file declares: name to where it stands."""
    result: dict[str, Span] = {}
    for item in sheet.items:
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


def place(sheet: Sheet, offset: int) -> Place:
    """Tell what may be named at an offset."""
    file = declared(sheet)
    inside: tree.Block | tree.NetworkDef | None = None
    for item in sheet.items:
        if item.span.begin > offset:
            break
        inside = item if isinstance(item, tree.Block | tree.NetworkDef) else None
    return Place(inside, bound(inside) if inside is not None else {}, file)


def uses(sheet: Sheet) -> Iterator[Use]:
    """Give every name in the text that a declaration of this text may stand behind."""
    file = declared(sheet)
    parameters = {
        item.name.id: {each.name.id: each.name.span for each in item.parameters}
        for item in sheet.items
        if isinstance(item, tree.Block | tree.NetworkDef)
    }
    for item in sheet.items:
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


def at(sheet: Sheet, offset: int) -> Use | None:
    """Give the name that stands at an offset."""
    for use in uses(sheet):
        if use.span.begin <= offset <= use.span.end:
            return use
    return None


def alike(sheet: Sheet, offset: int) -> tuple[Use, ...]:
    """Give every place of the declaration that is named at an offset."""
    here = at(sheet, offset)
    if here is None:
        return ()
    if here.declared is None and sheet.entry(here.word) is None:
        return ()
    found = (
        use
        for use in uses(sheet)
        if use.declared == here.declared and (here.declared is not None or use.word == here.word)
    )
    return tuple({use.span.begin: use for use in found}.values())


def may_be_a_name(word: str) -> bool:
    """Whether a word may be a name at all: an identifier, and no word of the language."""
    return word.isascii() and word.isidentifier() and word not in RESERVED | set(operators())


def may_be_called(sheet: Sheet, word: str) -> bool:
    """Whether a name is free in a text: an identifier, no word of the language, nobody else's."""
    return may_be_a_name(word) and word not in {use.word for use in uses(sheet)}
