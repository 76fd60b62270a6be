"""A comparison as people read it: hunks with a sign each, what follows, figures, keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cnnspec.analysis.quantity import memory, number
from cnnspec.diff.data import Diff, Figure, Hunk, Keys
from cnnspec.sinks import line as in_line
from cnnspec.sinks import markdown as in_markdown

SIGNS: Final = {"inserted": "+", "removed": "-"}
#: So many places of a hunk, things that follow, and keys are named.
PLACES: Final = 3
FOLLOWING: Final = 8
KEYS: Final = 4
NAMES: Final = {
    "inputs": "input",
    "outputs": "output",
    "params": "parameters",
    "macs": "MACs",
    "weights": "weights",
    "activations": "written",
    "peak": "at a time",
    "training": "training step",
    "depth": "depth",
    "field": "receptive field",
}


@dataclass(frozen=True, slots=True)
class Paint:
    """Codes of a terminal for what is new, gone, changed, and set off; empty without one."""

    new: str = ""
    gone: str = ""
    other: str = ""
    strong: str = ""
    faint: str = ""
    plain: str = ""

    def sign(self, kind: str) -> str:
        """Give the code for a kind of hunk."""
        return {"inserted": self.new, "removed": self.gone}.get(kind, self.other)


BARE: Final = Paint()
COLOURS: Final = Paint("\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m")


def as_text(diff: Diff, a: str, b: str, paint: Paint = BARE) -> str:
    """Write a comparison of the networks called `a` and `b`."""
    lines = [f"{paint.strong}{in_line(f'{a} -> {b}')}{paint.plain}"]
    if diff.same:
        return f"{lines[0]}  no difference\n"
    lines[0] += f"  {_counted(len(diff.hunks), 'change')}"
    lines.append("")
    for hunk in diff.hunks:
        lines += _hunk(hunk, paint)
    if diff.follows:
        lines += ["", "what follows from this"]
        lines += [f"  {in_line(line)}" for line in _following(diff.follows)]
    lines += ["", *map(in_line, _table(diff.figures)), "", *map(in_line, _keys(diff.keys, a, b))]
    lines += _renamed(diff.keys)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _hunk(hunk: Hunk, paint: Paint) -> Iterator[str]:
    where = f"in {hunk.where}: " if hunk.where else ""
    said = in_line(f"{SIGNS.get(hunk.kind, '~')} {where}{hunk.what}")
    yield f"{paint.sign(hunk.kind)}{said}{paint.plain}"
    if places := _places(hunk):
        yield f"{paint.faint}    {in_line(places)}{paint.plain}"


def _places(hunk: Hunk) -> str:
    paths = [
        f"{place.a} is now {place.b}" if place.a and place.b and place.a != place.b
        else place.b or place.a
        for place in hunk.places
    ]  # fmt: skip
    named = [path for path in paths if path]
    if not named:
        return ""
    more = f" and {len(named) - PLACES} more" if len(named) > PLACES else ""
    first = hunk.places[0]
    lines = [
        f"{file}:{line}"
        for file, line in ((first.file_a, first.line_a), (first.file_b, first.line_b))
        if file is not None
    ]
    return f"{', '.join(named[:PLACES])}{more}  ({' -> '.join(dict.fromkeys(lines))})"


def _following(follows: Sequence[Hunk]) -> Iterator[str]:
    for hunk in follows[:FOLLOWING]:
        where = f"in {hunk.where}: " if hunk.where else ""
        yield f"{SIGNS.get(hunk.kind, '~')} {where}{hunk.what}"
    if len(follows) > FOLLOWING:
        yield f"and {len(follows) - FOLLOWING} more: --json lists them"


def _table(figures: Iterable[Figure]) -> list[str]:
    rows = [("", "A", "B", "")]
    rows += [(NAMES[each.name], *_shown(each), _by(each)) for each in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join((row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:]))) for row in rows
    ]


def _shown(figure: Figure) -> tuple[str, str]:
    show: Any = {"count": number, "bytes": memory, "text": str}[figure.unit]
    return show(figure.before), show(figure.after)


def _by(figure: Figure) -> str:
    if figure.before == figure.after:
        return "same"
    if figure.unit == "text" or not figure.before:
        return ""
    share = figure.after / figure.before - 1
    return f"{share:+.1%}" if abs(share) >= 0.0005 else f"{figure.after - figure.before:+,}"


def _keys(keys: Keys, a: str, b: str) -> Iterator[str]:
    if not (keys.missing or keys.extra or keys.reshaped):
        yield f"a checkpoint of {a} fits {b}: {keys.kept:,} tensors"
        return
    yield (
        f"a checkpoint of {a} in {b}: {len(keys.missing):,} missing, {len(keys.extra):,} extra, "
        f"{len(keys.reshaped):,} of another shape, {keys.kept:,} fit"
    )
    shapes = [f"{key} {_size(before)} -> {_size(after)}" for key, before, after in keys.reshaped]
    for word, listed in (
        ("missing", keys.missing),
        ("extra", keys.extra),
        ("another shape", shapes),
    ):
        if listed:
            more = f" and {len(listed) - KEYS:,} more" if len(listed) > KEYS else ""
            yield f"  {word}: {', '.join(listed[:KEYS])}{more}"


def _renamed(keys: Keys, *, code: str = "") -> Iterator[str]:
    """Say that tensors are there under another name; `code` stands around what is typed."""
    if keys.renamed:
        yield (
            f"  {_counted(len(keys.renamed), 'tensor')} under another name: "
            f"{code}--rename-file FILE{code} writes them for `cnnspec convert`"
        )


def _size(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "one number"


def as_markdown(diff: Diff, a: str, b: str) -> str:
    """Write a comparison for a pull request."""
    head = f"### {in_markdown(a)} → {in_markdown(b)}"
    if diff.same:
        return f"{head}\n\nNo difference.\n"
    lines = [head, ""]
    for hunk in diff.hunks:
        where = f"in {hunk.where}: " if hunk.where else ""
        lines.append(f"- `{SIGNS.get(hunk.kind, '~')}` {in_markdown(where + hunk.what)}")
        if said := _places(hunk):
            lines.append(f"  <br>{in_markdown(said)}")
    if diff.follows:
        lines += ["", "<details><summary>What follows from this</summary>", ""]
        lines += [f"- {in_markdown(line)}" for line in _following(diff.follows)]
        lines += ["", "</details>"]
    lines += ["", "| | A | B | |", "| :-- | --: | --: | --: |"]
    for each in diff.figures:
        cells = (NAMES[each.name], *_shown(each), _by(each))
        lines.append(f"| {' | '.join(map(in_markdown, cells))} |")
    keys = [*map(in_markdown, _keys(diff.keys, a, b)), *_renamed(diff.keys, code="`")]
    lines += ["", *(f"{line.strip()}  " for line in keys)]
    return "".join(f"{line}\n" for line in lines)
