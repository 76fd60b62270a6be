"""Two networks on one page: what only one has, and what changed, by colour and by sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from cnnspec.analysis.fold import Part, fold
from cnnspec.draw.boxes import Box, Frame, Picture
from cnnspec.draw.choose import choose
from cnnspec.draw.focus import replaced
from cnnspec.draw.plan import Plan
from cnnspec.draw.subject import SIGNS, Subject
from cnnspec.draw.wires import Wire, wires
from cnnspec.graph import Graph, walk_scopes
from cnnspec.meta import title


class Pictured(NamedTuple):
    """What is drawn, and the lines in it."""

    drawn: Picture
    found: Sequence[Wire]


def folded(subject: Subject, *, repeats: bool) -> tuple[tuple[Part, ...], ...]:
    """Fold a network, or both; parts that are marked are equal to none that is not."""
    if isinstance(subject, Graph):
        return (fold(subject, repeats=repeats),)
    return tuple(
        fold(graph, repeats=repeats, apart=subject.of(graph)) for graph in (subject.a, subject.b)
    )


def pictured(subject: Subject, plan: Plan, parts: Sequence[Sequence[Part]]) -> Pictured:
    """Choose what to draw; raises UnknownPath for a path that neither has."""
    if isinstance(subject, Graph):
        drawn = choose(subject, plan, parts[0])
        return Pictured(drawn, wires(drawn))
    known = [{scope.path for scope in walk_scopes(each.root)} for each in (subject.a, subject.b)]
    if any(path not in known[0] and path not in known[1] for path in plan.expand):
        plan.checked(subject.b)
    both: list[Pictured] = []
    for graph, paths, own in zip((subject.a, subject.b), known, parts, strict=True):
        opened = replace(plan, expand=tuple(path for path in plan.expand if path in paths))
        one = choose(graph, opened, own)
        both.append(_marked(one, graph, subject.of(graph), len(both[0].drawn.boxes) if both else 0))
    first, second = (each.drawn for each in both)
    whole = first.whole.plus(second.whole)
    boxes = [*first.boxes, *second.boxes]
    drawn = Picture(whole=whole, boxes=boxes, inner=(*first.inner, *second.inner))
    return Pictured(drawn, (*both[0].found, *both[1].found))


def _marked(drawn: Picture, graph: Graph, marks: Mapping[int, str], shift: int) -> Pictured:
    """Give one network's picture in a frame, its boxes in the colours of their marks."""
    held: dict[int, set[str]] = {}
    for index, box in drawn.owner.items():
        held.setdefault(box.order, set()).add(marks.get(index, "kept"))
    changed = {
        box.order: _box(box, mark_of(held.get(box.order, {"kept"})), shift) for box in drawn.boxes
    }
    inner = tuple(replaced(each, changed) for each in drawn.inner)
    shape = graph.outputs[0].port.shape
    frame = Frame(
        graph.name, "", title(graph)[:120], inner, 1, 0, None, shape, drawn.whole, None, graph.span,
        False, graph.name,
    )  # fmt: skip
    found = [
        wire._replace(source=changed[wire.source.order], target=changed[wire.target.order])
        for wire in wires(drawn)
    ]
    boxes = [changed[order] for order in sorted(changed)]
    return Pictured(Picture(whole=drawn.whole, boxes=boxes, inner=(frame,)), found)


def mark_of(held: set[str]) -> str:
    """Say what a box is that holds nodes with these marks: one mark if all have it."""
    return held.pop() if len(held) == 1 else "edited"


def _box(box: Box, mark: str, shift: int) -> Box:
    sign = SIGNS[mark]
    name, said = (f"{sign}{box.name}", box.title) if box.name else ("", f"{sign}{box.title}")
    return replace(box, name=name, title=said, family=mark, order=box.order + shift)
