"""What the words of a picture say, read as a person reads them, and held against the graph.

A picture is walked beside the network's nodes in the order of their tree, and every box takes the
nodes that it says it stands for: what no box says, or two say, is found. Nothing here asks how
parts were folded or worded. `python -m tests.claims` counts the claims of all that ships.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod

from cnnspec.analysis.macs import node_macs
from cnnspec.draw import words
from cnnspec.draw.boxes import Box, Frame, Picture
from cnnspec.draw.options import Look
from cnnspec.draw.wires import wires
from cnnspec.graph import Graph, Node, Scope, walk_scopes
from cnnspec.shapes import Shape
from tests.claims_read import Layer, holds, layers, spelled, split

SMALL = ("normalization", "activation", "noise")
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
NAMED = re.compile(r"([\w.-]+) = (.+)")
TIMES = re.compile(r"(.+) [×x] (\d+)")
LOOK = Look()

Member = Node | Scope


@dataclass
class Claims:
    """One picture's claims, counted by what they are about."""

    graph: Graph
    drawn: Picture
    look: Look = LOOK
    count: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        alive = {node.index for node in self.graph.nodes}
        self.order: list[Node] = []
        self.members: dict[str, Member] = {s.path: s for s in walk_scopes(self.graph.root)}
        self.below: dict[int, list[Node]] = {}
        pending: list[Member] = [self.graph.root]
        while pending:
            each = pending.pop()
            if isinstance(each, Scope):
                pending.extend(reversed(each.members))
            elif each.index in alive:
                self.order.append(each)
                self.members[each.path] = each
        self.place = {node.index: at for at, node in enumerate(self.order)}
        self.runs = {node.index for node in self.graph.inference_nodes}
        self.users = Counter(port.node.index for n in self.graph.nodes for port in n.inputs)
        self.users.update(output.port.node.index for output in self.graph.outputs)
        self.takers: dict[int, list[Node]] = {}
        for node in self.graph.nodes:
            for port in node.inputs:
                self.takers.setdefault(port.node.index, []).append(node)
        #: Which box a node belongs to, and the nodes that lines into a box are drawn for.
        self.owner: dict[int, int] = {}
        self.first: dict[int, list[Node]] = {}
        self.at = 0

    def check(self) -> Counter[str]:
        """Hold every claim; raises Untrue."""
        self.level(self.drawn.inner, [0])
        holds(len(self.owner) == len(self.order), len(self.owner), f"of {len(self.order)} are said")
        self.lines()
        return self.count

    # --- places

    def inside(self, member: Member) -> list[Node]:
        """Give the nodes of a member, in order."""
        if isinstance(member, Node):
            return [member]
        if id(member) not in self.below:
            found = [n for each in member.members for n in self.inside(each)]
            self.below[id(member)] = [n for n in found if n.index in self.place]
        return self.below[id(member)]

    def siblings(self, first: str, last: str) -> list[Member]:
        """Give the members from one path to another that hold anything."""
        head, end = self.members[first], self.members[last]
        parent = head.scope if isinstance(head, Node) else head.parent
        if parent is None or end not in parent.members:
            return [head] if head is end else []
        at = parent.members.index(head)
        found = parent.members[at : parent.members.index(end) + 1]
        return [each for each in found if self.inside(each)]

    def heads(self, members: Sequence[Member]) -> list[Member]:
        """Leave out the small steps that go with the layer before them."""
        result: list[Member] = []
        kinds: list[str] = []
        last: Member | None = None
        for each in members:
            small = isinstance(each, Node) and each.op.family in SMALL and len(each.inputs) == 1
            behind = (
                small
                and isinstance(last, Node)
                and kinds
                and kinds[0] != "input"
                and each.kind not in kinds
                and self.users[last.index] == 1
                and each.inputs[0].node is last
                and each.inputs[0].index == 0
            )
            if behind:
                kinds.append(each.kind)
            else:
                result.append(each)
                kinds = [each.kind] if isinstance(each, Node) else []
            last = each
        return result

    # --- boxes and frames

    def level(
        self, inner: Sequence[Box | Frame], copies: Sequence[int], *, grows: bool = False
    ) -> None:
        """Walk what stands beside each other; `copies` are how far later instances lie ahead."""
        for each in inner:
            if isinstance(each, Frame):
                self.frame(each, copies, grows=grows)
            elif each.role == "output":
                self.output(each)
            else:
                self.box(each, copies, grows=grows)

    def body(
        self, each: Box | Frame, text: str, nodes: Sequence[Node], copies: Sequence[int]
    ) -> str:
        """Take the name and the word on training off a title, and hold both."""
        training = text.endswith(", training only")
        text = text.removesuffix(", training only")
        trains = not any(node.index in self.runs for node in nodes)
        holds(not training or trains, text, "inference runs it, too")
        named = NAMED.fullmatch(text)
        if named is not None and not each.title.startswith(text):
            for shift in copies:
                first = self.order[self.place[nodes[0].index] + shift].path
                path = iter(first.split("."))
                holds(all(part in path for part in named[1].split(".")), text, first)
            self.count["names"] += 1
            text = named[2]
        self.count["training"] += 1
        return text

    def box(self, box: Box, copies: Sequence[int], *, grows: bool) -> None:
        """Hold all that a box says, and take its nodes."""
        first, _, last = box.paths.partition(" to ")
        start = self.at = self.place[self.inside(self.members[first])[0].index]
        text = words.title(box, self.look)
        if box.role == "input":
            node = self.order[start]
            holds(text == node.segment and node.kind == "input", text, node.path)
            self.count["inputs"] += 1
            self.at += 1
        elif box.role == "more":
            training = text.endswith(", training only")
            self.more(text.removesuffix(", training only"), self.siblings(first, last or first))
        elif box.role == "layer":
            text = self.body(box, text, self.order[start : start + 1], copies)
            self.layers(text, box)
        else:
            members = self.siblings(first, last or first)
            nodes = [node for each in members for node in self.inside(each)]
            text = self.body(box, text, nodes, copies)
            self.closed(text, members, first, last)
        nodes = self.order[start : self.at] or self.between(first, last)
        holds(nodes, text, "it stands for nothing")
        if box.role == "more":
            runs = any(node.index in self.runs for node in nodes)
            holds(training == (not runs), text, "inference runs some")
        for shift in copies:
            for node in nodes:
                here = self.order[self.place[node.index] + shift]
                holds(here.index not in self.owner, text, f"{here.path} is said twice")
                self.owner[here.index] = box.order
        self.first[box.order] = nodes
        self.shape(box, nodes, copies, grows=grows)
        whole = [self.order[self.place[n.index] + shift] for shift in copies for n in nodes]
        if not (grows and not words.costs(box.cost, self.look)):
            self.cost(words.costs(box.cost, self.look), whole if grows else nodes)

    def layers(self, text: str, box: Box | None) -> None:
        """Match layers, one by one, as often as the title says."""
        many = TIMES.fullmatch(text)
        text_ = many[1] if many else text
        holds(not many or len(split(text_)) == 1, text, "are so many all, or the last?")
        steps = layers(text_[1:-1] if text_.startswith("(") else text_)
        several = sum(isinstance(step, Layer) for step in steps) > 1
        for _ in range(int(many[2]) if many else 1):
            for step in steps:
                node = self.order[self.at]
                kind = step if isinstance(step, str) else step.kind
                holds(node.kind == kind, text, f"{node.path} is a {node.kind}")
                self.count["steps"] += 1
                if isinstance(step, Layer) and (step.said or kind not in self.small()):
                    self.numbers(step, node, box if several else None)
                self.at += 1
        if many:
            self.count["times"] += 1
        if self.at < len(self.order):
            self.alone(text)

    def small(self) -> set[str]:
        """Give the kinds of small steps."""
        return {node.kind for node in self.order if node.op.family in SMALL}

    def alone(self, text: str) -> None:
        """A layer without words on small steps has none behind it that goes with it alone."""
        last, after = self.order[self.at - 1], self.order[self.at]
        goes = after.op.family in SMALL and [p.node for p in after.inputs] == [last]
        siblings = after.scope is last.scope and self.users[last.index] == 1
        said = set(re.findall(r"\w+", text))
        kept = last.kind == "input" or after.kind in said or last.op.family in SMALL
        holds(not (goes and siblings and not kept), text, f"{after.path} goes with it")

    def numbers(self, layer: Layer, node: Node, box: Box | None) -> None:
        """Hold the numbers behind a layer's kind, and what is not said."""
        values = node.op.values
        said = list(layer.said)
        text = f"{layer.kind} {' '.join(said)}"
        size = values.get("size")
        if isinstance(size, tuple):
            holds(said and said.pop(0) == "x".join(map(str, size)), text, f"size {size}")
        elif isinstance(values.get("units"), int):
            holds(said and said.pop(0) == str(values["units"]), text, "units")
        alone = "depthwise" in said or node.kind == "dwconv"
        out, into = node.shape.channels, node.input_shapes[0].channels
        if said and said[0].isdigit():
            holds(int(said.pop(0)) == out, text, f"{out} channels")
        elif box is not None and node.op.family == "convolution":
            end = into if alone else box.shape.channels
            holds(out == end, text, f"{out} channels come out of {node.path}, unsaid")
        stride = values.get("stride", (1, 1))
        stride = size if stride is None else stride
        axes = zip(node.input_shapes[0][1:], node.shape[1:], strict=False)
        smaller = all(after <= before for before, after in axes)
        found = re.fullmatch(r"/(\d+)(?:x(\d+))?", said[0]) if said else None
        if found:
            said.pop(0)
            holds(smaller, text, "it does not make smaller")
        elif said and said[0] == "stride":
            found = re.fullmatch(r"(\d+)(?:x(\d+))?", said[1])
            del said[:2]
        strides = (int(found[1]), int(found[2] or found[1])) if found else (1, 1)
        if isinstance(stride, tuple):
            holds(strides == stride, text, f"stride {stride}")
        dilation = values.get("dilation", (1, 1))
        if said and said[0] == "dilation":
            told = 2 if said[1].startswith("[") else 1
            numbers = re.findall(r"\d+", " ".join(said[1 : 1 + told]))
            holds({int(each) for each in numbers} == set(dilation), text, f"dilation {dilation}")
            del said[: 1 + told]
        else:
            holds(set(dilation) == {1}, text, f"dilation {dilation}, unsaid")
        groups = values.get("groups", 1)
        if said == ["depthwise"]:
            holds(groups == out == into, text, f"groups {groups}")
        elif said[:1] == ["groups"]:
            holds(said[1:] == [str(groups)], text, f"groups {groups}")
        else:
            holds(groups in (1, None) and not said, text, f"groups {groups}, or words too many")
        self.count["numbers"] += 1

    def more(self, text: str, members: list[Member]) -> None:
        """Hold `... 12 more ...`."""
        if not members:  # of several groups that are not drawn: what is between is left out
            return
        found = re.fullmatch(r"\.\.\. ([\d,]+) more \.\.\.", text)
        holds(found, text, "not the form")
        assert found is not None
        inside = {node.index for each in members for node in self.inside(each)}
        ends = members[0], members[-1]
        between = self.between(ends[0].path, ends[1].path)
        others = [node for node in between if node.index not in inside]
        count = len(self.heads(members)) + len(self.heads(others))
        holds(int(found[1].replace(",", "")) == count, text, f"{count} are left out")
        self.count["left out"] += 1
        if others:
            return
        end = self.inside(members[-1])[-1]
        self.at = self.place[end.index] + 1
        while self.at < len(self.order):
            parent = members[0].scope if isinstance(members[0], Node) else members[0].parent
            here = self.order[self.at]
            if here.scope is not parent or here in self.heads([*members, *self.after(members)]):
                break
            self.at += 1

    def between(self, first: str, last: str) -> list[Node]:
        """Give the nodes from one path to another, in the order in which they run."""
        ends = [node.index for path in (first, last) for node in self.inside(self.members[path])]
        inside = [n for n in self.order if min(ends) <= n.index <= max(ends)]
        return [node for node in inside if node.index not in self.owner]

    def after(self, members: Sequence[Member]) -> list[Member]:
        parent = members[0].scope if isinstance(members[0], Node) else members[0].parent
        assert parent is not None
        rest = parent.members[parent.members.index(members[-1]) + 1 :]
        return [each for each in rest if self.inside(each)]

    def closed(self, text: str, members: list[Member], first: str, last: str) -> None:
        """Hold the title of something closed, of so many equal ones, or ones that grow."""
        text, _, grown = text.partition(", each adds ")
        instances = self.instances(text, members, run=bool(last))
        many = TIMES.fullmatch(text)
        self.title(many[1] if many and len(instances) > 1 else text, instances)
        for one, other in itertools.pairwise(instances):
            self.equal(text, one, other, grows=bool(grown))
        if grown:
            self.growth(grown, instances)
        end = self.inside(instances[-1][-1])[-1]
        self.at = self.place[end.index] + 1

    def instances(self, text: str, members: list[Member], *, run: bool) -> list[list[Member]]:
        """Cut what a title stands for into as many equal ones as it says."""
        many = TIMES.fullmatch(text)
        if not run or many is None:
            holds(not run, text, "it does not say how many")
            return [members]
        times = int(many[2])
        plain = len(members) == times and all(
            isinstance(each, Scope) and each.block is None for each in members
        )
        holds(len(split(many[1])) == 1, text, "are so many all, or the last?")
        if many[1].startswith("(") and not plain:
            rest = self.after(members)
            named = len(split(many[1][1:-1]))
            heads = self.heads([*members, *rest])
            holds(len(heads) >= times * named, text, f"{len(heads)} stand here")
            starts = [heads[n * named] for n in range(times)]
            holds(starts[-1] is members[-1], text, "the last begins elsewhere")
            every = [*members, *rest]
            cut = [every.index(each) for each in starts]
            after = heads[times * named] if len(heads) > times * named else None
            cut.append(every.index(after) if after is not None else len(every))
            return [every[a:b] for a, b in itertools.pairwise(cut)]
        holds(len(members) == times, text, f"{len(members)} stand here")
        self.count["times"] += 1
        return [[each] for each in members]

    def title(self, text: str, instances: Sequence[Sequence[Member]]) -> None:
        """Hold a block's call, a group's members, or neighbours that repeat together."""
        group = len(instances[0]) == 1 and getattr(instances[0][0], "block", "") is None
        if text.startswith("(") and text.endswith(")") and group:
            text = text[1:-1]
        elif text.startswith("(") and text.endswith(")"):
            for instance in instances:
                heads = self.heads(instance)
                for said, head in zip(split(text[1:-1]), heads, strict=True):
                    if isinstance(head, Scope):
                        self.title(said, [[head]])
                    else:
                        holds(layers(said)[0].kind == head.kind, said, head.path)
                    self.count["neighbours"] += 1
            return
        scopes = [instance[0] for instance in instances]
        for scope in scopes:
            assert isinstance(scope, Scope)
            if scope.block is not None:
                self.call(text, scope)
            elif text:
                self.group(text, scope)

    def call(self, text: str, scope: Scope) -> None:
        """Hold `bottleneck(128, widen = 2) /2 + downsample` for one instance."""
        found = re.fullmatch(r"(\w+)(?:\((.*)\))?(?: /(\d+))?(?: \+ ([\w.-]+))?", text)
        holds(found, text, "not the form")
        assert found is not None
        name, arguments, stride, shortcut = found.groups()
        holds(name == scope.block, text, f"{scope.path} is a {scope.block}")
        positions = list(scope.values)
        for place, each in enumerate(split(arguments or "")):
            if each == "...":
                break
            named = re.fullmatch(r"(\w+) = (.*)", each)
            key, value = named.groups() if named else (positions[place], each)
            is_ = spelled(scope.values[key])
            holds(is_ == value, text, f"{key} of {scope.path} is {is_}")
            self.count["arguments"] += 1
        if stride:
            before = scope.inputs[0][1][0].shape.height
            after = scope.results[0].shape.height
            fits = after == -(-before // int(stride)) or before // after == int(stride)
            holds(fits, text, f"{before} rows become {after}")
            self.count["strides"] += 1
        if shortcut:
            found_ = [each for each in scope.members if each.segment == shortcut]
            weights = [node for each in found_ for node in self.inside(each) if node.weights]
            kinds = [node.kind for node in self.inside(scope)]
            holds(weights and "add" in kinds, text, "no such shortcut")
            self.count["shortcuts"] += 1
        self.count["calls"] += 1

    def group(self, text: str, scope: Scope) -> None:
        """Hold what a group says that it holds."""
        members = self.heads([each for each in scope.members if self.inside(each)])
        count = re.fullmatch(r"(\d+) members", text)
        if count:
            holds(int(count[1]) == len(members), text, f"{len(members)} members")
        elif re.fullmatch(r"\w+(\(.*\))?( /\d+)?( [×x] \d+)?", text) and all(
            isinstance(each, Scope) and each.block is not None for each in members
        ):
            many = TIMES.fullmatch(text)
            holds((int(many[2]) if many else 1) == len(members), text, f"{len(members)} members")
            for each in members:
                self.call(many[1] if many else text, each)
        else:
            kinds = Counter(
                each.kind if isinstance(each, Node) else each.block or "group" for each in members
            )
            said = {}
            for each in split(text):
                many = TIMES.fullmatch(each)
                said[many[1] if many else each] = int(many[2]) if many else 1
            holds(said == kinds, text, f"{dict(kinds)}")
        self.count["groups"] += 1

    def equal(
        self, text: str, one: Sequence[Member], other: Sequence[Member], *, grows: bool
    ) -> None:
        """Hold that two instances are equal, to the last argument and wire."""
        first = [node for each in one for node in self.inside(each)]
        second = [node for each in other for node in self.inside(each)]
        holds(len(first) == len(second), text, "instances of different lengths")
        shift = self.place[second[0].index] - self.place[first[0].index]
        within = {node.index for node in first}
        linked = False
        for a, b in zip(first, second, strict=True):
            same = a.kind == b.kind and (
                a.op.family == "noise" or repr(a.op) == repr(b.op) or grows
            )
            same = same and (grows or (a.shapes == b.shapes and len(a.weights) == len(b.weights)))
            same = same and all(x[1:] == y[1:] for x, y in zip(a.shapes, b.shapes, strict=True))
            holds(same, text, f"{a.path} and {b.path} differ")
            for x, y in zip(a.inputs, b.inputs, strict=True):
                if x.node.index in within:
                    to = self.place[x.node.index] + shift
                    holds(self.place[y.node.index] == to, text, f"{b.path} is wired otherwise")
                linked |= y.node.index in within
        holds(linked, text, "one does not take the one before it")
        self.count["equal"] += 1

    def frame(self, frame: Frame, copies: Sequence[int], *, grows: bool) -> None:
        """Hold what a frame's title says, and all that stands in it."""
        first, _, last = frame.paths.partition(" to ")
        title, cost = words.pill(frame, self.look)
        members = self.siblings(first, last or first)
        nodes = [node for each in members for node in self.inside(each)]
        title = self.body(frame, title, nodes, copies)
        run = frame.times > 1
        if run and title.startswith("× "):
            title = f"group {title}"
        instances = self.instances(title, members, run=run)
        many = TIMES.fullmatch(title)
        held = [node for instance in instances for each in instance for node in self.inside(each)]
        body = many[1] if many and run else title
        if frame.title:
            self.title(body, instances)
        start = self.place[self.inside(instances[0][0])[0].index]
        self.at = start
        starts = [self.place[self.inside(each[0])[0].index] for each in instances]
        ahead = [here - start for here in starts]
        inner = [shift + each for shift in copies for each in ahead]
        grown = grows or bool(frame.grows)
        self.level(frame.inner, inner, grows=grown)
        end = self.place[self.inside(instances[0][-1])[-1].index] + 1
        holds(self.at == end, title, f"its boxes end at {self.at}, not {end}")
        for one, other in itertools.pairwise(instances):
            self.equal(title, one, other, grows=bool(frame.grows))
        self.at = self.place[self.inside(instances[-1][-1])[-1].index] + 1
        adds = re.fullmatch(r"each adds (\d+) channels", cost)
        if adds:
            self.growth(f"{adds[1]} channels", instances)
        elif grows:
            all_ = [self.order[self.place[n.index] + shift] for shift in copies for n in held]
            self.cost(cost, all_ if cost else [])
        else:
            one = [node for each in instances[0] for node in self.inside(each)]
            self.cost(cost.removeprefix("each "), one if run else held)

    def growth(self, said: str, instances: Sequence[Sequence[Member]]) -> None:
        """Hold how many channels each adds to what comes out of the one before."""
        outs = [self.out(each).channels for each in instances]
        steps = {b - a for a, b in itertools.pairwise(outs)}
        holds({f"{step} channels" for step in steps} == {said}, said, f"{outs}")
        self.count["growth"] += 1

    def out(self, instance: Sequence[Member]) -> Shape:
        """Give the shape that comes out of an instance."""
        last = instance[-1]
        if isinstance(last, Scope) and last.results:
            return last.results[0].shape
        return self.inside(last)[-1].shape

    def output(self, box: Box) -> None:
        """Hold an output's mark."""
        name = box.path.removeprefix("output:")
        output = next(each for each in self.graph.outputs if each.name == name)
        weight = f" (training only, weight {output.weight:g})" if output.train else ""
        holds(words.title(box, self.look) == name + weight, name, "another output")
        holds(words.shapes(box, self.look) == "×".join(map(str, output.port.shape)), name, "shape")
        self.count["outputs"] += 1

    # --- one text alone: a row of a table, a part of the page

    def alone_of(self, text: str, first: str, last: str) -> None:
        """Hold what a text says of the members from one path to another."""
        text = text.removesuffix(" (training only)")
        text = re.sub(r", each (\d+) channels more$", r", each adds \1 channels", text)
        named = NAMED.fullmatch(text)
        text = named[2] if named else text
        member = self.members[first]
        self.at = self.place[self.inside(member)[0].index]
        if isinstance(member, Node):
            self.layers(text, None)
        else:
            self.closed(text, self.siblings(first, last), first, last if last != first else "")

    # --- shapes and costs

    def shape(self, box: Box, nodes: Sequence[Node], copies: Sequence[int], *, grows: bool) -> None:
        """Hold what goes in, where that is said, and what comes out."""
        text = words.shapes(box, self.look)
        if not text:
            holds(grows, box.title, "no shape is said")
            return
        before, arrow, after = text.rpartition(" → ")
        said = [tuple(map(int, each.split("×"))) for each in after.split(", ") if each != "..."]
        moved = [[self.order[self.place[n.index] + shift] for n in nodes] for shift in copies]
        into = self.into(moved[0])
        if grows and not arrow:
            given = set().union(*(self.given(each) for each in moved))
            holds(set(said) <= given and ("..." in text or len(said) == len(given)), text, given)
        else:
            self.outs(text, box, said, moved[-1 if grows else 0])
        if arrow:
            told = tuple(map(int, before.split("×")))
            holds(told in into if grows else into == {told}, text, f"{box.path} takes {into}")
        elif box.role == "closed" and len(into) == 1 and len(said) == 1 and not grows:
            holds(tuple(*into) == said[0], text, f"{box.path} takes {into}, unsaid")
        self.count["shapes"] += 1

    def into(self, nodes: Sequence[Node]) -> set[Shape]:
        """Give the shapes of what comes into some nodes."""
        within = {node.index for node in nodes}
        return {p.shape for n in nodes for p in n.inputs if p.node.index not in within}

    def given(self, nodes: Sequence[Node]) -> set[Shape]:
        """Give the shapes of what leaves some nodes."""
        within = {node.index for node in nodes}
        ends = {output.port.node.index for output in self.graph.outputs}
        leaving = {
            shape
            for node in nodes
            if node.index in ends
            or any(taker.index not in within for taker in self.takers.get(node.index, ()))
            for shape in node.shapes
        }
        return leaving or set(nodes[-1].shapes)

    def outs(self, text: str, box: Box, said: list[tuple[int, ...]], nodes: Sequence[Node]) -> None:
        """Hold that each shape said is of something that leaves, and that a closed one says all."""
        leaving = self.given(nodes)
        holds(set(said) <= leaving or box.role == "more", text, f"{box.path} gives {leaving}")
        if "..." not in text and box.role == "closed":
            holds(set(said) == leaving, text, f"{box.path} gives {leaving}")

    def cost(self, text: str, nodes: Sequence[Node]) -> None:
        """Hold parameters and multiply-adds, to the digits that are said."""
        params = sum(prod(w.shape) for node in nodes for w in node.weights if w.trainable)
        macs = sum(node_macs(node) for node in nodes if node.index in self.runs)
        exact = [each for each in (params, macs) if each]
        said = text.split(" · ") if text else []
        holds(len(said) == len(exact), text, f"{exact}")
        for each, value in zip(said, exact, strict=True):
            number, _, unit = each.partition(" ")
            digits = len(number.partition(".")[2])
            off = abs(float(number) * UNITS[unit] - value)
            holds(off <= 0.5000001 * UNITS[unit] / 10**digits, text, f"{value}")
            self.count["costs"] += 1

    # --- lines

    def lines(self) -> None:
        """Hold that lines are the graph's edges, all of them, and that dashed ones go around."""
        drawn = wires(self.drawn)
        into: dict[int, dict[int, str]] = {}
        labels: dict[int, int] = {}
        for wire in drawn:
            into.setdefault(wire.target.order, {})[wire.source.order] = wire.way
            before = re.fullmatch(r"and (\d+) before", wire.label)
            if before:
                labels[wire.target.order] = int(before[1])
            self.count["lines"] += 1
        reach: dict[int, set[int]] = {}
        for target in range(len(self.drawn.boxes)):
            sources = into.get(target, {})
            reach[target] = {*sources, *(up for each in sources for up in reach.get(each, ()))}
        marks = {b.order: b for b in self.drawn.boxes if b.role == "output"}
        for order, box in enumerate(self.drawn.boxes):
            if order in marks:
                name = box.path.removeprefix("output:")
                port = next(each.port for each in self.graph.outputs if each.name == name)
                found = {self.owner[port.node.index]}
            else:
                ports = [port for node in self.first[order] for port in node.inputs]
                found = {self.owner[port.node.index] for port in ports} - {order}
            told = into.get(order, {})
            missing = found - set(told)
            handed = any(way == "rail" for way in told.values()) or box.kind == "concat"
            short = len(missing) - labels.get(order, 0)
            holds(short <= 0 or handed, box.title, f"no line from {missing}")
            extra = set(told) - found
            concats = all(self.drawn.boxes[each].kind == "concat" for each in extra)
            holds(not extra or concats, box.title, f"lines from {extra} that are not")
        for wire in drawn:
            if wire.way != "flow":
                source, target = wire.source.order, wire.target.order
                origin = (
                    {source, *into.get(source, {})} if wire.source.family == "layout" else {source}
                )
                if wire.target.family == "layout":
                    continue
                others = set(into[target]) - {source}
                up = set().union(*(reach[each] for each in others)) if others else set()
                dropped = target in labels
                holds(
                    origin & up or dropped,
                    f"{wire.source.path} to {wire.target.path}",
                    "no way around",
                )
                self.count["ways around"] += 1


def pictures(graph: Graph) -> Iterator[Picture]:
    """Give every picture of a network that a view can ask for, each once."""
    from cnnspec.draw import View
    from cnnspec.draw.choose import choose
    from cnnspec.draw.compose import plans
    from cnnspec.draw.volumes import PLANS

    seen = set()
    views = View(), *map(View, range(4)), View(all=True)
    for plan in (*(plan for view in views for plan in plans(view)), *PLANS):
        drawn = choose(graph, plan)
        key = tuple((box.paths, box.title) for box in drawn.boxes), repr_of(drawn.inner)
        if key not in seen:
            seen.add(key)
            yield drawn


def repr_of(inner: Sequence[Box | Frame]) -> tuple[object, ...]:
    """Tell pictures apart by their frames."""
    return tuple(
        (each.paths, each.title, repr_of(each.inner)) if isinstance(each, Frame) else each.order
        for each in inner
    )
