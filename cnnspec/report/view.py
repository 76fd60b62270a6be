"""A network's cost as text: which rows and columns, and how they fit the room that there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cnnspec.analysis.figures import Meter
    from cnnspec.report.columns import Row

#: How wide a table is that no terminal shows.
WIDTH: Final = 92


@dataclass(frozen=True, slots=True, kw_only=True)
class CostView:
    """What of a network's cost is to be seen: the options of `cnnspec cost`."""

    depth: int | None = None
    by: str | None = None
    columns: tuple[str, ...] | None = None
    sort: str | None = None
    top: int | None = None
    count: str = "macs"
    memory: bool = False
    optimiser: str = "adam"
    facts: bool = False
    explain: bool = False

    def text(
        self, meter: Meter, format_: str, *, room: int | None = None, color: bool = False
    ) -> str:
        """Write it in a format; `room` are the columns of the terminal that shows it."""
        from cnnspec.analysis.wording import LONGEST
        from cnnspec.report import markup
        from cnnspec.report.columns import APART, in_a_paper
        from cnnspec.report.rows import single

        columns = self._columns(meter)
        if format_ == "table":
            return self._for_people(meter, columns, room=room, color=color)
        if format_ == "csv":
            columns = self.columns or APART
            listed = self._rows(meter, columns, LONGEST) if self.by or self.sort else single(meter)
            return markup.as_csv(meter, listed[: self.top], columns)
        columns = self.columns or in_a_paper(columns)
        rows = self._rows(meter, columns, LONGEST)[: self.top]
        if format_ == "md":
            return markup.as_markdown(meter, rows, columns)
        return markup.as_latex(meter, rows, columns)

    def _columns(self, meter: Meter) -> tuple[str, ...]:
        from cnnspec.report import columns

        if self.columns is not None:
            return self.columns
        if self.by:
            return columns.GROUPED
        if meter.device is not None:
            return columns.TIMED
        return columns.EVERYTHING if self.count == "all" else columns.USUAL

    def _rows(self, meter: Meter, columns: Sequence[str], longest: int) -> list[Row]:
        """Give the rows; calls' arguments are cut to so many characters."""
        from cnnspec.report import rows

        if self.by:
            found = rows.grouped(meter, self.by)
        elif self.sort is not None:
            found = rows.single(meter)
        else:
            fields = not {"field", "stride"}.isdisjoint(columns)
            depth = rows.fitting(meter.parts) if self.depth is None else self.depth
            return rows.folded(meter, depth=depth, longest=longest, fields=fields)
        return found if self.sort is None else rows.ordered(found, meter, self.sort)

    def _for_people(
        self, meter: Meter, columns: Sequence[str], *, room: int | None, color: bool
    ) -> str:
        from cnnspec.analysis.wording import LONGEST
        from cnnspec.report import sections
        from cnnspec.report.definitions import explained
        from cnnspec.report.ink import PLAIN, TERMINAL
        from cnnspec.report.table import fitted, table, width

        ink = TERMINAL if color else PLAIN
        wide = room or WIDTH
        below = sections.footer(meter, wide, every=self.count == "all")
        if meter.device is not None:
            below += sections.timed(meter)
        for longest in (
            *((3 * LONGEST, 2 * LONGEST) if wide > WIDTH else ()),
            LONGEST,
            LONGEST // 2,
            0,
        ):
            rows = self._rows(meter, columns, longest)[: self.top]
            if width(rows, columns, meter, ink) <= wide:
                break
        else:
            if room is not None:
                rows, columns = fitted(meter, rows, columns, room, ink)
        text = table(meter, rows, columns, width=wide, ink=ink)
        text += "\n" + "".join(f"{ink.faint(line)}\n" for line in below)
        if self.memory:
            text += sections.written(sections.memory_facts(meter, self.optimiser), wide)
        if self.facts:
            text += sections.written(sections.built(meter), wide)
        return text + ("\n" + explained(wide) if self.explain else "")
