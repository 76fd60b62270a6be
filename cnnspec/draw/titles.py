"""What headers say: a layer with its numbers, a straight line of layers, a block's call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cnnspec.analysis.fold import SMALL, Part
from cnnspec.analysis.wording import (
    content,
    is_automatic,
    layer,
    numbers,
)
from cnnspec.graph import Node, Scope
from cnnspec.trace import Choice, Step, steps

TIMES: Final = "\N{MULTIPLICATION SIGN}"
#: A header that says a line of layers is at most so long.
LONGEST_LINE: Final = 44
#: A line of at most so many layers is said in one header.
MOST_LAYERS: Final = 4


def name(member: Node | Scope) -> str:
    """Give the name that was written, or nothing."""
    return "" if is_automatic(member) else member.segment


def of_layer(part: Part) -> str:
    """Say a layer: `conv 7x7 /2 (bn, relu)`, `input`, `+ (relu)`."""
    head = part.head
    if isinstance(head, Node) and head.op.is_input:
        return head.segment
    words = layer(part)
    adds = isinstance(head, Node) and head.op.sign == "+"
    return f"+{words.removeprefix(head.kind)}" if adds and words.startswith(head.kind) else words


def of_line(parts: Sequence[Part]) -> str | None:
    """Say layers in a straight line: `conv 1x1, 3x3, 1x1 (bn, relu)`; None if that is too long."""
    words: list[str] = []
    last = ""
    leading: dict[str, None] = {}
    small: dict[str, None] = {}
    for part in parts:
        head, *behind = [member for member in part.members if isinstance(member, Node)]
        if head.op.family in SMALL and len(parts) > 1:
            small[head.kind] = None
        else:
            said = numbers(head)
            words.append(said if head.kind == last and said else f"{head.kind} {said}".strip())
            last = head.kind
        small.update((each.kind, None) for each in behind)
        leading = dict(small) if not words else leading
    if leading:
        after = [each for each in small if each not in leading]
        said = ", ".join([f"{', '.join(leading)} first", *after])
    else:
        said = ", ".join(small)
    text = ", ".join(words) + (f" ({said})" if said else "")
    return text if words and len(text) <= LONGEST_LINE else None


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
    if not scope.block:
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
    if scope.block is not None:
        return content(part)
    kinds = {each.head.block for each in part.parts if isinstance(each.head, Scope)}
    same = len(kinds) == 1 and None not in kinds
    return content(part, times=TIMES) if same and len(part.parts) <= 2 else ""
