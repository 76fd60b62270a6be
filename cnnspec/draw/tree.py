"""The folded network as plain data, all levels of it: what the interactive page unfolds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cnnspec.analysis.fold import Cost, Part, fold
from cnnspec.analysis.wording import only
from cnnspec.draw import heat, titles, words
from cnnspec.draw.around import beside, within
from cnnspec.draw.escape import printable
from cnnspec.draw.options import Look, View
from cnnspec.draw.pair import mark_of
from cnnspec.draw.plan import is_trunk, nodes
from cnnspec.draw.subject import SIGNS, Pair, Subject
from cnnspec.graph import Graph, Node, Port, Scope

Item = dict[str, Any]
#: The sources of a part are looked at one by one if they are so few.
FEW: Final = 8


def root(subject: Subject, view: View, look: Look) -> Item:
    """Give a network as `tree` does, or two of them beside each other, marked."""
    if isinstance(subject, Graph):
        return tree(subject, view, look)
    both = [_side(subject, graph, view, look) for graph in (subject.a, subject.b)]
    return {"inner": both, "lines": [], "outs": []}


def _side(pair: Pair, graph: Graph, view: View, look: Look) -> Item:
    return {
        "path": graph.name,
        "title": printable(words.heading(graph)),
        "family": "block",
        "shape": "",
        "cost": "",
        "tip": printable(words.totals(graph, look)),
        "step": -1,
        "line": graph.span.line,
        "trains": False,
        **tree(graph, view, look, pair.of(graph)),
        "open": True,
    }


def tree(graph: Graph, view: View, look: Look, marks: Mapping[int, str] | None = None) -> Item:
    """Give the network: what a person reads of each part, what it holds, and how that is wired.

    A part has `inner` parts, `lines` between them (from, to, way; -1 is what comes into the part)
    and `outs`, those whose results leave it. `step` is the step of heat, `open` whether it starts
    opened.
    """
    parts = fold(graph, repeats=not view.all, apart=marks)
    grower = _Grower(graph, view, look, heat.whole(parts), marks)
    root = grower.scope(parts, 1)
    shown: dict[int, int] = {}
    for place, each in enumerate(beside(parts, graph, frozenset())):
        for index in grower.given(each.part):
            shown.setdefault(index, place)
    for output in graph.outputs:
        item = {
            "path": f"output:{output.name}",
            "title": output.name + (" (training only)" if output.train else ""),
            "family": "basic" if marks is None else "kept",
            "shape": words.size(output.port.shape, look.layout),
            "cost": "",
            "tip": f"output {output.name}\n{output.port.shape}",
            "step": -1,
            "trains": output.train,
        }
        source = shown.get(output.port.node.index)
        if source is not None:
            root["lines"].append([source, len(root["inner"]), "flow"])
            root["inner"].append(item)
    return root


class _Grower:
    def __init__(
        self,
        graph: Graph,
        view: View,
        look: Look,
        total: Cost,
        marks: Mapping[int, str] | None = None,
    ) -> None:
        self.marks = marks
        self.graph, self.view, self.look, self.total = graph, view, look, total
        self.takers: dict[int, list[int]] = {}
        for node in graph.nodes:
            for port in node.inputs:
                self.takers.setdefault(port.node.index, []).append(node.index)
        self.ends = {output.port.node.index for output in graph.outputs}

    def given(self, part: Part) -> set[int]:
        """Give the indices of the nodes in a part: the first's and the last's of a run."""
        return {node.index for each in (part.members, part.last) for node in nodes(each)}

    def scope(self, parts: Sequence[Part], many: int) -> Item:
        """Give what a scope holds."""
        found = beside(parts, self.graph, frozenset())
        parts = [each.part for each in found]
        holder: dict[int, int] = {}
        for place, part in enumerate(parts):
            holder.update(dict.fromkeys(self.given(part), place))
        taken: dict[tuple[int, int], None] = {}
        for place, part in enumerate(parts):
            for port in _inputs(part):
                source = holder.get(port.node.index, -1)
                if source != place:
                    taken[source, place] = None
        outs = [place for place, part in enumerate(parts) if self._leaves(part, holder)]
        return {
            "inner": [self.part(part, many, names) for part, names in found],
            "lines": _with_ways(
                list(taken), list(map(_is_concat, parts)), list(map(_moves, parts))
            ),
            "outs": outs,
        }

    def _leaves(self, part: Part, holder: dict[int, int]) -> bool:
        last = [node.index for node in nodes(part.last)]
        return any(
            index in self.ends or any(to not in holder for to in self.takers.get(index, ()))
            for index in last
        )

    def part(self, part: Part, many: int, names: str = "") -> Item:
        head, look = part.head, self.look
        named = within(names, head) if part.times == 1 else ""
        while (inner := only(part)) is not None:
            own = titles.name(inner.head) if inner.times == 1 else ""
            part, head = inner, inner.head
            named = f"{named}.{own}" if own else named
        if len(part.parts) == 1 and part.times == 1 and isinstance(part.parts[0].head, Node):
            part = part.parts[0]
            head = part.head
        scope = isinstance(head, Scope)
        name = "" if isinstance(head, Node) and head.op.is_input else named
        equal = part.times > 1 and not part.grows
        one = Cost(*(count // part.times for count in part.cost)) if equal else part.cost
        whole = Cost(*(many * count for count in part.cost))
        before = {port.shape for port in _inputs(part)}
        shape = words.sizes(part.outs, part.shape, look.layout)
        if scope and len(before) == 1 and part.shape not in before and not part.outs:
            shape = f"{words.size(before.pop(), look.layout)} {words.ARROW} {shape}"
        title = titles.of_scope(part) if scope else titles.of_layer(part)
        # The page adds how often it is there.
        title = titles.many(title, part.times).removesuffix(f" {titles.TIMES} {part.times}")
        item: Item = {
            "path": printable(head.path),
            "title": printable(f"{name} = {title}" if name else title),
            "family": "block" if scope else head.op.family if isinstance(head, Node) else "",
            "shape": shape,
            "cost": _each(words.costs(one, look), equal=equal),
            "step": heat.step(whole, look.heat, self.total) if look.heat and any(whole) else -1,
            "tip": printable(self._tip(part, one), lines=True),
            "line": head.span.line,
            "trains": part.trains,
        }
        if self.marks is not None:
            mark = mark_of({self.marks.get(index, "kept") for index in self.given(part)})
            item |= {"family": mark, "title": f"{SIGNS[mark]}{item['title']}"}
        if part.times > 1:
            item["times"] = part.times
            item["grows"] = part.grows
            item["sum"] = words.costs(part.cost, look)
        if part.parts:
            inside = many * part.times if equal else many
            item |= self.scope(part.parts, inside)
            item["open"] = self._starts_open(part)
        return item

    def _starts_open(self, part: Part) -> bool:
        """Whether it is open at first: what was asked for, or else groups and the trunk."""
        head, view = part.head, self.view
        assert isinstance(head, Scope)
        asked = (*view.expand, *([view.focus] if view.focus is not None else []))
        if view.all or any(f"{path}.".startswith(f"{head.path}.") for path in asked):
            return True
        if view.depth is not None:
            return head.path.count(".") < view.depth
        return part.times == 1 and (head.block is None or is_trunk(part, self.graph))

    def _tip(self, part: Part, one: Cost) -> str:
        head, last = part.head, part.last[0]
        paths = head.path if last is head else f"{head.path} to {last.path}"
        each = "each " if part.times > 1 and not part.grows else ""
        return "\n".join(
            (
                paths,
                f"{head.span.source.base}:{head.span.line}",
                f"output {', '.join(map(str, part.outs or [part.shape]))}",
                f"{each}{one.params:,} parameters, {one.macs:,} MACs",
                f"{each}{one.written:,} numbers written",
            )
        )


def _each(costs: str, *, equal: bool) -> str:
    return f"each {costs}" if costs and equal else costs


def _inputs(part: Part) -> list[Port]:
    """Give what comes into a part: into the first of a run."""
    inside = {node.index for node in nodes(part.members)}
    ports: dict[tuple[int, int], Port] = {}
    for node in nodes(part.members):
        for port in node.inputs:
            if port.node.index not in inside:
                ports[port.node.index, port.index] = port
    return list(ports.values())


def _is_concat(part: Part) -> bool:
    return isinstance(part.head, Node) and part.head.op.joins


def _moves(part: Part) -> bool:
    return isinstance(part.head, Node) and part.head.op.family == "layout"


def _is_above(
    wanted: int, starts: Sequence[int], sources: Mapping[int, Sequence[int]], outside: set[int]
) -> bool:
    """Whether a part comes before one of the `starts`, not being one itself.

    It is looked for from there up, and no further: sets of all that is above each part would grow
    with the square of the parts.
    """
    if wanted == -1:
        return any(each in outside for each in starts if each >= 0)
    pending = [each for each in starts if each > wanted]
    seen = set(pending)
    for each in pending:  # it grows meanwhile
        for source in sources.get(each, ()):
            if source == wanted:
                return True
            if source > wanted and source not in seen:
                seen.add(source)
                pending.append(source)
    return False


class _Above:
    """Knows which of a part's sources come before others of them: one walk does for many."""

    def __init__(
        self,
        known: Sequence[int],
        layout: Mapping[int, int],
        sources: Mapping[int, Sequence[int]],
        outside: set[int],
    ) -> None:
        self.known, self.sources, self.outside = known, sources, outside
        self.from_outside = sum(each in outside for each in known if each >= 0)
        #: From how many of what was walked through a part is reached, where there are many.
        self.reached: Counter[int] | None = None
        if len(known) > FEW:
            self.reached = self._walked(min((*known, *layout.values()), default=0))

    def is_above(self, wanted: int, source: int) -> bool:
        """Whether a part, a source or that one's own source, comes before another source."""
        if self.reached is None:
            others = [each for each in self.known if each != source]
            return _is_above(wanted, others, self.sources, self.outside)
        if wanted == -1:
            return self.from_outside > (source in self.outside and source >= 0)
        if wanted == source:
            return self.reached[source] > 0
        return self.reached[wanted] > 1 or self.reached[source] > 0

    def _walked(self, lowest: int) -> Counter[int]:
        reached: Counter[int] = Counter()
        pending, seen = list(self.known), set(self.known)
        for each in pending:  # it grows meanwhile
            for source in self.sources.get(each, ()):
                if source >= lowest:
                    reached[source] += 1
                    if source not in seen:
                        seen.add(source)
                        pending.append(source)
        return reached


def _with_ways(
    lines: list[tuple[int, int]], concats: Sequence[bool], layouts: Sequence[bool]
) -> list[list[object]]:
    """Say which lines go around something, and which of those concats hand on."""
    sources: dict[int, list[int]] = {}
    outside = {-1}
    for source, target in sorted(lines, key=lambda line: line[1]):
        sources.setdefault(target, []).append(source)
        if source in outside:
            outside.add(target)
    result: list[list[object]] = []
    around: set[tuple[int, int]] = set()
    for target, known in sources.items():
        layout = {
            source: sources[source][0]
            for source in known
            if source >= 0 and layouts[source] and len(sources.get(source, ())) == 1
        }
        above = _Above(known, layout, sources, outside)
        for source in known:
            if above.is_above(source, source):
                around.add((source, target))
            origin = layout.get(source)
            if origin is not None and above.is_above(origin, source):
                around |= {(origin, source), (source, target)}
    for source, target in lines:
        skip = (source, target) in around
        rail = skip and concats[target] and source >= 0 and concats[source]
        result.append([source, target, "rail" if rail else "skip" if skip else "flow"])
    return result
