"""Where maps stand and how lines lead between them, so that none crosses a map or its words.

Maps stand in columns, columns in rows. Between columns there are gaps, and above each row a band:
lines go up and down in gaps, along bands, and into and out of a map at the middle of its height,
where nothing else is. Where a line goes around what stands at a break between rows, the second
row runs back, as a U does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cnnspec.draw.volume import SPACE, Volume
from cnnspec.draw.wires import Wire

#: A row of maps is about so long at the most, in points; lines side by side are so far apart.
LONGEST_ROW: Final = 1100.0
APART: Final = 6.0

Point = tuple[float, float]


class Route(NamedTuple):
    """A line with the points that it goes through; it ends to the left or to the right."""

    wire: Wire
    points: tuple[Point, ...]


@dataclass(slots=True, eq=False)
class _Row:
    """Columns from left to right, and the lines in the gap before each and after the last."""

    columns: list[list[Volume]]
    back: bool
    gaps: list[list[tuple[str, int]]] = field(default_factory=list)
    lefts: list[float] = field(default_factory=list)
    lanes: list[list[tuple[float, float]]] = field(default_factory=list)
    top: float = 0.0

    def gap(self, number: int) -> float:
        """Give how wide a gap is."""
        return SPACE + APART * len(self.gaps[number])

    def at(self, number: int, what: tuple[str, int]) -> float:
        """Give where in a gap a line goes up or down."""
        slot = self.gaps[number].index(what)
        return self.lefts[number] + SPACE / 2 + APART * (slot + 0.5)

    @property
    def long(self) -> float:
        """How long it is."""
        return sum(map(_room, self.columns)) + sum(map(self.gap, range(len(self.gaps))))

    @property
    def band(self) -> float:
        """How high the band above it is."""
        return APART * (len(self.lanes) + 1) if self.lanes else 0.0

    def lane(self, first: float, second: float) -> int:
        """Take a place in the band for a line from one side to another: the lowest that is free."""
        low, high = sorted((first, second))
        for number, taken in enumerate(self.lanes):
            if all(high + APART < a or b + APART < low for a, b in taken):
                taken.append((low, high))
                return number
        self.lanes.append([(low, high)])
        return len(self.lanes) - 1


class _Way(NamedTuple):
    """What a line goes through: a gap behind its source and one before its target, and bands."""

    wire: Wire
    behind: int
    before: int
    bands: tuple[int, ...]


def in_columns(sized: Sequence[Volume], found: Sequence[Wire]) -> list[list[Volume]]:
    """Set maps that can be computed at one time above each other."""
    place = {volume.box.order: 0 for volume in sized}
    for wire in found:
        there = place[wire.source.order] + 1
        place[wire.target.order] = max(place[wire.target.order], there)
    columns: list[list[Volume]] = [[] for _ in range(max(place.values(), default=0) + 1)]
    for volume in sized:
        columns[place[volume.box.order]].append(volume)
    return columns


class Arranged:
    """Gives maps their places below `top`, and lines their ways; `size` is that of all."""

    def __init__(self, columns: list[list[Volume]], found: Sequence[Wire], top: float) -> None:
        self.volumes = {v.box.order: v for column in columns for v in column}
        self.found = found
        self.rows = self._rows(columns)
        self.spot = {
            volume.box.order: (number, place)
            for number, row in enumerate(self.rows)
            for place, column in enumerate(row.columns)
            for volume in column
        }
        middles = [_stacked(row) for row in self.rows]
        ways = [self._way(wire) for wire in found]
        margin = APART * sum(len(way.bands) > 1 for way in ways)
        longest = max(row.long for row in self.rows)
        for row in self.rows:
            self._across(row, margin + SPACE + (longest - row.long) / 2)
        lanes = self._lanes(ways)
        for row, (high, heights) in zip(self.rows, middles, strict=True):
            row.top = top + row.band
            for volume, height in heights:
                volume.y = row.top + height
            top = row.top + high + SPACE
        self.routes = [self._route(way, lanes[n]) for n, way in enumerate(ways)]
        self.size = margin + longest + 2 * SPACE, top

    def _rows(self, columns: list[list[Volume]]) -> list[_Row]:
        """Break the columns into rows of about one length, the second of two back if lines turn."""
        rooms = [_room(column) + SPACE for column in columns]
        count = max(1, -(-int(sum(rooms)) // int(LONGEST_ROW)))
        breaks: list[int] = []
        used = 0.0
        for place, room in enumerate(rooms):
            if used and used + room / 2 > sum(rooms) / count:
                breaks.append(place)
                used = 0.0
            used += room
        place_of = {v.box.order: n for n, column in enumerate(columns) for v in column}
        around = [
            (place_of[wire.source.order], place_of[wire.target.order])
            for wire in self.found
            if wire.way != "flow"
        ]
        turns = any(first < place <= second for first, second in around for place in breaks)
        if turns and len(breaks) == 1:
            breaks = [_turning(around, rooms, breaks[0])]
        ends = zip([0, *breaks], [*breaks, len(columns)], strict=True)
        rows = [columns[first:last] for first, last in ends]
        backs = [turns and number % 2 == 1 for number in range(len(rows))]
        return [
            _Row(row[::-1] if back else row, back, [[] for _ in range(len(row) + 1)])
            for row, back in zip(rows, backs, strict=True)
        ]

    def _way(self, wire: Wire) -> _Way:
        (first, out), (second, into) = self.spot[wire.source.order], self.spot[wire.target.order]
        behind = out + (not self.rows[first].back)
        before = into + self.rows[second].back
        source, target = ("out", wire.source.order), ("in", wire.target.order)
        if first == second and behind == before:
            level = self.volumes[wire.source.order].y == self.volumes[wire.target.order].y
            gap, what = self.rows[first].gaps[behind], self._shared(wire)
            if not level and what not in gap:
                gap.append(what)
            return _Way(wire, behind, before, ())
        for row, number, what in ((first, behind, source), (second, before, target)):
            if what not in self.rows[row].gaps[number]:
                self.rows[row].gaps[number].append(what)
        bands = (second,) if second - first < 2 else (first + 1, second)
        return _Way(wire, behind, before, bands)

    def _shared(self, wire: Wire) -> tuple[str, int]:
        """Say which lines between neighbours go up and down as one: those of one map's one side."""
        beside = [
            each
            for each in self.found
            if self.spot[each.source.order] == self.spot[wire.source.order]
            and self.spot[each.target.order] == self.spot[wire.target.order]
        ]
        into = sum(each.target is wire.target for each in beside)
        out = sum(each.source is wire.source for each in beside)
        return ("in", wire.target.order) if into >= out else ("out", wire.source.order)

    def _across(self, row: _Row, left: float) -> None:
        """Give a row's maps their places from left to right."""
        for number, column in enumerate(row.columns):
            row.lefts.append(left)
            left += row.gap(number)
            room = _room(column)
            for volume in column:
                volume.x = left + room / 2 - volume.over / 2
            left += room
        row.lefts.append(left)

    def _ends(self, way: _Way) -> tuple[float, float]:
        """Give where a line goes up or down behind its source, and before its target."""
        source, target = way.wire.source.order, way.wire.target.order
        first, second = (self.rows[self.spot[each][0]] for each in (source, target))
        if not way.bands:
            at = second.at(way.before, self._shared(way.wire))
            return at, at
        return first.at(way.behind, ("out", source)), second.at(way.before, ("in", target))

    def _lanes(self, ways: Sequence[_Way]) -> dict[int, list[int]]:
        """Give each line its places in its bands, the shortest ones the lowest."""
        result: dict[int, list[int]] = {n: [] for n in range(len(ways))}
        long = [n for n, way in enumerate(ways) if way.bands]
        spans = {n: self._ends(ways[n]) for n in long}
        for n in sorted(long, key=lambda n: (abs(spans[n][0] - spans[n][1]), n)):
            first, second = spans[n]
            if len(ways[n].bands) == 1:
                result[n] = [self.rows[ways[n].bands[0]].lane(first, second)]
            else:
                ends = zip(ways[n].bands, (first, second), strict=True)
                result[n] = [self.rows[band].lane(0.0, end) for band, end in ends]
        return result

    def _route(self, way: _Way, lanes: Sequence[int]) -> Route:
        source, target = (self.volumes[each.order] for each in (way.wire.source, way.wire.target))
        first, second = (self.rows[self.spot[each.box.order][0]] for each in (source, target))
        start = (source.left if first.back else source.right), source.y
        end = (target.right if second.back else target.left), target.y
        if not way.bands and source.y == target.y:
            return Route(way.wire, (start, end))
        down, up = self._ends(way)
        heights = [
            self.rows[band].top - APART * (lane + 1)
            for band, lane in zip(way.bands, lanes, strict=True)
        ]
        points = [start, (down, start[1])]
        if len(heights) == 2:
            beside = SPACE / 2 + APART * lanes[0]
            points += [(down, heights[0]), (beside, heights[0]), (beside, heights[1])]
        elif heights:
            points.append((down, heights[0]))
        points += [(up, heights[-1])] if heights else []
        return Route(way.wire, (*points, (up, end[1]), end))


