"""Groups that lead to themselves by a way around: closed, they would have arrows into themselves.

Names such as `model.0` to `model.22` put nearly all of a network into one group, and what stands
outside takes from it and gives to it again. Its members are drawn as if they stood beside what is
around, in the order in which they run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnnspec.analysis.fold import Part
from cnnspec.draw import titles
from cnnspec.draw.plan import between, nodes
from cnnspec.graph import Graph, Node, Scope


class Beside(NamedTuple):
    """A part and the names of the groups around it that are not drawn."""

    part: Part
    names: str = ""


def beside(parts: Sequence[Part], graph: Graph, kept: frozenset[str]) -> list[Beside]:
    """Put the members of groups that lead to themselves beside the others, but of those `kept`."""
    result: list[Beside] = []
    found = False
    pending = [Beside(part) for part in reversed(parts)]
    while pending:
        each = pending.pop()
        head = each.part.head
        around = isinstance(head, Scope) and head.path not in kept
        if around and each.part.times == 1 and _leads_to_itself(each.part, graph):
            names = f"{each.names}.{head.segment}".removeprefix(".")
            pending.extend(Beside(inner, names) for inner in reversed(each.part.parts))
            found = True
        else:
            result.append(each)
    return sorted(result, key=_first) if found else result


def within(names: str, member: Node | Scope) -> str:
    """Give a member's name behind those of the groups around it, where a number is one, too."""
    own = titles.name(member)
    if names and member.segment.isdigit():
        own = member.segment
    return ".".join(filter(None, (names, own)))


def _first(each: Beside) -> int:
    return next(nodes(each.part.members)).index


def _leads_to_itself(part: Part, graph: Graph) -> bool:
    """Whether something outside takes from a group and gives to it; a block's body cannot."""
    head = part.head
    if not isinstance(head, Scope) or head.block is not None or len(part.members) > 1:
        return False
    inside = {node.index for node in nodes(part.members)}
    if max(inside) - min(inside) + 1 == len(inside):
        return False
    taken: set[int] = set()
    for node in between(graph.nodes, min(inside), max(inside)):
        sources = {port.node.index for port in node.inputs}
        if node.index not in inside and (sources & inside or sources & taken):
            taken.add(node.index)
        elif node.index in inside and sources & taken:
            return True
    return False
