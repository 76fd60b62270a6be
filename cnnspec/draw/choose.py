"""Which boxes and frames a picture has: what is opened, what is folded, what stands aside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from cnnspec.analysis.fold import SMALL, Cost, Part, fold
from cnnspec.analysis.wording import are_neighbours, each_of, only
from cnnspec.draw import around, heat, titles
from cnnspec.draw.boxes import Box, Frame, Picture, Role, within
from cnnspec.draw.focus import focused, replaced
from cnnspec.draw.lines import apart
from cnnspec.draw.parts import family_of, grows_on, is_below, paths_of, shape_before
from cnnspec.draw.plan import GROUP, LOOK, Plan, between, costliest, is_trunk, make, nodes, richest
from cnnspec.graph import Graph, Node, Output, Port, Scope
from cnnspec.shapes import Shape


def choose(graph: Graph, plan: Plan, parts: Sequence[Part] | None = None) -> Picture:
    """Choose what to draw; raises UnknownPath. `parts` are the folded network, if it is known."""
    plan = plan.checked(graph)
    paths = frozenset((*plan.expand, *([plan.focus] if plan.focus is not None else [])))
    chooser = _Chooser(graph, plan)
    parts = fold(graph, repeats=plan.repeats) if parts is None else parts
    chooser.result.whole = heat.whole(parts)
    chooser.looks = costliest(parts, plan.looks)
    chooser.result.inner = tuple(chooser.level(parts, plan.depth, 1, paths))
    if plan.focus is None:
        chooser.outputs()
        return chooser.result
    return focused(chooser.result, chooser.seen[chooser.focus])


class Group(NamedTuple):
    """The group that a part is all of: it is drawn under the group's path and name."""

    path: str
    name: str


