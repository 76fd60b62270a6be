"""What is wrong with a spec, as data; `render` turns it into words for people or programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final, Literal, NamedTuple, Self

from cnnspec.errors import CnnspecError
from cnnspec.render import AGAIN, render
from cnnspec.source import Source, Span

#: Words of fewer letters are too like too many others.
SHORT: Final = 5
#: A word is compared with so many others at most, and of so many characters: each takes time.
MOST_COMPARED: Final = 5_000
LONGEST_COMPARED: Final = 400
Severity = Literal["error", "warning"]


class Edit(NamedTuple):
    """A stretch of a text, and what is to stand there instead.

    `sure` is what a diagnostic says to write; what it asks about (`did you mean …?`) is a guess.
    """

    span: Span
    text: str
    sure: bool


class Advice(str):
    """What to type, in words, and as an edit: `typed` in place of what is marked, or of `at`.

    `instead` is what to type if something else was meant.
    """

    __slots__ = ("at", "instead", "sure", "typed")
    typed: str
    at: Span | None
    sure: bool
    instead: Advice | None

    def __new__(
        cls,
        words: str,
        typed: str,
        *,
        at: Span | None = None,
        sure: bool = True,
        instead: Advice | None = None,
    ) -> Self:
        advice = super().__new__(cls, words)
        advice.typed, advice.at, advice.sure, advice.instead = typed, at, sure, instead
        return advice

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, Span | bool | Advice | None]]:
        """Give what makes it anew in another process."""
        more = {"at": self.at, "sure": self.sure, "instead": self.instead}
        return (str(self), self.typed), more

    def moved(self, moved: Callable[[Span], Span]) -> Advice:
        """Say it of places that are moved."""
        at = None if self.at is None else moved(self.at)
        instead = None if self.instead is None else self.instead.moved(moved)
        return Advice(self, self.typed, at=at, sure=self.sure, instead=instead)


def write(typed: str, more: str = "", *, put: str | None = None, at: Span | None = None) -> Advice:
    """Say what to type: `put`, if that is less than what is shown, in place of what is marked.

    >>> write("and")
    'write `and`'
    """
    return Advice(f"write `{typed}`{more}", typed if put is None else put, at=at)


def meant(guess: str, *, at: Span | None = None) -> Advice:
    """Ask whether a spelling was meant.

    >>> meant("conv")
    'did you mean `conv`?'
    """
    return Advice(f"did you mean `{guess}`?", guess, at=at, sure=False)


def placed(help: str | None, at: Span) -> str | None:
    """Give advice for another stretch than the one that is marked."""
    return Advice(help, help.typed, at=at, sure=help.sure) if isinstance(help, Advice) else help


@dataclass(frozen=True, slots=True)
class Label:
    """A place in a spec and what is to be said of it, in a few words."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: what, where, why, and what to type instead.

    `labels[0]` sits on what to edit; the others on where each conflicting fact came from. `trail`
    names, innermost first, the block instances in which it happened.
    """

    code: str
    title: str
    labels: tuple[Label, ...] = ()
    trail: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    severity: Severity = "error"

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What `help` says to type, as edits of the text; none where it is in words alone."""
        advice = self.help
        if not isinstance(advice, Advice):
            return ()
        if advice.at is not None:
            return (Edit(advice.at, advice.typed, advice.sure),)
        places = [label.span for label in self.labels[:1]]
        places += [label.span for label in self.labels[1:] if label.text == AGAIN]
        return tuple([Edit(span, advice.typed, advice.sure) for span in places])

    @property
    def choices(self) -> tuple[Diagnostic, ...]:
        """Give it once for each thing that may have been meant: each time with the edits of one."""
        instead = self.help.instead if isinstance(self.help, Advice) else None
        return (self,) if instead is None else (self, *replace(self, help=instead).choices)

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two reports the same mistake, whichever block instance met it."""
        where = self.labels[0].span.place if self.labels else None
        return (self.code, where, None if where else self.title)

    def also_at(self, again: Diagnostic) -> Diagnostic:
        """Add the further places of the same mistake, told once more."""
        known = {each.span.place for each in self.labels}
        more = (each for each in again.labels if each.text == AGAIN)
        new = [each for each in more if each.span.place not in known]
        return replace(self, labels=(*self.labels, *new)) if new else self

    def of(self, source: Source) -> Diagnostic:
        """Say it of another text with the same places."""
        return self._moved(lambda span: span._replace(source=source))

    def whole(self) -> Diagnostic:
        """Say it of whole texts where it is said of their pieces."""
        return self._moved(lambda span: span.in_whole)

    def _moved(self, moved: Callable[[Span], Span]) -> Diagnostic:
        help_ = self.help.moved(moved) if isinstance(self.help, Advice) else self.help
        labels, trail = (
            tuple([replace(each, span=moved(each.span)) for each in some])
            for some in (self.labels, self.trail)
        )
        return replace(self, labels=labels, trail=trail, help=help_)

    def within(self, *trail: Label) -> Diagnostic:
        """Add the block instances around it."""
        return replace(self, trail=self.trail + trail)


class SpecError(CnnspecError):
    """A spec that does not compile: every independent mistake that was found in it.

    As text it is what the command line shows: the lines in question, and what to type. `steps` is
    how much of its budget the elaboration took that ended so.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], *, steps: int = 0) -> None:
        self.diagnostics = tuple(diagnostics)
        self.steps = steps
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return render(self.diagnostics).strip()


def error(
    code: str,
    title: str,
    span: Span | None = None,
    text: str = "",
    *more: Label,
    help: str | None = None,
    notes: tuple[str, ...] = (),
) -> SpecError:
    """Make the exception for one mistake, its first label at `span`."""
    labels = (() if span is None else (Label(span, text),)) + more
    return SpecError([Diagnostic(code, title, labels, notes=notes, help=help)])


def nearest(word: str, known: Iterable[str], *, alike: float = 0.65, short: int = 0) -> str | None:
    """Find the known spelling that a user most likely meant; `alike` is the least likeness.

    Of a word under `short` letters nothing is guessed but letters that were swapped: `SHORT` is for
    names among many.

    >>> nearest("covn", ["conv", "dense"])
    'conv'
    >>> nearest("grn", ["gn"], short=SHORT)
    """
    names = sorted({each for each in known if len(each) <= LONGEST_COMPARED})
    if len(word) > LONGEST_COMPARED or len(names) > MOST_COMPARED:
        return None
    if len(word) < short:
        swapped = (name for name in names if name != word and sorted(name) == sorted(word))
        return next(swapped, None) or {name.lower(): name for name in names}.get(word.lower())
    found = get_close_matches(word, names, n=1, cutoff=alike)
    if found:
        return found[0]
    lower = {name.lower(): name for name in names}
    return lower.get(word.lower())
