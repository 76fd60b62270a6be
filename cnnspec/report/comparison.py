"""Networks side by side: one row each, what is computed and what `meta` states."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cnnspec import sinks
from cnnspec.analysis.figures import Meter
from cnnspec.analysis.liveness import peak
from cnnspec.analysis.macs import all_flops, flops, macs
from cnnspec.analysis.memory import activation_bytes, weight_bytes
from cnnspec.analysis.parameters import trainable
from cnnspec.analysis.quantity import duration, memory, number
from cnnspec.analysis.structure import depth, weight_layers
from cnnspec.analysis.training import training
from cnnspec.analysis.wording import size
from cnnspec.meta import stated, title, words
from cnnspec.report.fit import shortened
from cnnspec.report.markup import SIZES, escaped, in_latex

SCHEMA: Final = "cnnspec.compare/1"


@dataclass(frozen=True, slots=True)
class Fact:
    """A column: its head, its value for a network, how that is shown."""

    head: str
    value: Callable[[Meter], Any]
    show: Callable[[Any], str] = str
    left: bool = False


FACTS: Final[Mapping[str, Fact]] = {
    "name": Fact("name", lambda meter: meter.graph.name, left=True),
    "network": Fact("network", lambda meter: title(meter.graph), left=True),
    "year": Fact("year", lambda meter: stated(meter.graph, "year")),
    "top1": Fact("top-1", lambda meter: stated(meter.graph, "top1"), lambda value: f"{value:.1f}"),
    "input": Fact("input", lambda meter: "+".join(size(node.shape) for node in meter.graph.inputs)),
    "params": Fact("params", lambda meter: trainable(meter.graph.inference_nodes), number),
    "training_params": Fact("in training", lambda meter: trainable(meter.graph.nodes), number),
    "macs": Fact("MACs", lambda meter: meter.run.batch * macs(meter.graph), number),
    "flops": Fact("FLOPs", lambda meter: meter.run.batch * flops(meter.graph), number),
    "all_flops": Fact("all FLOPs", lambda meter: meter.run.batch * all_flops(meter.graph), number),
    "weights": Fact(
        "weights", lambda meter: weight_bytes(meter.graph.inference_nodes, meter.run), memory
    ),
    "activations": Fact("written", lambda meter: activation_bytes(meter.graph, meter.run), memory),
    "peak": Fact("at a time", lambda meter: peak(meter.graph, meter.run).bytes, memory),
    "training": Fact("training", lambda meter: training(meter.graph, meter.run).peak, memory),
    "time": Fact("time", lambda meter: meter.inference.seconds or None, duration),
    "depth": Fact("depth", lambda meter: depth(meter.graph)),
    "layers": Fact("layers", lambda meter: weight_layers(meter.graph)),
    "source": Fact("source of top-1", lambda meter: words(meter.graph, "top1_source"), left=True),
}
USUAL: Final = (
    "network", "year", "top1", "input", "params", "macs", "weights", "peak", "depth"
)  # fmt: skip

#: Words are not cut below so many characters, and these columns are left out before they are.
SHORTEST: Final = 24
SPARE: Final = ("weights", "depth", "year")


def rows(meters: Sequence[Meter], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Give a row a network; None where nothing is known."""
    return [{key: FACTS[key].value(meter) for key in columns} for meter in meters]


def ordered(found: Sequence[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    """Sort by a column: the largest first, words from A to Z, what is not known last."""
    known = [row for row in found if row[by] is not None]
    words = bool(known) and isinstance(known[0][by], str)
    rest = [row for row in found if row[by] is None]
    return sorted(known, key=lambda row: row[by], reverse=not words) + rest


def as_table(
    found: Sequence[dict[str, Any]], columns: Sequence[str], *, room: int | None = None
) -> str:
    """Write the rows in columns; where there is only so much room, long words are cut."""
    lines = [[FACTS[key].head for key in columns], *_texts(found, columns)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    over = 0 if room is None else sum(widths) + 2 * (len(widths) - 1) - room
    for place, key in enumerate(columns):
        if over > 0 and FACTS[key].left and widths[place] > SHORTEST:
            cut = max(SHORTEST, widths[place] - over)
            over -= widths[place] - cut
            widths[place] = cut
            for line in lines:
                line[place] = shortened(line[place], cut)
    lines.insert(1, ["-" * width for width in widths])
    return "".join(
        "  ".join(
            cell.ljust(width) if FACTS[key].left else cell.rjust(width)
            for key, cell, width in zip(columns, line, widths, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def fitting(found: Sequence[dict[str, Any]], columns: Sequence[str], room: int) -> tuple[str, ...]:
    """Leave out columns, the least asked for first, until the rest fits once words are cut."""
    kept = list(columns)
    for spare in SPARE:
        text = as_table(found, kept, room=room)
        if max(map(len, text.splitlines())) <= room:
            break
        if spare in kept:
            kept.remove(spare)
    return tuple(kept)


def as_csv(found: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Write a line a network, values as they are."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in found:
        writer.writerow({key: sinks.spreadsheet(value) for key, value in row.items()})
    return out.getvalue()


def as_markdown(found: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Write a table of Markdown."""
    marks = [":--" if FACTS[key].left else "--:" for key in columns]
    lines = [[FACTS[key].head for key in columns], marks, *_texts(found, columns)]
    safe = ([sinks.markdown(cell) for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in safe)


def as_latex(found: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Write a `tabular` with the lines of booktabs."""
    kinds = "".join("l" if FACTS[key].left else "r" for key in columns)
    head = " & ".join(escaped(FACTS[key].head) for key in columns) + r" \\"
    body = [
        " & ".join(
            in_latex(cell, sizes=key in SIZES) for key, cell in zip(columns, line, strict=True)
        )
        + r" \\"
        for line in _texts(found, columns)
    ]
    top = [rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", head, r"\midrule"]
    return "".join(f"{line}\n" for line in (*top, *body, r"\bottomrule", r"\end{tabular}"))


def _texts(found: Sequence[dict[str, Any]], columns: Sequence[str]) -> list[list[str]]:
    return [
        ["-" if row[key] is None else FACTS[key].show(row[key]) for key in columns] for row in found
    ]
