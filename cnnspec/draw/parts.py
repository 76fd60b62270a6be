"""What is asked of the parts that a box stands for: family, shape that comes in, paths."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.analysis.fold import SMALL, Part
from cnnspec.draw.plan import nodes
from cnnspec.graph import Node, Scope
from cnnspec.shapes import Shape


def family_of(line: Sequence[Part]) -> str:
    """Give the family that a line of layers is of: that of its first large one with weights."""
    heads = [part.head for part in line if isinstance(part.head, Node)]
    large = [head for head in heads if head.op.family not in SMALL]
    weighty = [head for head in large if head.weights]
    return [*weighty, *large, *heads][0].op.family


def shape_before(part: Part) -> Shape | None:
    """Give the shape of what comes in; None if values of several shapes do."""
    inside = {node.index for node in nodes(part.members)}
    found = {
        port.shape
        for node in nodes(part.members)
        for port in node.inputs
        if port.node.index not in inside
    }
    return found.pop() if len(found) == 1 else None


def grows_on(part: Part, join: Node) -> bool:
    """Whether what comes into layers that grow is handed on by a join inside, as a rail is."""
    inside = {node.index for node in nodes(part.members)}
    before = shape_before(part)
    return any(p.shape == before for p in join.inputs if p.node.index not in inside)


def paths_of(parts: Sequence[Part]) -> str:
    """Give the path of what parts stand for, or those of the first and the last."""
    head, last = parts[0].head, parts[-1].last[0]
    return head.path if last is head else f"{head.path} to {last.path}"


def is_below(path: str, part: Part) -> bool:
    """Whether a path is a scope's in a part, or that part's own."""
    heads = [each for each in part.members if isinstance(each, Scope)]
    return any(path == head.path or path.startswith(f"{head.path}.") for head in heads)
