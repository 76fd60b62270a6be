"""Boxes and frames' titles as Graphviz's tables: wide where a picture runs down, else high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cnnspec.draw import words
from cnnspec.draw.boxes import Box
from cnnspec.draw.escape import label
from cnnspec.draw.theme import Theme

#: Where a picture runs to the right a line of text is broken after so many characters.
NARROW: Final = 16


@dataclass(frozen=True, slots=True)
class Paint:
    """A box's colours: its header, the text in that, its edges, its cells, its cost's cell."""

    header: str
    ink: str
    edge: str
    cell: str
    cost: str
    cost_ink: str
    style: str

    @classmethod
    def of(cls, box: Box, theme: Theme, step: int | None, *, thin: bool) -> Paint:
        """Choose a box's colours; `step` is that of its heat, None without; `thin` inks edges."""
        header = theme.cell if box.aside else theme.family(box.family)
        ink = theme.muted if box.aside else theme.header_ink
        edge = theme.border if box.aside or theme.header_ink != "#ffffff" else header
        return cls(
            header,
            ink,
            theme.ink if thin else edge,
            theme.cell,
            theme.cell if step is None else theme.heat[step],
            theme.ink if step is None else theme.heat_ink,
            ' STYLE="DASHED"' if box.trains else "",
        )

    def table(self, rows: str) -> str:
        """Put rows into a table."""
        return (
            f'<<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" COLOR="{self.edge}"{self.style} '
            f'CELLPADDING="3">{rows}</TABLE>>'
        )


def wide(title: str, shape: str, cost: str, paint: Paint) -> str:
    """Write a box with its title on top, shape and cost side by side below."""
    header = f'<FONT COLOR="{paint.ink}"><B>{label(title)}</B></FONT>'
    style = paint.style
    if not cost:
        cell = f'<TD BGCOLOR="{paint.cell}"{style}>{label(shape)}</TD>' if shape else ""
        return paint.table(f'<TR><TD BGCOLOR="{paint.header}"{style}>{header}</TD>{cell}</TR>')
    cells = [f'<TD SIDES="LB" BGCOLOR="{paint.cell}"{style}>{label(shape)}</TD>'] if shape else []
    cells.append(
        f'<TD SIDES="{"BR" if shape else "LBR"}" BGCOLOR="{paint.cost}"{style}>'
        f'<FONT COLOR="{paint.cost_ink}">{label(cost)}</FONT></TD>'
    )
    return paint.table(
        f'<TR><TD COLSPAN="{len(cells)}" BGCOLOR="{paint.header}"{style}>'
        f"{header}</TD></TR><TR>{''.join(cells)}</TR>"
    )


def high(title: str, shape: str, cost: str, paint: Paint) -> str:
    """Write a box with title, shape and cost below each other, long ones in several lines."""
    head = "<BR/>".join(f"<B>{label(line)}</B>" for line in words.broken(title, NARROW))
    before, arrow, after = shape.partition(f" {words.ARROW} ")
    lines = [before, f"{words.ARROW} {after}"] if arrow else words.broken(shape, NARROW)
    rows = [(head, paint.header, paint.ink)]
    rows += [("<BR/>".join(map(label, lines)), paint.cell, "")] if shape else []
    rows += [(label(cost), paint.cost, paint.cost_ink)] if cost else []
    result = ""
    for place, (text, fill, ink) in enumerate(rows):
        sides = "LTRB" if place == 0 else "LBR" if place + 1 == len(rows) else "LR"
        text = f'<FONT COLOR="{ink}">{text}</FONT>' if ink else text
        result += f'<TR><TD SIDES="{sides}" BGCOLOR="{fill}"{paint.style}>{text}</TD></TR>'
    return paint.table(result)


def pill(title: str, cost: str, theme: Theme, *, many: bool, across: bool) -> str:
    """Write a frame's title and cost, side by side or below each other."""
    color = theme.skip if many else theme.ink
    lines = words.broken(title, NARROW) if across else [title]
    said = "<BR/>".join(f"<B>{label(line)}</B>" for line in lines)
    cells = [f'<TD><FONT COLOR="{color}">{said}</FONT></TD>']
    cells += [f"<TD>{label(cost)}</TD>"] if cost else []
    rows = "</TR><TR>".join(cells) if across else "".join(cells)
    edge = f'BORDER="1" COLOR="{theme.skip if many else theme.border}" STYLE="ROUNDED"'
    return (
        f'<<TABLE {edge} CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" '
        f'BGCOLOR="{theme.cell if many else theme.pill}"><TR>{rows}</TR></TABLE>>'
    )
