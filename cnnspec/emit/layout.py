"""Text with places at which it may break, and how many columns decide which of them do.

The pieces and the way in which they are measured are those of `ruff format`, which in turn refines
Wadler's and Prettier's: a group is printed on one line if what it holds, and what follows it up to
the next possible break, fits; otherwise its own breaks become lines. This module is a printer of
such documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Columns of a line, and of one level of indentation: the formatter's defaults.
WIDTH: Final = 88
STEP: Final = 4


class Mark:
    """Names a group, so that other pieces can ask whether it was broken."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A place to break; `flat` stands there where it is not broken."""

    flat: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Indent:
    """Content whose new lines are indented; with `when` only if that group is broken."""

    content: Document
    when: Mark | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Content whose lines break all or not at all; with `when` only if that group is broken."""

    content: Document
    mark: Mark | None = None
    when: Mark | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Either:
    """`broken` if a group is broken, else `flat`: the one marked, or the one around it."""

    broken: Document
    flat: Document = ""
    mark: Mark | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Expandable:
    """Content that is measured as if it broke, while the marked group does not."""

    content: Document
    mark: Mark


@dataclass(frozen=True, slots=True, eq=False)
class Parenthesized:
    """Content without breaks of its own: in parentheses if it does not fit without but with."""

    content: str


Document = (
    str | Line | Indent | Group | Either | Expandable | Parenthesized | tuple["Document", ...]
)


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece to print: how far its new lines are indented, and whether its breaks are flat."""

    piece: Document
    indent: int
    flat: bool
    #: Whether measuring goes on past the first line; what is too long there may stay so.
    every: bool = False

    def of(self, piece: Document) -> _Item:
        return _Item(piece, self.indent, self.flat, self.every)


def flat(document: Document) -> str:
    """Print on one line, however long."""
    match document:
        case str():
            return document
        case tuple():
            return "".join(map(flat, document))
        case Line() | Either():
            return flat(document.flat)
        case Indent() | Group() | Expandable() | Parenthesized():
            return flat(document.content)


def lay_out(document: Document, *, indent: int = 0) -> list[str]:
    """Print in lines of at most 88 columns where the document can be broken so."""
    printer = _Printer(indent)
    printer.run(document)
    return printer.lines


class _Printer:
    def __init__(self, indent: int) -> None:
        self.lines = [" " * indent]
        self.indent = indent
        self.stack: list[_Item] = []
        self.broken: dict[Mark, bool] = {}
        #: Whether a group around has been found to fit, so that those inside need no measuring.
        self.measured = False

    def run(self, document: Document) -> None:
        self.stack.append(_Item(document, self.indent, flat=False))
        while self.stack:
            item = self.stack.pop()
            match item.piece:
                case str(text):
                    self.lines[-1] += text
                case Line():
                    if item.flat:
                        self.lines[-1] += item.piece.flat
                    else:
                        self.lines.append(" " * item.indent)
                        self.measured = False
                case Group(content, mark, when) if when is None or self.broken[when]:
                    fits = self._group(item, content, mark)
                    self.stack.append(_Item(content, item.indent, fits))
                case Parenthesized(content):
                    self._parenthesized(item, content)
                case Expandable(content, mark):
                    self.measured = self.measured and self.broken[mark]
                    self.stack.append(item.of(content))
                case _:
                    self.stack += self._parts(item)

    def _parts(self, item: _Item) -> list[_Item]:
        """The pieces of a piece, the last first; what is alike in printing and in measuring."""
        match item.piece:
            case tuple(pieces):
                return [item.of(each) for each in reversed(pieces)]
            case Either(broken, alternative, mark):
                chosen = not item.flat if mark is None else self.broken[mark]
                return [item.of(broken if chosen else alternative)]
            case Indent(content, when):
                deeper = when is None or self.broken[when]
                indent = item.indent + (STEP if deeper else 0)
                return [_Item(content, indent, item.flat, item.every)]
            case Group(content):
                return [item.of(content)]
            case _:
                raise TypeError(f"{type(item.piece).__name__} is no piece with parts")

    def _group(self, item: _Item, content: Document, mark: Mark | None) -> bool:
        """Decide whether a group is printed flat."""
        fits = item.flat and self.measured
        if not fits:
            self.measured = True
            if mark is not None:
                self.broken[mark] = False
            fits = self._fits(_Item(content, item.indent, flat=True))
        if mark is not None:
            self.broken[mark] = not fits
        return fits

    def _parenthesized(self, item: _Item, content: str) -> None:
        inside = " " * (item.indent + STEP) + content
        if self._fits(item.of(content)) or len(inside) > WIDTH:
            self.lines[-1] += content
        else:
            self.lines[-1] += "("
            self.lines += [inside, " " * item.indent + ")"]

    def _fits(self, item: _Item) -> bool:
        """Whether a piece fits, with what comes after it up to the next break."""
        column = len(self.lines[-1])
        pending, rest = [item], len(self.stack)
        while pending or rest:
            if not pending:
                rest -= 1
                pending.append(self.stack[rest])
            item = pending.pop()
            match item.piece:
                case str(text):
                    column += len(text)
                    if column > WIDTH and not item.every:
                        return False
                case Line():
                    if item.flat:
                        column += len(item.piece.flat)
                    elif item.every:
                        column = item.indent
                    else:
                        return True
                case Group(content, mark):
                    if mark is not None:
                        self.broken[mark] = not item.flat
                    pending.append(item.of(content))
                case Parenthesized(content):
                    pending.append(item.of(content))
                case Expandable(content, mark):
                    if self.broken[mark]:
                        pending.append(item.of(content))
                    else:
                        pending.append(_Item(content, item.indent, flat=False, every=True))
                case _:
                    pending += self._parts(item)
        return True
