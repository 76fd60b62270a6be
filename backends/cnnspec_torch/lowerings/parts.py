"""What lowerings are made of: keywords left out at torch's defaults, padding, plain layers."""

from __future__ import annotations

from typing import Any

from cnnspec.emit.code import THROUGH, Call, Code, Keyword, Leaf, Raw, Subscript, call
from cnnspec.emit.lowering import Applied, Lowered, compact
from cnnspec.expression import Expression, literal
from cnnspec.kinds import AXES
from cnnspec.ops.geometry import Sides


def keyword(name: str, code: Code, default: Any) -> Keyword:
    """Write a keyword, left out where it is torch's default."""
    return Keyword(name, code, default)


def argument(step: Applied, name: str, default: Any, torch_name: str | None = None) -> Keyword:
    """Write an argument of the spec as a keyword of torch's."""
    return Keyword(torch_name or name, step.leaf(name), default)


def dims(step: Applied, word: str = "axis") -> Code:
    """Write the axes that a step names as torch counts them, one as a number."""
    leaf = step.leaf(word)
    if leaf.expression is not None:
        return Call(Raw("dims"), (leaf,))
    places = tuple(1 + AXES.index(each) for each in getattr(step.op, word))
    return Leaf(places[0] if len(places) == 1 else places)


def dim(step: Applied) -> Code:
    """Write the one axis that a step names."""
    several = dims(step)
    return Subscript(several, Raw("0")) if isinstance(several, Call) else several


def layer(name: str, *arguments: Code, keywords: tuple[Keyword, ...] = ()) -> Lowered:
    """Write a step that is one of torch's layers."""
    return Lowered(THROUGH, Call(Raw(name), arguments, keywords))


def is_worded(step: Applied, name: str) -> bool:
    """Whether the text says an argument in words: it may be another number at another call."""
    return step.leaf(name).expression is not None


def symmetric(sides: Sides) -> bool:
    """Whether padding is the same before and after, so that torch's layers can do it."""
    return sides[0] == sides[1] and sides[2] == sides[3]


def padding(step: Applied, sides: Sides) -> Leaf:
    """Write symmetric padding: as the spec does if it is one number, else a number or a pair.

    Half the window where a block's parameter says the window and that is what `same` comes to.
    """
    written, size = step.leaf("pad"), step.leaf("size")
    value = compact((sides[0], sides[2]))
    if value == written.value or written.expression is not None:
        return Leaf(value, written.expression, "padding")
    if size.expression is not None and isinstance(value, int) and value == size.value // 2:
        return Leaf(value, Expression("//", (size.expression, literal(2))), "padding")
    return Leaf(value, None, "padding")


def product(one: Leaf, other: Leaf, hint: str) -> Leaf:
    """Write the product of two numbers, in the block's own words where it has some."""
    value = one.value * other.value
    if one.expression is None and other.expression is None:
        return Leaf(value, None, hint)
    parts = tuple(each.expression or literal(each.value) for each in (one, other))
    return Leaf(value, Expression("*", parts), hint)


def padded(step: Applied, sides: Sides, code: Code, value: Code | None = None) -> Call:
    """Write `F.pad`, whose order is left, right, top, bottom."""
    top, bottom, left, right = sides
    leaf = step.value((left, right, top, bottom), "pads")
    return call("F.pad", code, leaf) if value is None else call("F.pad", code, leaf, value=value)
