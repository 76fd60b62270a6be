"""Lines held inside the frame that their ends are in: engines lead curves out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from cnnspec.draw.boxes import Box, Frame, Picture
from cnnspec.draw.dot import title_of

#: So far a line stays from a frame's edge, in points.
APART: Final = 3.5
_POINT: Final = re.compile(r"(-?[\d.]+),(-?[\d.]+)")

_Line = tuple[ET.Element, str, str]


def hold(clusters: Mapping[str, ET.Element], lines: Sequence[_Line], drawn: Picture) -> None:
    """Move what leads out of the innermost frame around both ends of a line to that one's edge.

    A curve lies within its control points: where those are inside, it is. `clusters` are the
    frames' elements by name, and lines have the names of their ends.
    """
    frames = dict(_frames(drawn))
    for line, source, target in lines:
        around = [each for each in frames.get(source, ()) if each in frames.get(target, ())]
        cluster = clusters.get(f"cluster_{around[-1]}") if around else None
        edge = _first(cluster, ("path", "polygon")) if cluster is not None else None
        path = _first(line, ("path",))
        if edge is not None and path is not None:
            corners = _POINT.findall(edge.get("d") or edge.get("points") or "")
            path.set("d", _within(path.get("d", ""), corners))


def _frames(drawn: Picture) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the frames around each box, and around each frame's title, the outermost first."""
    pending: list[tuple[Box | Frame, tuple[str, ...]]] = [(each, ()) for each in drawn.inner]
    while pending:
        each, around = pending.pop()
        if isinstance(each, Box):
            yield f"b{each.order}", around
        else:
            around = (*around, title_of(each))
            yield around[-1], around
            pending.extend((inner, around) for inner in each.inner)


def _first(group: ET.Element, kinds: Sequence[str]) -> ET.Element | None:
    return next((each for each in group if each.tag.rpartition("}")[2] in kinds), None)


def _within(path: str, corners: Sequence[tuple[str, str]]) -> str:
    xs, ys = ([float(each[axis]) for each in corners] for axis in (0, 1))

    def moved(point: re.Match[str]) -> str:
        x = min(max(float(point[1]), min(xs) + APART), max(xs) - APART)
        y = min(max(float(point[2]), min(ys) + APART), max(ys) - APART)
        same = (x, y) == (float(point[1]), float(point[2]))
        return point[0] if same else f"{x:.2f},{y:.2f}"

    return _POINT.sub(moved, path)
