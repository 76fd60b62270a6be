"""The classic picture: a box a map, as high and deep as the map, as thick as its channels."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final
from xml.etree import ElementTree as ET

from cnnspec.draw import words
from cnnspec.draw.arrange import Arranged, Route, in_columns
from cnnspec.draw.choose import choose
from cnnspec.draw.escape import printable
from cnnspec.draw.metrics import width
from cnnspec.draw.options import Look
from cnnspec.draw.plan import Plan
from cnnspec.draw.svg import FONTS, SVG
from cnnspec.draw.theme import THEMES, Theme
from cnnspec.draw.volume import ASKEW, TEXT, Volume, sized
from cnnspec.draw.wires import Wire, wires
from cnnspec.graph import Graph

#: Lengths in points: the largest map, and what the network's name and figures take.
HIGHEST: Final = 150.0
HEAD: Final = 52.0
#: More boxes than this are too many: fewer scopes are opened.
MOST: Final = 34
#: How far it is opened: the first that has no more is drawn.
PLANS: Final = (
    Plan(1, looks=0, runs=False),
    Plan(0, looks=0, runs=False),
    Plan(-1, looks=0, longest=MOST, runs=False),
)


def volumes(graph: Graph, look: Look) -> bytes:
    """Draw what inference runs as volumes, from left to right, in rows where that is long.

    A run of equal blocks is one volume: inside it nothing would say how often it is there.
    """
    drawn = next(
        (one for one in (choose(graph, plan) for plan in PLANS[:-1]) if len(one.boxes) <= MOST),
        None,
    ) or choose(graph, PLANS[-1])
    kept = [box for box in drawn.boxes if not box.trains and box.role != "output"]
    found = _bridged([wire for wire in wires(drawn) if wire.source in kept and wire.target in kept])
    shown = [box for box in kept if box.has_volume]
    columns = in_columns(sized(shown, look, HIGHEST), found)
    side_by_side = max(map(len, columns))
    if side_by_side > 1:
        columns = in_columns(sized(shown, look, HIGHEST / sqrt(side_by_side)), found)
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


class _Painter:
    def __init__(
        self, graph: Graph, look: Look, columns: list[list[Volume]], found: Sequence[Wire]
    ) -> None:
        self.graph, self.look = graph, look
        self.theme: Theme = THEMES[look.theme]
        self.columns = columns
        self.arranged = Arranged(columns, found, HEAD)

    def painted(self) -> bytes:
        """Give the SVG."""
        long, high = self.arranged.size
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
        for route in self.arranged.routes:
            self._line(root, route)
        for column in self.columns:
            for volume in column:
                self._volume(root, volume)
        return ET.tostring(root, encoding="unicode").encode() + b"\n"

    def _volume(self, root: ET.Element, volume: Volume) -> None:
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

    def _line(self, root: ET.Element, route: Route) -> None:
        """Draw a line and its head, which points to the left or to the right."""
        (x, y), (before, _) = route.points[-1], route.points[-2]
        way = route.wire.way
        color = self.theme.line if way == "flow" else self.theme.skip
        start, *rest = (f"{a:.1f},{b:.1f}" for a, b in route.points)
        look = {"fill": "none", "stroke": color, "stroke-width": "3" if way == "rail" else "1"}
        if way == "skip":
            look["stroke-dasharray"] = "4,3"
        ET.SubElement(root, "path", {"d": f"M{start}L{' '.join(rest)}", **look})
        back = 5 if before > x else -5
        points = f"{x:.1f},{y:.1f} {x + back:.1f},{y - 3:.1f} {x + back:.1f},{y + 3:.1f}"
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
