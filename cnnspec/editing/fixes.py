"""Mistakes mended: edits that diagnostics carry, applied to a text that is then read anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from cnnspec.diagnostics import Diagnostic, Edit
from cnnspec.source import Source

#: What is mended may show what it hid: so many times a text is looked through again.
MOST_ROUNDS: Final = 50
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


def mended(source: Source, judge: Judge) -> tuple[str, int]:
    """Apply what the diagnostics of a text say to write; give the text, and how many it mended.

    What they ask (`did you mean …?`) is not applied. The text is judged again after each round: a
    mistake may have hidden another. What does not end in fewer mistakes is not kept.
    """
    now, found = source, judge(source)
    best, first = source.text, len(found)
    fewest = first
    seen = {source.text}
    for _ in range(MOST_ROUNDS):
        able = [each for each in found if _sure(each, now)]
        step = next(_steps(now, able, len(found), judge, seen), None)
        if step is None:
            break
        now, found = step
        seen.add(now.text)
        if len(found) < fewest:
            best, fewest = now.text, len(found)
    return best, first - fewest


def _sure(found: Diagnostic, source: Source) -> bool:
    edits = found.edits
    return bool(edits) and all(each.sure and each.span.source.name == source.name for each in edits)


def _steps(
    now: Source, able: Sequence[Diagnostic], most: int, judge: Judge, seen: set[str]
) -> Iterator[tuple[Source, Sequence[Diagnostic]]]:
    """Give texts with all edits applied, or one diagnostic's, in which no more is wrong."""
    for each in (able, *([one] for one in able)):
        new = Source(now.name, edited(now.text, (edit for one in each for edit in one.edits)))
        if new.text not in seen and len(left := judge(new)) <= most:
            yield new, left
