"""From a network to the bytes of a picture: how far it opens, who lays it out, what is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from cnnspec.collector import undisturbed
from cnnspec.draw import svg
from cnnspec.draw.boxes import Picture
from cnnspec.draw.dot import dot
from cnnspec.draw.engine import EngineMissing, layout
from cnnspec.draw.mermaid import mermaid
from cnnspec.draw.options import FORMATS, USUAL, Look, View
from cnnspec.draw.page import MOST_EFFORT, effort, fits, is_hopeless
from cnnspec.draw.pair import folded, pictured
from cnnspec.draw.plan import DEEPEST, EVERY, Plan
from cnnspec.draw.subject import Pair, Subject
from cnnspec.draw.wires import Wire
from cnnspec.errors import CnnspecError
from cnnspec.graph import Graph

#: How a picture without a stated depth is opened: the first of these that one page holds is drawn.
LADDER: Final = (
    Plan(1, samples="each"),
    Plan(1, samples="one"),
    Plan(1),
    Plan(0, samples="each"),
    Plan(0, samples="one"),
    Plan(0),
    Plan(0, looks=2),
    Plan(0, looks=1),
    Plan(0, looks=0),
    *(Plan(0, looks=0, longest=longest) for longest in (40, 30, 20, 15, 10)),
    Plan(-1, looks=0),
    Plan(-1, looks=0, longest=40),
    Plan(-1, looks=0, longest=20),
)


class Unsupported(CnnspecError, ValueError):
    """A format that a style does not come in; the message says which it does."""


class Undrawn(CnnspecError):
    """No engine laid it out in time, or could; `dot` is the picture in Graphviz's language."""

    def __init__(self, message: str, dot: str, help: str) -> None:
        super().__init__(message)
        self.dot = dot
        self.help = help


@dataclass(frozen=True, slots=True)
class Drawing:
    """The bytes of a picture, and words on how it came to be: what it had to leave closed."""

    content: bytes
    notes: tuple[str, ...] = ()


class _Chosen(NamedTuple):
    """What is drawn, its text for the engine, and its SVG; None without an engine."""

    drawn: Picture
    found: Sequence[Wire]
    text: str
    raw: bytes | None
    notes: tuple[str, ...]


def draw(graph: Graph, *, format: str = "svg", view: View | None = None) -> bytes:
    """Draw a network as it comes: `drawing` says how, and what is raised."""
    return drawing(graph, format=format, view=view).content


def drawing(
    graph: Subject,
    *,
    format: str = "svg",
    style: str = "graph",
    view: View | None = None,
    look: Look | None = None,
    engine: str = "pure",
    timeout: float = 20.0,
    scale: float = 1.0,
) -> Drawing:
    """Draw a network as one of FORMATS, opened as `view` says and looking as `look` says.

    `scale` multiplies a png's pixels, 4 for 3 points.

    Raises Unsupported for a format that there is not, UnknownPath for a path that there is not,
    EngineMissing where nothing lays it out, EngineFailed if the engine refuses, Undrawn if none of
    the settings ends within `timeout` seconds a try, or has too many boxes to be laid out at all.
    """
    view, look = view or View(), look or Look()
    if format not in FORMATS:
        raise Unsupported(f"{format!r} is not one of {', '.join(FORMATS)}")
    if isinstance(graph, Pair):
        if style == "volumes" or view.focus is not None:
            what = "volumes are" if style == "volumes" else "--focus is"
            raise Unsupported(f"{what} of one network: two are drawn whole, as a graph")
        look = look.without_heat()
    elif style == "volumes":
        return Drawing(_volumes(graph, format, view, look, _Pixels(scale, engine, timeout)))
    if format == "html":
        from cnnspec.draw.html import page

        return Drawing(page(graph, view, look))
    layouts = _Layouts(graph, look, engine, timeout, laid=format not in ("mermaid", "dot"))
    with undisturbed():
        chosen = layouts.first_that_fits(view)
    notes = chosen.notes
    if format == "mermaid":
        return Drawing(mermaid(graph, chosen.drawn, chosen.found, look).encode(), notes)
    if format == "dot":
        return Drawing(chosen.text.encode(), notes)
    if chosen.raw is None:
        raise EngineMissing(layouts.missing)
    if format == "pdf" and engine == "dot":
        return Drawing(layout(chosen.text, format=format, engine=engine, timeout=timeout), notes)
    finished = svg.finished(chosen.raw, graph, chosen.drawn)
    return Drawing(_Pixels(scale, engine, timeout).written(finished, format), notes)


