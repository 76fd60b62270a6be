"""The folded table: a row a stage, its line in the spec, its output, its cost, its share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cnnspec.analysis.fold import Part, fold
from cnnspec.analysis.macs import macs
from cnnspec.analysis.memory import largest_activation, weight_bytes
from cnnspec.analysis.parameters import trainable
from cnnspec.analysis.quantity import number
from cnnspec.analysis.wording import LONGEST, content, is_automatic, layer, size
from cnnspec.graph import Graph, Node

#: The bar that stands for all MACs, in characters: at least, and at most.
BAR: Final = (6, 20)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `name` and `words` together say the layer."""

    line: str
    indent: str
    name: str
    words: str
    output: str
    params: int
    macs: int

    @property
    def layer(self) -> str:
        """What stands in the column `layer`."""
        return self.indent + "  ".join(filter(None, (self.name, self.words)))


@dataclass(frozen=True, slots=True)
class _Ink:
    """How parts of the table are set off: escape codes on a terminal, else nothing."""

    bold: str = ""
    dim: str = ""
    plain: str = ""
    bars: tuple[str, ...] = ()

    def bar(self, share: float, width: int) -> str:
        """Draw a share of 1 so many characters wide: in colour on a terminal, else of `#`."""
        length = round(share * width)
        if not self.bars or not length:
            return "#" * length + " " * (width - length)
        heat = self.bars[0 if share < 0.1 else 1 if share < 0.3 else 2]
        return f"{heat}{' ' * length}{self.plain}{' ' * (width - length)}"


TERMINAL: Final = _Ink("\x1b[1m", "\x1b[2m", "\x1b[0m", ("\x1b[42m", "\x1b[43m", "\x1b[41m"))


def table(graph: Graph, *, depth: int = 1, width: int = 92, color: bool = False) -> str:
    """Write the table; `depth` levels of scopes have rows, `color` is for terminals.

    The bars take what is left of `width`. What does not fit makes the table wider: nothing is cut.
    """
    ink = TERMINAL if color else _Ink()
    parts, total = fold(graph), macs(graph)
    for longest in (LONGEST, LONGEST // 2, 0):
        rows = list(_rows(parts, depth, longest))
        layers = max([20, *(len(row.layer) for row in rows)])
        outputs = max([10, *(len(row.output) for row in rows)])
        head = f" line  {'layer':{layers}}  {'output':>{outputs}}  {'params':>7}  {'MACs':>7}  "
        room = width - len(head) - len(" 100.0%")
        if room >= BAR[0]:
            break
    bar = min(BAR[1], max(BAR[0], room))
    head += "share of MACs"
    inputs = ", ".join(size(node.shape) for node in graph.inputs)
    lines = [
        f"{ink.bold}{_title(graph)}{ink.plain}  input {inputs}  batch 1  fp32",
        "",
        f"{ink.bold}{head}{ink.plain}",
        ink.dim + "-" * max(len(head), len(head) - len("share of MACs") + bar + 7) + ink.plain,
    ]
    for row in rows:
        share = row.macs / total if total else 0.0
        name = f"{ink.bold}{row.name}{ink.plain}" if row.name else ""
        words = row.layer[len(row.indent) + len(row.name) :]
        pad = " " * (layers - len(row.layer))
        shown = f"{ink.bar(share, bar)} {share:>6.1%}" if row.macs else ""
        text = (
            f"{ink.dim}{row.line:>5}{ink.plain}  {row.indent}{name}{words}{pad}"
            f"  {row.output:>{outputs}}  {number(row.params):>7}  {number(row.macs):>7}  {shown}"
        )
        lines.append(text.rstrip())
    lines.append("")
    params, inference = trainable(graph.nodes), trainable(graph.inference_nodes)
    label = "total" if params == inference else "total with training heads"
    for word, count in {label: params, "total at inference": inference}.items():
        if word == label or params != inference:
            cost = number(total) if count == inference else ""
            lines.append(
                f"       {ink.bold}{word:{layers}}{ink.plain}  {'':{outputs}}"
                f"  {ink.bold}{number(count):>7}  {cost:>7}{ink.plain}".rstrip()
            )
    lines += ["", *(f"{ink.dim}{line}{ink.plain}" for line in _footer(graph, width))]
    return "\n".join(lines) + "\n"


def _title(graph: Graph) -> str:
    written = "".join(c for c in str(graph.meta.get("title", "")) if c.isprintable())
    return written or graph.name


def _rows(parts: tuple[Part, ...], depth: int, longest: int, indent: str = "") -> Iterator[Row]:
    for part in parts:
        head = part.head
        words = layer(part) if isinstance(head, Node) else content(part, longest=longest)
        words += f" x {part.times}" if part.times > 1 else ""
        words += " (training only)" if part.trains else ""
        name = _name(part)
        line = str(head.span.line)
        yield Row(line, indent, name, words, size(part.shape), part.params, part.macs)
        if depth > 1 and part.parts:
            yield from _rows(part.parts, depth - 1, longest, f"{indent}  ")


def _name(part: Part) -> str:
    """Say what was written as its name: for a run the first and the last, `1-5`."""
    first, last = part.head.segment, part.last[0].segment
    if is_automatic(part.head) and not first.isdigit():
        return ""
    if part.times == 1:
        return first
    return f"{first}-{last}" if first.isdigit() else f"{first}..{last}"


def _footer(graph: Graph, width: int) -> list[str]:
    """State the convention and the sizes, as many facts on a line as fit."""
    total, nodes = macs(graph), graph.inference_nodes
    facts = (
        f"{trainable(graph.nodes):,} parameters",
        f"{total:,} MACs of conv and dense",
        f"1 MAC = 1 multiply-add; FLOPs = 2 x MACs = {number(2 * total)}",
        f"weights {number(weight_bytes(nodes))}B",
        f"largest activation {number(largest_activation(nodes))}B",
    )
    lines: list[str] = []
    for fact in facts:
        if lines and len(lines[-1]) + len(fact) + 2 <= width:
            lines[-1] += f"; {fact}"
        else:
            lines.append(fact)
    return lines
