"""Expressions made shorter: what is literal is worked out, what changes nothing is dropped."""

from __future__ import annotations

from cnnspec.expression import Expression, evaluate, literal


def simplify(expression: Expression) -> Expression:
    """Work out what is literal, and drop `1 * x`, `x + 0` and the like."""
    if not expression.operands:
        return expression
    parts = tuple(simplify(each) for each in expression.operands)
    result = Expression(expression.operator, parts)
    if all(part.operator == "literal" for part in parts):
        try:
            return literal(evaluate(result, {}))
        except ArithmeticError:
            return result
    if len(parts) != 2:
        return result
    left, right = parts
    left_value = left.value if left.operator == "literal" else None
    right_value = right.value if right.operator == "literal" else None
    whole = (int,)
    if expression.operator == "*":
        if type(left_value) in whole and left_value == 1:
            return right
        if type(right_value) in whole and right_value == 1:
            return left
    if expression.operator == "+":
        if type(left_value) in whole and left_value == 0:
            return right
        if type(right_value) in whole and right_value == 0:
            return left
    if expression.operator in ("or", "and"):
        neutral = expression.operator == "and"
        if left_value is neutral:
            return right
        if right_value is neutral:
            return left
    return result


def whole(expression: Expression) -> Expression:
    """Work out the parts that are whole numbers, and leave the others as they are written.

    >>> rate = Expression("*", (literal(0.2), Expression("+", (literal(4), literal(2)))))
    >>> whole(Expression("/", (rate, literal(32))))
    ((0.2 * 6) / 32)
    """
    if not expression.operands:
        return expression
    if not expression.names:
        try:
            value = evaluate(expression, {})
        except ArithmeticError:
            return expression
        if isinstance(value, int):
            return literal(value)
    return Expression(expression.operator, tuple(whole(each) for each in expression.operands))
