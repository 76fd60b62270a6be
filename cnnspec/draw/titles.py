"""What headers say: a layer with its numbers, a straight line of layers, a block's call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from cnnspec.analysis.fold import SMALL, Part
from cnnspec.analysis.wording import (
    are_neighbours,
    content,
    is_automatic,
    layer,
    numbers,
    repeated,
)
from cnnspec.channels import Argument
from cnnspec.graph import Node, Scope
from cnnspec.trace import Choice, Step, steps

TIMES: Final = "\N{MULTIPLICATION SIGN}"
#: A header that says a line of layers is at most so long.
LONGEST_LINE: Final = 62
#: A line of at most so many layers is said in one header.
MOST_LAYERS: Final = 4


def name(member: Node | Scope) -> str:
    """Give the name that was written, or nothing."""
    return "" if is_automatic(member) else member.segment


def many(words: str, count: int) -> str:
    """Say that there are so many, if there are several."""
    return repeated(words, count, TIMES)


def of_layer(part: Part) -> str:
    """Say a layer: `conv 7x7 /2 (bn, relu)`, `input`, `+ (relu)`."""
    head = part.head
    if isinstance(head, Node) and head.op.is_input:
        return head.segment
    words = layer(part)
    adds = isinstance(head, Node) and head.op.sign == "+"
    return f"+{words.removeprefix(head.kind)}" if adds and words.startswith(head.kind) else words


def of_line(parts: Sequence[Part], *, room: int = 0) -> str | None:
    """Say layers in a straight line: `conv 1x1 64, 3x3 64 (each bn, relu), 1x1 (bn)`.

    Small steps stand behind the layer that they follow, behind several with `each`; those that
    lead every layer are said with `first`. Widths are said that are not what comes out at the end.
    None if that is too long; `room` is what a name in front of it takes.
    """
    leading, layers = _with_small(parts)
    if not layers:
        return layer(parts[0]) if len(parts) == 1 else ", ".join(leading)
    said = list(_each_said([head for head, _ in layers]))
    behind = [small for _, small in layers]
    if leading and behind == [leading] * (len(layers) - 1) + [[]]:
        each = "each " if len(layers) > 1 else ""
        text = f"{', '.join(said)} ({each}{', '.join(leading)} first)"
    else:
        text = ", ".join([*leading, *_grouped(said, behind, plain=bool(leading))])
    return text if len(text) + room <= LONGEST_LINE else None


def _with_small(parts: Sequence[Part]) -> tuple[list[str], list[tuple[Node, list[str]]]]:
    """Give the small steps that lead, and the layers, each with the small steps behind it."""
    leading: list[str] = []
    layers: list[tuple[Node, list[str]]] = []
    for part in parts:
        for member in part.members:
            assert isinstance(member, Node)
            if member.op.family not in SMALL:
                layers.append((member, []))
            else:
                (layers[-1][1] if layers else leading).append(member.kind)
    return leading, layers


def _each_said(heads: Sequence[Node]) -> Iterator[str]:
    """Say layers, a kind once where it goes on, and widths that neither stay nor come out."""
    end, kind = heads[-1].shape.channels, ""
    for head in heads:
        width = False
        if head.op.family == "convolution":
            kept = head.shape.channels == head.input_shapes[0].channels
            chosen = isinstance(head.op.channel_rule, Argument)
            alone = not chosen or "depthwise" in numbers(head)
            width = not kept if alone else head.shape.channels != end
        said = numbers(head, width=width)
        yield said if head.kind == kind and said[:1].isdigit() else f"{head.kind} {said}".strip()
        kind = head.kind


def _grouped(said: Sequence[str], behind: Sequence[list[str]], *, plain: bool) -> Iterator[str]:
    """Put small steps behind their layers, once behind several unless a plain layer leads them."""
    for small, group in groupby(zip(said, behind, strict=True), key=lambda pair: pair[1]):
        words = [word for word, _ in group]
        if small and len(words) > 1 and not plain:
            words[-1] += f" (each {', '.join(small)})"
        elif small:
            words = [f"{word} ({', '.join(small)})" for word in words]
        plain = not small
        yield from words


def straight(part: Part, uses: Mapping[int, int]) -> list[Part] | None:
    """Give the layers of a scope in which each takes only the one before; None for another."""
    result: list[Part] = []
    pending = [part]
    while pending:
        each = pending.pop()
        if each.times > 1 or len(result) > MOST_LAYERS:
            return None
        if isinstance(each.head, Node):
            if result and not follows(result[-1], each, uses):
                return None
            result.append(each)
        else:
            pending.extend(reversed(each.parts))
    return result if 1 <= len(result) <= MOST_LAYERS else None


def follows(last: Part, part: Part, uses: Mapping[int, int]) -> bool:
    """Whether a layer takes nothing but the one before, and nothing else takes that."""
    end, head = last.members[-1], part.head
    if not (isinstance(end, Node) and isinstance(head, Node) and isinstance(last.head, Node)):
        return False
    alone = uses[end.index] == 1 and [port.node for port in head.inputs] == [end]
    return alone and last.times == part.times == 1


def of_scope(part: Part) -> str:
    """Say a closed scope: its block with its arguments, `bottleneck(128) /2 + downsample`."""
    scope = part.head
    assert isinstance(scope, Scope)
    if not scope.block or are_neighbours(part):
        return content(part, times=TIMES)
    shortcut = _shortcut(part, scope)
    return content(part) + (f" + {shortcut}" if shortcut else "")


def _shortcut(part: Part, scope: Scope) -> str:
    """Name the shortest way to a block's sum, where only some instances have it.

    It holds a weight, was given a name, and stands behind an `if`.
    """
    sometimes = {
        step.node if isinstance(step, Step) else step.scope
        for item in scope.trace
        if isinstance(item, Choice)
        for step in steps(item.body)
    }
    for head in (each.head for each in part.parts):
        if isinstance(head, Node) and head.op.sign == "+":
            ways = [_way(port.node, scope) for port in head.inputs]
            short = min(ways, key=len) - ways[0].intersection(*ways)
            if any(node.weights for node in short):
                first = min(short, key=lambda node: node.index)
                segment = first.path.removeprefix(f"{scope.path}.").partition(".")[0]
                if first in sometimes or first.scope in sometimes:
                    return name(next(each for each in scope.members if each.segment == segment))
    return ""


def _way(node: Node, scope: Scope) -> set[Node]:
    """Give the nodes of a scope that a node comes from, itself among them."""
    found: set[Node] = set()
    pending = [node]
    while pending:
        each = pending.pop()
        if each not in found and each.path.startswith(f"{scope.path}."):
            found.add(each)
            pending.extend(port.node for port in each.inputs)
    return found


def of_frame(part: Part) -> str:
    """Say what is open: its block, or for a group what all of it is; nothing for a mixed group."""
    scope = part.head
    assert isinstance(scope, Scope)
    if scope.block is not None or are_neighbours(part):
        return content(part, times=TIMES)
    kinds = {each.head.block for each in part.parts if isinstance(each.head, Scope)}
    same = len(kinds) == 1 and None not in kinds
    return content(part, times=TIMES) if same and len(part.parts) <= 2 else ""
