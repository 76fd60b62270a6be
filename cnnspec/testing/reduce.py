"""Makes the text of a spec that shows something smaller while it still shows it.

Items, statements, steps, arguments and parameters are left out, an expression is replaced by a part
of it: by the stretches of the syntax tree, so any spec can be made smaller, drawn or written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Final

from cnnspec.diagnostics import SpecError
from cnnspec.source import Source
from cnnspec.syntax import tree
from cnnspec.syntax.parse import parse

#: A stretch of the text and what is to stand there.
Edit = tuple[int, int, str]
TRIES: Final = 1_500


def reduce(text: str, shows: Callable[[str], bool], *, tries: int = TRIES) -> str:
    """Take the first smaller text that still shows it, again and again, at most `tries` times.

    `shows` is asked of texts that may not compile.
    """
    found = True
    seen = {text}
    while found and tries > 0:
        found = False
        for smaller in candidates(text):
            if smaller in seen:
                continue
            seen.add(smaller)
            tries -= 1
            if shows(smaller):
                text, found = smaller, True
                break
            if tries <= 0:
                break
    return text


def candidates(text: str) -> Iterator[str]:
    """Give texts that are smaller in one way, those that leave out most first."""
    whole = "".join(line for line in text.splitlines(keepends=True) if line.strip())
    if whole != text:
        yield whole
    try:
        file = parse(Source("reduced.cnn", text))
    except SpecError:
        return
    edits = {each for node in _nodes(file) for each in _edits(node, text)}
    for start, stop, words in sorted(edits, key=lambda x: (x[0] - x[1] + len(x[2]), x)):
        if len(words) < stop - start:
            yield text[:start] + words + text[stop:]


def _nodes(value: object) -> Iterator[tree.Node]:
    """Walk a tree."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, tuple):
            pending += each
        elif is_dataclass(each) and not isinstance(each, type):
            if isinstance(each, tree.Node):
                yield each
            pending += [
                getattr(each, x.name) for x in fields(each) if x.name not in ("span", "key_span")
            ]


def _edits(node: tree.Node, text: str) -> Iterator[Edit]:
    start, stop = node.span.start, node.span.stop
    match node:
        case tree.Item() | tree.Stmt():
            yield start, stop, ""
    match node:
        case tree.If(arms=arms, orelse=orelse):
            for body in (*(body for _, body in arms), orelse):
                if body:
                    yield start, stop, _words(text, body[0].span.start, body[-1].span.stop)
        case tree.For(body=body) if body:
            yield start, stop, _words(text, body[0].span.start, body[-1].span.stop)
        case tree.Cond(yes=yes, no=no):
            yield from (_whole(node, each, text) for each in (yes, no))
        case tree.When(step=step) | tree.Labelled(step=step):
            yield _whole(node, step, text)
        case tree.Paren(inner=inner) if not isinstance(inner, tree.Cond | tree.When):
            yield _whole(node, inner, text)
        case tree.Chain(first=first, rest=rest):
            yield from (_whole(node, each, text) for each in (first, *(x for _, x in rest)))
        case tree.Binary(left=left, right=right):
            yield from (_whole(node, each, text) for each in (left, right))
        case tree.Unary(operand=operand):
            yield _whole(node, operand, text)
        case tree.Index(value=value):
            yield _whole(node, value, text)
        case tree.Flow(steps=steps):
            yield from _without(steps)
        case tree.ListOf(items=items):
            yield from _without(items)
            yield start, stop, "[]"
        case tree.Call(callee=callee, arguments=arguments):
            yield _whole(node, callee, text)
            yield from _without(arguments)
            yield from (_whole(node, each.value, text) for each in arguments)
        case tree.Return(values=values) | tree.Bind(values=values):
            yield from _without(values)
        case tree.Block(parameters=parameters) | tree.NetworkDef(parameters=parameters):
            yield from _without(parameters)
            for each in parameters:
                if each.default is not None:
                    yield each.name.span.stop, each.default.span.stop, ""
        case tree.Number(value=value) if isinstance(value, int) and value > 9:
            yield start, stop, "2"


def _without(parts: tuple[tree.Node, ...]) -> Iterator[Edit]:
    """Leave one of several out, with the sign beside it."""
    for place, each in enumerate(parts):
        if place + 1 < len(parts):
            yield each.span.start, parts[place + 1].span.start, ""
        elif place:
            yield parts[place - 1].span.stop, each.span.stop, ""


def _whole(node: tree.Node, part: tree.Node, text: str) -> Edit:
    return node.span.start, node.span.stop, _words(text, part.span.start, part.span.stop)


def _words(text: str, start: int, stop: int) -> str:
    return text[start:stop]


__all__ = ["candidates", "reduce"]
