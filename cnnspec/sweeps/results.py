"""What is made of a journal's rows: sorted, those that nothing beats, csv, parquet, a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from cnnspec import sinks
from cnnspec.analysis.quantity import duration, memory, number
from cnnspec.sweeps.figures import PREFIX

Row = dict[str, Any]
#: Rows of a group in a parquet file.
GROUP: Final = 10_000
BYTES: Final = frozenset(("weights", "activations", "peak", "training"))


class Key(NamedTuple):
    """A column to sort by or to make small; `down` where the largest comes first."""

    column: str
    down: bool


def key(text: str) -> Key:
    """Read `params`, or `-params` for the largest first."""
    return Key(text.removeprefix("-"), text.startswith("-"))


class Index:
    """Where the rows of a journal stand: one number a row is kept, not the rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: list[int] = []
        with path.open("rb") as file:
            at = len(file.readline())
            for line in file:
                self.places.append(at)
                at += len(line)

    def values(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Give each row's place with some of its values."""
        with self.path.open("rb") as file:
            file.readline()
            for place, line in zip(self.places, file, strict=False):
                row = json.loads(line)
                yield place, tuple(row[each] for each in columns)

    def sort(self, by: Key) -> None:
        """Put the rows in order of a column; what is not known comes last, equals as they came."""
        known: list[tuple[Any, int]] = []
        rest: list[int] = []
        for place, (value,) in self.values([by.column]):
            if value is None:
                rest.append(place)
            else:
                known.append((_orderly(value), place))
        known.sort(key=lambda each: each[0], reverse=by.down)
        self.places = [place for _, place in known] + rest

    def keep_front(self, by: Sequence[Key]) -> None:
        """Keep the rows that no other one beats: as good in all columns, and better in one."""
        found: list[tuple[tuple[float, ...], int]] = []
        for place, values in self.values([each.column for each in by]):
            if all(isinstance(value, int | float) for value in values):
                signs = zip(values, by, strict=True)
                found.append((tuple(-v if each.down else v for v, each in signs), place))
        kept = set(_front(found))
        self.places = [place for place in self.places if place in kept]

    def rows(self) -> Iterator[Row]:
        """Give the rows in order."""
        with self.path.open("rb") as file:
            for place in self.places:
                file.seek(place)
                yield json.loads(file.readline())


def _orderly(value: Any) -> Any:
    return (0, value, "") if isinstance(value, int | float) else (1, 0, str(value))


def _front(found: Sequence[tuple[tuple[float, ...], int]]) -> Iterator[int]:
    """Give the places of those that nothing beats."""
    ordered = sorted(found)
    if ordered and len(ordered[0][0]) == 2:
        best: float | None = None
        before: tuple[float, ...] | None = None
        for values, place in ordered:
            if best is None or values[1] < best or values == before:
                best, before = values[1], values
                yield place
        return
    front: list[tuple[float, ...]] = []
    for values, place in ordered:
        if front and values == front[-1]:
            yield place
        elif not any(all(a <= b for a, b in zip(o, values, strict=True)) for o in front):
            front.append(values)
            yield place


class Lines:
    """A csv file, row after row; values as they are, lists as the language writes them."""

    def __init__(self, file: Any, columns: Sequence[str]) -> None:
        self.file, self.columns = file, columns
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(columns)

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows, whole."""
        self._writer.writerows([_cell(row[each]) for each in self.columns] for row in rows)
        self.file.flush()


def write(
    index: Index, columns: Sequence[str], path: Path, form: str, header: Mapping[str, Any]
) -> None:
    """Write rows as csv, as parquet, or as a journal has them."""
    if form == "parquet":
        write_parquet(index, columns, path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        if form == "csv":
            Lines(file, columns).add(index.rows())
            return
        for row in (header, *index.rows()):
            file.write(sinks.data(row, flat=True) + "\n")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return sinks.spreadsheet(json.dumps(value))
    return "" if value is None else sinks.spreadsheet(value)


def write_parquet(index: Index, columns: Sequence[str], path: Path) -> None:
    """Write a parquet file, in groups of rows; needs pyarrow.

    A column of whole numbers is int64, of others double, of anything else text.
    """
    import pyarrow as pa
    from pyarrow import parquet

    kinds = _kinds(index.rows(), columns)
    schema = pa.schema([(name, getattr(pa, kind)()) for name, kind in kinds.items()])
    with parquet.ParquetWriter(path, schema) as writer:
        group: list[Row] = []
        for row in index.rows():
            group.append({n: _typed(row[n], kinds[n]) for n in columns})
            if len(group) == GROUP:
                writer.write_table(pa.Table.from_pylist(group, schema))
                group = []
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema))


def _kinds(rows: Iterable[Row], columns: Sequence[str]) -> dict[str, str]:
    """Find the type of each column: `int64`, `float64`, `bool_` or `string`."""
    found: dict[str, set[type]] = {name: set() for name in columns}
    for row in rows:
        for name in columns:
            if row[name] is not None:
                found[name].add(type(row[name]))
    plain: Mapping[frozenset[type], str] = {
        frozenset((int,)): "int64",
        frozenset((float,)): "float64",
        frozenset((int, float)): "float64",
        frozenset((bool,)): "bool_",
    }
    return {name: plain.get(frozenset(kinds), "string") for name, kinds in found.items()}


def _typed(value: Any, kind: str) -> Any:
    if value is None or kind != "string":
        return value
    return value if isinstance(value, str) else json.dumps(value)


def table(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Write rows in columns, counts with three digits; a column without a value is left out."""
    listed = list(rows)
    shown = [name for name in columns if any(row[name] is not None for row in listed)]
    lines = [shown, *([_show(name, row[name]) for name in shown] for row in listed)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "".join("  ".join(map(str.rjust, line, widths)).rstrip() + "\n" for line in lines)


def _show(name: str, value: Any) -> str:
    figure = name.removeprefix(PREFIX)
    if value is None:
        return "-"
    if figure in BYTES:
        return memory(value)
    if figure in ("params", "training_params", "macs", "flops", "all_flops"):
        return number(value)
    if figure == "time":
        return duration(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    return sinks.line(str(value))
