"""What boxes and tooltips say of shapes and counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from cnnspec.analysis.fold import Cost
from cnnspec.analysis.macs import macs
from cnnspec.analysis.memory import FLOAT32
from cnnspec.analysis.parameters import trainable
from cnnspec.analysis.quantity import number
from cnnspec.draw.boxes import Box, Frame
from cnnspec.draw.options import Look
from cnnspec.draw.subject import Pair, Subject
from cnnspec.draw.titles import TIMES, many
from cnnspec.draw.wires import Wire
from cnnspec.meta import title as title_of
from cnnspec.shapes import Shape

ARROW: Final = "\N{RIGHTWARDS ARROW}"
DOT: Final = " \N{MIDDLE DOT} "
#: Of more shapes that come out of one box only those at the ends are said.
MOST_SHAPES: Final = 4
#: What heat and `--show` call the counts, for people.
COUNTED: Final[Mapping[str, str]] = {
    "params": "parameters",
    "macs": "MACs",
    "activations": "numbers written",
    "memory": "bytes of weights and of what is written (float32)",
}


def count(cost: Cost, what: str) -> int:
    """Give one of the counts: params, macs, activations (numbers), memory (bytes in float32)."""
    if what == "memory":
        return FLOAT32 * (cost.params + cost.state + cost.written)
    return {"params": cost.params, "macs": cost.macs, "activations": cost.written}[what]


def size(shape: Shape, layout: str = "chw", *, times: str = TIMES) -> str:
    """Write a shape as `64 x 56 x 56` with multiplication signs, channels first or last."""
    axes = (*shape[1:], shape[0]) if layout == "hwc" and shape.is_image else tuple(shape)
    return times.join(map(str, axes))


def shapes(each: Box | Frame, look: Look) -> str:
    """Say what comes out, and where a folded part changes it what goes in."""
    if "shape" not in look.show:
        return ""
    after = sizes(each.outs if isinstance(each, Box) else (), each.shape, look.layout)
    return f"{size(each.before, look.layout)} {ARROW} {after}" if each.before is not None else after


def sizes(outs: Sequence[Shape], shape: Shape, layout: str) -> str:
    """Write all the shapes that come out, or the one; of very many those at the ends."""
    said = [size(each, layout) for each in outs] or [size(shape, layout)]
    return ", ".join(said if len(said) <= MOST_SHAPES else [*said[:2], "...", said[-1]])


def along(wire: Wire, look: Look) -> str:
    """Say what stands at a line: how many others it stands for, or which of several values."""
    shown = wire.carries if "shape" in look.show else ()
    return wire.label or ", ".join(size(each, look.layout) for each in shown)


def costs(cost: Cost, look: Look) -> str:
    """Say the counts that are shown, those that are nothing left out."""
    shown = [what for what in ("params", "macs", "activations", "memory") if what in look.show]
    said = [
        number(count(cost, what)) + ("B" if what == "memory" else "")
        for what in shown
        if count(cost, what)
    ]
    return DOT.join(said)


def title(each: Box | Frame, look: Look, *, said: bool = False) -> str:
    """Say what a header says; `said` if a frame around it says that only training needs it."""
    named = f"{each.name} = " if each.name and "names" in look.show else ""
    if not each.title:
        named = each.name or each.path.rpartition(".")[2]
    training = ", training only" if each.trains and not said else ""
    if isinstance(each, Box) and each.role == "output":
        training = ""
    return f"{named}{each.title}{training}"


def pill(frame: Frame, look: Look, *, said: bool = False) -> tuple[str, str]:
    """Say what stands at the top of a frame: its title or how many, and what that costs."""
    if frame.times == 1:
        return title(frame, look, said=said), costs(frame.cost, look)
    training = ", training only" if frame.trains and not said else ""
    shown = [frame.name] if "names" in look.show else []
    titled = many(frame.title, frame.times) if frame.title else f"{TIMES} {frame.times}"
    head = (" = " if frame.title else " ").join(filter(None, [*shown, titled])) + training
    if frame.grows:
        return head, f"each adds {frame.grows} channels"
    each = costs(frame.each or Cost(), look)
    return head, f"each {each}" if each else ""


def pieces(text: str) -> list[str]:
    """Cut a text where a line may end: how many there are stays behind what there is."""
    return re.split(rf" (?!{TIMES})(?<!{TIMES} )", text)


def broken(text: str, longest: int) -> list[str]:
    """Break a text between words into lines of at most so many characters, if its words are short.

    >>> broken("layer1 = bottleneck(64) \u00d7 3", 16)
    ['layer1 =', 'bottleneck(64) \u00d7 3']
    """
    lines: list[str] = []
    for word in pieces(text):
        if lines and len(lines[-1]) + 1 + len(word) <= longest:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def tip(each: Box | Frame) -> str:
    """Say it all: path, line of the spec, what goes in and out, exact numbers."""
    where = f"{each.span.source.base}:{each.span.line}"
    before = f"{each.before} -> " if each.before is not None else ""
    outs = each.outs if isinstance(each, Box) else ()
    lines = [each.paths, where, f"output {before}{', '.join(map(str, outs or [each.shape]))}"]
    if isinstance(each, Frame) and each.times > 1:
        lines.insert(1, f"{each.title}, {each.times} times")
    if isinstance(each, Box) and each.role in ("input", "output"):
        return "\n".join(lines)
    lines.append(f"{each.cost.params:,} parameters, {each.cost.macs:,} MACs")
    lines.append(f"{each.cost.written:,} numbers written")
    return "\n".join(lines)


def heading(subject: Subject) -> str:
    """Give the name in print, or both."""
    if isinstance(subject, Pair):
        return f"{heading(subject.a)} {ARROW} {heading(subject.b)}"
    return title_of(subject)[:120]


def totals(subject: Subject, look: Look) -> str:
    """Say what the whole network takes and costs; of two, before and after."""
    if isinstance(subject, Pair):
        both = (subject.a, subject.b)
        params = f" {ARROW} ".join(number(trainable(each.nodes)) for each in both)
        return f"{params} params{DOT}{f' {ARROW} '.join(number(macs(each)) for each in both)} MACs"
    graph = subject
    inputs = ", ".join(size(node.shape, look.layout) for node in graph.inputs[:4])
    facts = [f"input {inputs}", f"{number(trainable(graph.nodes))} params"]
    if len(graph.inference_outputs) < len(graph.outputs):
        facts.append(f"{number(trainable(graph.inference_nodes))} at inference")
    facts.append(f"{number(macs(graph))} MACs")
    return DOT.join(facts)


def legend(look: Look) -> str:
    """Say how a box is read."""
    words = {
        "shape": f"output {TIMES.join('HWC' if look.layout == 'hwc' else 'CHW')}",
        "params": "params",
        "macs": "MACs",
        "activations": "activations",
        "memory": "memory",
    }
    return DOT.join(word for key, word in words.items() if key in look.show)
