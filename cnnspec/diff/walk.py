"""The walk down both trees of scopes: members paired, what differs in pairs and between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnnspec.diff.align import Gap, align
from cnnspec.diff.context import Context, Contexts
from cnnspec.diff.data import Change
from cnnspec.diff.found import Cause, Found
from cnnspec.diff.likeness import Likeness
from cnnspec.diff.regions import Member, Regions, label, name, values
from cnnspec.diff.texts import bare
from cnnspec.expression import Written
from cnnspec.graph import Graph, Node, Scope, walk_scopes
from cnnspec.trace import BlockCall, Step, steps


class Walk:
    """Pairs the members of two networks from the top down, and finds what differs."""

    def __init__(self, a: Graph, b: Graph) -> None:
        self.a, self.b = a, b
        self.regions = Regions()
        self.regions.add(a)
        self.regions.add(b)
        self.likeness = Likeness(self.regions)
        self.found: list[Found] = []
        self.contexts = Contexts(self.found)
        self.pairs: dict[Node, Node] = {}
        #: Nodes that a difference in structure is about: what takes them is explained by it.
        self.loose: set[Node] = set()
        self._written = {**_written(a), **_written(b)}
        self._order = _order(self.regions, a)

    def run(self) -> None:
        """Walk; `found`, `pairs` and `loose` hold what came out."""
        a, b = self.a.root, self.b.root
        causes = self._arguments(a, b, None)
        pending = [(a, b, self.contexts.context(a, b, causes, 0.0))]
        while pending:
            one, other, around = pending.pop()
            pending.extend(reversed(self._members(one, other, around)))

    def order(self, member: Member) -> float:
        """Say where a member of A stands."""
        return self._order.get(member, 0.0)

    def _members(self, a: Scope, b: Scope, around: Context) -> list[tuple[Scope, Scope, Context]]:
        """Pair the members of two scopes; give the pairs of scopes that are to be walked."""
        left, right = self.regions.members(a), self.regions.members(b)
        numbers = self.regions.wired(a), self.regions.wired(b)
        alike = self.likeness.between(dict(zip(left + right, numbers[0] + numbers[1], strict=True)))
        pairs, gaps = align(left, right, numbers, alike, self.likeness.leads)
        result: list[tuple[Scope, Scope, Context]] = []
        moved = self._moved(left, right, gaps)
        for gap in gaps:
            self._gap(a, b, left, right, gap, around, moved)
        pairs += [(i, j) for i, j in moved]
        for i, j in pairs:
            result += self._pair(left[i], right[j], around)
        return result

    def _pair(self, a: Member, b: Member, around: Context) -> list[tuple[Scope, Scope, Context]]:
        if isinstance(a, Node):
            assert isinstance(b, Node)
            self.pairs[a] = b
            if self.regions.number(a) != self.regions.number(b):
                self._renamed(a, b, around)
                self._nodes(a, b, around)
            return []
        assert isinstance(b, Scope)
        if self.regions.number(a) == self.regions.number(b):
            self.pairs.update(zip(_nodes(self.regions, a), _nodes(self.regions, b), strict=True))
            return []
        self._renamed(a, b, around)
        if a.kind != "block" and b.kind != "block":
            return [(a, b, around)]
        causes = self._arguments(a, b, around)
        return [(a, b, self.contexts.context(a, b, causes, self.order(a)))]

    # --- what differs in a pair

    def _renamed(self, a: Member, b: Member, around: Context) -> None:
        before, after = label(a), label(b)
        if before == after or a.segment == b.segment:
            return
        site = ("renamed", _site(around, a))
        change = Change("label", before or a.segment, after or b.segment)
        what = f"{a.segment} is called {b.segment}"
        found = Found(
            "renamed", site, self.order(a), what, around.a, around.b, (a,), (b,), (change,)
        )
        found.around = around.a, around.b
        self._add(found)

    def _nodes(self, a: Node, b: Node, around: Context) -> None:
        same_text = around.same_text(a.span, b.span)
        if a.kind != b.kind:
            self.loose |= {a, b}
            owners = around.of_value(a.span, b.span) if same_text else ()
            changes: tuple[Change, ...] = ()
            found = self._differs("replaced", a, b, around, changes, f"{a.kind} is now {b.kind}")
        else:
            changes, owners = self._values(a, b, around, same_text=same_text)
            if not changes:
                return
            found = self._differs("changed", a, b, around, changes, "")
        for each in owners:
            each.reach()
        found.owners = tuple(owners)
        found.follows = bool(owners) or (same_text and around.inputs)
        self._add(found)

    def _values(
        self, a: Node, b: Node, around: Context, *, same_text: bool
    ) -> tuple[tuple[Change, ...], tuple[Cause, ...]]:
        """Give the arguments that differ, and what explains all of them if something does."""
        changes = _changes(values(a), values(b))
        owners: list[Cause] = []
        own: list[Change] = []
        for change in changes:
            why = self._why(change.name, a, b, around, same_text=same_text)
            if why is None:
                own.append(change)
            else:
                owners += why
        if own:
            return tuple(own), ()
        return tuple(changes), tuple(dict.fromkeys(owners))

    def _why(
        self, key: str, a: Member, b: Member, around: Context, *, same_text: bool
    ) -> tuple[Cause, ...] | None:
        """Say what explains that one argument differs: causes, what flows in (none); else None."""
        one, other = self._said(a).get(key), self._said(b).get(key)
        if isinstance(one, Written) and isinstance(other, Written):
            if one.expression == other.expression:
                return around.explained(one.expression.names)
            if not same_text:
                return None
        if same_text:
            kind = a.kind if isinstance(a, Node) else ""
            if kind in around.defaults:
                return (around.defaults[kind],)
            found = around.of_value(a.span, b.span)
            if found or around.inputs:
                return found
        return None

    def _said(self, member: Member) -> Mapping[str, Any]:
        return self._written.get(member, {})

    def _arguments(self, a: Scope, b: Scope, around: Context | None) -> dict[str, Cause]:
        """Give a cause for each argument of a pair of instances that differs."""
        changes = _changes(values(a), values(b))
        causes: dict[str, Cause] = {}
        own: list[Change] = []
        if around is None:
            own = list(changes)
        else:
            same_text = around.same_text(a.span, b.span)
            defaults = self.contexts.texts_of(a, b).parameters
            for change in changes:
                why = self._why(change.name, a, b, around, same_text=same_text)
                if why is not None:
                    causes[change.name] = Cause(change.name, None, why)
                elif same_text and change.name in defaults:
                    edit = defaults[change.name]
                    causes[change.name] = self.contexts.cause(edit, "", self.order(a), a, b)
                else:
                    own.append(change)
        if around is None:
            for change in own:
                found = Found(
                    "changed", ("set", change.name), -1.0, "", None, None, changes=(change,)
                )
                self._add(found)
                causes[change.name] = Cause(change.name, found)
        elif own:
            same = around.same_text(a.span, b.span)
            site: Any = (a.block, b.block, tuple(own)) if same else _site(around, a)
            found = self._differs("changed", a, b, around, tuple(own), "", site=("call", site))
            self._add(found)
            causes.update((each.name, Cause(each.name, found)) for each in own)
        return causes

    def _differs(
        self,
        kind: Any,
        a: Member,
        b: Member,
        around: Context,
        changes: tuple[Change, ...],
        what: str,
        *,
        site: Any = None,
    ) -> Found:
        site = (kind, site or _site(around, a), name(a), name(b))
        both = around.a, around.b
        return Found(kind, site, self.order(a), what, *both, (a,), (b,), changes, both)

    # --- what stands in one only

    def _moved(
        self, left: Sequence[Member], right: Sequence[Member], gaps: Sequence[Gap]
    ) -> list[tuple[int, int]]:
        """Find what was taken out in one place of a scope and put in in another."""
        there = [gap.b for gap in gaps if gap.b and not gap.a]
        result: list[tuple[int, int]] = []
        for gap in gaps:
            if not gap.a or gap.b:
                continue
            numbers = [self.regions.number(left[i]) for i in gap.a]
            for place in there:
                if [self.regions.number(right[j]) for j in place] == numbers:
                    result += zip(gap.a, place, strict=True)
                    there.remove(place)
                    break
        return result

    def _gap(
        self,
        a: Scope,
        b: Scope,
        left: Sequence[Member],
        right: Sequence[Member],
        gap: Gap,
        around: Context,
        moved: Sequence[tuple[int, int]],
    ) -> None:
        from_a, to_b = dict(moved), {j for _, j in moved}
        out = [left[i] for i in gap.a]
        new = [right[j] for j in gap.b]
        order = self.order(left[gap.a[0] - 1 if gap.a[0] else 0]) if gap.a else 0.0
        order = self.order(out[0]) if out else self._before(left, gap.a.start)
        if gap.b and gap.b[0] in to_b:
            return
        if gap.a and gap.a[0] in from_a:
            there = [right[from_a[i]] for i in gap.a]
            self._loosen((*out, *there))
            what = f"{_row(out)} stands elsewhere"
            site = ("moved", _site(around, out[0]))
            both = around.a, around.b
            self._add(Found("moved", site, order, what, a, b, tuple(out), tuple(there), (), both))
            return
        self._loosen((*out, *new))
        regrouped = self._within(out, new)
        self.pairs.update(regrouped)
        kind: Any = "replaced" if out and new else "inserted" if new else "removed"
        if regrouped and len(regrouped) * 2 >= max(
            _count(self.regions, out), _count(self.regions, new)
        ):
            kind = "regrouped"
        found = Found(
            kind,
            (kind, _sites(around, out, added=False), _sites(around, new, added=True)),
            order,
            "",
            a,
            b,
            tuple(out),
            tuple(new),
            around=(around.a, around.b),
        )
        ways = [around.of_presence(each, added=False) for each in out[:1]]
        ways += [around.of_presence(each, added=True) for each in new[:1]]
        if None not in ways:
            found.owners = tuple(dict.fromkeys(each for way in ways for each in way or ()))
            found.follows = not found.owners
        self._add(found)

    def _before(self, left: Sequence[Member], at: int) -> float:
        if at < len(left):
            return self.order(left[at]) - 0.5
        return self.order(left[-1]) + 0.5 if left else 0.0

    def _within(self, out: Sequence[Member], new: Sequence[Member]) -> dict[Node, Node]:
        """Pair the nodes of what was taken out with those of what was put in."""
        if not out or not new:
            return {}
        left = [node for each in out for node in _nodes(self.regions, each)]
        right = [node for each in new for node in _nodes(self.regions, each)]
        numbers = list(map(self.regions.number, left)), list(map(self.regions.number, right))
        pairs, _ = align(left, right, numbers, _same_kind)
        return {left[i]: right[j] for i, j in pairs}

    def _loosen(self, members: Sequence[Member]) -> None:
        for each in members:
            self.loose.update(_nodes(self.regions, each))

    def _add(self, found: Found) -> None:
        self.found.append(found)


def _same_kind(a: Node, b: Node) -> float | None:
    if a.kind != b.kind:
        return None
    return 3.0 if repr(a.op) == repr(b.op) else 2.0


def _nodes(regions: Regions, member: Member) -> list[Node]:
    result: list[Node] = []
    pending = [member]
    while pending:
        each = pending.pop()
        if isinstance(each, Node):
            result.append(each)
        else:
            pending.extend(reversed(regions.members(each)))
    return result


def _count(regions: Regions, members: Sequence[Member]) -> int:
    return sum(len(_nodes(regions, each)) for each in members)


def _row(members: Sequence[Member]) -> str:
    return " -> ".join(name(each) for each in members)


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    return tuple(
        Change(key, before[key], after[key])
        for key in before
        if key in after and before[key] != after[key]
    )


def _site(around: Context, member: Member) -> Any:
    """Name the place in A's text at which a member was written."""
    return str(around.a.block), str(around.b.block), bare(member.span), member.span.start


def _sites(around: Context, members: Sequence[Member], *, added: bool) -> Any:
    spans = dict.fromkeys((each.span.start, bare(each.span)) for each in members)
    return str((around.b if added else around.a).block), tuple(spans)


def _written(graph: Graph) -> dict[Member, Mapping[str, Any]]:
    """Give how the arguments of every step and block call were written."""
    result: dict[Member, Mapping[str, Any]] = {}
    for scope in walk_scopes(graph.root):
        for item in steps(scope.trace):
            if isinstance(item, Step):
                result[item.node] = item.written
            elif isinstance(item, BlockCall):
                result[item.scope] = item.arguments
    return result


def _order(regions: Regions, graph: Graph) -> dict[Member, float]:
    result: dict[Member, float] = {}
    pending: list[Member] = [graph.root]
    while pending:
        each = pending.pop()
        result[each] = float(len(result))
        if isinstance(each, Scope):
            pending.extend(reversed(regions.members(each)))
    return result
