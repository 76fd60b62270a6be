"""Mistakes mended: edits that diagnostics carry, applied to a text that is then read anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from cnnspec.diagnostics import Diagnostic, Edit
from cnnspec.source import Source

#: What is mended may show what it hid: so many times a text is looked through again.
MOST_ROUNDS: Final = 50
#: Warnings of what meant something else in the version before: their first edit is what it meant.
CHANGED: Final = frozenset(("else-takes-flow",))
#: What finds the mistakes of a text.
Judge = Callable[[Source], Sequence[Diagnostic]]


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Apply edits of one text; of two that meet the first in it is taken."""
    parts, at = [], 0
    for begin, end, new in sorted({(span.begin, span.end, new) for span, new, _ in edits}):
        if begin >= at:
            parts += [text[at:begin], new]
            at = end
    return "".join([*parts, text[at:]])


def told(diagnostics: Iterable[Diagnostic]) -> Counter[tuple[str, str]]:
    """Say what is wrong without its places, which edits move."""
    return Counter((each.code, each.title) for each in diagnostics)


def says(found: Diagnostic) -> bool:
    """Whether a diagnostic says what to write; what it asks (`did you mean …?`) is not that."""
    return all(each.sure for each in found.edits)


def has_changed(found: Diagnostic) -> bool:
    """Whether it is about a text that meant something else in the version before."""
    return found.code in CHANGED


def mended(
    source: Source, judge: Judge, wanted: Callable[[Diagnostic], bool] = says
) -> tuple[str, int]:
    """Apply the edits of those diagnostics of a text that are wanted, all that say what to write.

    Gives the text, and how many it mended. The text is judged again after each round: a
    mistake may have hidden another. What does not end in fewer mistakes is not kept.
    """
    now, found = source, judge(source)
    best, first = source.text, weight(found)
    fewest = first
    seen = {source.text}
    for _ in range(MOST_ROUNDS):
        able = [each for each in found if wanted(each) and _can_be_applied(each, now)]
        step = next(_steps(now, able, weight(found), judge, seen), None)
        if step is None:
            break
        now, found = step
        seen.add(now.text)
        if weight(found) < fewest:
            best, fewest = now.text, weight(found)
    return best, first[0] - fewest[0] or first[1] - fewest[1]


def weight(found: Sequence[Diagnostic]) -> tuple[int, int]:
    """Count errors, and then all: an error hides warnings, and none is paid for by one."""
    return sum(each.severity == "error" for each in found), len(found)


def _can_be_applied(found: Diagnostic, source: Source) -> bool:
    edits = found.edits
    return bool(edits) and all(each.span.source.name == source.name for each in edits)


def _steps(
    now: Source,
    able: Sequence[Diagnostic],
    most: tuple[int, int],
    judge: Judge,
    seen: set[str],
) -> Iterator[tuple[Source, Sequence[Diagnostic]]]:
    """Give texts with all edits applied, or one diagnostic's, in which no more is wrong."""
    for each in (able, *([one] for one in able)):
        new = Source(now.name, edited(now.text, (edit for one in each for edit in one.edits)))
        if new.text not in seen and weight(left := judge(new)) <= most:
            yield new, left
