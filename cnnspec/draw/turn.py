"""Networks that go down and come up again: which boxes of the U stand on one height."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from cnnspec.draw.boxes import Box, Picture
from cnnspec.draw.wires import Wire

#: A U has at least so many ways across.
FEWEST: Final = 2


class Turn(NamedTuple):
    """`rising` are the boxes from the bottom on, by order; `levels` stand on one height each."""

    rising: frozenset[int]
    levels: tuple[tuple[int, ...], ...]


def turn(drawn: Picture, found: Sequence[Wire]) -> Turn | None:
    """Find the U, if the network is one: nested ways across from a trunk that shrinks and grows.

    A way across is a skip, or two with a box between that only moves values (a crop). Nothing is a
    U of which a frame is open: its frames would stand in each other's way.
    """
    if not all(isinstance(each, Box) for each in drawn.inner):
        return None
    across = _across(drawn, found)
    falls = [drawn.boxes[way[0]].shape for way in across]
    rises = [drawn.boxes[way[-1]].shape for way in across]
    nested = all(a[-1] > b[-1] for a, b in pairwise(across))
    images = all(shape.is_image for shape in (*falls, *rises))
    if len(across) < FEWEST or not nested or not images:
        return None
    shrinks = all(a.height > b.height for a, b in pairwise(falls))
    grows = all(a.height > b.height for a, b in pairwise(rises))
    if not (shrinks and grows):
        return None
    deepest = across[-1]
    between = range(deepest[0] + 1, deepest[-1] + 1)
    bottom = min(between, key=lambda order: (_height(drawn.boxes[order]), order))
    crossing = {order for way in across for order in way[1:-1]}
    last = max(
        bottom, *(o for o in between if _height(drawn.boxes[o]) == _height(drawn.boxes[bottom]))
    )
    rising = {order for order in range(last + 1, len(drawn.boxes)) if order not in crossing}
    return Turn(frozenset(rising), tuple(across))


def _height(box: Box) -> int:
    return box.shape.height if box.shape.is_image else 0


def _across(drawn: Picture, found: Sequence[Wire]) -> list[tuple[int, ...]]:
    """Give the ways across from the first on: source, what moves values between, target."""
    after: dict[int, list[int]] = {}
    for wire in found:
        if wire.way == "skip":
            after.setdefault(wire.source.order, []).append(wire.target.order)
    ways: list[tuple[int, ...]] = []
    for source in sorted(after):
        if drawn.boxes[source].family == "layout":
            continue
        for target in after[source]:
            way = [source, target]
            while drawn.boxes[way[-1]].family == "layout" and len(after.get(way[-1], ())) == 1:
                way.append(after[way[-1]][0])
            ways.append(tuple(way))
    return ways
