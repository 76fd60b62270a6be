"""What definitions say, held against each other: the places where one text became another.

A value in a network may differ because its own step was edited, or because something that the step
speaks of was: a parameter, a constant of the file, an operator's default, a name bound above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final

from cnnspec.source import Source, Span
from cnnspec.syntax import tree
from cnnspec.syntax.parse import parse

_COMMENT: Final = re.compile(r"#[^\n]*")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
Declared = tree.Block | tree.NetworkDef


def bare(span: Span) -> str:
    """Give a stretch of text without comments, line ends and runs of blanks."""
    return " ".join(_COMMENT.sub("", span.text).split())


@dataclass(frozen=True, slots=True)
class Edit:
    """Something of a file or a body that says another thing in B: its kind, name, both texts."""

    kind: str
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Texts:
    """Two definitions: whether they say the same, and what the names that they use say."""

    same: bool
    #: The statements of each, with the headers of the loops and conditions around them.
    a: Mapping[Any, str]
    b: Mapping[Any, str]
    #: Constants and names bound in the body that say something else, and are spoken of in both.
    edits: tuple[Edit, ...]
    #: Operators' defaults that differ, by operator.
    defaults: Mapping[str, Edit]
    #: Parameters whose default differs.
    parameters: Mapping[str, Edit]


@lru_cache(maxsize=256)
def extent(each: Any) -> Span:
    """Give all that a definition or a statement covers: its own span may be its header's."""
    inner: list[tree.Stmt] = []
    if isinstance(each, tree.If):
        inner = [stmt for _, body in each.arms for stmt in body] + list(each.orelse)
    elif isinstance(each, tree.For | Declared):
        inner = list(each.body)
    span: Span = each.span
    return Span(span.source, span.start, max([span.stop, *(extent(one).stop for one in inner)]))


def texts(a: Any, b: Any) -> Texts:
    """Hold two definitions against each other."""
    if not isinstance(a, Declared) or not isinstance(b, Declared):
        return Texts(False, {}, {}, (), {}, {})
    words = set(_WORD.findall(bare(extent(a)))) & set(_WORD.findall(bare(extent(b))))
    edits = [*_constants(a.span.source, b.span.source, words), *_bound(a, b, words)]
    return Texts(
        _body(a) == _body(b),
        dict(_statements(a.body, "")),
        dict(_statements(b.body, "")),
        tuple(edits),
        _defaults(a.span.source, b.span.source),
        _parameters(a, b),
    )


def statement(found: Mapping[Any, str], span: Span) -> str | None:
    """Give the innermost statement around a step, with the headers around that."""
    best: tuple[int, str] | None = None
    for (start, stop), text in found.items():
        if start <= span.start and span.stop <= stop and (best is None or stop - start < best[0]):
            best = stop - start, text
    return None if best is None else best[1]


def spoken_of(definition: Any, span: Span) -> frozenset[str]:
    """Give the names on which a step's arguments depend, through the names bound around it."""
    return _closure(definition, set(_WORD.findall(bare(span))))


def decided_by(definition: Any, span: Span) -> frozenset[str]:
    """Give the names on which it depends whether a step is there, and how often."""
    words: set[str] = set()
    pending: list[Any] = list(definition.body)
    while pending:
        each = pending.pop()
        if isinstance(each, tuple):
            pending.extend(each)
            continue
        if not isinstance(each, tree.Node) or not _holds(_covers(each), span):
            continue
        words.update(_WORD.findall(" ".join(bare(part.span) for part in _controls(each, span))))
        kind: Any = type(each)
        pending.extend(getattr(each, name) for name in _fields(kind))
    return _closure(definition, words)


def _covers(each: tree.Node) -> Span:
    return extent(each) if isinstance(each, tree.If | tree.For) else each.span


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.stop <= outer.stop


def _controls(each: tree.Node, span: Span) -> list[tree.Expr]:
    """Give the tests and counts of one form of the tree that decide on what stands in it."""
    if isinstance(each, tree.If):
        return [test for test, _ in each.arms]
    if isinstance(each, tree.For):
        return [each.values]
    if isinstance(each, tree.When | tree.Cond):
        return [each.test]
    if isinstance(each, tree.Chain) and _holds(each.first.span, span):
        return [operand for _, operand in each.rest]
    return [each.right] if isinstance(each, tree.Binary) and _holds(each.left.span, span) else []


@lru_cache(maxsize=64)
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def _closure(definition: Any, words: set[str]) -> frozenset[str]:
    bound = _environment(definition)
    pending, seen = list(words), set(words)
    while pending:
        for word in bound.get(pending.pop(), ()):
            if word not in seen:
                seen.add(word)
                pending.append(word)
    return frozenset(seen)


