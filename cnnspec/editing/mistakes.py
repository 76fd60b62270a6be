"""All that is wrong with a file, as an editor is told it: every network by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cnnspec.diagnostics import Diagnostic, Label
from cnnspec.editing.sheet import sheet_of
from cnnspec.render import AGAIN
from cnnspec.source import Source


def mistakes_of(source: Source, root: Path | None) -> tuple[Diagnostic, ...]:
    """Find what is wrong or odd in a text; `root` is the folder that `use` may read.

    A mistake in one item keeps none in another from being told.
    """
    found = sheet_of(source, root).diagnostics
    return together(each.whole() for each in found)


def together(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Tell of a name that nothing has once, with all places: an editor marks each by itself."""
    result: dict[object, Diagnostic] = {}
    for each in found:
        if each.code != "unknown-name":
            result[each.key] = each
            continue
        key = each.code, each.title, each.help, each.labels[0].span.source.name
        known = result.get(key)
        if known is None:
            result[key] = each
        else:
            again = Label(each.labels[0].span, AGAIN)
            result[key] = known.also_at(replace(each, labels=(again,)))
    return tuple(result.values())
