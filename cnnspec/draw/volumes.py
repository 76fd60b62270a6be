"""The classic picture: a box a map, as high and deep as the map, as thick as its channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2, sqrt
from typing import Final
from xml.etree import ElementTree as ET

from cnnspec.draw import words
from cnnspec.draw.boxes import Box
from cnnspec.draw.choose import choose
from cnnspec.draw.escape import printable
from cnnspec.draw.metrics import width
from cnnspec.draw.options import Look
from cnnspec.draw.plan import Plan
from cnnspec.draw.svg import FONTS, SVG
from cnnspec.draw.theme import THEMES, Theme
from cnnspec.draw.wires import Wire, wires
from cnnspec.graph import Graph

#: Lengths in points: the largest map, the thickest stack of channels, text, space around things.
HIGHEST: Final = 150.0
THICKEST: Final = 46.0
TEXT: Final = 9.0
SPACE: Final = 12.0
#: How a map's depth is drawn: so far to the right and up, as shares of its width.
ASKEW: Final = (0.30, 0.22)
#: A row of maps is at most so long, and a line of its text so many characters.
LONGEST_ROW: Final = 1100.0
LONGEST_LINE: Final = 15
#: More boxes than this are too many: fewer scopes are opened.
MOST: Final = 34


@dataclass(slots=True, eq=False)
class _Volume:
    """A map that is drawn: sizes of its front, its depth, its words, and where it stands."""

    box: Box
    thick: float
    high: float
    deep: float
    lines: tuple[str, ...]
    said: str
    x: float = 0.0
    y: float = 0.0

    @property
    def room(self) -> float:
        """How much of its row it takes."""
        texts = [width(line, TEXT) or len(line) * TEXT for line in (*self.lines, self.said)]
        return max(self.thick + self.deep * ASKEW[0], *texts)

    @property
    def tall(self) -> float:
        """How much of its column it takes."""
        return self.high + self.deep * ASKEW[1] + TEXT * 1.3 * (len(self.lines) + 1) + SPACE

    @property
    def above(self) -> float:
        """How much of that is above the middle of its front."""
        return self.high / 2 + self.deep * ASKEW[1] + TEXT * 1.3

    @property
    def left(self) -> tuple[float, float]:
        """Where lines come in: the middle of the left edge of its front."""
        return self.x - self.thick / 2, self.y

    @property
    def right(self) -> tuple[float, float]:
        """Where lines go out: the middle of its right side."""
        return self.x + self.thick / 2 + self.deep * ASKEW[0] / 2, self.y - self.deep * ASKEW[1] / 2

    @property
    def top(self) -> float:
        """The height of its upper edge."""
        return self.y - self.high / 2 - self.deep * ASKEW[1]


def volumes(graph: Graph, look: Look) -> bytes:
    """Draw what inference runs as volumes, from left to right, in rows where that is long.

    A run of equal blocks is one volume: inside it nothing would say how often it is there.
    """
    deep, shallow = Plan(1, looks=0, runs=False), Plan(0, looks=0, runs=False)
    plans = (deep, shallow, Plan(-1, looks=0, longest=MOST, runs=False))
    drawn = next(
        (one for one in (choose(graph, plan) for plan in plans[:-1]) if len(one.boxes) <= MOST),
        None,
    ) or choose(graph, plans[-1])
    kept = [box for box in drawn.boxes if not box.trains and box.role != "output"]
    found = _bridged([wire for wire in wires(drawn) if wire.source in kept and wire.target in kept])
    shown = [box for box in kept if box.has_volume]
    columns = _columns(_sized(shown, look, HIGHEST), found)
    side_by_side = max(map(len, columns))
    if side_by_side > 1:
        columns = _columns(_sized(shown, look, HIGHEST / sqrt(side_by_side)), found)
    return _Painter(graph, look, columns, found).painted()


def _bridged(found: Sequence[Wire]) -> list[Wire]:
    """Lead lines past what only moves values: no volume stands for that."""
    into: dict[int, Wire] = {}
    result = []
    for wire in found:
        before = into.get(wire.source.order)
        bridge = wire
        if before is not None:
            way = before.way if wire.way == "flow" else wire.way
            bridge = Wire(before.source, wire.target, way)
        if not wire.target.has_volume:
            into[wire.target.order] = bridge
        elif bridge.source.has_volume:
            result.append(bridge)
    return result


def _sized(boxes: Sequence[Box], look: Look, highest: float) -> list[_Volume]:
    images = [box.shape for box in boxes if box.shape.is_image]
    largest = max((max(s.height, s.width) for s in images), default=1)
    most = max(box.shape.channels for box in boxes)
    result = []
    for box in boxes:
        shape = box.shape
        share = log2(1 + shape.channels) / log2(1 + most)
        if shape.is_image:
            high, deep = (highest * sqrt(each / largest) for each in (shape.height, shape.width))
            thick = 3 + THICKEST * share * share
        else:
            high, deep, thick = 20 + 0.6 * highest * share * share, 8.0, 8.0
        said = words.size(shape, look.layout)
        lines = _wrapped(words.title(box, look))
        result.append(_Volume(box, thick, max(high, 6.0), max(deep, 6.0), lines, said))
    return result


def _wrapped(title: str) -> tuple[str, ...]:
    """Break a header into at most four short lines."""
    lines: list[str] = [""]
    for word in printable(title).split():
        together = f"{lines[-1]} {word}".strip()
        if len(together) <= LONGEST_LINE or not lines[-1]:
            lines[-1] = together
        else:
            lines.append(word)
    cut = [
        line if len(line) <= 2 * LONGEST_LINE else f"{line[: 2 * LONGEST_LINE - 3]}..."
        for line in lines
    ]
    return tuple(cut if len(cut) <= 4 else [*cut[:3], f"{cut[3]} ..."])


def _columns(sized: Sequence[_Volume], found: Sequence[Wire]) -> list[list[_Volume]]:
    """Set maps that can be computed at one time above each other."""
    place = {volume.box.order: 0 for volume in sized}
    for wire in found:
        there = place[wire.source.order] + 1
        place[wire.target.order] = max(place[wire.target.order], there)
    columns: list[list[_Volume]] = [[] for _ in range(max(place.values(), default=0) + 1)]
    for volume in sized:
        columns[place[volume.box.order]].append(volume)
    return columns


class _Painter:
    def __init__(
        self,
        graph: Graph,
        look: Look,
        columns: list[list[_Volume]],
        found: Sequence[Wire],
    ) -> None:
        self.graph, self.look, self.found = graph, look, found
        self.theme: Theme = THEMES[look.theme]
        self.columns = columns
        self.row_of: dict[int, int] = {}
        self.volumes = {v.box.order: v for column in columns for v in column}
        self.column_of = {
            v.box.order: number for number, column in enumerate(columns) for v in column
        }

    def painted(self) -> bytes:
        """Give the SVG."""
        rows = self._rows()
        across = sum(wire.way != "flow" for wire in self.found)
        head = 52.0
        long, high = self._placed(rows, head, lanes=across)
        title = words.heading(self.graph)
        root = ET.Element(
            "svg",
            {
                "xmlns": SVG,
                "width": f"{long:.0f}pt",
                "height": f"{high:.0f}pt",
                "viewBox": f"0 0 {long:.2f} {high:.2f}",
                "font-family": FONTS,
                "role": "img",
                "aria-label": title,
            },
        )
        ET.SubElement(root, "rect", width="100%", height="100%", fill=self.theme.background)
        self._text(root, title, long / 2, 20, size=14, bold=True)
        self._text(root, words.totals(self.graph, self.look), long / 2, 36, size=TEXT + 1)
        for wire in self.found:
            self._line(root, wire)
        for column in self.columns:
            for volume in column:
                self._volume(root, volume)
        return ET.tostring(root, encoding="unicode").encode() + b"\n"

    def _rows(self) -> list[list[list[_Volume]]]:
        """Break the columns into rows of one length, unless a line would lead across a break."""
        total = sum(self._room(column) for column in self.columns)
        count = max(1, -(-int(total) // int(LONGEST_ROW)))
        rows: list[list[list[_Volume]]] = [[]]
        used = 0.0
        for column in self.columns:
            if used and used + self._room(column) / 2 > total / count:
                rows.append([])
                used = 0.0
            rows[-1].append(column)
            used += self._room(column)
        for number, row in enumerate(rows):
            self.row_of |= {v.box.order: number for column in row for v in column}
        broken = [
            wire
            for wire in self.found
            if wire.way != "flow"
            and self.row_of[wire.source.order] != self.row_of[wire.target.order]
        ]
        if not broken:
            return rows
        self.row_of = dict.fromkeys(self.row_of, 0)
        return [self.columns]

    def _room(self, column: Sequence[_Volume]) -> float:
        return max(volume.room for volume in column) + SPACE

    def _placed(
        self, rows: list[list[list[_Volume]]], top: float, *, lanes: int
    ) -> tuple[float, float]:
        """Give every volume its place; give the picture's width and height."""
        longest = max(sum(self._room(column) for column in row) for row in rows)
        for row in rows:
            high = max(sum(volume.tall for volume in column) for column in row)
            top += min(lanes, 6) * 7.0
            alone = [column[0] for column in row if len(column) == 1]
            middle = max((v.above for v in alone), default=0.0)
            high = max(high, middle + max((v.tall - v.above for v in alone), default=0.0))
            middle = max(middle, (high - SPACE) / 2 if len(alone) < len(row) else 0.0)
            x = SPACE + (longest - sum(self._room(column) for column in row)) / 2
            for column in row:
                room = self._room(column)
                y = top + (high - sum(volume.tall for volume in column)) / 2
                for volume in column:
                    volume.x = x + room / 2 - volume.deep * ASKEW[0] / 2
                    volume.y = y + volume.above
                    y += volume.tall
                if len(column) == 1:
                    column[0].y = top + middle
                x += room
            top += high + SPACE
        return longest + 2 * SPACE, top

    def _volume(self, root: ET.Element, volume: _Volume) -> None:
        box, color = volume.box, self.theme.family(volume.box.family)
        name = {"id": printable(box.path), "data-line": str(box.span.line)}
        group = ET.SubElement(root, "g", {**name, "data-path": printable(box.path)})
        ET.SubElement(group, "title").text = printable(words.tip(box), lines=True)
        x, y = volume.x - volume.thick / 2, volume.y - volume.high / 2
        over, up = volume.deep * ASKEW[0], volume.deep * ASKEW[1]
        right, low = x + volume.thick, y + volume.high
        faces = (
            (
                _mixed(color, "#ffffff", 0.45),
                [(x, y), (x + over, y - up), (right + over, y - up), (right, y)],
            ),
            (
                _mixed(color, "#000000", 0.18),
                [(right, y), (right + over, y - up), (right + over, low - up), (right, low)],
            ),
            (_mixed(color, "#ffffff", 0.18), [(x, y), (right, y), (right, low), (x, low)]),
        )
        for fill, corners in faces:
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
            edge = {"stroke": self.theme.ink, "stroke-width": "0.5", "stroke-linejoin": "round"}
            ET.SubElement(group, "polygon", {"points": points, "fill": fill, **edge})
        middle = volume.x + over / 2
        self._text(group, volume.said, middle, y - up - 4, size=TEXT)
        for number, line in enumerate(volume.lines):
            at = low + TEXT * 1.3 * (number + 1)
            self._text(group, line, middle, at, size=TEXT, bold=number == 0)

    def _line(self, root: ET.Element, wire: Wire) -> None:
        source, target = self.volumes[wire.source.order], self.volumes[wire.target.order]
        if self.row_of[wire.source.order] != self.row_of[wire.target.order]:
            (x, y), (to, there) = source.right, target.left
            self._arrow(root, f"M{x:.1f},{y:.1f}h14", (x + 14, y), self.theme.line)
            self._arrow(root, f"M{to - 16:.1f},{there:.1f}H{to:.1f}", (to, there), self.theme.line)
            return
        beside = self.column_of[wire.target.order] - self.column_of[wire.source.order] == 1
        if wire.way == "flow" or beside:
            (x, y), (to, there) = source.right, target.left
            bend = (to - x) / 2
            ends = f"{to - bend:.1f},{there:.1f} {to:.1f},{there:.1f}"
            path = f"M{x:.1f},{y:.1f}C{x + bend:.1f},{y:.1f} {ends}"
            color = self.theme.line if wire.way == "flow" else self.theme.skip
            self._arrow(root, path, (to, there), color, dashed=wire.way == "skip")
            return
        x, to = source.x + source.deep * ASKEW[0], target.x + target.deep * ASKEW[0] / 2
        between = [v for v in self.volumes.values() if source.x <= v.x <= target.x]
        same = [v for v in between if self.row_of[v.box.order] == self.row_of[wire.source.order]]
        lane = min(v.top for v in same) - TEXT * 1.3 - 4 - 5 * self._lane(wire)
        end = target.top - TEXT * 1.3 - 2
        path = f"M{x:.1f},{source.top - 15:.1f}V{lane:.1f}H{to:.1f}V{end:.1f}"
        rail = wire.way == "rail"
        self._arrow(root, path, (to, end), self.theme.skip, down=True, dashed=not rail)

    def _lane(self, wire: Wire) -> int:
        """Give the number of ways across that this one leads over."""
        inner = [
            each
            for each in self.found
            if each.way != "flow"
            and wire.source.order <= each.source.order
            and each.target.order <= wire.target.order
            and each is not wire
        ]
        return min(len(inner), 6)

    def _arrow(
        self,
        root: ET.Element,
        path: str,
        tip: tuple[float, float],
        color: str,
        *,
        down: bool = False,
        dashed: bool = False,
    ) -> None:
        look = {"fill": "none", "stroke": color, "stroke-width": "1"}
        if dashed:
            look["stroke-dasharray"] = "4,3"
        ET.SubElement(root, "path", {"d": path, **look})
        x, y = tip
        corners = (
            [(x, y), (x - 3, y - 5), (x + 3, y - 5)]
            if down
            else [(x, y), (x - 5, y - 3), (x - 5, y + 3)]
        )
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
        ET.SubElement(root, "polygon", {"points": points, "fill": color})

    def _text(
        self, into: ET.Element, said: str, x: float, y: float, *, size: float, bold: bool = False
    ) -> None:
        look = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": "middle", "font-size": f"{size:g}"}
        look["fill"] = self.theme.ink
        if bold:
            look["font-weight"] = "bold"
        long = width(said, size, bold=bold)
        if long:
            look |= {"textLength": f"{long:.1f}", "lengthAdjust": "spacingAndGlyphs"}
        ET.SubElement(into, "text", look).text = printable(said)


def _mixed(color: str, other: str, share: float) -> str:
    """Mix a colour with a share of another.

    >>> _mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = ((int(each[at : at + 2], 16) for each in (color, other)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a * (1 - share) + b * share):02x}" for a, b in pairs)