@lru_cache(maxsize=64)
def _environment(definition: Any) -> Mapping[str, frozenset[str]]:
    """Give the words of what each name is bound to: by a statement, by a loop."""
    found: dict[str, set[str]] = {}
    for name, text in _binds(definition.body):
        found.setdefault(name, set()).update(_WORD.findall(text))
    pending: list[Any] = list(definition.body)
    while pending:
        each = pending.pop()
        if isinstance(each, tree.If):
            pending += [inner for _, body in each.arms for inner in body]
            pending += each.orelse
        elif isinstance(each, tree.For):
            for pattern in each.patterns:
                for name in _names(pattern):
                    found.setdefault(name, set()).update(_WORD.findall(bare(each.values.span)))
            pending += each.body
    constants = _file(definition.span.source)[0]
    for name, text in constants.items():
        found.setdefault(name, set()).update(_WORD.findall(text))
    return {name: frozenset(words) for name, words in found.items()}


def _names(pattern: tree.Pattern) -> Iterator[str]:
    if pattern.name is not None:
        yield pattern.name
    for part in pattern.parts:
        yield from _names(part)


def _body(definition: Any) -> str:
    return "; ".join(bare(extent(each)) for each in _told(definition.body))


def _told(body: tuple[tree.Stmt, ...]) -> Iterator[tree.Stmt]:
    return (each for each in body if not isinstance(each, tree.Expect | tree.Meta))


def _statements(body: tuple[tree.Stmt, ...], around: str) -> Iterator[tuple[Any, str]]:
    for each in _told(body):
        if isinstance(each, tree.If):
            head = around
            for test, inner in each.arms:
                head += f"if {bare(test.span)}: "
                yield from _statements(inner, head)
            yield from _statements(each.orelse, head + "else: ")
        elif isinstance(each, tree.For):
            yield from _statements(each.body, f"{around}for {bare(each.values.span)}: ")
        else:
            yield (each.span.start, each.span.stop), around + bare(each.span)


@lru_cache(maxsize=64)
def _file(source: Source) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Give a file's constants and its operators' defaults, as they are written."""
    constants: dict[str, str] = {}
    defaults: dict[str, str] = {}
    for item in parse(source).items:
        if isinstance(item, tree.Const):
            constants[item.name.id] = bare(item.value.span)
        elif isinstance(item, tree.Default):
            said = ", ".join(bare(each.span) for each in item.arguments)
            known = defaults.get(item.operator.id)
            defaults[item.operator.id] = said if known is None else f"{known}, {said}"
    return constants, defaults


def _constants(a: Source, b: Source, words: set[str]) -> Iterator[Edit]:
    """Find the constants that both speak of, at first or second hand, and that differ."""
    before, after = _file(a)[0], _file(b)[0]
    seen: set[str] = set()
    pending = sorted(words)
    while pending:
        word = pending.pop(0)
        if word in seen or word not in before or word not in after:
            continue
        seen.add(word)
        if before[word] == after[word]:
            pending += sorted(_WORD.findall(before[word]))
        else:
            yield Edit("constant", word, before[word], after[word])


def _defaults(a: Source, b: Source) -> Mapping[str, Edit]:
    before, after = _file(a)[1], _file(b)[1]
    return {
        op: Edit("default", op, before.get(op), after.get(op))
        for op in sorted({*before, *after})
        if before.get(op) != after.get(op)
    }


def _bound(a: Any, b: Any, words: set[str]) -> Iterator[Edit]:
    """Find names that a body binds to data, and binds to something else in B."""
    before, after = dict(_binds(a.body)), dict(_binds(b.body))
    for name in sorted(before.keys() & after.keys() & words):
        if before[name] != after[name]:
            yield Edit("name", name, before[name], after[name])


def _binds(body: tuple[tree.Stmt, ...]) -> Iterator[tuple[str, str]]:
    for each in body:
        if isinstance(each, tree.If):
            for _, inner in each.arms:
                yield from _binds(inner)
            yield from _binds(each.orelse)
        elif isinstance(each, tree.For):
            yield from _binds(each.body)
        elif isinstance(each, tree.Bind) and not any("->" in bare(v.span) for v in each.values):
            said = ", ".join(bare(value.span) for value in each.values)
            if not _calls(said):
                yield from ((target.id, said) for target in each.targets)


def _calls(said: str) -> bool:
    """Whether a bound value is a call of something: it may make nodes, and is a step then."""
    return re.match(r"[A-Za-z_]\w*\(", said) is not None


def _parameters(a: Any, b: Any) -> Mapping[str, Edit]:
    before, after = (
        {each.name.id: each.default and bare(each.default.span) for each in one.parameters}
        for one in (a, b)
    )
    return {
        name: Edit("parameter", name, before[name], after[name])
        for name in before.keys() & after.keys()
        if before[name] != after[name]
    }
