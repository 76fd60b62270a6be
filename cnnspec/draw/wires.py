"""The lines between boxes: what flows on, and what goes around something else."""

from __future__ import annotations

from typing import Final, NamedTuple

from cnnspec.draw.boxes import Box, Picture

#: Of more ways around that end at one box only the last is drawn, and says how many there are.
MOST_SKIPS: Final = 3


class Wire(NamedTuple):
    """A line from one box to another; a skip goes around what else leads there."""

    source: Box
    target: Box
    skip: bool
    label: str = ""


def wires(drawn: Picture) -> tuple[Wire, ...]:
    """Give the lines in order of their targets, and of the inputs there.

    A line is a skip if its source leads to its target another way, too; and so is what only moves
    values (a crop) on such a way.
    """
    sources: list[dict[int, None]] = [{} for _ in drawn.boxes]
    above = [0] * len(drawn.boxes)
    for node in drawn.drawn:
        to = drawn.owner[node.index].order
        for port in node.inputs:
            box = drawn.owner.get(port.node.index)
            if box is not None and box.order != to:
                sources[to][box.order] = None
                above[to] |= above[box.order] | 1 << box.order
    skips = _skips(drawn, sources, above)
    result: list[Wire] = []
    for target, found in enumerate(sources):
        around = sorted(source for source in found if (source, target) in skips)
        dropped = around[:-1] if len(around) > MOST_SKIPS else []
        for source in found:
            if source not in dropped:
                skip = (source, target) in skips
                label = f"and {len(dropped)} before" if skip and dropped else ""
                result.append(Wire(drawn.boxes[source], drawn.boxes[target], skip, label))
    return tuple(result)


def _skips(
    drawn: Picture, sources: list[dict[int, None]], above: list[int]
) -> set[tuple[int, int]]:
    """Find the lines that go around something; `above` has a bit for each box that leads here."""
    result: set[tuple[int, int]] = set()
    for target, found in enumerate(sources):
        for source in found:
            others = 0
            for each in found:
                others |= above[each] if each != source else 0
            if others >> source & 1:
                result.add((source, target))
            elif drawn.boxes[source].family == "layout" and len(sources[source]) == 1:
                (origin,) = sources[source]
                if others >> origin & 1:
                    result |= {(origin, source), (source, target)}
    return result
