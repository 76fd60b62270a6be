"""What is odd about a text although it has a meaning: unused parameters, flows after `else`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from cnnspec.diagnostics import Advice, Diagnostic, Label
from cnnspec.syntax import tree

#: What each kind of node is made of.
PARTS: Final[Mapping[type, tuple[str, ...]]] = {
    kind: tuple(each.name for each in fields(kind) if each.name not in ("span", "depth"))
    for kind in vars(tree).values()
    if isinstance(kind, type) and is_dataclass(kind)
}
#: What `then` did not take in the version before.
WHOLE: Final = (tree.Flow, tree.When, tree.Labelled)
#: Who has this many has seen enough.
MOST: Final = 50


@lru_cache(maxsize=8)
def unused_parameters(parsed: tree.File) -> tuple[Diagnostic, ...]:
    """Find parameters of blocks and networks that their bodies and later defaults never name."""
    return tuple(islice(_unused(parsed), MOST))


def _unused(parsed: tree.File) -> Iterator[Diagnostic]:
    for item in parsed.items:
        if not isinstance(item, tree.Block | tree.NetworkDef):
            continue
        used = set(_names(item.body)) | set(
            _names(tuple(each.default for each in item.parameters if each.default is not None))
        )
        kind = "block" if isinstance(item, tree.Block) else "network"
        for parameter in item.parameters:
            if parameter.name.id not in used:
                yield Diagnostic(
                    "unused-parameter",
                    f"the {kind} {item.name.id} never uses its parameter `{parameter.name.id}`",
                    (Label(parameter.name.span, "declared here"),),
                    help="use it, or take it out here and where it is passed",
                    severity="warning",
                )


@lru_cache(maxsize=8)
def flows_after_else(parsed: tree.File) -> tuple[Diagnostic, ...]:
    """Find what `else` takes whole now, and what followed both branches in the version before.

    To be taken out with the version after 0.1.
    """
    if not re.search(r"\bthen\b", parsed.source_span.source.text):
        return ()
    return tuple(islice(_after_else(parsed), MOST))


def _after_else(parsed: tree.File) -> Iterator[Diagnostic]:
    inner: set[int] = set()
    found = [each for each in _nodes(parsed.items) if isinstance(each, tree.Cond)]
    for each in found:
        inner |= {id(arm) for arm in (each.yes, each.no) if isinstance(arm, tree.Cond)}
        last: tree.Expr = each
        while isinstance(last, tree.Cond) and not isinstance(last.yes, WHOLE):
            last = last.no
        if id(each) not in inner and _was_for_both(last):
            sign = "->" if isinstance(last, tree.Flow) else "when"
            yield Diagnostic(
                "else-takes-flow",
                f"the `{sign}` after `else` is for `else` alone",
                (Label(last.span, "all of this is the `else`'s"),),
                notes=("in the version before it was for both branches",),
                help=_meant(each, last, sign),
                severity="warning",
            )


def _meant(whole: tree.Cond, last: tree.Expr, sign: str) -> Advice:
    """Ask what is meant, and offer both as edits: what the version before read, or `else` alone."""
    first = last
    while isinstance(first, tree.Flow | tree.When):
        first = first.steps[0] if isinstance(first, tree.Flow) else first.step
    chosen = whole.span._replace(stop=first.span.stop)
    behind = whole.span._replace(start=first.span.stop)
    alone = Advice(
        "it is for `else` alone: write `else (…)`", f"({last.span.text})", at=last.span, sure=False
    )
    return Advice(
        f"if it is for both, write `(if c then a else b) {sign} …`; for `else` alone, `else (…)`",
        f"({chosen.text}){behind.text}",
        at=whole.span,
        sure=False,
        instead=alone,
    )


def _was_for_both(arm: tree.Expr) -> bool:
    if isinstance(arm, tree.Flow):
        return not isinstance(arm.steps[0], tree.Labelled)
    return isinstance(arm, tree.When)


def _names(root: object) -> Iterator[str]:
    return (node.id for node in _nodes(root) if isinstance(node, tree.Name))


def _nodes(root: object) -> Iterator[object]:
    """Give every node below one, each before its own parts."""
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(reversed(node))
        elif isinstance(node, tree.Node | tree.LabelText):
            yield node
            pending.extend(getattr(node, word) for word in reversed(PARTS[type(node)]))
