"""What stands in a picture: boxes for layers and closed scopes, frames around what is opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from cnnspec.analysis.fold import Part, fold
from cnnspec.analysis.quantity import number
from cnnspec.analysis.wording import call, content, is_automatic, layer, numbers
from cnnspec.graph import Graph, Node, Scope

TIMES: Final = "\N{MULTIPLICATION SIGN}"
#: A level with more parts than the first shows so many at its beginning and as many at its end.
LONGEST_LEVEL: Final = 100
SHOWN: Final = 20
#: What repeats is looked into if it has at most so many parts.
LOOK: Final = 12
#: Scopes below this many levels are never opened.
DEEPEST: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """One box: its path, what its header says, its output, its cost, and its operator's family."""

    path: str
    title: str
    shape: str
    cost: str
    family: str
    tip: str
    order: int
    trains: bool


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Boxes with a frame around them; dashed where it stands for several equal ones."""

    path: str
    title: str
    words: str
    tip: str
    inner: tuple[Box | Frame, ...]
    dashed: bool


@dataclass(slots=True)
class Picture:
    """All that is drawn: `inner` at the top level, `boxes` in order, and which box has a node.

    `drawn` are the nodes whose inputs are drawn: of equal ones in a row only the first's are.
    """

    uses: dict[int, int]
    boxes: list[Box] = field(default_factory=list)
    inner: tuple[Box | Frame, ...] = ()
    owner: dict[int, Box] = field(default_factory=dict)
    drawn: list[Node] = field(default_factory=list)
    #: Whether a frame around what comes next says already that only training needs it.
    said: bool = False


def picture(graph: Graph, *, depth: int) -> Picture:
    """Choose what to draw: `depth` levels of scopes are opened, with a look into what repeats."""
    uses = {node.index: 0 for node in graph.nodes}
    for port in [port for node in graph.nodes for port in node.inputs]:
        uses[port.node.index] += 1
    for output in graph.outputs:
        uses[output.port.node.index] += 1
    result = Picture(uses)
    levels = min(depth, DEEPEST) if depth > 0 else -1
    result.inner = tuple(_level(result, fold(graph), levels))
    return result


def _level(result: Picture, parts: Sequence[Part], depth: int) -> Iterator[Box | Frame]:
    if len(parts) <= LONGEST_LEVEL:
        for part in parts:
            yield _part(result, part, depth)
        return
    yield from _level(result, parts[:SHOWN], depth)
    middle = parts[SHOWN:-SHOWN]
    yield _box(result, middle, f"... {sum(part.times for part in middle):,} more ...", "basic")
    yield from _level(result, parts[-SHOWN:], depth)


def _part(result: Picture, part: Part, depth: int) -> Box | Frame:
    head, times = part.head, f" {TIMES} {part.times}" if part.times > 1 else ""
    if isinstance(head, Node):
        return _box(result, [part], _layer(part) + times, head.op.family)
    only = part.parts[0]
    if len(part.parts) == 1 and only.times == 1 and isinstance(only.head, Node):
        return _box(result, [part], f"{_named(head)}{_layer(only)}{times}", only.head.op.family)
    looks = depth == 0 and part.times > 1 and len(part.parts) <= LOOK
    if depth <= 0 and not looks:
        return _box(result, [part], _scope(part) + times, "block")
    if part.times == 1:
        words = _named(head) + content(part, times=TIMES) + _training(result, part)
        said, result.said = result.said, part.trains
        inner = tuple(_level(result, part.parts, depth - 1))
        result.said = said
        return Frame(head.path, words, _cost(part.params, part.macs), _tip([part]), inner, False)
    inner = tuple(_chains(result, part.parts, depth - 1))
    result.owner.update(
        (last.index, result.owner[first.index])
        for first, last in zip(_nodes(part.members), _nodes(part.last), strict=True)
        if first.index in result.owner
    )
    each = _cost(part.params // part.times, part.macs // part.times)
    words = f"each {each}" if each else ""
    return Frame(head.path, times.strip(), words, _tip([part]), inner, True)


def _chains(result: Picture, parts: Sequence[Part], depth: int) -> Iterator[Box | Frame]:
    """Draw layers of one kind in a straight line as one box: `conv 1x1, 3x3, 1x1 (bn, relu)`."""
    chain: list[Part] = []
    for part in parts:
        if chain and _goes_on(result, chain[-1], part):
            chain.append(part)
            continue
        if chain:
            yield _chain(result, chain, depth)
        chain = [part]
    if chain:
        yield _chain(result, chain, depth)


def _goes_on(result: Picture, last: Part, part: Part) -> bool:
    end, head = last.members[-1], part.head
    if not (isinstance(end, Node) and isinstance(head, Node) and isinstance(last.head, Node)):
        return False
    straight = result.uses[end.index] == 1 and [port.node for port in head.inputs] == [end]
    return straight and last.head.kind == head.kind and last.times == part.times == 1


def _chain(result: Picture, chain: list[Part], depth: int) -> Box | Frame:
    heads = [part.head for part in chain if isinstance(part.head, Node)]
    if len(chain) == 1 or not all(map(numbers, heads)):
        return _part(result, chain[0], depth) if len(chain) == 1 else _plain(result, chain)
    small = {m.kind: None for part in chain for m in part.members[1:] if isinstance(m, Node)}
    behind = f" ({', '.join(small)})" if small else ""
    title = f"{heads[0].kind} {', '.join(map(numbers, heads))}{behind}"
    return _box(result, chain, title, heads[0].op.family)


def _plain(result: Picture, chain: list[Part]) -> Box:
    head = chain[0].head
    assert isinstance(head, Node)
    return _box(result, chain, f"{head.kind} {TIMES} {len(chain)}", head.op.family)


def _box(result: Picture, parts: Sequence[Part], title: str, family: str) -> Box:
    head = parts[0].head
    cost = _cost(sum(part.params for part in parts), sum(part.macs for part in parts))
    title += _training(result, parts[0])
    shape = TIMES.join(map(str, parts[-1].shape))
    box = Box(
        head.path, title, shape, cost, family, _tip(parts), len(result.boxes), parts[0].trains
    )
    result.boxes.append(box)
    for part in parts:
        nodes = _nodes(part.members)
        result.drawn.extend(nodes)
        result.owner.update((node.index, box) for node in (*nodes, *_nodes(part.last)))
    return box


def _training(result: Picture, part: Part) -> str:
    return ", training only" if part.trains and not result.said else ""


def _nodes(members: Sequence[Node | Scope]) -> list[Node]:
    result: list[Node] = []
    pending = list(reversed(members))
    while pending:
        each = pending.pop()
        if isinstance(each, Node):
            result.append(each)
        else:
            pending.extend(reversed(each.members))
    return result


def _layer(part: Part) -> str:
    head = part.head
    if isinstance(head, Node) and head.kind == "input":
        return head.segment
    words = layer(part)
    words = f"+{words.removeprefix('add')}" if words.partition(" ")[0] == "add" else words
    return _named(head) + words


def _named(member: Node | Scope) -> str:
    return "" if is_automatic(member) else f"{member.segment} = "


def _scope(part: Part) -> str:
    """Say a closed scope: its name, its block, and its one labelled group: `a = b(64) + c`."""
    scope = part.head
    assert isinstance(scope, Scope)
    groups = [each.head for each in part.parts if isinstance(each.head, Scope)]
    labelled = [each.segment for each in groups if each.block is None]
    behind = f" + {labelled[0]}" if len(labelled) == 1 and scope.block else ""
    words = call(scope) + behind if scope.block else content(part, times=TIMES)
    return _named(scope) + words


def _cost(params: int, macs: int) -> str:
    return " · ".join(number(each) for each in (params, macs) if each)


def _tip(parts: Sequence[Part]) -> str:
    """Say it all: path, source line, output, exact numbers."""
    head, last = parts[0].head, parts[-1].last[0]
    paths = head.path if last is head else f"{head.path} to {last.path}"
    params, macs = sum(part.params for part in parts), sum(part.macs for part in parts)
    shape = " x ".join(map(str, parts[-1].shape))
    where = f"{head.span.source.name}:{head.span.line}"
    return f"{paths}\n{where}\noutput {shape}\n{params:,} parameters, {macs:,} MACs"
