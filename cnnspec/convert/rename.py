"""Changes the names of a checkpoint's tensors as a user asks, and reads files of such changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cnnspec.convert.words import shown
from cnnspec.diagnostics import error

#: Text in names, and what to put in its place.
Change = tuple[str, str]
#: What parts a name: `layer1.0.conv1.weight`, `conv2d_1/0`.
SEPARATOR: Final = re.compile(r"([./])")


@dataclass(frozen=True, slots=True)
class Renamed:
    """The checkpoint's own names by the changed ones, and the changes that met no name."""

    names: dict[str, str]
    idle: tuple[str, ...]


def read_changes(text: str) -> Iterator[Change]:
    r"""Read a file of changes: `OLD=NEW` a line; `#` begins a comment. Raises ValueError.

    >>> list(read_changes("# theirs = ours\nconv2d=stem\n\nmodule.=\n"))
    [('conv2d', 'stem'), ('module.', '')]
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if said := line.partition("#")[0].strip():
            old, equals, new = (part.strip() for part in said.partition("="))
            if not (old and equals):
                raise ValueError(f"line {number} is not of the form OLD=NEW: {shown(said)}")
            yield old, new


def renamed(names: Iterable[str], changes: Sequence[Change], file: str) -> Renamed:
    """Change names; raises SpecError if two become one.

    What stands in a name between separators is changed first, and the longest such part: so
    `conv2d_1` changes nothing in `conv2d_10`. A change that no name has as a part changes its text
    wherever it stands, in the order in which changes are given.
    """
    own = list(names)
    wanted = dict(changes)
    met: set[str] = set()
    first = {name: _by_parts(name, wanted, met) if wanted else name for name in own}
    rest = [(old, new) for old, new in wanted.items() if old not in met]
    result: dict[str, str] = {}
    for name, new in first.items():
        for old, instead in rest:
            if old in new:
                met.add(old)
                new = new.replace(old, instead)
        if new in result:
            raise error(
                "checkpoint-mismatch",
                f"--rename makes one name of two in {file}: {shown(new)}",
                notes=(f"they are {shown(result[new])} and {shown(name)}",),
            )
        result[new] = name
    return Renamed(result, tuple(old for old in wanted if old not in met))


def turned(changes: Sequence[Change], found: Iterable[str], names: Iterable[str]) -> list[Change]:
    """Turn about the changes that were written the wrong way: the network's name, then the file's.

    `found` are the file's names and `names` the network's; beginnings of either count.
    """
    theirs, ours = _beginnings(found), _beginnings(names)
    return [
        (new, old)
        if new in theirs and new not in ours and old in ours and old not in theirs
        else (old, new)
        for old, new in changes
    ]


def _beginnings(names: Iterable[str]) -> set[str]:
    """Give names, and what they begin with up to a separator."""
    return {
        each
        for name in names
        for each in (name, *(name[: found.start()] for found in SEPARATOR.finditer(name)))
    }


def _by_parts(name: str, wanted: dict[str, str], met: set[str]) -> str:
    """Change runs of whole parts, each once, from the left, the longest first."""
    parts = SEPARATOR.split(name)
    result, at = [], 0
    while at < len(parts):
        # A run may end behind a separator (`module.=`); it begins with a part, so at an even place.
        for stop in range(len(parts), at, -1):
            run = "".join(parts[at:stop])
            if run in wanted:
                met.add(run)
                result.append(wanted[run])
                at = stop
                break
        else:
            result += parts[at : at + 2]
            at += 2
            continue
        if at % 2:  # the separator behind a part
            result += parts[at : at + 1]
            at += 1
    return "".join(result)