class _Pixels(NamedTuple):
    """How a finished SVG becomes another format."""

    scale: float
    engine: str
    timeout: float

    def written(self, finished: bytes, format: str) -> bytes:
        """Write it as svg, pdf or png."""
        if format == "png":
            from cnnspec.draw.raster import as_png

            return as_png(finished, scale=self.scale, engine=self.engine, timeout=self.timeout)
        if format == "pdf":
            from cnnspec.draw.pdf import as_pdf

            return as_pdf(finished)
        return finished


def _volumes(graph: Graph, format: str, view: View, look: Look, pixels: _Pixels) -> bytes:
    from cnnspec.draw.volumes import volumes

    if format not in ("svg", "pdf", "png"):
        raise Unsupported(f"volumes come as svg, pdf or png, not as {format}")
    if view != View() or look.show != USUAL or look.heat not in (None, "macs"):
        raise Unsupported(
            "volumes open what fits and show shapes: they take --theme and --layout, "
            "not --depth, --expand, --focus, --all, --show or --heat"
        )
    return pixels.written(volumes(graph, look), format)


def plans(view: View) -> Iterator[Plan]:
    """Give the ways to open a picture, from what was asked for to what leaves more closed."""
    if view.all:
        plan = Plan(DEEPEST, longest=0, lines=False, repeats=False)
    elif view.focus is not None:
        plan = Plan(-1, lines=False, inside=view.depth or 0)
    elif view.depth is not None:
        plan = Plan(view.depth or -1, looks=EVERY if view.depth else 0, lines=False)
    else:
        yield from (replace(plan, expand=view.expand) for plan in LADDER)
        return
    yield replace(plan, expand=view.expand, focus=view.focus)


class _Layouts:
    """The engine, tried with less and less."""

    def __init__(
        self, graph: Subject, look: Look, engine: str, timeout: float, *, laid: bool = True
    ) -> None:
        self.graph, self.look, self.engine, self.timeout = graph, look, engine, timeout
        #: Whether the picture is worth nothing without a layout.
        self.laid = laid
        self.missing = ""

    def first_that_fits(self, view: View) -> _Chosen:
        """Give what is drawn; raises Undrawn."""
        ladder = list(plans(view))
        chosen: _Chosen | None = None
        text, notes, tried = "", list[str](), set[str]()
        parts = folded(self.graph, repeats=ladder[0].repeats)
        left = MOST_EFFORT
        for plan in ladder:
            drawn, found = pictured(self.graph, plan, parts)
            if plan is not ladder[-1] and self._down() and is_hopeless(drawn, found):
                continue
            left -= (needed := effort(drawn, found))
            if left < 0 and chosen is not None:
                break
            if needed > MOST_EFFORT:
                if plan is ladder[-1]:
                    return self._not_laid_out(drawn, found)
                continue
            text = dot(self.graph, drawn, found, self.look)
            if text in tried:
                continue
            tried.add(text)
            try:
                raw, straight = self._laid_out(drawn, found, text)
            except EngineMissing as missing:
                self.missing = str(missing)
                return _Chosen(drawn, found, text, None, ())
            except TimeoutError:
                notes = ["the engine took too long: it is folded further"]
                continue
            said = ("the engine took too long: its lines are not as well led",) if straight else ()
            chosen = _Chosen(drawn, found, text, raw, (*notes, *said))
            if fits(*svg.box_of(raw), across=not self._down()):
                break
        if chosen is None:
            late = f"the engine did not lay it out within {self.timeout:g} s"
            raise Undrawn(late, text, "fold more (--depth 0) or raise --timeout")
        return chosen

    def _not_laid_out(self, drawn: Picture, found: Sequence[Wire]) -> _Chosen:
        """Give what needs no engine; raises Undrawn for what would have it at work for minutes."""
        text = dot(self.graph, drawn, found, self.look)
        if not self.laid:
            return _Chosen(drawn, found, text, None, ())
        counts = f"{len(drawn.boxes):,} boxes and {len(found):,} lines"
        help_ = "leave out --all, or open less with --depth; --format html opens what is clicked"
        raise Undrawn(f"a picture of {counts} takes too long to lay out", text, help_)

    def _down(self) -> bool:
        return self.look.direction == "tb"

    def _laid_out(self, drawn: Picture, found: Sequence[Wire], text: str) -> tuple[bytes, bool]:
        """Lay it out, with less care if that takes too long; raises TimeoutError."""
        try:
            return self._tried(text), False
        except TimeoutError:
            return self._tried(dot(self.graph, drawn, found, self.look, quick=True)), True

    def _tried(self, text: str) -> bytes:
        return layout(text, format="svg", engine=self.engine, timeout=self.timeout)
