"""One block of a picture drawn alone, with what gives to it and takes from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cnnspec.draw.boxes import Box, Frame, Picture, within


def replaced(each: Box | Frame, changed: Mapping[int, Box]) -> Box | Frame:
    """Give a box or frame with other boxes in the places of its own, by their order."""
    if isinstance(each, Box):
        return changed[each.order]
    return replace(each, inner=tuple(replaced(inner, changed) for inner in each.inner))


def focused(drawn: Picture, frame: Frame) -> Picture:
    """Keep one frame, and what gives to it and takes from it, set aside."""
    inside = {box.order for box in within(frame)}
    kept = set(inside)
    for box, ports, _ in drawn.taken:
        sources = {drawn.owner[p.node.index].order for p in ports if p.node.index in drawn.owner}
        if box.order in inside:
            kept |= sources
        elif sources & inside:
            kept.add(box.order)
    order = {old: new for new, old in enumerate(sorted(kept))}
    changed = {
        old: replace(drawn.boxes[old], order=new, aside=old not in inside)
        for old, new in order.items()
    }
    aside = [changed[old] for old in sorted(kept - inside)]
    first = min(inside, default=0)
    return Picture(
        whole=drawn.whole,
        focus=frame.paths,
        boxes=[changed[old] for old in sorted(kept)],
        inner=(
            *(box for box in aside if box.order < order[first]),
            replaced(frame, changed),
            *(box for box in aside if box.order > order[first]),
        ),
        owner={i: changed[b.order] for i, b in drawn.owner.items() if b.order in order},
        taken=[(changed[b.order], ports, n) for b, ports, n in drawn.taken if b.order in order],
    )
