"""How alike two members are: what the alignment goes by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cnnspec.analysis.fold import SMALL
from cnnspec.diff.regions import Member, Regions, kinds, label
from cnnspec.diff.texts import bare
from cnnspec.graph import Node, Scope

#: What it is worth that two equal members take what is equal.
WIRED: Final = 0.8
#: What two equal steps are worth, and two of one operator with other arguments. A change is told as
#: a gap is, so two changes beside a gap must be worth less than an equal pair between two gaps.
EQUAL: Final = 3.5
CHANGED: Final = 1.2


class _Facts(NamedTuple):
    """What a node is: its operator, that with its arguments, its label, how it is written."""

    kind: str
    family: str
    said: object
    label: str | None
    text: str


class Likeness:
    """Values pairs of members of two graphs."""

    def __init__(self, regions: Regions) -> None:
        self.regions = regions
        self._known: dict[tuple[int, int], float | None] = {}
        self._facts: dict[Node, _Facts] = {}

    def between(self, numbers: Mapping[Member, int]) -> Callable[[Member, Member], float | None]:
        """Give what values pairs of members that are numbered by what they take, too."""

        def worth(a: Member, b: Member) -> float | None:
            found = self.worth(a, b)
            return found if found is None or numbers[a] != numbers[b] else found + WIRED

        return worth

    def worth(self, a: Member, b: Member) -> float | None:
        """Say how alike two members are, about 1 to 7; None for what is never one in the other."""
        if isinstance(a, Node):
            if not isinstance(b, Node):
                return None
            return self._nodes(self._said(a), self._said(b))
        return self._scopes(a, b) if isinstance(b, Scope) else None

    def leads(self, member: Member) -> bool:
        """Whether a row that was put in may well begin with a member: no small step does."""
        return isinstance(member, Scope) or member.op.family not in (*SMALL, "merge")

    def _said(self, node: Node) -> _Facts:
        """Say what a node is; it is held against many."""
        found = self._facts.get(node)
        if found is None:
            said, _, named = self.regions.of_node(node)
            found = _Facts(node.kind, node.op.family, said, named, bare(node.span))
            self._facts[node] = found
        return found

    def _nodes(self, a: _Facts, b: _Facts) -> float | None:
        named = a.label is not None and a.label == b.label
        if a.kind != b.kind:
            if named or a.text == b.text:
                return 1.5 if a.family == b.family else 0.9
            return 0.9 if a.family == b.family else None
        result = 2.0 + 1.5 * named
        if a.said == b.said:
            result += 1.5
        elif a.text == b.text:
            result += 0.7
        return result

    def _scopes(self, a: Scope, b: Scope) -> float | None:
        key = self.regions.number(a), self.regions.number(b)
        named = label(a) is not None and label(a) == label(b)
        if key[0] == key[1]:
            return 7.0
        if key not in self._known:
            self._known[key] = self._unlike(a, b)
        like = self._known[key]
        if like is None:
            return 2.0 if named else None
        return like + 1.5 * named

    def _unlike(self, a: Scope, b: Scope) -> float | None:
        before, after = kinds(self.regions, a), kinds(self.regions, b)
        shared, every = (before & after).total(), (before | after).total()
        share = shared / every if every else 0.0
        same = a.block is not None and a.block == b.block
        if not same and share < 0.5:
            return None
        return 1.0 + 2.0 * share + 2.0 * same
