"""What a part of a network is called in tables and pictures: `conv 7x7 /2`, `bottleneck(64)`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
_BRACKETS: Final = re.compile(r"[(\[][^()\[\]]*[)\]]")


def size(shape: Shape) -> str:
    """Write a shape without spaces.

    >>> size(Shape((64, 56, 56)))
    '64x56x56'
    """
    return "x".join(map(str, shape))


def numbers(node: Node, *, width: bool = False) -> str:
    """Say the numbers that matter: `7x7 /2`, `1000` for a dense layer, or nothing.

    With `width` the channels that come out stand behind a convolution's window. `/2` is a stride
    that makes the image smaller; that of a transposed convolution is `stride 2`.
    """
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
    if width:
        words.append(str(node.shape.channels))
    if isinstance(stride, tuple) and max(stride) > 1:
        said = str(stride[0]) if stride[0] == stride[1] else f"{stride[0]}x{stride[1]}"
        words.append(f"stride {said}" if _enlarges(node) else f"/{said}")
    if isinstance(dilation, tuple) and max(dilation) > 1:
        words.append(f"dilation {show(dilation[0] if len({*dilation}) == 1 else dilation)}")
    if isinstance(groups, int) and groups > 1:
        alone = groups == node.shape.channels == node.input_shapes[0].channels
        words.append(
            "depthwise" if alone and node.op.family == "convolution" else f"groups {groups}"
        )
    return " ".join(words)


def _enlarges(node: Node) -> bool:
    """Whether an image comes out higher or wider than it went in."""
    return any(b > a for a, b in zip(node.input_shapes[0][1:], node.shape[1:], strict=False))


def layer(part: Part) -> str:
    """Say a layer and the small steps behind it: `conv 7x7 /2 (bn, relu)`."""
    head, *small = [member for member in part.members if isinstance(member, Node)]
    words = f"{head.kind} {numbers(head)}".strip()
    return words + (f" ({', '.join(node.kind for node in small)})" if small else "")


def is_automatic(member: Node | Scope) -> bool:
    """Whether its name was not written: a kind with an ordinal, or a place in a sequence."""
    kind = member.kind if isinstance(member, Node) else member.block
    segment = member.segment
    if segment.isdigit() or kind is None:
        return segment.isdigit()
    numbered = segment.startswith(kind) and segment[len(kind) :].isdigit()
    return numbered or segment.rstrip("0123456789") == kind


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
    one that is left out and has no default is said with its name.
    """
    shown = scope.values if shared is None else shared
    unsaid = rates(scope) if float in map(type, shown.values()) else frozenset()
    defaults = _defaults(scope.definition)
    stride = shown.get("stride")
    strides = isinstance(stride, int) and _shrinks(scope, stride)
    words = []
    named = False
    for name, value in scope.values.items():
        said = None if name not in shown or name in unsaid else _said(value)
        if (
            said is None
            or (name == "stride" and strides)
            or not (name in defaults or _is_said(value))
        ):
            named |= name not in defaults
        elif defaults.get(name) != said:
            words.append(f"{name} = {said}" if named or name in defaults else said)
    if len(", ".join(words)) > longest:
        while words and len(", ".join([*words, "..."])) > longest:
            words.pop()
        words.append("...")
    said = f"{scope.block}({', '.join(words)})" if words else str(scope.block)
    return f"{said} /{stride}" if strides else said


def _shrinks(scope: Scope, stride: int) -> bool:
    """Whether a block makes an image smaller by its stride, as `/2` says."""
    given = [port.shape for _, ports in scope.inputs for port in ports]
    if stride < 2 or not given or not scope.results:
        return False
    before, after = given[0], scope.results[0].shape
    if not (before.is_image and after.is_image):
        return False
    return after.height == -(-before.height // stride) or before.height // after.height == stride


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
    first, *others = [head for head in part.heads if isinstance(head, Scope)]
    return {
        name: value
        for name, value in first.values.items()
        if all(name in each.values and each.values[name] == value for each in others)
    }


def content(part: Part, *, times: str = "x", longest: int = LONGEST) -> str:
    """Say what a scope holds: its block, or for a group its members, `bottleneck(64) x 3`.

    Of neighbours that repeat as one each is said: `(unit(64), add)`.
    """
    if are_neighbours(part):
        return f"({', '.join(_neighbour(each, part, times, longest) for each in part.parts)})"
    scope = part.head
    assert isinstance(scope, Scope)
    if scope.block is not None:
        return call(scope, shared=same_values(part), longest=longest)
    blocks = _blocks(part.parts)
    members = [(each, inner.times) for inner in part.parts for each in each_of(inner)]
    count = sum(several for _, several in members)
    if blocks:
        first, *others = map(same_values, part.parts)
        shared = {k: v for k, v in first.items() if all(k in o and o[k] == v for o in others)}
        words = call(blocks[0], shared=shared, longest=longest)
        return repeated(words, count, times)
    names: dict[str, int] = {}
    for member, several in members:
        head = member.head
        kind = head.kind if isinstance(head, Node) else head.block or "group"
        names[kind] = names.get(kind, 0) + several
    if len(names) > 3:
        return f"{count} members"
    return ", ".join(repeated(kind, n, times) for kind, n in names.items())


def repeated(words: str, count: int, times: str = "x") -> str:
    """Say that there are so many, of several things in brackets.

    >>> repeated("conv", 2), repeated("conv, relu", 3), repeated("unit(8, 4)", 1)
    ('conv x 2', '(conv, relu) x 3', 'unit(8, 4)')
    """
    if count == 1:
        return words
    outside = words
    while (left := _BRACKETS.sub("", outside)) != outside:
        outside = left
    several = "," in outside or f" {times} " in outside
    return f"({words}) {times} {count}" if several else f"{words} {times} {count}"


def are_neighbours(part: Part) -> bool:
    """Whether a part stands for several things side by side, which repeat together."""
    return bool(part.parts) and len(part.members) > 1


def each_of(part: Part) -> Sequence[Part]:
    """Give the things that stand side by side in a part, or the part."""
    return part.parts if are_neighbours(part) else (part,)


def _blocks(parts: Sequence[Part]) -> list[Scope]:
    """Give the instances of one block that parts are, or nothing if they are anything else."""
    heads = [part.head for part in parts if not are_neighbours(part)]
    blocks = [head for head in heads if isinstance(head, Scope) and head.block is not None]
    one = len(blocks) == len(parts) and len({id(block.definition) for block in blocks}) == 1
    return blocks if one else []


def _neighbour(part: Part, whole: Part, times: str, longest: int) -> str:
    words = content(part, times=times, longest=longest) if part.parts else layer(part)
    return words + (" (training only)" if part.trains and not whole.trains else "")
