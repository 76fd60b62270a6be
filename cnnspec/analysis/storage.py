"""Which values share memory: a reshape, a crop or a split only reads what is there another way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from cnnspec.graph import Graph, Node, Port
from cnnspec.whole import Whole


@dataclass(slots=True, eq=False)
class Buffer:
    """A stretch of memory that a node writes: how many numbers of one example, and who reads it."""

    owner: Node
    size: int
    #: The places, in the list of nodes, of those that read it, in order.
    readers: list[int] = field(default_factory=list)
    #: Whether it must be there at the end.
    stays: bool = False


class Stretch(NamedTuple):
    """A time inside a whole: the most numbers of its own, and the buffers that are read last then.

    They are dropped at its end, unless something else needs them.
    """

    most: int
    ended: Sequence[Buffer]


NOTHING: Final[frozenset[Buffer]] = frozenset()


@dataclass(slots=True, eq=False)
class Step:
    """A node as memory sees it: the buffers that it reads, once each, and those that it writes.

    In training it reads a part of those in `cropped`: their gradient is made anew, with zeros
    around. `written` counts the numbers that it writes; of a whole those inside too, and
    `stretches` say how many of its own there are at a time.
    """

    node: Node
    reads: tuple[Buffer, ...]
    writes: tuple[Buffer, ...]
    cropped: frozenset[Buffer] = frozenset()
    written: int = 0
    stretches: tuple[Stretch, ...] = ()


def moves_nothing(node: Node, *, training: bool) -> bool:
    """Whether what comes out is what went in: a view, or noise outside training."""
    op = node.op
    if training and op.noise is not None:
        return False
    return op.is_view or (op.noise is not None and op.elementwise)


#: Inference of the graphs that are in use: several figures of a network go by it.
_KNOWN: Final[WeakKeyDictionary[Graph, list[Step]]] = WeakKeyDictionary()


def steps(graph: Graph, *, training: bool = False) -> list[Step]:
    """Give the nodes of one inference, or of training, with the buffers between them.

    They are in the order as written, the inputs before all others; nothing in them may be changed.
    """
    if training:
        return _steps(graph, training=True)
    known = _KNOWN.get(graph)
    if known is None:
        known = _KNOWN[graph] = _steps(graph, training=False)
    return known


def _steps(graph: Graph, *, training: bool) -> list[Step]:
    listed = graph.nodes if training else graph.inference_nodes
    nodes = sorted(listed, key=lambda node: not node.op.is_input)
    outputs = graph.outputs if training else graph.inference_outputs
    held: dict[tuple[int, int], Buffer] = {}
    result = []
    for place, node in enumerate(nodes):
        reads: tuple[Buffer, ...]
        if len(node.inputs) == 1:
            port = node.inputs[0]
            reads = (held[port.node.index, port.index],)
        else:
            reads = _once(held[_key(port)] for port in node.inputs)
        for buffer in reads:
            buffer.readers.append(place)
        if isinstance(node.op, Whole):
            known = inner(node.op)
            if known.view:
                held[node.index, 0] = reads[0]
                result.append(Step(node, reads, ()))
                continue
            buffer = held[node.index, 0] = Buffer(node, known.left)
            slots = [held[_key(port)] for port in node.inputs]
            stretches = _stretches(known, slots)
            result.append(Step(node, reads, (buffer,), NOTHING, known.written, stretches))
            continue
        if moves_nothing(node, training=training):
            held.update(((node.index, n), reads[0]) for n in range(len(node.shapes)))
            result.append(Step(node, reads, ()))
            continue
        writes = tuple([Buffer(node, shape.size) for shape in node.shapes])
        written = 0
        for number, buffer in enumerate(writes):
            held[node.index, number] = buffer
            written += buffer.size
        cropped = _cropped(node, held) if training else NOTHING
        result.append(Step(node, reads, writes, cropped, written))
    for output in outputs:
        held[_key(output.port)].stays = True
    return result


class Moment(NamedTuple):
    """A time at which the most numbers are there: which step runs, and what it reads last."""

    place: int
    numbers: int
    ended: Sequence[Buffer]


def moments(listed: Sequence[Step], *, in_place: bool) -> Iterator[Moment]:
    """Run the steps, and say how full memory is in each."""
    live = 0
    for place, step in enumerate(listed):
        ended = [buffer for buffer in step.reads if buffer.readers[-1] == place]
        if step.stretches:
            now = live
            for most, read in step.stretches:
                last = [buffer for buffer in read if buffer in ended]
                yield Moment(place, now + most, last)
                now -= sum([buffer.size for buffer in last if not buffer.stays])
            live = now + step.writes[0].size
            continue
        last = [buffer for buffer in ended if not buffer.stays]
        taken = step.written
        if in_place and overwrites(step, others_wait=not last):
            taken, last = 0, []
        live += taken
        yield Moment(place, live, ended)
        for buffer in last:
            live -= buffer.size
        for buffer in step.writes:
            if not buffer.readers and not buffer.stays:
                live -= buffer.size


class Inner(NamedTuple):
    """What memory sees of a whole from outside.

    `view`: it only reads its input another way; `written`: the numbers that are written in it;
    `left`: those of the buffer that stays; `stretches`: the most of its own at a time, up to where
    these of its inputs are read last.
    """

    view: bool
    written: int
    left: int
    stretches: tuple[tuple[int, tuple[int, ...]], ...]


_INNER: Final[WeakKeyDictionary[Whole, Inner]] = WeakKeyDictionary()


def inner(whole: Whole) -> Inner:
    """Look into a whole: run it with its inputs held, as if they were needed again later."""
    known = _INNER.get(whole)
    if known is None:
        known = _INNER[whole] = _looked_into(whole.inside)
    return known


def _looked_into(inside: Graph) -> Inner:
    listed = _steps(inside, training=False)
    count = len(inside.inputs)
    own = listed[count:]
    if not any(step.writes for step in own):
        return Inner(True, 0, 0, ())
    slots = {step.writes[0]: number for number, step in enumerate(listed[:count])}
    for slot in slots:
        slot.stays = True
    around = sum(slot.size for slot in slots)
    stretches: list[tuple[int, tuple[int, ...]]] = []
    most = 0
    for moment in moments(listed, in_place=False):
        if moment.place >= count:
            most = max(most, moment.numbers - around)
            ended = tuple([slots[buffer] for buffer in moment.ended if buffer in slots])
            if ended:
                stretches.append((most, ended))
                most = 0
    stretches.append((most, ()))
    (left,) = {b for step in own for b in step.writes if b.stays}
    return Inner(False, sum([step.written for step in own]), left.size, tuple(stretches))


def _stretches(known: Inner, slots: Sequence[Buffer]) -> tuple[Stretch, ...]:
    """Say a whole's stretches of the buffers that come in: one may come in as several."""
    if len(slots) == 1 or len(set(slots)) == len(slots):
        read = [[slots[number] for number in ended] for _, ended in known.stretches]
    else:
        last: dict[Buffer, int] = {}
        for place, (_, ended) in enumerate(known.stretches):
            last.update((slots[number], place) for number in ended)
        read = [[] for _ in known.stretches]
        for buffer, place in last.items():
            read[place].append(buffer)
    pairs = zip(known.stretches, read, strict=True)
    return tuple([Stretch(most, buffers) for (most, _), buffers in pairs])


def _cropped(node: Node, held: Mapping[tuple[int, int], Buffer]) -> frozenset[Buffer]:
    return frozenset(
        held[_key(port)]
        for port in node.inputs
        if len(port.node.shapes) == 1 and port.shape.size < held[_key(port)].size
    )


def overwrites(step: Step, *, others_wait: bool) -> bool:
    """Whether an activation may write over its input: nobody else reads it, and it is not ours."""
    return (
        not others_wait
        and step.node.op.in_place
        and len(step.reads) == 1
        and not step.reads[0].stays
        and not step.reads[0].owner.op.is_input
        and [buffer.size for buffer in step.writes] == [step.reads[0].size]
    )


def _key(port: Port) -> tuple[int, int]:
    return port.node.index, port.index


def _once(buffers: Iterable[Buffer]) -> tuple[Buffer, ...]:
    return tuple({id(buffer): buffer for buffer in buffers}.values())
