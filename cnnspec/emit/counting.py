"""What changes from turn to turn, said in terms of the turn's number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cnnspec.emit.code import Leaf
from cnnspec.emit.merged import Numbered
from cnnspec.expression import Expression, literal


def linear(values: list[int], turns: list[int], index: Expression) -> Expression | None:
    """Say whole numbers as `a + b * index`, if they are; all the same are a literal.

    >>> from cnnspec.expression import name
    >>> linear([3, 5, 7], [0, 1, 2], name("i"))
    (3 + (i * 2))
    """
    first, start = values[0], turns[0]
    other = next((n for n, turn in enumerate(turns) if turn != start), None)
    if other is None:
        return literal(first) if all(each == first for each in values) else None
    step, rest = divmod(values[other] - first, turns[other] - start)
    base = first - step * start
    if rest or any(v != base + step * t for v, t in zip(values, turns, strict=True)):
        return None
    return _sum(literal(base), step, index) if step else literal(first)


def _sum(base: Expression, step: int, index: Expression) -> Expression:
    """Write `base + index * step` without what changes nothing, the index first by a number."""
    counted = index if step == 1 else Expression("*", (index, literal(step)))
    if base.operator == "literal":
        if base.value == 0:
            return counted
        if step == 1:
            return (
                Expression("+", (counted, base))
                if base.value > 0
                else Expression("-", (counted, literal(-base.value)))
            )
    return Expression("+", (base, counted))


def general(said: list[Expression], turns: list[int], index: Expression) -> Expression | None:
    """Say expressions that differ in whole numbers only as one that counts; None: they differ."""
    first = said[0]
    if all(each == first for each in said):
        return first
    if any(
        each.operator != first.operator or len(each.operands) != len(first.operands)
        for each in said
    ):
        return None
    if first.operator == "literal":
        values = [each.value for each in said]
        return linear(values, turns, index) if all(type(v) is int for v in values) else None
    if not first.operands:
        return None
    parts = [
        general([each.operands[n] for each in said], turns, index)
        for n in range(len(first.operands))
    ]
    if any(part is None for part in parts):
        return None
    return Expression(first.operator, tuple(part for part in parts if part is not None))


def stepped(
    said: list[Expression], values: list[int], turns: list[int], index: Expression
) -> Iterator[Expression]:
    """Say whole numbers that grow evenly from one that is written in words.

    How much they grow by is taken from the second if that adds to the first, else a literal.
    """
    step, rest = divmod(values[1] - values[0], turns[1] - turns[0])
    if rest:
        return
    first, second = said[0], said[1]
    turned = index if turns[0] == 0 else Expression("-", (index, literal(turns[0])))
    if second.operator == "+" and second.operands[0] == first:
        yield Expression("+", (first, Expression("*", (turned, second.operands[1]))))
    yield _sum(first, step, turned)


_DIGITS = re.compile(r"([0-9]+)")


def counted_segment(
    segments: list[str], turns: list[int], index: Expression
) -> str | Numbered | None:
    """Say segments of paths that differ in one whole number as one that counts; None: they do not.

    >>> from cnnspec.expression import name
    >>> made = counted_segment(["block3-0", "block3-1"], [0, 1], name("i"))
    >>> made.prefix, made.number.expression
    ('block3-', i)
    """
    first = segments[0]
    if all(each == first for each in segments):
        return first
    parts = [_DIGITS.split(each) for each in segments]
    if any(len(each) != len(parts[0]) for each in parts):
        return None
    places = [n for n in range(len(parts[0])) if any(p[n] != parts[0][n] for p in parts)]
    if len(places) != 1 or places[0] % 2 == 0:
        return None
    (place,) = places
    texts = [each[place] for each in parts]
    if any(str(int(text)) != text for text in texts):
        return None
    number = linear([int(text) for text in texts], turns, index)
    if number is None:
        return None
    prefix, suffix = "".join(parts[0][:place]), "".join(parts[0][place + 1 :])
    return Numbered(prefix, Leaf(int(texts[0]), number, "number"), suffix)


def offset(said: Iterable[Expression], index: Expression) -> int:
    """How far on the numbers are that expressions speak of, if they speak of no other; else 0.

    >>> from cnnspec.expression import name
    >>> i = name("i")
    >>> offset([Expression("*", (Expression("+", (i, literal(2))), literal(8)))], i)
    2
    """
    found: set[int] = set()
    for each in said:
        _offsets(each, index, found)
    return found.pop() if len(found) == 1 else 0


def _offsets(said: Expression, index: Expression, found: set[int]) -> None:
    if said == index:
        found.add(0)
    elif _added(said, index):
        sign = 1 if said.operator == "+" else -1
        found.add(sign * said.operands[1].value)
    else:
        for each in said.operands:
            _offsets(each, index, found)


def _added(said: Expression, index: Expression) -> bool:
    """Whether an expression is the index with a number added or taken away."""
    return (
        said.operator in ("+", "-")
        and said.operands[0] == index
        and said.operands[1].operator == "literal"
    )


def renumbered(said: Expression, index: Expression) -> Expression:
    """Say `index + c` as `index`, for an index that starts so much later."""
    if _added(said, index):
        return index
    if not said.operands:
        return said
    return Expression(said.operator, tuple(renumbered(each, index) for each in said.operands))
