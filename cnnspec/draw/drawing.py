"""From a network to the bytes of a picture: how far it opens, who lays it out, what is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from cnnspec.draw import svg
from cnnspec.draw.boxes import Picture
from cnnspec.draw.choose import DEEPEST, Plan, choose
from cnnspec.draw.dot import dot
from cnnspec.draw.engine import EngineMissing, layout
from cnnspec.draw.mermaid import mermaid
from cnnspec.draw.options import FORMATS, Look, View
from cnnspec.draw.page import fits
from cnnspec.graph import Graph

#: How a picture without a stated depth is opened: the first of these that one page holds is drawn.
LADDER: Final = (
    Plan(1, samples="each"),
    Plan(1, samples="one"),
    Plan(1),
    Plan(0, samples="each"),
    Plan(0, samples="one"),
    Plan(0),
    Plan(-1, looks=False),
    Plan(-1, looks=False, longest=40),
    Plan(-1, looks=False, longest=20),
)


class Unsupported(ValueError):
    """A format that a style does not come in; the message says which it does."""


class Undrawn(Exception):
    """No engine laid it out in time; `dot` is the picture in Graphviz's language."""

    def __init__(self, message: str, dot: str) -> None:
        super().__init__(message)
        self.dot = dot


@dataclass(frozen=True, slots=True)
class Drawing:
    """The bytes of a picture, and words on how it came to be: what it had to leave closed."""

    content: bytes
    notes: tuple[str, ...] = ()


def draw(graph: Graph, *, format: str = "svg", view: View | None = None) -> bytes:
    """Draw a network as it comes: `drawing` says how, and what is raised."""
    return drawing(graph, format=format, view=view or View()).content


def drawing(
    graph: Graph,
    *,
    format: str = "svg",
    view: View | None = None,
    look: Look | None = None,
    engine: str = "pure",
    timeout: float = 20.0,
) -> Drawing:
    """Draw a network as one of FORMATS, opened as `view` says and looking as `look` says.

    Raises UnknownPath for a path that there is not, EngineMissing where nothing lays it out,
    EngineFailed if the engine refuses, Undrawn if none of the settings ends within `timeout`
    seconds a try.
    """
    view, look = view or View(), look or Look()
    if format not in FORMATS:
        raise Unsupported(f"{format!r} is not one of {', '.join(FORMATS)}")
    layouts = _Layouts(graph, look, engine, timeout)
    drawn, text, raw, notes = layouts.first_that_fits(view)
    if format == "mermaid":
        return Drawing(mermaid(graph, drawn, look).encode(), notes)
    if format == "dot":
        return Drawing(text.encode(), notes)
    if raw is None:
        raise EngineMissing(layouts.missing)
    if format == "svg":
        return Drawing(svg.finished(raw, graph, drawn), notes)
    if format == "pdf" and engine == "pure":
        from cnnspec.draw.pdf import as_pdf

        return Drawing(as_pdf(svg.finished(raw, graph, drawn)), notes)
    return Drawing(layout(text, format=format, engine=engine, timeout=timeout), notes)


def plans(view: View) -> Iterator[Plan]:
    """Give the ways to open a picture, from what was asked for to what leaves more closed."""
    if view.all:
        yield Plan(
            DEEPEST, longest=0, lines=False, repeats=False, expand=view.expand, focus=view.focus
        )
    elif view.focus is not None:
        depth = -1 if view.depth is None else view.depth
        yield Plan(depth, lines=False, expand=view.expand, focus=view.focus)
    elif view.depth is None:
        yield from (replace(plan, expand=view.expand) for plan in LADDER)
    else:
        depth = view.depth if view.depth > 0 else -1
        yield Plan(depth, looks=depth > 0, lines=False, expand=view.expand)


class _Layouts:
    """The engine, tried with less and less."""

    def __init__(self, graph: Graph, look: Look, engine: str, timeout: float) -> None:
        self.graph, self.look, self.engine, self.timeout = graph, look, engine, timeout
        self.missing = ""

    def first_that_fits(self, view: View) -> tuple[Picture, str, bytes | None, tuple[str, ...]]:
        """Give the picture, its text, and its SVG if there is an engine; raises Undrawn."""
        notes: tuple[str, ...] = ()
        found: tuple[Picture, str, bytes | None] | None = None
        for plan in plans(view):
            drawn = choose(self.graph, plan)
            text = dot(self.graph, drawn, self.look)
            try:
                raw = self._laid_out(text)
            except EngineMissing as missing:
                self.missing = str(missing)
                return drawn, text, None, notes
            except TimeoutError:
                text = dot(self.graph, drawn, self.look, quick=True)
                notes = ("the engine took too long: lines are straight and may cross more",)
                try:
                    raw = self._laid_out(text)
                except TimeoutError:
                    notes = ("the engine took too long: it is folded further",)
                    if view.depth is not None or view.all or view.focus is not None:
                        raise self._undrawn(text) from None
                    continue
            found = drawn, text, raw
            if view.depth is not None or view.all or view.focus or fits(*svg.box_of(raw)):
                return *found, notes
        if found is None:
            raise self._undrawn(text)
        return *found, notes

    def _undrawn(self, text: str) -> Undrawn:
        return Undrawn(f"the engine did not lay it out within {self.timeout:g} s", text)

    def _laid_out(self, text: str) -> bytes:
        return layout(text, format="svg", engine=self.engine, timeout=self.timeout)
