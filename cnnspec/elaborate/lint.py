"""What is odd about a spec although it has a meaning: unused parameters, images channels last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Final

from cnnspec.diagnostics import Diagnostic, Label
from cnnspec.graph import Graph
from cnnspec.syntax import tree

#: What each kind of node is made of.
PARTS: Final[Mapping[type, tuple[str, ...]]] = {
    kind: tuple(each.name for each in fields(kind) if each.name not in ("span", "depth"))
    for kind in vars(tree).values()
    if isinstance(kind, type) and is_dataclass(kind)
}
#: No image is smaller than this on a side, where its shape is doubted.
LEAST_SIDE: Final = 8
#: Who has this many has seen enough.
MOST: Final = 50


def unused_parameters(parsed: tree.File) -> tuple[Diagnostic, ...]:
    """Find parameters of blocks and networks that their bodies and later defaults never name."""
    return tuple(islice(_unused(parsed), MOST))


def channels_last(graph: Graph, *, given: bool) -> Iterator[Diagnostic]:
    """Find inputs that look like height x width x channels: `input(224, 224, 3)`.

    `given` says that the shape came by `--input`.
    """
    for node in graph.inputs:
        if not node.shape.is_image:
            continue
        first, second, last = node.shape
        if first >= LEAST_SIDE <= second and (last == 3 or (last == 1 and first == second)):
            call, option = f"input({last}, {first}, {second})", f"--input {last}x{first}x{second}"
            turned = option if given else call
            yield Diagnostic(
                "channels-last",
                f"{node.path} has {first} channels of {second} x {last} pixels",
                (Label(node.span, "channels come first in a shape"),),
                help=f"an image in {'colour' if last == 3 else 'grey'} is `{turned}`",
                severity="warning",
            )


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
