"""Diagnostics as people, editors and programs read them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final
from unicodedata import east_asian_width

from cnnspec.source import Source, Span

if TYPE_CHECKING:
    from cnnspec.diagnostics import Diagnostic, Label

WIDTH = 110
#: What is said at further places of a mistake that was told before, and how many of these show.
AGAIN: Final = "and here"
MOST_AGAIN: Final = 3
COLORS = {"error": "1;31", "warning": "1;33", "note": "1;34", "help": "1;32"}


def render(
    diagnostics: Iterable[Diagnostic],
    *,
    color: bool = False,
    pages: Collection[str] = (),
    code: Callable[[str], str] = str,
) -> str:
    """Write diagnostics with the lines that they are about, a blank line between two.

    An error whose code is among `pages` ends with the command that explains it; `code` colours a
    line of a spec.
    """
    paint = _paint if color else _bare
    return "\n".join("\n".join(_block(each, paint, pages, code)) + "\n" for each in diagnostics)


def brief(diagnostic: Diagnostic) -> str:
    """Write a diagnostic on one line, as compilers do: `file:line:column: error[code]: title`."""
    where = f"{diagnostic.labels[0].span.where}: " if diagnostic.labels else ""
    return visible(f"{where}{diagnostic.severity}[{diagnostic.code}]: {diagnostic.title}")


def as_data(diagnostic: Diagnostic) -> dict[str, Any]:
    """Give a diagnostic as plain data; lines and columns count from 1, in characters."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "title": diagnostic.title,
        "labels": [_place(label) for label in diagnostic.labels],
        "trail": [_place(label) for label in diagnostic.trail],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "edits": [
            {**_stretch(edit.span), "new": edit.text, "sure": edit.sure}
            for edit in diagnostic.edits
        ],
    }


def _place(label: Label) -> dict[str, Any]:
    return {**_stretch(label.span), "text": label.text}


def _stretch(span: Span) -> dict[str, Any]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.stop)
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def _paint(text: str, style: str) -> str:
    return f"\x1b[{COLORS.get(style, style)}m{text}\x1b[0m"


def _bare(text: str, _style: str) -> str:
    return text


def _block(
    diagnostic: Diagnostic, paint: Any, pages: Collection[str], code: Callable[[str], str]
) -> Iterator[str]:
    head = paint(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity)
    yield f"{head}: {visible(diagnostic.title)}"
    labels = _without_repeats(diagnostic.labels)
    again = [label for label in labels if label.text == AGAIN]
    labels = [label for label in labels if label not in again[MOST_AGAIN:]]
    numbers = [label.span.line for label in labels]
    gutter = max((len(str(number)) for number in numbers), default=1) + 1
    bar = paint("|", "note")
    first = labels[0] if labels else None
    if first is not None:
        yield f"{' ' * (gutter - 1)}{paint('-->', 'note')} {visible(first.span.where)}"
        yield f"{' ' * gutter} {bar}"
        here = [label for label in labels if label.span.source is first.span.source]
        yield from _lines(here, first, gutter, paint, code)
        yield f"{' ' * gutter} {bar}"
    for label in labels:
        if first is not None and label.span.source is not first.span.source:
            yield f"{' ' * (gutter - 1)}{paint(':::', 'note')} {visible(label.span.where)}"
            yield from _lines([label], first, gutter, paint, code)
            yield f"{' ' * gutter} {bar}"
    equals = f"{' ' * gutter} {paint('=', 'note')}" if labels else f"  {paint('=', 'note')}"
    if len(again) > MOST_AGAIN:
        count = len(again) - MOST_AGAIN
        yield f"{equals} and in {count} more place{'' if count == 1 else 's'}"
    shown, hidden = diagnostic.trail[:6], len(diagnostic.trail) - 6
    for label in shown:
        yield f"{equals} in {visible(label.text)} at {visible(label.span.where)}"
    if hidden > 0:
        yield f"{equals} and {hidden} more around it"
    for note in diagnostic.notes:
        yield f"{equals} {paint('note', 'note')}: {visible(note)}"
    if diagnostic.help is not None:
        yield f"{equals} {paint('help', 'help')}: {visible(diagnostic.help)}"
    if diagnostic.severity == "error" and diagnostic.code in pages:
        yield f"{equals} {paint('more', 'note')}: cnnspec explain {diagnostic.code}"


def _without_repeats(labels: tuple[Label, ...]) -> list[Label]:
    seen: dict[tuple[str, int, int], Label] = {}
    for label in labels:
        key = (label.span.source.name, label.span.start, label.span.stop)
        seen.setdefault(key, label)
    return list(seen.values())


def _lines(
    labels: list[Label], first: Label, gutter: int, paint: Any, code: Callable[[str], str]
) -> Iterator[str]:
    bar = paint("|", "note")
    shown = None
    for label in sorted(labels, key=lambda each: (each.span.line, each.span.start)):
        number = label.span.line
        text, start, length = _excerpt(label.span)
        if (number, text) != shown:
            yield f"{paint(str(number).rjust(gutter), 'note')} {bar} {code(text)}"
        shown = number, text
        primary = label is first
        mark = ("^" if primary else "-") * max(length, 1)
        said = f"{mark} {visible(label.text)}".rstrip()
        style = "error" if primary else "note"
        yield f"{' ' * gutter} {bar} {' ' * start}{paint(said, style)}"


def _excerpt(span: Span) -> tuple[str, int, int]:
    """Give a line as it is shown, and where the span is in it, in columns of a terminal."""
    source: Source = span.source
    line, column = source.position(span.start)
    first, last = source.bounds(line)
    start, length = column - 1, last - first
    stop = span.stop - first if span.stop <= last else length
    left = max(0, min(start - WIDTH // 3, length - WIDTH))
    text = visible(source.text[first + left : min(first + left + WIDTH, last)], tabs=True)
    if span.stop > last and length <= WIDTH:
        stop = len(text.rstrip())
    if length > WIDTH:
        text = ("…" if left else "") + text + ("…" if left + WIDTH < length else "")
        shift = left - (1 if left else 0)
        start, stop = start - shift, min(stop - shift, len(text))
    before, inside = text[:start], text[start:stop]
    return text.expandtabs(4), _columns(before.expandtabs(4)), _columns(inside.expandtabs(4))


def visible(text: str, *, tabs: bool = False) -> str:
    """Put a sign for each character that a terminal would obey or hide, one for one.

    With `tabs` those stay: who shows a line of a spec sets them.
    """
    if text.isprintable():
        return text
    kept = "\t" if tabs else ""
    return "".join(c if c.isprintable() or c in kept else _sign(c) for c in text)


def _sign(character: str) -> str:
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else "\N{REPLACEMENT CHARACTER}"


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)
