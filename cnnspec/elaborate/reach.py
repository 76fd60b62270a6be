"""Defaults that reach no use of their operator: a used file's blocks make it, with its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from cnnspec.diagnostics import Diagnostic, Label
from cnnspec.expression import plain
from cnnspec.graph import Graph, Node, Scope
from cnnspec.kinds import show
from cnnspec.source import ZOO
from cnnspec.syntax import tree
from cnnspec.syntax.files import FileNames


def unreached_defaults(
    graph: Graph, file: FileNames, items: Sequence[tree.Item]
) -> Iterator[Diagnostic]:
    """Find defaults of the file `items` that no node has, where another file makes such nodes.

    A default holds where an operator is written. One that nothing at all would take is no slip: a
    file of several networks has such.
    """
    if not file.defaults:
        return
    by_kind: dict[str, list[Node]] = {}
    for node in graph.nodes:
        by_kind.setdefault(node.kind, []).append(node)
    # a later default of the same argument takes the place of one before: few are left of many
    last = {
        (op, key): (index, values[key]) for index, op, values in file.defaults for key in values
    }
    missed: dict[tuple[int, str], dict[str, Any]] = {}
    for (word, key), (index, value) in last.items():
        nodes = by_kind.get(word, [])
        if any(node.span.source.name != file.source.name for node in nodes):
            meant = nodes[0].op.arguments[key].kind.read(plain(value))
            if all(node.op.values[key] != meant for node in nodes):
                missed.setdefault((index, word), {})[key] = value
    for (index, word), values in sorted(missed.items(), key=lambda each: each[0]):
        strange = [n for n in by_kind[word] if n.span.source.name != file.source.name]
        yield _unreached(items[index], strange, values)


def _unreached(item: tree.Item, nodes: Sequence[Node], missed: Mapping[str, Any]) -> Diagnostic:
    first = nodes[0]
    home = first.span.source.name
    has = _said({key: first.op.values[key] for key in missed})
    alike = [
        each
        for each in nodes
        if each.span.source.name == home
        and all(each.op.values[key] == first.op.values[key] for key in missed)
    ]
    name = PurePath(home.removeprefix(ZOO)).name
    have = "has" if len(alike) == 1 else "have"
    return Diagnostic(
        "unreached-default",
        f"a default holds in its own file: this one reaches no {first.kind}",
        (
            Label(item.span, f"{len(alike)} {first.kind} of {name} {have} {has}"),
            Label(first.span, f"{first.path} is made here"),
        ),
        help=_passed(first, f"{first.kind}({_said(missed)})")
        or f"write it in {name} too, or pass it to the block as a parameter",
        severity="warning",
    )


def _said(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {show(plain(value))}" for key, value in values.items())


def _passed(node: Node, wanted: str) -> str | None:
    """Say how it is passed to the block, if a parameter of it takes the operator."""
    scope: Scope | None = node.scope
    while scope is not None and scope.definition is None:
        scope = scope.parent
    if scope is None or scope.definition is None:
        return None
    for parameter in scope.definition.parameters:
        if isinstance(parameter.default, tree.Name) and parameter.default.id == node.kind:
            return f"pass it: `{scope.definition.name}(…, {parameter.name.id} = {wanted})`"
    return None
