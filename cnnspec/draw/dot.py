"""A picture in Graphviz's language: boxes with headers, frames, lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import graphviz

from cnnspec.draw import cells, words
from cnnspec.draw import heat as heat_of
from cnnspec.draw.boxes import Box, Frame, Picture, within
from cnnspec.draw.escape import BLANK, label
from cnnspec.draw.options import Look
from cnnspec.draw.page import TEXT
from cnnspec.draw.subject import SAID, Pair, Subject
from cnnspec.draw.theme import THEMES, Theme
from cnnspec.draw.turn import turn
from cnnspec.draw.wires import Way, Wire

#: Arial's metrics are known to every engine, and are those of Arimo and Liberation Sans.
FONT: Final = "Arial"
#: Of all text but the name of the network, in points.
SIZE: Final = TEXT
TITLE: Final = 15
TABLE: Final = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0"'


class _Line(NamedTuple):
    """A line between two things of the picture, by name: a box, or the title of a frame."""

    source: str
    target: str
    way: Way
    label: str
    trains: bool


def dot(
    graph: Subject, drawn: Picture, found: Sequence[Wire], look: Look, *, quick: bool = False
) -> str:
    """Write the picture in DOT; `quick` asks the engine to be content with less."""
    return _Writer(graph, drawn, found, look).write(quick=quick)


class _Writer:
    def __init__(self, graph: Subject, drawn: Picture, found: Sequence[Wire], look: Look) -> None:
        self.graph, self.drawn, self.look = graph, drawn, look
        self.theme: Theme = THEMES[look.theme]
        self.across = look.direction == "lr"
        self.turn = turn(drawn, found)
        self.lines = _lines(drawn, found, look)
        self.titled = {line.target for line in self.lines}

    def write(self, *, quick: bool) -> str:
        theme = self.theme
        result = graphviz.Digraph(
            "network",
            graph_attr={
                "label": self._caption(),
                "labelloc": "t",
                "fontname": FONT,
                "fontsize": str(SIZE),
                "fontcolor": theme.ink,
                "bgcolor": theme.background,
                "rankdir": "LR" if self.across else "TB",
                "ranksep": "0.3" if self.across else "0.15",
                "nodesep": "0.22",
                "pad": "0.15",
                **({"splines": "polyline", "nslimit": "2", "mclimit": "0.5"} if quick else {}),
            },
            node_attr={
                "shape": "plain",
                "fontname": FONT,
                "fontsize": str(SIZE),
                "fontcolor": theme.ink,
            },
            edge_attr={
                "color": theme.line,
                "arrowsize": "0.6",
                "fontname": FONT,
                "fontsize": str(SIZE),
                "fontcolor": theme.muted,
            },
        )
        for each in self.drawn.inner:
            self._put(result, each, level=0, said=False)
        for line in self.lines:
            self._put_line(result, line)
        for level in self.turn.levels if self.turn is not None else ():
            with result.subgraph() as one:
                one.attr(rank="same")
                for order in level:
                    one.node(f"b{order}")
        return str(result.source)

    def _caption(self) -> str:
        theme = self.theme
        heading = f"<B>{label(words.heading(self.graph))}</B>"
        if self.drawn.focus:
            heading += f"{BLANK}{BLANK}{label(self.drawn.focus)}"
        rows = [
            f'<TR><TD><FONT POINT-SIZE="{TITLE}">{heading}</FONT></TD></TR>',
            f"<TR><TD>{label(words.totals(self.graph, self.look))}</TD></TR>",
        ]
        legend = words.legend(self.look)
        cells = [f'<TD><FONT COLOR="{theme.muted}">{label(legend)}</FONT></TD>'] if legend else []
        what = self.look.heat
        if what:
            said = f"share of {'MACs' if what == 'macs' else what}"
            cells.append(f'<TD><FONT COLOR="{theme.muted}">{BLANK}{said}</FONT></TD>')
            cells += [
                f'<TD BGCOLOR="{color}" BORDER="1" COLOR="{theme.border}">'
                f'<FONT COLOR="{theme.heat_ink}">{label(step)}</FONT></TD>'
                for color, step in zip(theme.heat, heat_of.STEPS, strict=True)
            ]
        if isinstance(self.graph, Pair):
            cells += [
                f'<TD BGCOLOR="{theme.family(mark)}" BORDER="1" COLOR="{theme.border}">'
                f'<FONT COLOR="{theme.header_ink}">{label(said)}</FONT></TD>'
                for mark, said in SAID.items()
            ]
        if cells:
            inner = f'{TABLE} CELLPADDING="2">'
            rows.append(f"<TR><TD>{inner}<TR>{''.join(cells)}</TR></TABLE></TD></TR>")
        return f'<{TABLE} CELLPADDING="1">{"".join(rows)}</TABLE>>'

    def _put(self, into: Any, each: Box | Frame, *, level: int, said: bool) -> None:
        if isinstance(each, Box):
            into.node(
                f"b{each.order}",
                label=self._box(each, said=said),
            )
            return
        name, theme = title_of(each), self.theme
        many = each.times > 1
        trains = each.trains and not said
        with into.subgraph(name=f"cluster_{name}") as frame:
            frame.attr(
                label="" if name in self.titled else self._pill(each, said=said),
                style="rounded,dashed" if trains else "rounded,filled",
                fillcolor=theme.run if many else theme.frames[level % 2],
                penwidth="1.5" if many else "1",
                color=theme.skip if many else theme.border,
                labeljust="l",
                margin="7",
            )
            if name in self.titled:
                frame.node(
                    name,
                    label=self._pill(each, said=said),
                )
            for inner in each.inner:
                self._put(frame, inner, level=level + 1, said=said or each.trains)

    def _pill(self, frame: Frame, *, said: bool) -> str:
        title, cost = words.pill(frame, self.look, said=said)
        return cells.pill(title, cost, self.theme, many=frame.times > 1, across=self.across)

    def _box(self, box: Box, *, said: bool) -> str:
        title = words.title(box, self.look, said=said)
        shape, cost = words.shapes(box, self.look), words.costs(box.cost, self.look)
        heat = self.look.heat
        step = heat_of.step(box.all_cost, heat, self.drawn.whole) if heat else None
        paint = cells.Paint.of(box, self.theme, step, thin=self.look.theme == "print")
        draw = cells.high if self.across else cells.wide
        return draw(title, shape, cost, paint)

    def _put_line(self, into: Any, line: _Line) -> None:
        look: dict[str, str] = {}
        if line.way == "skip":
            # A U's ways across lead to the right; any weight puts them in that order.
            weight = "0" if self.turn is None else "1"
            look |= {"style": "dashed", "color": self.theme.skip, "weight": weight}
        elif line.way == "rail":
            look |= {"color": self.theme.skip, "weight": "0", "penwidth": "4", "arrowsize": "0.5"}
        elif line.trains:
            look |= {"style": "dashed"}
        else:
            # What a block begins with stands at its top: branches start side by side.
            look["weight"] = "9" if line.source.startswith("t") else "8"
        if line.target.startswith("t"):
            look["arrowhead"] = "none"
        if line.label:
            # The engine leaves no room between a line and its label.
            look["label"] = f" {line.label}"
        rising = self.turn.rising if self.turn is not None else frozenset()
        if line.way == "flow" and line.target in {f"b{order}" for order in rising}:
            into.edge(line.target, line.source, dir="back", **look)
        else:
            into.edge(line.source, line.target, **look)


def _lines(drawn: Picture, found: Sequence[Wire], look: Look) -> tuple[_Line, ...]:
    """Lead lines through the titles of the frames that they enter, so that they cross no text.

    Where lines enter a frame from several boxes they pass its title by: one knot would hide which
    of them leads where. What goes around something in a frame begins at its title, if what comes
    from the same box enters there: it stays in the frame.
    """
    around = _around(drawn.inner)
    entered = {
        wire: [n for n in around[wire.target.order] if n not in around[wire.source.order]]
        for wire in found
        if wire.way != "rail"
    }
    sources: dict[str, set[int]] = {}
    for wire, names in entered.items():
        for name in names if wire.way == "flow" else ():
            sources.setdefault(name, set()).add(wire.source.order)
    result: dict[_Line, None] = {}
    for wire in found:
        source, target = wire.source.order, wire.target.order
        titles = [name for name in entered.get(wire, ()) if sources.get(name) == {source}]
        stops = [f"b{source}", *titles, f"b{target}"]
        if wire.way == "skip":
            stops = stops[-2:]
        said = words.along(wire, look)
        for first, second in pairwise(stops):
            result[_Line(first, second, wire.way, said, wire.target.trains)] = None
            said = ""
    return tuple(result)


def _around(inner: tuple[Box | Frame, ...]) -> dict[int, tuple[str, ...]]:
    """Give the titles' names of the frames around each box, the outermost first."""
    result: dict[int, tuple[str, ...]] = {}
    pending: list[tuple[Box | Frame, tuple[str, ...]]] = [(each, ()) for each in inner]
    while pending:
        each, frames = pending.pop()
        if isinstance(each, Box):
            result[each.order] = frames
        else:
            pending.extend((below, (*frames, title_of(each))) for below in each.inner)
    return result


def title_of(frame: Frame) -> str:
    """Name a frame's title: nested frames may begin with the same box."""
    depth, inner = 0, frame.inner[0]
    while isinstance(inner, Frame):
        depth, inner = depth + 1, inner.inner[0]
    return f"t{next(within(inner)).order}-{depth}"
