"""Names across files: where a used one is declared, and which files of the given folders have it.

Files are read, and never written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from cnnspec.diagnostics import SpecError
from cnnspec.editing import names
from cnnspec.editing.sheet import Sheet
from cnnspec.library import read
from cnnspec.source import ZOO, Span
from cnnspec.syntax.files import Entry

#: So many files of the given folders are looked through at most.
MOST_FILES: Final = 2_000


class Kept(Exception):
    """A name that is not changed: why, in words."""


def foreign(sheet: Sheet, use: names.Use) -> Entry | None:
    """Give what a name stands for that a used file declares; None if it is declared here."""
    if use.declared is not None:
        return None
    entry = sheet.entry(use.word)
    return entry if entry is not None and entry.home.source.name != sheet.name else None


def home_of(sheet: Sheet, here: Path | None, use: names.Use) -> Path | None:
    """Give the file that declares a name of the top level; None for a name of a body."""
    entry = foreign(sheet, use)
    if entry is not None:
        name = entry.home.source.name
        return None if name.startswith(ZOO) else Path(name).resolve()
    declared = sheet.entry(use.word)
    own = declared is not None and use.declared == declared.span
    return here.resolve() if own and here is not None else None


def files(roots: Iterable[Path]) -> Iterator[Path]:
    """Give the specs of some folders, hidden folders left out."""
    count = 0
    for root in roots:
        for each in sorted(root.rglob("*.cnn")):
            if any(part.startswith(".") for part in each.relative_to(root).parts):
                continue
            if count >= MOST_FILES:
                raise Kept(f"there are over {MOST_FILES:,} specs in the folders of the workspace")
            count += 1
            yield each.resolve()


def places(
    home: Path, word: str, given: Iterable[Path], text_of: Callable[[Path], str | None]
) -> Iterator[tuple[Path, Sheet, tuple[Span, ...]]]:
    """Give each file in which a name of the file `home` stands, and where.

    `text_of` gives the text of a file that is open.
    """
    for path in dict.fromkeys([home, *given]):
        text = text_of(path)
        try:
            sheet = Sheet(str(path), path.parent)
            sheet.take(read(str(path)).text if text is None else text)
        except SpecError:
            continue
        if word not in sheet.source.text:
            continue
        found = tuple(
            use.span
            for use in names.uses(sheet)
            if use.word == word and home_of(sheet, path, use) == home
        )
        if found:
            yield path, sheet, tuple(dict.fromkeys(found))
