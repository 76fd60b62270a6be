"""The lines between boxes: what flows on, what goes around something else, and what grows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from cnnspec.draw.boxes import Box, Picture
from cnnspec.graph import Node, Port
from cnnspec.shapes import Shape

#: Of more ways around that end at one box only the last is drawn, and says how many there are;
#: those that are all that leaves their box are drawn besides.
MOST_SKIPS: Final = 3
#: So many of a concat's last inputs may be new for the rest to come from an earlier concat.
MOST_NEW: Final = 4

Way = Literal["flow", "skip", "rail"]


class Wire(NamedTuple):
    """A line from one box to another: a skip goes around what else leads there, a rail grows.

    `carries` are the shapes that it takes along, where its source gives others besides.
    """

    source: Box
    target: Box
    way: Way
    label: str = ""
    carries: tuple[Shape, ...] = ()


def wires(drawn: Picture) -> tuple[Wire, ...]:
    """Give the lines in order of their targets, and of the inputs there.

    A line is a skip if its source leads to its target another way, too; and so is what only moves
    values (a crop) on such a way. A skip that concats hand on from one to the next is a rail.
    """
    sources: list[dict[int, None]] = [{} for _ in drawn.boxes]
    carried: dict[tuple[int, int], dict[Shape, None]] = {}
    rails = _Rails()
    for box, ports, node in drawn.taken:
        to = box.order
        for port in rails.shortened(node, ports):
            giver = drawn.owner.get(port.node.index)
            if giver is not None and giver.order != to:
                sources[to][giver.order] = None
                carried.setdefault((giver.order, to), {})[port.shape] = None
    above = _above(sources)
    skips = _skips(drawn, sources, above)
    rail = _rail(drawn, skips)
    leaving = Counter(source for found in sources for source in found)
    result: list[Wire] = []
    for target, found in enumerate(sources):
        around = sorted(source for source in found if (source, target) in skips)
        spare = [source for source in around[:-1] if leaving[source] > 1]
        dropped = spare if len(spare) >= MOST_SKIPS else []
        for source in found:
            if source not in dropped:
                pair = source, target
                way: Way = "rail" if pair in rail else "skip" if pair in skips else "flow"
                label = f"and {len(dropped)} before" if way != "flow" and dropped else ""
                one, found_here = drawn.boxes[source], tuple(carried[pair])
                carries = found_here if len(found_here) < len(one.outs) else ()
                result.append(Wire(one, drawn.boxes[target], way, label, carries))
    return tuple(result)


def _above(sources: Sequence[Mapping[int, None]]) -> list[int]:
    """Give a box's bit for each that leads to it; of boxes in a circle those before it."""
    above = [0] * len(sources)
    waiting = [len(found) for found in sources]
    targets: list[list[int]] = [[] for _ in sources]
    for target, found in enumerate(sources):
        for source in found:
            targets[source].append(target)
    ready = [target for target, count in enumerate(waiting) if not count]
    for source in ready:
        for target in targets[source]:
            above[target] |= above[source] | 1 << source
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return above


class _Rails:
    """What concats have gathered so far: one that takes all of an earlier one's goes on from it."""

    def __init__(self) -> None:
        self.gathered: dict[tuple[tuple[int, int], ...], Port] = {}
        #: How those begin, and how long they are: most inputs are told by that not to go on.
        self.begun: set[tuple[tuple[int, int], int]] = set()

    def shortened(self, node: Node | None, ports: Sequence[Port]) -> Sequence[Port]:
        """Give the inputs to draw: what an earlier concat holds comes from there, once."""
        if node is None or not node.op.joins:
            return ports
        key = tuple((port.node.index, port.index) for port in ports)
        result: Sequence[Port] = ports
        for new in range(1, min(MOST_NEW, len(key) - 2) + 1):
            if (key[0], len(key) - new) not in self.begun:
                continue
            earlier = self.gathered.get(key[:-new])
            if earlier is not None:
                result = (earlier, *ports[-new:])
                break
        self.gathered.setdefault(key, node.ports[0])
        if key:
            self.begun.add((key[0], len(key)))
        return result


def _skips(
    drawn: Picture, sources: list[dict[int, None]], above: list[int]
) -> set[tuple[int, int]]:
    """Find the lines that go around something; `above` has a bit for each box that leads here."""
    result: set[tuple[int, int]] = set()
    for target, found in enumerate(sources):
        once = twice = 0
        for source in found:
            twice |= once & above[source]
            once |= above[source]
        for source in found:
            # What leads to the other sources: to two of them, or to one that is not this.
            others = twice | (once & ~above[source])
            if others >> source & 1:
                result.add((source, target))
            elif drawn.boxes[source].family == "layout" and len(sources[source]) == 1:
                (origin,) = sources[source]
                if others >> origin & 1:
                    result |= {(origin, source), (source, target)}
    return result


def _rail(drawn: Picture, skips: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Find the skips into concats that come from concats, go on to such, or stand for many."""
    into = {pair for pair in skips if drawn.boxes[pair[1]].joins}
    going_on = {source for source, _ in into}
    return {
        (source, target)
        for source, target in into
        if drawn.boxes[source].joins or target in going_on or drawn.boxes[target].before is not None
    }
