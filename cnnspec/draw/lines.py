"""How far lines of layers are taken apart: as far as what stands beside them is long, too.

A bottleneck's three convolutions are one box, for the picture grows with each that stands alone.
A module's branches stand side by side, and the longest says how tall it is: where another has room
left, its layers, reductions to fewer channels above all, have boxes of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnnspec.analysis.fold import Part
from cnnspec.draw.plan import nodes


class _Room(NamedTuple):
    """How many rows stand above a line, and from it on, at the least."""

    above: list[int]
    below: list[int]

    def of(self, line: int) -> int:
        """Give how many rows more a line could have before the whole grows."""
        return max(self.below) - self.above[line] - self.below[line]


def apart(lines: Sequence[list[Part]]) -> list[list[Part]]:
    """Take lines apart, the first layers first, where the whole gets no taller."""
    wires = _wires(lines)
    rows = [1] * len(lines)
    for place, line in enumerate(lines):
        if len(line) > 1:
            room = _room(wires, rows)
            rows[place] += min(len(line) - 1, room.of(place))
    result = []
    for line, count in zip(lines, rows, strict=True):
        result += [[part] for part in line[: count - 1]]
        result.append(line[count - 1 :])
    return result


def _wires(lines: Sequence[list[Part]]) -> list[list[int]]:
    """Give the lines that each takes from, which come before it."""
    owner = {
        node.index: place
        for place, line in enumerate(lines)
        for part in line
        for members in (part.members, part.last)
        for node in nodes(members)
    }
    found: list[list[int]] = []
    for place, line in enumerate(lines):
        ports = (port for part in line for node in nodes(part.members) for port in node.inputs)
        sources = {owner.get(port.node.index, place) for port in ports}
        found.append(sorted(source for source in sources if source < place))
    return found


def _room(wires: Sequence[list[int]], rows: Sequence[int]) -> _Room:
    above = [0] * len(rows)
    for place, sources in enumerate(wires):
        above[place] = max((above[each] + rows[each] for each in sources), default=0)
    below = list(rows)
    for place in reversed(range(len(rows))):
        for source in wires[place]:
            below[source] = max(below[source], rows[source] + below[place])
    return _Room(above, below)
