"""What a part of a network is called in tables and pictures: `conv 7x7 /2`, `bottleneck(64)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.analysis.fold import Part
from cnnspec.elaborate.values import BlockValue, CallStep, Operator
from cnnspec.graph import Node, Scope
from cnnspec.kinds import show
from cnnspec.shapes import Shape
from cnnspec.syntax import tree
from cnnspec.syntax.files import Definition
from cnnspec.trace import rates

#: A call's arguments are cut after so many characters: they are in the spec, on the line given.
LONGEST: Final = 28


def size(shape: Shape) -> str:
    """Write a shape without spaces.

    >>> size(Shape((64, 56, 56)))
    '64x56x56'
    """
    return "x".join(map(str, shape))


def numbers(node: Node) -> str:
    """Say the numbers that matter: `7x7 /2`, `1000` for a dense layer, or nothing."""
    values: Mapping[str, object] = node.op.values
    words = []
    window, stride, units = values.get("size"), values.get("stride"), values.get("units")
    if stride is None and "stride" in values:
        stride = window  # of a pool
    dilation, groups = values.get("dilation"), values.get("groups")
    if isinstance(window, tuple):
        words.append("x".join(map(str, window)))
    elif isinstance(units, int):
        words.append(str(units))
    if isinstance(stride, tuple) and max(stride) > 1:
        words.append(f"/{stride[0]}" if stride[0] == stride[1] else f"/{stride[0]}x{stride[1]}")
    if isinstance(dilation, tuple) and max(dilation) > 1:
        words.append(f"dilation {show(dilation[0] if len({*dilation}) == 1 else dilation)}")
    if isinstance(groups, int) and groups > 1:
        alone = groups == node.shape.channels == node.input_shapes[0].channels
        words.append(
            "depthwise" if alone and node.op.family == "convolution" else f"groups {groups}"
        )
    return " ".join(words)


def layer(part: Part) -> str:
    """Say a layer and the small steps behind it: `conv 7x7 /2 (bn, relu)`."""
    head, *small = [member for member in part.members if isinstance(member, Node)]
    words = f"{head.kind} {numbers(head)}".strip()
    return words + (f" ({', '.join(node.kind for node in small)})" if small else "")


def is_automatic(member: Node | Scope) -> bool:
    """Whether its name was not written: a kind with an ordinal, or a place in a sequence."""
    kind = member.kind if isinstance(member, Node) else member.block
    segment = member.segment
    return segment.isdigit() or (kind is not None and segment.rstrip("0123456789") == kind)


def only(part: Part) -> Part | None:
    """Give the one part of a plain group, which says and costs what the group does; else None."""
    return part.parts[0] if part.times == 1 and _holds_one(part) else None


def only_of_each(part: Part) -> Part | None:
    """Give the one part of each of several equal groups in a row, of the first of them."""
    return part.parts[0] if part.times > 1 and not part.grows and _holds_one(part) else None


def _holds_one(part: Part) -> bool:
    plain = isinstance(part.head, Scope) and part.head.block is None
    return plain and len(part.members) == 1 and len(part.parts) == 1


def call(scope: Scope, *, shared: Mapping[str, Any] | None = None, longest: int = LONGEST) -> str:
    """Say a block with its arguments, its stride as a figure has it: `bottleneck(128) /2`.

    Arguments that are the block's defaults are left out, and so are rates of dropping, and blocks
    and operators that have no default; with `shared`, those that are not in it. What stands behind
    one that differs is said with its name.
    """
    shown = scope.values if shared is None else shared
    unsaid = rates(scope) if float in map(type, shown.values()) else frozenset()
    defaults = _defaults(scope.definition)
    stride = shown.get("stride")
    strides = isinstance(stride, int) and stride > 1
    words = []
    named = False
    for name, value in scope.values.items():
        named |= name not in shown and _is_said(value)
        said = None if name not in shown or name in unsaid else _said(value)
        if said is None or (name == "stride" and strides) or defaults.get(name) == said:
            continue
        if name in defaults or _is_said(value):
            words.append(f"{name} = {said}" if named or name in defaults else said)
    if len(", ".join(words)) > longest:
        while words and len(", ".join([*words, "..."])) > longest:
            words.pop()
        words.append("...")
    said = f"{scope.block}({', '.join(words)})" if words else str(scope.block)
    return f"{said} /{stride}" if strides else said


def _is_said(value: Any) -> bool:
    return isinstance(value, bool | int | float | str | tuple | list)


def _said(value: Any) -> str | None:
    """Write an argument: data as a spec does, an operator or block by its name."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(_said(each) or '...' for each in value)}]"
    if _is_said(value):
        return show(value)
    if isinstance(value, CallStep):
        return f"{_said(value.callee)}(...)"
    if isinstance(value, Operator):
        return value.op.name
    return value.name if isinstance(value, BlockValue) else None


def _defaults(definition: Definition | None) -> dict[str, str | None]:
    """Write the defaults of a block's parameters; None for what is worked out."""
    if definition is None or not isinstance(definition.item, tree.Block):
        return {}
    defaults = ((each.name.id, each.default) for each in definition.parameters)
    return {name: _default(value) for name, value in defaults if value is not None}


def _default(value: tree.Expr) -> str | None:
    if isinstance(value, tree.Number | tree.Text | tree.Truth):
        return show(value.value)
    if isinstance(value, tree.Name):
        return value.id
    if isinstance(value, tree.ListOf):
        items = [_default(each) for each in value.items]
        return None if None in items else f"[{', '.join(map(str, items))}]"
    return None


def same_values(part: Part) -> Mapping[str, Any]:
    """Give the arguments of a part's block, of several equal ones those that are one value."""
    first, last = part.head, part.last[0]
    assert isinstance(first, Scope)
    values = last.values if isinstance(last, Scope) else {}
    return {name: value for name, value in first.values.items() if values.get(name) == value}


def content(part: Part, *, times: str = "x", longest: int = LONGEST) -> str:
    """Say what a scope holds: its block, or for a group its members, `bottleneck(64) x 3`."""
    scope = part.head
    assert isinstance(scope, Scope)
    if scope.block is not None:
        return call(scope, shared=same_values(part), longest=longest)
    blocks = [inner.head for inner in part.parts if isinstance(inner.head, Scope)]
    count = sum(inner.times for inner in part.parts)
    same = len({id(block.definition) for block in blocks}) == 1 and blocks[0].block is not None
    if same and len(blocks) == len(part.parts):
        values = same_values(part.parts[0]).items()
        shared = {k: v for k, v in values if all(block.values.get(k) == v for block in blocks)}
        words = call(blocks[0], shared=shared, longest=longest)
        return words + (f" {times} {count}" if count > 1 else "")
    names: dict[str, int] = {}
    for inner in part.parts:
        head = inner.head
        kind = head.kind if isinstance(head, Node) else head.block or "group"
        names[kind] = names.get(kind, 0) + inner.times
    if len(names) > 3:
        return f"{count} members"
    return ", ".join(f"{kind} {times} {n}" if n > 1 else kind for kind, n in names.items())
