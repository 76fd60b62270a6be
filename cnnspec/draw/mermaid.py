"""A picture in Mermaid's language, for a README: `flowchart`, frames as subgraphs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from cnnspec.draw import words
from cnnspec.draw.boxes import Box, Frame, Picture
from cnnspec.draw.escape import printable
from cnnspec.draw.options import Look
from cnnspec.draw.subject import Subject
from cnnspec.draw.theme import THEMES
from cnnspec.draw.wires import Wire

#: Characters that mean nothing to Mermaid or to Markdown inside quotes; others become entities.
PLAIN: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,+/=()-"
    "\N{MULTIPLICATION SIGN}\N{MIDDLE DOT}\N{RIGHTWARDS ARROW}"
)
LINES: Final = {"flow": "-->", "skip": "-.->", "rail": "==>"}


def mermaid(graph: Subject, drawn: Picture, found: Sequence[Wire], look: Look) -> str:
    """Write the picture; families are its classes, and colours those of the theme."""
    theme = THEMES[look.theme]
    title = f"{words.heading(graph)}: {words.totals(graph, look)}"
    lines = [
        "---",
        f"title: {json.dumps(printable(title), ensure_ascii=False)}",
        "config: {flowchart: {wrappingWidth: 400}}",
        "---",
        f"flowchart {'LR' if look.direction == 'lr' else 'TB'}",
        *(f"    {line}" for each in drawn.inner for line in _part(each, look, said=False)),
        *(
            f"    b{wire.source.order} {LINES[wire.way]}"
            f"{f'|{_text(label)}|' if label else ''} b{wire.target.order}"
            for wire, label in ((wire, words.along(wire, look)) for wire in found)
        ),
    ]
    for family in sorted({box.family for box in drawn.boxes}):
        fill = theme.family(family)
        style = f"fill:{fill},color:{theme.header_ink},stroke:{theme.border}"
        lines.append(f"    classDef {_word(family)} {style}")
    lines.append(f"    classDef run fill:{theme.run},stroke:{theme.skip},color:{theme.ink}")
    lines.append(
        f"    classDef open fill:{theme.frames[0]},stroke:{theme.border},color:{theme.ink}"
    )
    return "\n".join(lines) + "\n"


def _part(each: Box | Frame, look: Look, *, said: bool) -> Iterator[str]:
    if isinstance(each, Frame):
        title = DOTS.join(filter(None, words.pill(each, look, said=said)))
        name = f"f{_first(each).order}-{_depth(each)}"
        yield f'subgraph {name}["{_text(title)}"]'
        for inner in each.inner:
            yield from (f"    {line}" for line in _part(inner, look, said=said or each.trains))
        yield "end"
        yield f"class {name} {'run' if each.times > 1 else 'open'}"
        return
    said_of = words.shapes(each, look), words.costs(each.cost, look)
    below = DOTS.join(filter(None, said_of))
    label = f"<b>{_text(words.title(each, look, said=said))}</b>"
    label += f"<br/>{_text(below)}" if below else ""
    left, right = ("([", "])") if each.role in ("input", "output") else ("[", "]")
    yield f'b{each.order}{left}"{label}"{right}:::{_word(each.family)}'


DOTS: Final = words.DOT


def _first(frame: Frame) -> Box:
    inner = frame.inner[0]
    while isinstance(inner, Frame):
        inner = inner.inner[0]
    return inner


def _depth(frame: Frame) -> int:
    depth, inner = 0, frame.inner[0]
    while isinstance(inner, Frame):
        depth, inner = depth + 1, inner.inner[0]
    return depth


def _word(family: str) -> str:
    """Make a class's name of a family's."""
    return "of-" + "".join(c if c.isascii() and c.isalnum() else "-" for c in family)


def _text(said: str) -> str:
    """Write text so that nothing in it is Mermaid's, HTML's or Markdown's.

    >>> _text('a_b "c"')
    'a#95;b #34;c#34;'
    """
    return "".join(c if c in PLAIN else f"#{ord(c)};" for c in printable(said))
