"""Documents: texts with places where a line may end, and the printer that chooses among them.

After Lindig, "Strictly Pretty" (2000), with Prettier's line suffixes for comments. A group is laid
out on one line if that fits into the width, else its lines end where it says. `wadler-lindig` has
neither indents that follow the current line nor suffixes, so the printer is ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A place where a line may end; `flat` stands there where it does not."""

    flat: str = " "


@dataclass(frozen=True, slots=True)
class Soft:
    """A place where a line ends if what follows, up to the next such place, does not fit on it.

    One that `hugs` does not end a line where that would not help: what follows is longer than a
    line, and its first part fits.
    """

    inner: Doc
    flat: str = " "
    hugs: bool = False


@dataclass(frozen=True, slots=True)
class Hard:
    """A line's end, always; `blank` leaves an empty line after it."""

    blank: bool = False


@dataclass(frozen=True, slots=True)
class Suffix:
    """What stands at the end of the line, whatever else comes on it: a comment."""

    text: str


@dataclass(frozen=True, slots=True)
class Nest:
    """Lines that begin inside stand further in."""

    inner: Doc
    by: int = 4


@dataclass(frozen=True, slots=True)
class Here:
    """Lines that begin inside stand where the current line begins."""

    inner: Doc


@dataclass(frozen=True, slots=True)
class Group:
    """On one line if it fits and nothing in it must end a line (`broken`)."""

    inner: Doc
    broken: bool


@dataclass(frozen=True, slots=True)
class Either:
    """One document in a group over several lines, another on one line."""

    broken: Doc
    flat: Doc


Doc = str | Line | Soft | Hard | Suffix | Nest | Here | Group | Either | tuple["Doc", ...]


def group(*parts: Doc, broken: bool = False) -> Group:
    """Make a group; it is broken if something in it ends a line whatever happens."""
    return Group(parts, broken or must_break(parts))


def must_break(doc: Doc) -> bool:
    """Whether a document ends a line however it is laid out."""
    pending = [doc]
    while pending:
        each = pending.pop()
        if isinstance(each, Hard | Suffix) or (isinstance(each, Group) and each.broken):
            return True
        if isinstance(each, tuple):
            pending.extend(each)
        elif isinstance(each, Nest | Here | Soft):
            pending.append(each.inner)
        elif isinstance(each, Either):
            pending.append(each.flat)
    return False


def join(separator: Doc, parts: Iterable[Doc]) -> Doc:
    """Put a separator between parts."""
    result: list[Doc] = []
    for part in parts:
        if result:
            result.append(separator)
        result.append(part)
    return tuple(result)


def flat(doc: Doc) -> str | None:
    """Give a document's text on one line, or None where it must end a line."""
    if must_break(doc):
        return None
    pieces: list[str] = []
    pending = [doc]
    while pending:
        each = pending.pop()
        if isinstance(each, str):
            pieces.append(each)
        elif isinstance(each, Line):
            pieces.append(each.flat)
        elif isinstance(each, Soft):
            pieces.append(each.flat)
            pending.append(each.inner)
        elif isinstance(each, tuple):
            pending.extend(reversed(each))
        elif isinstance(each, Nest | Here | Group):
            pending.append(each.inner)
        elif isinstance(each, Either):
            pending.append(each.flat)
    return "".join(pieces)


def render(doc: Doc, width: int, indent: int = 0) -> str:
    """Lay a document out in lines of at most `width` characters where that can be."""
    printer = _Printer(width, indent)
    printer.run(doc)
    return "".join(printer.out)


_Pending = tuple[int, bool, Doc]


class _Printer:
    """The state of one rendering: what was written, and how far in the current line is."""

    def __init__(self, width: int, indent: int) -> None:
        self.width = width
        self.out: list[str] = [" " * indent]
        self.column = indent
        self.line_indent = indent
        self.suffixes: list[str] = []
        self.pending: list[_Pending] = []

    def run(self, doc: Doc) -> None:
        """Print one document, comments at the end of its last line too."""
        self.pending.append((self.line_indent, False, doc))
        while self.pending:
            indent, on_one_line, each = self.pending.pop()
            if isinstance(each, str):
                self.out.append(each)
                self.column += len(each)
            elif isinstance(each, tuple):
                self.pending.extend((indent, on_one_line, part) for part in reversed(each))
            elif isinstance(each, Line):
                if on_one_line:
                    self.out.append(each.flat)
                    self.column += len(each.flat)
                else:
                    self._newline(indent, blank=False)
            elif isinstance(each, Soft):
                if on_one_line or self._stays(each, indent):
                    self.out.append(each.flat)
                    self.column += len(each.flat)
                else:
                    self._newline(indent, blank=False)
                self.pending.append((indent, on_one_line, each.inner))
            elif isinstance(each, Hard):
                self._newline(indent, blank=each.blank)
            elif isinstance(each, Suffix):
                self.suffixes.append(each.text)
            elif isinstance(each, Nest):
                self.pending.append((indent + each.by, on_one_line, each.inner))
            elif isinstance(each, Here):
                self.pending.append((self.line_indent, on_one_line, each.inner))
            elif isinstance(each, Group):
                fits = on_one_line or (not each.broken and self._fits(each.inner))
                self.pending.append((indent, fits, each.inner))
            else:
                chosen = each.flat if on_one_line else each.broken
                self.pending.append((indent, on_one_line, chosen))
        self._flush()

    def _flush(self) -> None:
        for text in self.suffixes:
            self.out.append(f"  {text}")
        self.suffixes.clear()

    def _newline(self, indent: int, *, blank: bool) -> None:
        self._flush()
        while self.out and not self.out[-1].strip(" "):
            self.out.pop()  # nothing but an indent stands on the line
        if self.out and not self.out[-1].endswith("\n"):
            self.out[-1] = self.out[-1].rstrip(" ")
        self.out.append("\n\n" if blank else "\n")
        self.out.append(" " * indent)
        self.column = self.line_indent = indent

    def _stays(self, soft: Soft, indent: int) -> bool:
        """Whether a line goes on at a soft place."""
        doc = (soft.flat, soft.inner)
        if self._fits(doc):
            return True
        return soft.hugs and not self._fits(soft.inner, indent) and self._fits(doc, flat=False)

    def _fits(self, doc: Doc, column: int | None = None, *, flat: bool = True) -> bool:
        """Whether a document, and what follows, fits up to the next end of a line.

        The document itself stands on one line if `flat`, else as far as its first line's end.
        """
        room = self.width - (self.column if column is None else column)
        rest = len(self.pending)
        pending: list[tuple[bool, Doc]] = [(flat, doc)]
        while room >= 0:
            if not pending:
                if rest == 0:
                    return True
                rest -= 1
                pending.append(self.pending[rest][1:])
            on_one_line, each = pending.pop()
            if isinstance(each, str):
                room -= len(each)
            elif isinstance(each, tuple):
                pending.extend((on_one_line, part) for part in reversed(each))
            elif isinstance(each, Line | Soft):
                if not on_one_line:
                    return True
                room -= len(each.flat)
                if isinstance(each, Soft):
                    pending.append((True, each.inner))
            elif isinstance(each, Hard):
                return True
            elif isinstance(each, Group):
                pending.append((on_one_line and not each.broken, each.inner))
            elif isinstance(each, Nest | Here):
                pending.append((on_one_line, each.inner))
            elif isinstance(each, Either):
                pending.append((on_one_line, each.flat if on_one_line else each.broken))
        return False
