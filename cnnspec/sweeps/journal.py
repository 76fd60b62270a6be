"""The file that a sweep goes on from: what it is on the first line, then a row a line.

A row is written whole or not at all: what a kill leaves of a line is cut off when the sweep goes
on, and the points after the last whole row are worked out again. So it ends as the same file,
however often it was killed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from cnnspec import sinks
from cnnspec.sweeps.refused import RefusedSweep

Row = Mapping[str, Any]


class Journal:
    """A journal that is written; raises RefusedSweep for a file that is not this sweep's."""

    def __init__(self, path: Path, header: Mapping[str, Any], *, first: int, force: bool) -> None:
        self.path = path
        #: The number of the next point to be worked out, and how many rows there are.
        self.next, self.rows = first, 0
        #: How many of these are of points that do not compile.
        self.failed = 0
        head = _line(header)
        if path.is_dir():
            raise RefusedSweep(f"cannot write {path}: it is a folder", "--output")
        try:
            keep = 0 if force or not path.exists() else self._kept(head, first)
            self._file: IO[bytes] = path.open("r+b" if keep else "wb", buffering=0)
        except OSError as failure:
            reason = (failure.strerror or str(failure)).lower()
            raise RefusedSweep(f"cannot write {path}: {reason}", "--output") from None
        if keep:
            self._file.seek(keep)
            self._file.truncate()
        else:
            self.next, self.rows, self.failed = first, 0, 0
            self._file.write(head)

    def _kept(self, head: bytes, first: int) -> int:
        """Find where the whole rows of this sweep end; 0 where the file is empty."""
        with self.path.open("rb") as file:
            found = file.readline()
            if not found or head.startswith(found):  # torn in its first line, or empty
                if found != head:
                    return 0
            elif found != head:
                raise RefusedSweep(_other(self.path, found, head), "--output")
            keep = len(found)
            for line in file:
                row = _read(line)
                if row is None:
                    break
                keep += len(line)
                self.rows += 1
                self.failed += row.get("error") is not None
                self.next = max(first, row["point"] + 1)
        return keep

    def add(self, rows: list[dict[str, Any]], then: int) -> None:
        """Write rows, whole; the next point is `then`."""
        if rows:
            content = memoryview(b"".join(map(_line, rows)))
            while content:
                content = content[self._file.write(content) :]
            self.rows += len(rows)
            self.failed += sum(row["error"] is not None for row in rows)
        self.next = then

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._file.close()


def header_of(path: Path) -> dict[str, Any]:
    """Read what a journal is of."""
    with path.open("rb") as file:
        found: dict[str, Any] = json.loads(file.readline())
    return found


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """Read a journal's rows, one after another."""
    with path.open("rb") as file:
        file.readline()
        for line in file:
            yield json.loads(line)


def _line(row: Mapping[str, Any]) -> bytes:
    return sinks.data(row, flat=True).encode() + b"\n"


def _read(line: bytes) -> dict[str, Any] | None:
    """Read a row; None where the line is torn."""
    if not line.endswith(b"\n"):
        return None
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("point"), int) else None


def _other(path: Path, found: bytes, head: bytes) -> str:
    """Say in what another file differs."""
    fix = "`--force` overwrites it, `-o FILE` goes elsewhere"
    try:
        there = json.loads(found)
        ours = json.loads(head)
    except ValueError:
        return f"{path} is no journal of a sweep; {fix}"
    if not isinstance(there, dict) or there.get("schema") != ours["schema"]:
        return f"{path} is no journal of a sweep; {fix}"
    keys = [key for key in {**ours, **there} if ours.get(key) != there.get(key)]
    return f"{path} is another sweep's, with other {', '.join(keys)}; {fix}"