class _Chooser:
    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.graph, self.plan = graph, plan
        self.result = Picture()
        self.uses = {node.index: 0 for node in graph.nodes}
        for node in graph.nodes:
            for port in node.inputs:
                self.uses[port.node.index] += 1
        for output in graph.outputs:
            self.uses[output.port.node.index] += 1
        #: The makes of blocks of which one was opened, and the scopes that are shown as samples.
        self.known: set[object] = set()
        self.samples = richest(graph) if plan.samples == "one" else frozenset()
        self.looks = frozenset[str]()
        #: The paths of what repeats together, side by side.
        self.nameless: set[str] = set()
        #: The frame around each scope that is open.
        self.seen: dict[str, Frame] = {}
        self.focus = plan.focus or ""

    def level(
        self, parts: Sequence[Part], depth: int, many: int, paths: frozenset[str]
    ) -> Iterator[Box | Frame]:
        longest, found = self.plan.longest, around.beside(parts, self.graph, paths)
        if not longest or len(found) <= longest:
            yield from self.some(found, depth, many, paths)
            return
        kept = max(1, longest // 5)
        yield from self.some(found[:kept], depth, many, paths)
        middle = [each.part for each in found[kept:-kept]]
        count = sum(part.times * len(each_of(part)) for part in middle)
        yield self.box(middle, f"... {count:,} more ...", "more", "basic", many)
        yield from self.some(found[-kept:], depth, many, paths)

    def some(
        self, found: Sequence[around.Beside], depth: int, many: int, paths: frozenset[str]
    ) -> Iterator[Box | Frame]:
        """Draw parts, each under the names of groups around it that are not drawn."""
        for part, names in found:
            apart = names and part.times == 1
            group = Group(part.head.path, around.within(names, part.head)) if apart else None
            yield self.part(part, depth, many, paths, group)

    def part(
        self, part: Part, depth: int, many: int, paths: frozenset[str], group: Group | None = None
    ) -> Box | Frame:
        """Draw a part; as the only one of its group under that one's name."""
        head = part.head
        if isinstance(head, Node):
            role: Role = "input" if head.op.is_input else "layer"
            title = titles.many(titles.of_layer(part), part.times)
            return self.box([part], title, role, head.op.family, many, group)
        inner = self._only(part, head, paths)
        if inner is not None:
            if head.path in paths:
                paths |= {inner.head.path}
            if self.focus == head.path:
                self.focus = inner.head.path
            below = depth if depth <= 0 or is_trunk(part, self.graph) else depth - 1
            name = "" if head.path in self.nameless else titles.name(head)
            above = group or Group(head.path, "")
            group = Group(above.path, ".".join(filter(None, (above.name, name))))
            return self.part(inner, below, many, paths, group)
        paths = self._followed(part, paths)
        asked = any(is_below(path, part) for path in paths)
        if not asked:
            line = titles.straight(part, self.uses) if len(part.members) == 1 else None
            named = len(self._named(part, group))
            said = titles.of_line(line, room=named) if line is not None else None
            short = depth <= 0 or self.plan.lines
            if line is not None and said is not None and (short or len(line) == 1):
                title = titles.many(said, part.times)
                return self.box([part], title, "layer", family_of(line), many, group)
            if not self._opens(part, depth):
                grows = f", each adds {part.grows} channels" if part.grows else ""
                title = titles.many(titles.of_scope(part), part.times) + grows
                return self.box([part], title, "closed", "block", many, group)
        self.known.add(make(part))
        free = is_trunk(part, self.graph)
        below = depth if free else depth - 1
        if head.path == self.focus:
            below = self.plan.inside
        frame = self._frame(part, below, many, paths, group)
        if len(part.members) == 1:
            self.seen[head.path] = frame
        return frame

    def _only(self, part: Part, head: Scope, paths: frozenset[str]) -> Part | None:
        """Give the one part that a group is drawn as, unless only the group can be opened."""
        inner = only(part)
        if inner is None or head.path not in paths:
            return inner
        return inner if isinstance(inner.head, Scope) and len(inner.members) == 1 else None

    def _followed(self, part: Part, paths: frozenset[str]) -> frozenset[str]:
        """Take a path into any of a run's instances for that path in the first, which is drawn."""
        if part.times == 1 or not paths:
            return paths
        parent = part.head.scope if isinstance(part.head, Node) else part.head.parent
        members = [each.path for each in parent.members] if parent is not None else []
        first, last = members.index(part.head.path), members.index(part.last[-1].path)
        length, result = len(part.members), set(paths)
        for position, member in enumerate(members[first : last + 1]):
            for path in paths:
                if path == member or path.startswith(f"{member}."):
                    same = part.members[position % length].path + path[len(member) :]
                    self.focus = same if path == self.focus else self.focus
                    result.add(same)
        return frozenset(result)

    def _opens(self, part: Part, depth: int) -> bool:
        head = part.head
        assert isinstance(head, Scope)
        if part.times > 1 and not self.plan.runs:
            return False
        if depth > 0 or (is_trunk(part, self.graph) and self.plan.depth >= 0):
            return True
        if len(part.parts) > LOOK:
            return False
        if part.times > 1 and head.path in self.looks and depth == 0:
            return True
        if head.block is None or depth != 0:
            return False
        new = self.plan.samples == "each" and make(part) not in self.known
        return new or head.path in self.samples

    def _frame(
        self, part: Part, depth: int, many: int, paths: frozenset[str], group: Group | None
    ) -> Frame:
        head, plain = part.head, part.head.path in paths
        assert isinstance(head, Scope)
        equal = part.times > 1 and not part.grows
        inside = many * part.times if equal else many
        if are_neighbours(part):
            self.nameless |= {inner.head.path for inner in part.parts}
        each = Cost(*(count // part.times for count in part.cost)) if equal else None
        if depth <= 0 and self.plan.repeats and len(part.parts) <= LOOK and not plain:
            inner = tuple(self._lines(self._inlined(part.parts, paths), depth, inside, paths))
        else:
            inner = tuple(self.level(part.parts, depth, inside, paths))
        if part.times > 1:
            self._pass_on(part)
            if part.grows:
                inner = self._as_grown(inner, part)
        title = titles.of_frame(part)
        before = shape_before(part)
        return Frame(
            group.path if group else head.path,
            self._named(part, group),
            title,
            inner,
            part.times,
            part.grows,
            before if before != part.shape else None,
            part.shape,
            part.cost,
            each,
            head.span,
            part.trains,
            paths_of([part]),
        )

    def _pass_on(self, part: Part) -> None:
        """Let what the last of a run gives come from where the first's is drawn."""
        owner = self.result.owner
        for first, last in zip(nodes(part.members), nodes(part.last), strict=False):
            if first.index in owner:
                owner[last.index] = owner[first.index]

    def _as_grown(self, inner: tuple[Box | Frame, ...], part: Part) -> tuple[Box | Frame, ...]:
        """Give the one box that costs anything the exact cost of all, and the others their shapes.

        Layers that grow cost differently each, so no other box says a number; what comes out of
        one is said of each of them.
        """
        boxes = [box for each in inner for box in within(each)]
        costly = [box for box in boxes if box.cost.params or box.cost.macs]
        shapes = self._shapes_of_each(part)
        changed = {}
        for box in boxes:
            joins = box.joins and box.node is not None and grows_on(part, box.node)
            changed[box.order] = replace(
                box,
                cost=part.cost if [box] == costly else Cost(),
                all_cost=part.cost if [box] == costly else Cost(),
                shape=part.shape if joins else box.shape,
                before=shape_before(part) if joins else box.before,
                outs=() if joins else shapes.get(box.order, box.outs),
            )
        for order, box in changed.items():
            self.result.boxes[order] = box
        for index, owner in self.result.owner.items():
            self.result.owner[index] = changed.get(owner.order, owner)
        self.result.taken = [(changed.get(b.order, b), i, n) for b, i, n in self.result.taken]
        return tuple(_without_costs(replaced(each, changed)) for each in inner)

    def _shapes_of_each(self, part: Part) -> dict[int, tuple[Shape, ...]]:
        """Give what comes out of each box in all of what grows, where that is not one shape."""
        found: dict[int, tuple[Shape, ...]] = {}
        for same in zip(*(nodes(one.members) for one in part.each), strict=True):
            box = self.result.owner[same[0].index]
            found[box.order] = tuple(dict.fromkeys(node.shape for node in same))
        return {order: shapes for order, shapes in found.items() if len(shapes) > 1}

    def _inlined(self, parts: Sequence[Part], paths: frozenset[str]) -> Iterator[Part]:
        """Put what groups hold in their place, and the layers of a straight line."""
        for part in parts:
            head = part.head
            plain = isinstance(head, Scope) and part.times == 1 and len(part.members) == 1
            if plain and not any(is_below(path, part) for path in paths) and self._is_shallow(part):
                yield from self._inlined(part.parts, paths)
            else:
                yield part

    def _is_shallow(self, part: Part) -> bool:
        """Whether a scope is a small group, or no more than a straight line of layers.

        A group of one part is not: it is that part's name.
        """
        named = isinstance(part.head, Scope) and part.head.block is not None
        small = not named and len(part.parts) <= GROUP and only(part) is None
        return small or titles.straight(part, self.uses) is not None

    def _lines(
        self, parts: Iterable[Part], depth: int, many: int, paths: frozenset[str]
    ) -> Iterator[Box | Frame]:
        """Draw convolutions in a straight line as one box: `conv 1x1 64, 3x3 (each bn, relu)`.

        Where it makes nothing taller they stand apart.
        """
        lines: list[list[Part]] = []
        for part in parts:
            last = lines[-1] if lines else []
            if last and self._goes_on(last, part) and titles.of_line([*last, part]):
                last.append(part)
            else:
                lines.append([part])
        for line in apart(lines):
            yield self._line(line, depth, many, paths)

    def _goes_on(self, line: list[Part], part: Part) -> bool:
        last, head = line[-1], part.head
        if not titles.follows(last, part, self.uses) or not isinstance(head, Node):
            return False
        before = last.head
        assert isinstance(before, Node)
        leads = before.op.family in SMALL and len(line) == 1
        return head.op.family == "convolution" and (leads or before.op.family == "convolution")

    def _named(self, part: Part, group: Group | None) -> str:
        """Give the name that was written, its group's first.

        A run of several has only a group's, and what stands in one side by side has none: each of
        those there are has another.
        """
        if group and group.path == part.head.path:
            return group.name
        apart = part.times > 1 or part.head.path in self.nameless
        own = "" if apart else titles.name(part.head)
        return ".".join(filter(None, (group.name if group else "", own)))

    def _line(self, line: list[Part], depth: int, many: int, paths: frozenset[str]) -> Box | Frame:
        said = titles.of_line(line) if len(line) > 1 else None
        if said is None:
            return self.part(line[0], depth, many, paths)
        return self.box(line, said, "layer", family_of(line), many)

    def box(
        self,
        parts: Sequence[Part],
        title: str,
        role: Role,
        family: str,
        many: int,
        group: Group | None = None,
    ) -> Box:
        head, last = parts[0].head, parts[-1]
        cost = Cost()
        for part in parts:
            cost = cost.plus(part.cost)
        folded = len(parts) == 1 and (role == "closed" or parts[0].times > 1)
        before = shape_before(parts[0]) if folded and not last.outs else None
        named = role != "input" and len(parts) == 1
        box = Box(
            group.path if group else head.path,
            self._named(parts[0], group) if named else "",
            title,
            role,
            head if isinstance(head, Node) else None,
            family,
            before if before != last.shape else None,
            last.shape,
            cost,
            Cost(*(many * count for count in cost)),
            head.span,
            len(self.result.boxes),
            all(part.trains for part in parts),
            paths_of(parts),
            last.outs if role == "closed" else (),
        )
        self.result.boxes.append(box)
        for part in parts:
            for node in nodes(part.members):
                self.result.taken.append((box, node.inputs, node))
                self.result.owner[node.index] = box
            for node in nodes(part.last):
                self.result.owner[node.index] = box
        if len(parts) > 1 and role == "more":
            self._owns_all(parts, box)
        return box

    def _owns_all(self, parts: Sequence[Part], box: Box) -> None:
        """Let a box that stands for many stand for what lies between the first and the last."""
        first, *_ = nodes(parts[0].members)
        *_, last = nodes(parts[-1].last)
        for node in between(self.graph.nodes, first.index, last.index):
            self.result.owner.setdefault(node.index, box)

    def outputs(self) -> None:
        """Mark what comes out, each output under its name."""
        listed, longest = self.graph.outputs, self.plan.longest
        if not longest or len(listed) <= longest:
            marks = [self._output(each) for each in listed]
        else:
            kept = max(1, longest // 5)
            marks = [self._output(each) for each in listed[:kept]]
            marks.append(self._more_outputs(listed[kept:-kept]))
            marks += [self._output(each) for each in listed[-kept:]]
        self.result.inner = (*self.result.inner, *marks)

    def _output(self, output: Output) -> Box:
        train = f" (training only, weight {output.weight:g})" if output.train else ""
        path, title = f"output:{output.name}", output.name + train
        return self._mark(path, title, output, (output.port,), f"output {output.name}")

    def _more_outputs(self, listed: Sequence[Output]) -> Box:
        """Mark outputs of which there are too many for a mark each."""
        ports = tuple(each.port for each in listed)
        title = f"... {len(listed):,} more ..."
        return self._mark(f"output:{listed[0].name}", title, listed[0], ports, "more outputs")

    def _mark(
        self, path: str, title: str, output: Output, ports: tuple[Port, ...], paths: str
    ) -> Box:
        box = Box(
            path, "", title, "output", None, "basic", None, output.port.shape, Cost(), Cost(),
            output.span, len(self.result.boxes), output.train, paths,
        )  # fmt: skip
        self.result.boxes.append(box)
        self.result.taken.append((box, ports, None))
        return box


def _without_costs(each: Box | Frame) -> Box | Frame:
    """Leave the costs of frames out, which are the first one's."""
    if isinstance(each, Box):
        return each
    inner = tuple(map(_without_costs, each.inner))
    return replace(each, inner=inner, cost=Cost(), each=None)
