"""A finished SVG as pixels, by the engine that lays pictures out, which draws what it is given.

Graphviz's `_background` is a drawing of polygons, curves and texts in its own words (xdot), on
which the one node here has no part but its size. So both styles come as png, without more to
install, and a png is what its svg is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

from cnnspec.draw.engine import layout
from cnnspec.draw.svg import SVG, box_of

#: Pixels an inch of a picture that is not scaled: 4 for 3 points.
DPI: Final = 96
FONT: Final = "Arial"
#: Graphviz sets a text higher than it is told to, by this share of its size.
RAISED: Final = 0.1
_PATH: Final = re.compile(r"[MCLHVhvZz]|-?[\d.]+")
_MOVED: Final = re.compile(r"translate\(([-\d.]+)[ ,]([-\d.]+)\)")

_Point = tuple[float, float]


def as_png(svg: bytes, *, scale: float, engine: str, timeout: float) -> bytes:
    """Draw one of our own SVGs; raises what `layout` raises."""
    width, height, _ = box_of(svg)
    root = ET.fromstring(svg)  # noqa: S314 (we wrote it)
    drawn = " ".join(_Inked(width, height).drawn(root, (0.0, 0.0)))
    size = f"width={width / 72:.4f}, height={height / 72:.4f}, fixedsize=true"
    size += f', pos="{width / 2:.2f},{height / 2:.2f}"'
    text = (
        f'graph {{ graph [pad=0, margin=0, dpi={DPI * scale:g}, _background="{drawn}"]; '
        f'a [shape=box, style=invis, label="", {size}] }}'
    )
    return layout(text, format="png", engine=engine, timeout=timeout, placed=True)


class _Inked:
    """Shapes in xdot, whose heights run upwards."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height

    def drawn(self, root: ET.Element, at: _Point) -> Iterator[str]:
        """Write an element and what it holds, moved by so much."""
        moved = _MOVED.search(root.get("transform", ""))
        if moved is not None:
            at = at[0] + float(moved[1]), at[1] + float(moved[2])
        kind = root.tag.removeprefix(f"{{{SVG}}}")
        if kind == "text":
            yield self._text(root, at)
        elif kind in ("polygon", "polyline", "rect", "path"):
            yield from self._shape(root, kind, at)
        for each in root:
            yield from self.drawn(each, at)

    def _shape(self, shape: ET.Element, kind: str, at: _Point) -> Iterator[str]:
        filled = shape.get("fill", "none") not in ("none", "transparent")
        inked = shape.get("stroke", "none") not in ("none", "transparent")
        if kind == "path":
            points, curved = _points(shape.get("d", ""))
        else:
            points, curved = self._corners(shape, kind), False
        if filled:
            yield _said("C", shape.get("fill", ""))
        yield _said("c", shape.get("stroke", "") if inked else shape.get("fill", ""))
        yield _said("S", f"setlinewidth({float(shape.get('stroke-width', '1')) if inked else 0:g})")
        yield _said("S", "dashed" if shape.get("stroke-dasharray") else "solid")
        closed = "Pp"[not filled] if kind in ("polygon", "rect") or filled else "L"
        letter = "Bb"[filled] if curved else closed
        where = " ".join(self._place(point, at) for point in points)
        yield f"{letter} {len(points)} {where}"

    def _text(self, text: ET.Element, at: _Point) -> str:
        size = float(text.get("font-size", "11"))
        x, y = float(text.get("x", "0")), float(text.get("y", "0"))
        side = {"middle": 0, "end": 1}.get(text.get("text-anchor", "start"), -1)
        bold = int(text.get("font-weight") == "bold")
        place = self._place((x, y + RAISED * size), at)
        words = re.sub(r"\\(?=[\\\"]|$)", r"\\ ", text.text or "")
        length = len(words.encode())
        ink = _said("c", text.get("fill", "#000000"))
        long = float(text.get("textLength", "0"))
        font = f"F {size:g} {len(FONT)} -{FONT} t {bold}"
        said = words.replace('"', r"\"")
        return f"{ink} {font} T {place} {side} {long:.1f} {length} -{said}"

    def _corners(self, shape: ET.Element, kind: str) -> list[_Point]:
        """Give the corners of a polygon, or of all there is: our one rectangle is the ground."""
        if kind == "rect":
            width, height = self.width, self.height
            return [(0, 0), (width, 0), (width, height), (0, height)]
        numbers = [float(each) for each in re.findall(r"-?[\d.]+", shape.get("points", ""))]
        found = list(zip(numbers[::2], numbers[1::2], strict=True))
        return found[:-1] if kind == "polygon" and found[0] == found[-1] else found

    def _place(self, point: _Point, at: _Point) -> str:
        return f"{point[0] + at[0]:.2f} {self.height - point[1] - at[1]:.2f}"


def _said(letter: str, words: str) -> str:
    return f"{letter} {len(words.encode())} -{words}"


def _points(path: str) -> tuple[list[_Point], bool]:
    """Give a path's points, and whether they are a curve's: of straight lines only corners."""
    words = _PATH.findall(path)
    curved = "C" in words
    points: list[_Point] = []
    letter, at = "", 0
    while at < len(words):
        if words[at].isalpha():
            letter, at = words[at], at + 1
            continue
        if letter in "HVhv":
            x, y = points[-1]
            by = float(words[at])
            points.append({"H": (by, y), "V": (x, by), "h": (x + by, y), "v": (x, y + by)}[letter])
            at += 1
        else:
            points.append((float(words[at]), float(words[at + 1])))
            at += 2
    return points, curved
