"""What is odd about a text although it has a meaning: parameters that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Final

from cnnspec.diagnostics import Diagnostic, Label
from cnnspec.syntax import tree

#: What each kind of node is made of.
PARTS: Final[Mapping[type, tuple[str, ...]]] = {
    kind: tuple(each.name for each in fields(kind) if each.name not in ("span", "depth"))
    for kind in vars(tree).values()
    if isinstance(kind, type) and is_dataclass(kind)
}
#: Who has this many has seen enough.
MOST: Final = 50


def unused_parameters(parsed: tree.File) -> tuple[Diagnostic, ...]:
    """Find parameters of blocks and networks that their bodies and later defaults never name."""
    return tuple(islice(_unused(parsed), MOST))


def _unused(parsed: tree.File) -> Iterator[Diagnostic]:
    for item in parsed.items:
        if not isinstance(item, tree.Block | tree.NetworkDef):
            continue
        used = set(_names(item.body)) | set(
            _names(tuple(each.default for each in item.parameters if each.default is not None))
        )
        kind = "block" if isinstance(item, tree.Block) else "network"
        for parameter in item.parameters:
            if parameter.name.id not in used:
                yield Diagnostic(
                    "unused-parameter",
                    f"the {kind} {item.name.id} never uses its parameter `{parameter.name.id}`",
                    (Label(parameter.name.span, "declared here"),),
                    help="use it, or take it out here and where it is passed",
                    severity="warning",
                )


def _names(root: object) -> Iterator[str]:
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Name):
            yield node.id
        elif isinstance(node, tuple):
            pending.extend(node)
        elif isinstance(node, tree.Node | tree.LabelText):
            pending.extend(getattr(node, word) for word in PARTS[type(node)])
