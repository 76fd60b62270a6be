"""The comparison of two networks: walked, put together into hunks, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Final

from cnnspec.diff import words
from cnnspec.diff.data import Change, Diff, Hunk, Place
from cnnspec.diff.effects import figures, keys
from cnnspec.diff.found import Found, edits
from cnnspec.diff.walk import Walk
from cnnspec.diff.wires import rewired
from cnnspec.graph import Graph, Node, Scope

#: Kinds that put a member in or take one out.
STRUCTURE: Final = frozenset(("inserted", "removed", "replaced", "moved", "regrouped"))


def compare(a: Graph, b: Graph) -> Diff:
    """Hold network B against A: what a person would say was changed, and what comes of it."""
    walk = Walk(a, b)
    walk.run()
    walk.found += rewired(walk)
    own, following = _replaced(walk, *_told(walk))
    hunks, follows = _grouped(own), _grouped(following)
    if not hunks and (rest := _rest(walk)) is not None:
        hunks = _grouped([rest])
    touched = {
        node
        for found in (*own, *following)
        for member in (*found.members_a, *found.members_b)
        for node in _nodes(member)
    }
    return Diff(
        a, b, hunks, follows, figures(a, b), keys(a, b, walk.pairs), walk.pairs, frozenset(touched)
    )


def _told(walk: Walk) -> tuple[list[Found], list[Found]]:
    """Tell the hunks from what follows from them."""
    reaching = {
        id(cause.found) for found in walk.found for cause in edits(found.owners) if cause.reaches
    }
    own: list[Found] = []
    following: list[Found] = []
    for found in walk.found:
        tops = edits(found.owners)
        if tops:
            structural = found.kind in STRUCTURE
            stands = structural and not any(cause.reaches for cause in tops)
            (own if stands else following).append(found)
        elif found.follows:
            following.append(found)
        elif _is_argument(found) and id(found) not in reaching:
            # An argument that reaches no step: what it puts in or takes out stands for it.
            continue
        else:
            own.append(found)
    return own, following


def _replaced(
    walk: Walk, own: Sequence[Found], following: Sequence[Found]
) -> tuple[list[Found], list[Found]]:
    """Say of a block that gave way to another one, in more than one respect, just that."""
    inside: dict[tuple[str, str], list[Found]] = {}
    for each in own:
        if each.around is not None:
            a, b = each.around
            if a.kind == b.kind == "block" and a.block != b.block:
                inside.setdefault((str(a.block), str(b.block)), []).append(each)
    result, rest = list(own), list(following)
    for (before, after), found in inside.items():
        if len({each.site for each in found}) < 2:
            continue
        pairs = dict.fromkeys(each.around for each in found if each.around is not None)
        for a, b in pairs:
            site, what = ("block", before, after), f"{before} is now {after}"
            order = walk.order(a) - 0.1
            result.append(Found("replaced", site, order, what, None, None, (a,), (b,)))
        result = [each for each in result if each not in found]
        rest += found
    return result, rest


def _is_argument(found: Found) -> bool:
    return found.kind == "changed" and all(isinstance(m, Scope) for m in found.members_a)


def _grouped(found: Iterable[Found]) -> tuple[Hunk, ...]:
    """Put together what was found at one site, in the order of A."""
    sites: dict[object, list[Found]] = {}
    for each in sorted(found, key=lambda one: one.order):
        sites.setdefault(each.site, []).append(each)
    return tuple(map(_hunk, sites.values()))


def _hunk(found: Sequence[Found]) -> Hunk:
    first = found[0]
    changes = tuple(dict.fromkeys(change for each in found for change in each.changes))
    places = tuple(dict.fromkeys(map(_place, found)))
    return Hunk(first.kind, words.where(found), words.what(found, changes), places, changes)


def _place(found: Found) -> Place:
    a = found.members_a[0] if found.members_a else None
    b = found.members_b[0] if found.members_b else None
    paths = (a.path if a is not None else None, b.path if b is not None else None)
    return Place(*paths, *_written_at(a), *_written_at(b))


def _written_at(member: Node | Scope | None) -> tuple[str | None, int | None]:
    if member is None:
        return None, None
    return PurePath(member.span.source.name).name, member.span.line


def _rest(walk: Walk) -> Found | None:
    """Find the first difference, where the walk found none that it could name."""
    if len(walk.a.nodes) == len(walk.b.nodes) == len(walk.pairs):
        for old, new in walk.pairs.items():
            if (old.path, repr(old.op), old.shapes) != (new.path, repr(new.op), new.shapes):
                what = f"{old.path} is {new.path}"
                change = Change("path", old.path, new.path)
                site = ("rest",)
                return Found("renamed", site, 0.0, what, None, None, (old,), (new,), (change,))
        return None
    raise AssertionError("a node without a partner is a hunk")


def _nodes(member: Node | Scope) -> Iterable[Node]:
    pending = [member]
    while pending:
        each = pending.pop()
        if isinstance(each, Node):
            yield each
        else:
            pending.extend(each.members)
