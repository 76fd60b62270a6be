"""Cuts what stands in a table's rows to the room that a terminal has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from cnnspec.report.columns import Row

CUT: Final = "..."
#: Of words so many characters stay where a name needs the room.
LEAST: Final = 6
#: What says how often a thing is there and when: it is kept, what stands before it gives way.
_END: Final = re.compile(
    r"(?P<stride> /\d+)?(?P<times> x \d+)?(, each \d+ channels more)?(?P<when> \(training only\))?$"
)
#: `denselayer1..denselayer12`, whose second name says again what the first does.
_RUN: Final = re.compile(r"(?P<name>.*?\D)(?P<first>\d+)\.\.(?P=name)(?P<last>\d+)")


def shortened(text: str, room: int) -> str:
    """Cut a text at its end.

    >>> shortened("AlexNet without groups", 12), shortened("AlexNet", 12)
    ('AlexNet w...', 'AlexNet')
    """
    return text if len(text) <= room else text[: max(room - len(CUT), 0)] + CUT


def cut(rows: Sequence[Row], indents: Sequence[str], room: int) -> list[Row]:
    """Cut rows' names and words so that each fits into so many characters behind its indent."""
    return [
        _cut(row, max(room - len(indent), len(CUT) + 1))
        for row, indent in zip(rows, indents, strict=True)
    ]


def _cut(row: Row, room: int) -> Row:
    if len(row.layer) <= room:
        return row
    name = _RUN.sub(r"\g<name>\g<first>..\g<last>", row.name)
    found = _END.search(row.words)
    assert found is not None
    words = row.words[: found.start()]
    kept = "".join(filter(None, (found["stride"], found["times"], found["when"])))
    if room - len(kept) < len(kept) + LEAST:
        kept = kept.replace(" only)", ")")
    left = room - len(name) - len(kept) - (2 if name and words else 0)
    if len(words) <= left or left >= LEAST or not name:
        return replace(row, name=name, words=_closed(words, left) + kept)
    # A path's end says most, so its beginning gives way, and words do before it.
    end = kept.lstrip()
    left = room - (len(end) + 2 if end else 0)
    if len(name) > left:
        name = CUT + name[-max(left - len(CUT), 1) :].lstrip(".")
    return replace(row, name=name, words=end)


def _closed(words: str, room: int) -> str:
    """Cut words, and leave no bracket open: it is closed, or goes too where nothing is in it."""
    found = shortened(words, room)
    if found == words or found.count("(") <= found.count(")"):
        return found
    closed = shortened(words, room - 1)
    inside = closed.rpartition("(")[2]
    if closed.count("(") > closed.count(")") and inside != CUT:
        return f"{closed})"
    return found[: found.rindex("(")].rstrip() + CUT
