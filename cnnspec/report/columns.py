"""The columns that a table of costs may have: what each is called, holds and looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cnnspec.analysis.figures import Figures
from cnnspec.analysis.quantity import duration, memory, number
from cnnspec.analysis.receptive_field import Field
from cnnspec.analysis.wording import size
from cnnspec.op import Steps
from cnnspec.shapes import Shape


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a layer, a folded part, or a group; `name` and `words` say which."""

    name: str
    words: str
    figures: Figures
    line: int | None = None
    depth: int = 0
    shape: Shape | None = None
    field: Field | None = None
    #: The shapes of the values that come out, where there are several.
    outs: tuple[Shape, ...] = ()
    #: The operator, where it is one layer.
    kind: str | None = None

    @property
    def layer(self) -> str:
        """What stands in the column `layer`, without what sets it in."""
        return "  ".join(filter(None, (self.name, self.words)))


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, its value in a row given the network's total, and how that is shown."""

    head: str
    value: Callable[[Row, Figures], Any]
    show: Callable[[Any], str]
    meaning: str
    left: bool = False

    def text(self, row: Row, total: Figures) -> str:
        """Give what stands in a row."""
        value = self.value(row, total)
        return "" if value is None else self.show(value)


def _share(part: float, whole: float) -> float | None:
    return part / whole if part and whole else None


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _count(value: int) -> str:
    return number(value) if value else "-"


def _bytes(value: int) -> str:
    return memory(value) if value else "-"


def _rate(value: float) -> str:
    return f"{value:.1f}" if value else "-"


def _output(value: Shape | tuple[Shape, ...]) -> str:
    """Write the shape, or of several values' the first and the last."""
    if isinstance(value, Shape):
        return size(value)
    return (", " if len(value) == 2 else " ... ").join((size(value[0]), size(value[-1])))


def _stride(values: tuple[Steps, Steps]) -> str:
    return "x".join(map(str, values))


COLUMNS: Final[Mapping[str, Column]] = {
    "line": Column("line", lambda row, _: row.line, str, "the line of the spec"),
    "layer": Column("layer", lambda row, _: row.layer, str, "what it is", left=True),
    "path": Column("path", lambda row, _: row.name or None, str, "its name", left=True),
    "kind": Column("kind", lambda row, _: row.kind, str, "its operator", left=True),
    "output": Column(
        "output",
        lambda row, _: row.outs or row.shape,
        _output,
        "the shape that comes out, C x H x W",
    ),
    "nodes": Column("nodes", lambda row, _: row.figures.nodes, _count, "how many nodes it is"),
    "params": Column("params", lambda row, _: row.figures.params, _count, "trainable parameters"),
    "params%": Column(
        "of params",
        lambda row, total: _share(row.figures.params, total.params),
        _percent,
        "their share of the network's",
    ),
    "state": Column(
        "state", lambda row, _: row.figures.state, _count, "numbers kept and not trained"
    ),
    "macs": Column("MACs", lambda row, _: row.figures.macs, _count, "multiply-adds"),
    "share": Column(
        "share of MACs",
        lambda row, total: _share(row.figures.macs, total.macs),
        _percent,
        "their share of the network's, with a bar",
    ),
    "flops": Column("FLOPs", lambda row, _: row.figures.flops, _count, "two a multiply-add"),
    "all_flops": Column(
        "all FLOPs",
        lambda row, _: row.figures.all_flops,
        _count,
        "every floating-point operation",
    ),
    "activations": Column(
        "written", lambda row, _: row.figures.activations, _bytes, "bytes that it writes"
    ),
    "moved": Column(
        "moved", lambda row, _: row.figures.moved, _bytes, "bytes that it reads and writes"
    ),
    "intensity": Column(
        "FLOPs/byte",
        lambda row, _: row.figures.intensity,
        _rate,
        "all its operations over the bytes that it moves",
    ),
    "time": Column(
        "time",
        lambda row, total: row.figures.seconds if total.seconds else None,
        duration,
        "least time on the --device",
    ),
    "time%": Column(
        "of time",
        lambda row, total: _share(row.figures.seconds, total.seconds),
        _percent,
        "its share of the network's",
    ),
    "field": Column(
        "field",
        lambda row, _: row.field and row.field.size,
        lambda value: "x".join(map(str, value)),
        "receptive field, rows x columns of the input",
    ),
    "stride": Column(
        "stride",
        lambda row, _: row.field and row.field.stride,
        _stride,
        "how far apart in the input neighbours look",
    ),
}

USUAL: Final = ("line", "layer", "output", "params", "macs", "share")
TIMED: Final = ("line", "layer", "output", "macs", "moved", "intensity", "time", "time%")
GROUPED: Final = ("layer", "nodes", "params", "params%", "macs", "share")
EVERYTHING: Final = ("line", "layer", "output", "params", "macs", "all_flops", "share")
#: What a file of values has unless it is asked for others: all, `layer` in its two parts.
APART: Final = tuple(key for key in COLUMNS if key != "layer")


def in_a_paper(columns: Sequence[str]) -> tuple[str, ...]:
    """Leave out what a reader without the spec can do nothing with: its line numbers."""
    return tuple(key for key in columns if key != "line")
