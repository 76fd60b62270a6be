"""How far a picture is opened: a plan for one try, and the parts that it singles out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cnnspec.analysis.fold import Part
from cnnspec.errors import CnnspecError
from cnnspec.graph import Graph, Node, Scope, walk_scopes

#: What repeats, or comes first of its block, is looked into if it has at most so many parts.
LOOK: Final = 12
#: A group with at most so many parts is not framed in what is looked into.
GROUP: Final = 6
#: More repeats than any network has.
EVERY: Final = 1 << 30
#: Scopes below this many levels are never opened.
DEEPEST: Final = 64
#: A scope that holds more than this share of all nodes is opened as if it were the network.
TRUNK: Final = 0.8


class UnknownPath(CnnspecError, ValueError):
    """No scope has this path; `near` are those that were meant, perhaps, `layer` if a layer has."""

    def __init__(self, path: str, near: Sequence[str], *, layer: bool = False) -> None:
        self.path, self.near = path, tuple(near)
        hint = f"; did you mean {' or '.join(self.near)}?" if near else ""
        what = f"{path} is a layer: there is nothing in it to open"
        super().__init__(what if layer else f"no block or group has the path {path!r}{hint}")


@dataclass(frozen=True, slots=True)
class Plan:
    """How far a picture is opened.

    `depth` levels are opened; of what repeats, so many as `looks` says are looked into, those that
    cost most. Below, one instance of
    each block is opened, the one that holds most, for `samples` of "one"; one of each make that
    it comes in, with and without a projection, for "each". With `lines` layers in a straight line
    are one box, however deep. A level with over `longest` parts is cut in its middle (0: never).
    `repeats` says whether equal neighbours are one, `runs` whether those may be opened.
    """

    depth: int
    looks: int = EVERY
    samples: Literal["", "one", "each"] = ""
    lines: bool = True
    longest: int = 100
    repeats: bool = True
    runs: bool = True
    expand: tuple[str, ...] = ()
    focus: str | None = None
    #: How many levels are opened in what is focused.
    inside: int = 0

    def checked(self, graph: Graph) -> Plan:
        """Refuse paths that there are not; raises UnknownPath."""
        asked = (*self.expand, *([self.focus] if self.focus is not None else []))
        known = {scope.path for scope in walk_scopes(graph.root)} if asked else set()
        for path in asked:
            if path not in known or not path:
                from difflib import get_close_matches

                near = get_close_matches(path, sorted(known - {""}), n=3)
                layer = any(node.path == path for node in graph.nodes)
                raise UnknownPath(path, near, layer=layer)
        return self


def is_trunk(part: Part, graph: Graph) -> bool:
    """Whether a scope holds nearly all of the network: opening it costs no level."""
    if part.times > 1 or not isinstance(part.head, Scope):
        return False
    return sum(1 for _ in nodes(part.members)) > TRUNK * len(graph.nodes)


def nodes(members: Sequence[Node | Scope]) -> Iterator[Node]:
    """Walk the nodes below members of a scope, in the order of the tree."""
    pending = list(reversed(members))
    while pending:
        each = pending.pop()
        if isinstance(each, Node):
            yield each
        else:
            pending.extend(reversed(each.members))


def between(every: Sequence[Node], first: int, last: int) -> Sequence[Node]:
    """Give the nodes from one index to another, which have gaps where nothing took one."""
    start = bisect_left(every, first, key=_index)
    return every[start : bisect_right(every, last, key=_index)]


def _index(node: Node) -> int:
    return node.index


def make(part: Part) -> object:
    """Tell a block's instances apart that have other parts: one with a projection from others."""
    head = part.head
    assert isinstance(head, Scope)
    kinds = tuple(p.head.kind if isinstance(p.head, Node) else p.head.block for p in part.parts)
    return (id(head.definition), kinds)


def costliest(parts: Sequence[Part], count: int) -> frozenset[str]:
    """Find the repeats that cost most, in multiply-adds, those outside others first."""
    found: list[tuple[int, int, str]] = []
    pending = list(reversed(parts))
    while pending and count:
        part = pending.pop()
        if part.times > 1 and isinstance(part.head, Scope) and len(part.parts) <= LOOK:
            found.append((-part.macs, len(found), part.head.path))
        else:
            pending.extend(reversed(part.parts))
    return frozenset(path for _, _, path in sorted(found)[:count])


def richest(graph: Graph) -> frozenset[str]:
    """Find the instance of each block that holds most nodes, the first where several do."""
    counts: dict[int, int] = {}
    best: dict[int, tuple[int, str]] = {}
    for scope in reversed(list(walk_scopes(graph.root))):
        counts[id(scope)] = sum(
            1 if isinstance(each, Node) else counts[id(each)] for each in scope.members
        )
    for scope in walk_scopes(graph.root):
        if scope.block is not None and counts[id(scope)] > best.get(id(scope.definition), (0,))[0]:
            best[id(scope.definition)] = counts[id(scope)], scope.path
    return frozenset(path for _, path in best.values())
