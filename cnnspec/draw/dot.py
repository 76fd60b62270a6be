"""A folded network in Graphviz's language: boxes with headers, frames, lines."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import Any, Final, NamedTuple

import graphviz

from cnnspec.analysis.macs import macs
from cnnspec.analysis.parameters import trainable
from cnnspec.analysis.quantity import number
from cnnspec.draw.boxes import TIMES, Box, Frame, picture
from cnnspec.draw.wires import Wire, wires
from cnnspec.graph import Graph

#: Arial's metrics are known to every engine, and are those of Arimo and Liberation Sans.
FONT: Final = "Arial"
#: Header colours by operator family, told apart in print and by the colour-blind (Okabe and Ito).
COLORS: Final = {
    "basic": "#1f2937",
    "block": "#1d5a8e",
    "convolution": "#0072b2",
    "dense": "#a0325a",
    "pooling": "#00795c",
    "activation": "#b35900",
    "merge": "#6d3fc4",
}
OTHER: Final = "#5b6472"
SKIP: Final = "#6d3fc4"


class _Line(NamedTuple):
    """A line between two things of the picture, by name: a box, or the title of a frame."""

    source: str
    target: str
    skip: bool
    label: str
    trains: bool


def dot(graph: Graph, *, depth: int | None = None) -> str:
    """Write the picture in DOT; `depth` levels of scopes are opened (1 if left out)."""
    drawn = picture(graph, depth=1 if depth is None else depth)
    result = graphviz.Digraph(
        "network",
        graph_attr={
            "label": _caption(graph),
            "labelloc": "t",
            "fontname": FONT,
            "fontsize": "13",
            "rankdir": "TB",
            "ranksep": "0.3",
            "nodesep": "0.35",
            "pad": "0.2",
            "tooltip": _plain(_title(graph)),
        },
        node_attr={"shape": "plain", "fontname": FONT, "fontsize": "11"},
        edge_attr={"color": OTHER, "arrowsize": "0.7", "fontname": FONT, "fontsize": "9"},
    )
    found, around = wires(drawn), _around(drawn.inner)
    lines = _lines(found, around)
    titled = {line.target for line in lines}
    for each in drawn.inner:
        _write(result, each, titled)
    for line in lines:
        _write_line(result, line)
    return str(result.source)


def _caption(graph: Graph) -> str:
    inputs = ", ".join(TIMES.join(map(str, node.shape)) for node in graph.inputs)
    params, total = number(trainable(graph.nodes)), number(macs(graph))
    facts = f"{params} params · {total} MACs · input {inputs}"
    return f"<<B>{_text(_title(graph))}</B>&#160;&#160;&#160;{_text(facts)}>"


def _title(graph: Graph) -> str:
    return str(graph.meta.get("title") or graph.name)


def _text(words: str) -> str:
    """Make words safe inside an HTML-like label, whatever a spec holds."""
    return escape("".join(each if each.isprintable() else " " for each in words))


def _plain(words: str) -> str:
    """Make words safe inside a quoted string, in which Graphviz reads escapes and entities."""
    kept = "".join(each if each.isprintable() or each == "\n" else " " for each in words)
    return str(graphviz.escape(kept.replace("&", "&amp;"))).replace("\n", "&#10;")


def _around(inner: tuple[Box | Frame, ...]) -> dict[int, tuple[str, ...]]:
    """Give the title's names of the frames around each box, the outermost first."""
    result: dict[int, tuple[str, ...]] = {}
    pending: list[tuple[Box | Frame, tuple[str, ...]]] = [(each, ()) for each in inner]
    while pending:
        each, frames = pending.pop()
        if isinstance(each, Box):
            result[each.order] = frames
        else:
            pending.extend((below, (*frames, _name(each))) for below in each.inner)
    return result


def _lines(found: tuple[Wire, ...], around: dict[int, tuple[str, ...]]) -> tuple[_Line, ...]:
    """Lead lines through the titles of the frames that they enter, so that they cross no text."""
    result: dict[_Line, None] = {}
    for wire in found:
        source, target = wire.source.order, wire.target.order
        entered = [name for name in around[target] if name not in around[source]]
        stops = [f"b{source}", *([] if wire.skip else entered), f"b{target}"]
        for first, second in pairwise(stops):
            result[_Line(first, second, wire.skip, wire.label, wire.target.trains)] = None
    return tuple(result)


def _name(frame: Frame) -> str:
    inner = frame.inner[0]
    while isinstance(inner, Frame):
        inner = inner.inner[0]
    return f"t{inner.order}-{frame.path}"


def _write(into: Any, each: Box | Frame, titled: set[str]) -> None:
    if isinstance(each, Box):
        name, tip = f"b{each.order}", _plain(each.tip)
        into.node(name, label=_label(each), id=f"node-{each.path}", tooltip=tip)
        return
    name, tip = _name(each), _plain(each.tip)
    with into.subgraph(name=f"cluster_{name}") as frame:
        frame.attr(
            label="" if name in titled else _heading(each),
            style="rounded,dashed" if each.dashed else "rounded,filled",
            fillcolor="#f9fafb",
            color=SKIP if each.dashed else "#9ca3af",
            labeljust="l",
            fontsize="11",
            margin="9",
            id=f"scope-{each.path}",
            tooltip=tip,
        )
        if name in titled:
            frame.node(name, label=_heading(each), id=f"title-{each.path}", tooltip=tip)
        for inner in each.inner:
            _write(frame, inner, titled)


def _heading(frame: Frame) -> str:
    title, words = f"<B>{_text(frame.title)}</B>", _text(frame.words)
    title = f'<FONT COLOR="{SKIP}">{title}</FONT>' if frame.dashed else title
    title += f"&#160;&#160;&#160;{words}" if words else ""
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">'
    return f"<{table}<TR><TD>{title}</TD></TR></TABLE>>"


def _label(box: Box) -> str:
    color = COLORS.get(box.family, OTHER)
    cost = f'<TD SIDES="BR" BGCOLOR="white">{_text(box.cost)}</TD>' if box.cost else ""
    sides, columns = ("LB", 2) if box.cost else ("LBR", 1)
    return (
        f'<<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="5" COLOR="{color}">'
        f'<TR><TD COLSPAN="{columns}" BGCOLOR="{color}">'
        f'<FONT COLOR="white"><B>{_text(box.title)}</B></FONT></TD></TR>'
        f'<TR><TD SIDES="{sides}" BGCOLOR="white">{_text(box.shape)}</TD>'
        f"{cost}</TR></TABLE>>"
    )


def _write_line(into: Any, line: _Line) -> None:
    look = {"style": "dashed", "color": SKIP, "weight": "0"} if line.skip else {}
    if not line.skip and not line.trains:
        look["weight"] = "8"
    if line.target.startswith("t"):
        look["arrowhead"] = "none"
    if line.label:
        look["label"] = line.label
    into.edge(line.source, line.target, **look)
