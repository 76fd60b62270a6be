"""Where the labels of a picture go: beside their points, over nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import cos, pi, sin
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle: left, bottom, right, top."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Whether the two share a place."""
        apart = (
            self.right <= other.left
            or other.right <= self.left
            or self.top <= other.bottom
            or other.top <= self.bottom
        )
        return not apart


class Point(NamedTuple):
    """A point with a radius, and the width and height of its label; all in one unit."""

    x: float
    y: float
    radius: float
    width: float
    height: float


def place(points: Sequence[Point], frame: Box) -> list[Box]:
    """Give each label's box: inside the frame, over no other label, and over no point if it can.

    Points with the most neighbours are served first; each takes the first free place on ever wider
    circles around it. A label for which the frame has no room at all lands at its centre.
    """
    dots = [_around(p.x, p.y, 2 * _core(p), 2 * _core(p)) for p in points]
    reach = [_around(p.x, p.y, 3 * p.width, 6 * p.height) for p in points]
    crowd = [sum(box.meets(dot) for dot in dots) for box in reach]
    order = sorted(range(len(points)), key=lambda n: (-crowd[n], n))
    taken: dict[int, Box] = {}
    for n in order:
        free = (
            box
            for box in _places(points[n])
            if _inside(box, frame) and not any(box.meets(other) for other in taken.values())
        )
        second: Box | None = None
        for box in free:
            if not any(box.meets(dot) for k, dot in enumerate(dots) if k != n):
                taken[n] = box
                break
            second = second or box
        else:
            taken[n] = second or _around(
                points[n].x, points[n].y, points[n].width, points[n].height
            )
    return [taken[n] for n in range(len(points))]


def _core(point: Point) -> float:
    """Give the part of a point that no label should cover: its middle, where it is large."""
    return min(point.radius, point.height / 2)


def _places(point: Point) -> Iterator[Box]:
    for ring in range(40):
        gap = point.radius + point.height * (0.15 + 0.5 * ring)
        turns = 8 + 4 * ring
        for turn in range(turns):
            angle = 2 * pi * turn / turns
            x = point.x + cos(angle) * (gap + point.width / 2)
            y = point.y + sin(angle) * (gap + point.height / 2)
            yield _around(x, y, point.width, point.height)


def _around(x: float, y: float, width: float, height: float) -> Box:
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _inside(box: Box, frame: Box) -> bool:
    return (
        frame.left <= box.left
        and box.right <= frame.right
        and frame.bottom <= box.bottom
        and box.top <= frame.top
    )
