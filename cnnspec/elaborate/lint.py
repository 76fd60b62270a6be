"""What is odd about a spec although it has a meaning: parameters that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from cnnspec.diagnostics import Diagnostic, Label
from cnnspec.syntax import tree


def unused_parameters(parsed: tree.File) -> Iterator[Diagnostic]:
    """Find parameters of blocks and networks that their bodies and later defaults never name."""
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
            pending.extend(
                getattr(node, each.name)
                for each in fields(node)
                if each.name not in ("span", "depth", "source_span")
            )
