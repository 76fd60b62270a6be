"""An engine's SVG made ours: ids that are paths, tooltips, lines of the spec, texts that fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from cnnspec.draw import words
from cnnspec.draw.boxes import Box, Frame, Picture
from cnnspec.draw.dot import title_of
from cnnspec.draw.escape import printable
from cnnspec.draw.hold import hold
from cnnspec.draw.metrics import width
from cnnspec.draw.subject import Subject

SVG: Final = "http://www.w3.org/2000/svg"
#: Text is measured as Arial's, and shown in the first of these that a reader has: same widths.
FONTS: Final = 'Arimo, "Liberation Sans", Arial, Helvetica, sans-serif'
#: Shapes that a frame's title is drawn with, before its texts.
PILL: Final = 2
#: How high capitals and figures are in these fonts, in their size.
CAPITALS: Final = 0.716
#: How far apart lines of one text are, in their size.
LINE: Final = 1.2
_NUMBER: Final = re.compile(r"-?[\d.]+")
_EDGE: Final = re.compile(r"(\w[\w-]*)->(\w[\w-]*)")


def finished(raw: bytes, graph: Subject, drawn: Picture) -> bytes:
    """Give the picture without what engines leave in it, and with what is known of its parts."""
    root = ET.fromstring(raw)
    ET.register_namespace("", SVG)
    named = dict(_named(drawn))
    taken: set[str] = set()
    clusters: dict[str, ET.Element] = {}
    held: list[tuple[ET.Element, str, str]] = []
    for group in root.iter(f"{{{SVG}}}g"):
        title = group.find(f"{{{SVG}}}title")
        if title is None:
            continue
        name = title.text or ""
        group.attrib.pop("id", None)
        if group.get("class") == "graph":
            title.text = words.heading(graph)
        elif name in named:
            clusters[name] = group
            _describe(group, title, *named[name], taken)
            _settle(group)
        else:
            edge = _EDGE.fullmatch(name)
            group.remove(title)
            if edge is not None:
                held.append((group, edge[1], edge[2]))
                ends = [named[each][0].path for each in edge.groups() if each in named]
                group.set("data-from", printable(ends[0]))
                group.set("data-to", printable(ends[-1]))
    hold(clusters, held, drawn)
    _raise_titles(root)
    for text in root.iter(f"{{{SVG}}}text"):
        _fit(text)
    root.set("role", "img")
    root.set("aria-label", f"{words.heading(graph)}, {len(graph.nodes):,} layers")
    return ET.tostring(root, encoding="unicode").encode() + b"\n"


def _named(drawn: Picture) -> Iterator[tuple[str, tuple[Box | Frame, str]]]:
    """Give what each name in the engine's text stands for, and what its id ends in."""
    for box in drawn.boxes:
        yield f"b{box.order}", (box, "")
    pending = list(drawn.inner)
    while pending:
        each = pending.pop()
        if isinstance(each, Frame):
            name = title_of(each)
            # A run that goes by its first one's path leaves that to what is drawn of the first.
            first = each.paths.partition(" ")[0]
            yield f"cluster_{name}", (each, ":all" if each.times > 1 and each.path == first else "")
            yield name, (each, ":title")
            pending.extend(each.inner)


def _describe(
    group: ET.Element, title: ET.Element, part: Box | Frame, ending: str, taken: set[str]
) -> None:
    path = printable(part.path)
    name = f"{path}{ending}"
    if name not in taken:
        group.set("id", name)
        taken.add(name)
    title.text = printable(words.tip(part), lines=True)
    group.set("data-path", path)
    group.set("data-line", str(part.span.line))
    if isinstance(part, Box):
        group.set("data-kind", part.kind or part.role)


def _raise_titles(root: ET.Element) -> None:
    """Draw the titles of frames last, so that lines that pass one by go behind it.

    A title is a pill and its border, and texts.
    """
    for graph in root.iter(f"{{{SVG}}}g"):
        if graph.get("class") != "graph":
            continue
        for frame in [each for each in graph if each.get("class") == "cluster"]:
            parts = list(frame)
            first = next((n for n, e in enumerate(parts) if e.tag == f"{{{SVG}}}text"), 0)
            if first >= PILL:
                title = ET.SubElement(graph, f"{{{SVG}}}g", {"class": "title"})
                title.extend([each for each in parts if each.tag == f"{{{SVG}}}title"])
                for each in parts[first - PILL :]:
                    frame.remove(each)
                    title.append(each)


def _settle(group: ET.Element) -> None:
    """Put texts into the middle of their cells: engines set bold ones higher than others."""
    cell: list[float] = []
    texts: list[ET.Element] = []
    for each in [*group, ET.Element("end")]:
        if each.tag == f"{{{SVG}}}text":
            texts.append(each)
        elif each.tag != f"{{{SVG}}}title":
            if cell:
                _center(texts, (min(cell) + max(cell)) / 2)
            texts = []
            numbers = _NUMBER.findall(each.get("points") or each.get("d") or "")
            cell = [float(number) for number in numbers[1::2]]


def _center(texts: Sequence[ET.Element], middle: float) -> None:
    """Put the lines of a cell around its middle; what is little higher is on the same line."""
    lines: list[float] = []
    places = []
    for text in texts:
        y = float(text.get("y", "0"))
        if not lines or y - lines[-1] > float(text.get("font-size", "11")) / 2:
            lines.append(y)
        places.append(len(lines) - 1)
    for text, place in zip(texts, places, strict=True):
        size = float(text.get("font-size", "11"))
        at = middle + (place - (len(lines) - 1) / 2) * LINE * size
        text.set("y", f"{at + CAPITALS / 2 * size:.2f}")


def _fit(text: ET.Element) -> None:
    """Name fonts of one width, and say how wide the text is for readers who have none of them."""
    text.set("font-family", FONTS)
    size, bold = float(text.get("font-size", "11")), text.get("font-weight") == "bold"
    long = width(text.text or "", size, bold=bold)
    if long:
        text.set("textLength", f"{long:.1f}")
        text.set("lengthAdjust", "spacingAndGlyphs")


def box_of(svg: bytes) -> tuple[float, float, float]:
    """Give width, height and the smallest size of text of an SVG, in points."""
    head = svg.decode()
    found = re.search(r'viewBox="([-\d.]+) ([-\d.]+) ([-\d.]+) ([-\d.]+)"', head)
    assert found is not None
    sizes = [float(each) for each in re.findall(r'font-size="([\d.]+)"', head)]
    return float(found[3]), float(found[4]), min(sizes, default=1.0)