def _turning(around: Sequence[tuple[int, int]], rooms: Sequence[float], half: int) -> int:
    """Give the break near the half that most lines lead over: the bottom of a U."""
    most = (sum(rooms) + LONGEST_ROW) / 2
    fits = [n for n in range(1, len(rooms)) if max(sum(rooms[:n]), sum(rooms[n:])) <= most]
    over = {n: sum(first < n <= second for first, second in around) for n in fits}
    return min(over, key=lambda n: (-over[n], abs(n - half)), default=half)


def _room(column: Sequence[Volume]) -> float:
    return max(volume.room for volume in column)


def _stacked(row: _Row) -> tuple[float, list[tuple[Volume, float]]]:
    """Give how high a row is, and each map's height in it: those alone stand on one."""
    high = max(sum(volume.tall for volume in column) for column in row.columns)
    alone = [column[0] for column in row.columns if len(column) == 1]
    middle = max((v.above for v in alone), default=0.0)
    high = max(high, middle + max((v.tall - v.above for v in alone), default=0.0))
    middle = max(middle, (high - SPACE) / 2 if len(alone) < len(row.columns) else 0.0)
    heights = []
    for column in row.columns:
        y = (high - sum(volume.tall for volume in column)) / 2
        for volume in column:
            volume.y = middle if len(column) == 1 else y + volume.above
            heights.append((volume, volume.y))
            y += volume.tall
    return high, heights
