"""A walk over trees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Final

from cnnspec.syntax import tree

_PARTS: Final = {
    kind: tuple(each.name for each in fields(kind) if each.name not in ("span", "depth"))
    for kind in vars(tree).values()
    if isinstance(kind, type) and is_dataclass(kind)
}


def walk(root: object) -> Iterator[tree.Node]:
    """Give every node of the tree below one, each before its parts."""
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(reversed(node))
        elif isinstance(node, tree.Node | tree.LabelText):
            if isinstance(node, tree.Node):
                yield node
            pending.extend(getattr(node, word) for word in reversed(_PARTS[type(node)]))
