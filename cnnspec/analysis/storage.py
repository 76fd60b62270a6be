"""Which values share memory: a reshape, a crop or a split only reads what is there another way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from cnnspec.graph import Graph, Node, Port


@dataclass(slots=True, eq=False)
class Buffer:
    """A stretch of memory that a node writes: how many numbers of one example, and who reads it."""

    owner: Node
    size: int
    #: The places, in the list of nodes, of those that read it, in order.
    readers: list[int] = field(default_factory=list)
    #: Whether it must be there at the end.
    stays: bool = False


NOTHING: Final[frozenset[Buffer]] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """A node as memory sees it: the buffers that it reads, once each, and those that it writes.

    In training it reads a part of those in `cropped`: their gradient is made anew, with zeros
    around.
    """

    node: Node
    reads: tuple[Buffer, ...]
    writes: tuple[Buffer, ...]
    cropped: frozenset[Buffer] = frozenset()


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
        if moves_nothing(node, training=training):
            held.update(((node.index, n), reads[0]) for n in range(len(node.shapes)))
            result.append(Step(node, reads, ()))
            continue
        writes = tuple(Buffer(node, shape.size) for shape in node.shapes)
        held.update(((node.index, n), buffer) for n, buffer in enumerate(writes))
        cropped = _cropped(node, held) if training else NOTHING
        result.append(Step(node, reads, writes, cropped))
    for output in outputs:
        held[_key(output.port)].stays = True
    return result


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
