"""Expressions and flows: what each one means in a frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnnspec.diagnostics import Label, SpecError, error, nearest
from cnnspec.elaborate import limits
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.functions import FUNCTIONS, call_function
from cnnspec.elaborate.values import (
    POISON,
    WAITING,
    BlockValue,
    CallStep,
    Function,
    Given,
    Group,
    LabelledStep,
    Operator,
    Optional,
    Poisoned,
    Repeat,
    describe,
    is_nodes,
)
from cnnspec.expression import OPERATIONS, Written, plain, written
from cnnspec.graph import Port
from cnnspec.kinds import Refusal
from cnnspec.source import Span
from cnnspec.syntax import tree
from cnnspec.trace import Choice

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session


def is_number(value: Any) -> bool:
    """Whether a plain value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


class Evaluator:
    """Evaluates expressions. `evaluate` gives values; `step` reads a call as a step always."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.rules: dict[type[tree.Expr], Callable[[Any, Frame], Any]] = {
            tree.Number: self._plain,
            tree.Text: self._plain,
            tree.Truth: self._plain,
            tree.Name: self._name,
            tree.ListOf: self._list,
            tree.Binary: self._binary,
            tree.Chain: self._chain,
            tree.Unary: self._unary,
            tree.Cond: self._cond,
            tree.Index: self._index,
            tree.Attribute: self._attribute,
            tree.Call: self._call,
            tree.Paren: self._paren,
            tree.Flow: self._flow,
            tree.When: self._when,
            tree.Labelled: self._labelled,
        }

    def evaluate(self, expr: tree.Expr, frame: Frame) -> Any:
        """Give an expression's value; raises Poisoned or SpecError."""
        self.session.spend(1, expr.span)
        value = self.rules[type(expr)](expr, frame)
        if value is POISON:
            raise Poisoned
        return value

    def data(self, expr: tree.Expr, frame: Frame, what: str, kind: type) -> Any:
        """Evaluate what must be of a plain type; notes that something was decided by it."""
        value = self.evaluate(expr, frame)
        bare = plain(value)
        if not isinstance(bare, kind) or (kind is int and isinstance(bare, bool)):
            raise error("wrong-type", f"{what}, not {describe(value)}", expr.span, "this")
        frame.consume(value)
        return bare

    def test(self, expr: tree.Expr, frame: Frame) -> Any:
        """Evaluate a condition, keeping how it was written."""
        value = self.evaluate(expr, frame)
        if not isinstance(plain(value), bool):
            raise error(
                "wrong-type",
                f"a condition must be true or false, not {describe(value)}",
                expr.span,
                help="compare it with something: `!= 0`",
            )
        frame.consume(value)
        return value

    def callee(self, expr: tree.Expr, frame: Frame) -> Any:
        """Evaluate what is called: a name of data does not hide an operator or block there."""
        if isinstance(expr, tree.Name) and expr.id in frame.names:
            bound = frame.names[expr.id]
            if bound is not POISON and not isinstance(bound, (*WAITING, Operator, BlockValue)):
                bare = Frame(frame.file, frame.index, None, None)
                if expr.id in self.session.operators or expr.id in frame.file.entries:
                    return self.evaluate(expr, bare)
        return self.evaluate(expr, frame)

    # --- steps

    def step(self, expr: tree.Expr, frame: Frame) -> Any:
        """Read an expression where a step must stand: a call waits whatever its arguments are."""
        if isinstance(expr, tree.Call):
            callee = self.callee(expr.callee, frame)
            if isinstance(callee, Operator | BlockValue):
                self.session.spend(1, expr.span)
                return CallStep(callee, self._given(expr, frame), expr.span)
        elif isinstance(expr, tree.Paren):
            return self._grouped(self.step(expr.inner, frame), expr)
        elif isinstance(expr, tree.Flow):
            return Group(tuple([self.step(each, frame) for each in expr.steps]), True, expr.span)
        elif isinstance(expr, tree.Labelled):
            inner = self.step(expr.step, frame)
            return LabelledStep(self._segments(expr.label, frame), inner, expr.span)
        elif isinstance(expr, tree.When):
            return self._optional(expr, frame)
        elif isinstance(expr, tree.Cond):
            test = self.test(expr.test, frame)
            return self.step(expr.yes if plain(test) else expr.no, frame)
        elif isinstance(expr, tree.Chain) and expr.rest[0][0] == "*":
            return self._repeat(self.step(expr.first, frame), expr, frame)
        return self._waiting(self.callee(expr, frame), expr.span)

    def _waiting(self, value: Any, span: Span) -> Any:
        if isinstance(value, WAITING):
            return value
        if isinstance(value, Operator | BlockValue):
            return CallStep(value, (), span)
        raise error(
            "not-a-step",
            f"{describe(value)} is not a step",
            span,
            "an operator or a block must stand here",
            help="a step is written `conv(64, 3)`, `relu` or the name of a block",
        )

    def _grouped(self, inner: Any, expr: tree.Paren) -> Any:
        if isinstance(inner, Group):
            return Group(inner.steps, inner.several, expr.span)
        return Group((inner,), False, expr.span)

    def _optional(self, expr: tree.When, frame: Frame) -> Optional:
        test = self.test(expr.test, frame)
        step = self.step(expr.step, frame) if plain(test) else None
        return Optional(step, test, expr.span)

    def _repeat(self, step: Any, expr: tree.Chain, frame: Frame) -> Any:
        for operator, operand in expr.rest:
            if operator != "*":
                raise error(
                    "wrong-type",
                    f"a step cannot be used with {operator}",
                    operand.span,
                    help="repeat a step with `step * 3`; go on with `->`",
                )
            count = self.data(operand, frame, "a step is repeated a whole number of times", int)
            if count < 0:
                raise error("wrong-type", f"a step cannot be repeated {count} times", operand.span)
            step = Repeat(step, count, expr.span)
        return step

    def _flow(self, expr: tree.Flow, frame: Frame) -> Any:
        value = self.evaluate(expr.steps[0], frame)
        if isinstance(value, WAITING) or (
            isinstance(value, Operator | BlockValue) and not is_nodes(value)
        ):
            head = self._waiting(value, expr.steps[0].span)
            rest = [self.step(each, frame) for each in expr.steps[1:]]
            return Group((head, *rest), True, expr.span)
        if not is_nodes(value):
            raise error(
                "wrong-type",
                f"nothing flows out of {describe(value)}",
                expr.steps[0].span,
                "a node must stand before `->`",
            )
        for each in expr.steps[1:]:
            step = self.step(each, frame)
            value = self.session.applier.apply(step, value, frame)
            if value is POISON:
                raise Poisoned
        return value

    def _when(self, expr: tree.When, frame: Frame) -> Any:
        return self._optional(expr, frame)

    def _paren(self, expr: tree.Paren, frame: Frame) -> Any:
        value = self.evaluate(expr.inner, frame)
        return self._grouped(value, expr) if isinstance(value, WAITING) else value

    # --- labels

    def _segments(self, label: tree.LabelText, frame: Frame) -> tuple[str, ...]:
        result = []
        for pieces in label.segments:
            text = ""
            for piece in pieces:
                if isinstance(piece, str):
                    text += piece
                    continue
                value = plain(self.evaluate(piece, frame))
                if isinstance(value, bool) or not isinstance(value, int | str):
                    raise error(
                        "bad-label",
                        f"{describe(value)} cannot be part of a label",
                        piece.span,
                        "a whole number or a word must stand here",
                    )
                text += str(value)
            if not text or not all(c.isascii() and (c.isalnum() or c in "_-") for c in text):
                raise error(
                    "bad-label",
                    f"`{text}` cannot be a label",
                    label.span,
                    "letters, digits, `_` and `-` only",
                )
            result.append(text)
        if sum(map(len, result)) > self.session.limits.text:
            raise limits.exceeded(
                "text", self.session.limits.text, "makes a very long label", label.span
            )
        return tuple(result)

    def _labelled(self, expr: tree.Labelled, frame: Frame) -> Any:
        segments = self._segments(expr.label, frame)
        return self._label(segments, expr.step, expr.span, frame)

    def _label(self, segments: tuple[str, ...], expr: tree.Expr, span: Span, frame: Frame) -> Any:
        if isinstance(expr, tree.Cond):
            test = self.test(expr.test, frame)
            chosen = expr.yes if plain(test) else expr.no
            return self._label(segments, chosen, span, frame)
        if isinstance(expr, tree.Call):
            value = self._call(expr, frame, segments)
            return LabelledStep(segments, value, span) if isinstance(value, WAITING) else value
        if isinstance(expr, tree.Paren) and frame.place is not None:
            with self.session.applier.entered(segments, span, frame) as place:
                value = self.evaluate(expr.inner, frame)
            if isinstance(value, WAITING):
                return LabelledStep(segments, self._grouped(value, expr), span)
            if is_nodes(value) and place.attached:
                return value
        else:
            value = self.evaluate(expr, frame)
        if isinstance(value, Port):
            raise error(
                "bad-label",
                "a label names a step, and this is a node that exists already",
                span,
                help="write the label before the step that makes the node",
            )
        return LabelledStep(segments, self._waiting(value, expr.span), span)

    # --- calls

    def _given(self, expr: tree.Call, frame: Frame) -> tuple[Given, ...]:
        result: list[Given] = []
        for argument in expr.arguments:
            value = self.evaluate(argument.value, frame)
            if argument.keyword is None and result and result[-1].keyword is not None:
                raise error(
                    "wrong-arity",
                    "an argument by position stands after one by keyword",
                    argument.span,
                    help="write the arguments without `=` first",
                )
            result.append(Given(argument.keyword, value, argument.span))
        return tuple(result)

    def _call(self, expr: tree.Call, frame: Frame, segments: tuple[str, ...] | None = None) -> Any:
        callee = self.callee(expr.callee, frame)
        given = self._given(expr, frame)
        if isinstance(callee, Function):
            return self._function(callee, given, expr, frame)
        if not isinstance(callee, Operator | BlockValue):
            raise error("not-callable", f"{describe(callee)} cannot be called", expr.callee.span)
        step = CallStep(callee, given, expr.span)
        source = isinstance(callee, Operator) and callee.op.arity == (0, 0)
        if source or (given and given[0].keyword is None and is_nodes(given[0].value)):
            return self.session.applier.apply(step, None, frame, segments)
        return step

    def _function(
        self, function: Function, given: tuple[Given, ...], expr: tree.Call, frame: Frame
    ) -> Any:
        for each in given:
            if each.keyword is not None:
                raise error("unknown-argument", f"{function.name} takes no keywords", each.span)
            if isinstance(each.value, tuple):
                self.session.spend(len(each.value), each.span)
        try:
            result = call_function(function.name, [each.value for each in given])
        except Refusal as refusal:
            raise error(refusal.code or "wrong-type", refusal.message, expr.span) from None
        except (ArithmeticError, ValueError, TypeError):
            raise error(
                "bad-arithmetic", f"{function.name} has no result here", expr.span
            ) from None
        if isinstance(result, tuple):
            self.session.spend(len(result), expr.span)
        elif not isinstance(result, Written):
            frame.consume(*[each.value for each in given])
        return self._bounded(result, expr.span)

    # --- names and data

    def _name(self, expr: tree.Name, frame: Frame) -> Any:
        if expr.id in frame.names:
            return frame.names[expr.id]
        found = self.session.lookup(expr, frame)
        if found is not None:
            return found
        if expr.id in FUNCTIONS:
            return Function(expr.id)
        if expr.id in self.session.operators:
            defaults = frame.file.defaults_at(frame.index)
            return Operator(self.session.operators[expr.id], defaults.get(expr.id, {}))
        if expr.id in self.session.words:
            return expr.id
        raise self._unknown(expr, frame)

    def _unknown(self, expr: tree.Name, frame: Frame) -> Exception:
        python = {"True": "true", "False": "false", "None": None}
        if expr.id in python:
            word = python[expr.id]
            return error(
                "unknown-name",
                f"there is no {expr.id} in a spec",
                expr.span,
                help=f"write `{word}`" if word else "leave the argument out",
            )
        unbound = self.session.unbound(expr, frame)
        if unbound is not None:
            return unbound
        later = frame.file.later(expr.id, frame.index)
        if later is not None:
            return error(
                "unknown-name",
                f"`{expr.id}` is declared further down",
                expr.span,
                "not known yet here",
                Label(later, "declared here"),
                help="move its declaration above this one",
            )
        known = [*frame.names, *frame.file.visible(frame.index), *FUNCTIONS]
        known += [*self.session.operators, *self.session.words]
        guess = nearest(expr.id, known)
        return error(
            "unknown-name",
            f"nothing is called `{expr.id}`",
            expr.span,
            "not known here",
            help=f"did you mean `{guess}`?" if guess else "`cnnspec ops` lists the operators",
        )

    def _plain(self, expr: tree.Number | tree.Text | tree.Truth, frame: Frame) -> Any:
        return expr.value

    def _list(self, expr: tree.ListOf, frame: Frame) -> Any:
        return tuple([self.evaluate(each, frame) for each in expr.items])

    def _cond(self, expr: tree.Cond, frame: Frame) -> Any:
        test = self.test(expr.test, frame)
        arm = 0 if plain(test) else 1
        choice = Choice(expr.span, (test,), arm)
        outer, frame.items = frame.items, choice.body
        try:
            value = self.evaluate(expr.yes if arm == 0 else expr.no, frame)
        finally:
            frame.items = outer
        if choice.body or is_nodes(value):
            frame.items.append(choice)
        return value

    def _index(self, expr: tree.Index, frame: Frame) -> Any:
        value = self.evaluate(expr.value, frame)
        index = self.data(expr.index, frame, "an index must be a whole number", int)
        if not isinstance(value, tuple):
            raise error("wrong-type", f"{describe(value)} cannot be indexed", expr.value.span)
        if not 0 <= index < len(value):
            has = f"it has {len(value)}, counted from 0" if value else "it is empty"
            raise error("bad-index", f"the list has no element {index}", expr.index.span, has)
        return value[index]

    def _attribute(self, expr: tree.Attribute, frame: Frame) -> Any:
        value = self.evaluate(expr.value, frame)
        known = ("channels", "height", "width", "shape")
        if not isinstance(value, Port):
            raise error(
                "wrong-type",
                f"{describe(value)} has no {expr.name}",
                expr.value.span,
                "only a node has " + ", ".join(known),
            )
        if expr.name == "channels":
            return frame.channels_of(value)
        if expr.name == "shape":
            return tuple(value.shape)
        if expr.name in known and value.shape.is_image:
            return value.shape.height if expr.name == "height" else value.shape.width
        guess = nearest(expr.name, known)
        raise error(
            "unknown-name",
            f"{describe(value)} has no {expr.name}",
            expr.name_span,
            help=f"did you mean `{guess}`?" if guess and guess != expr.name else None,
        )

    # --- arithmetic

    def _unary(self, expr: tree.Unary, frame: Frame) -> Any:
        value = self.evaluate(expr.operand, frame)
        bare = plain(value)
        if expr.operator == "not":
            if not isinstance(bare, bool):
                raise error("wrong-type", f"`not` of {describe(value)}", expr.operand.span)
            return written(not bare, "not", value)
        if not is_number(bare):
            raise error("wrong-type", f"`-` of {describe(value)}", expr.operand.span)
        return written(-bare, "negate", value)

    def _chain(self, expr: tree.Chain, frame: Frame) -> Any:
        if expr.rest[0][0] in ("and", "or"):
            return self._logic(expr, frame)
        value = self.evaluate(expr.first, frame)
        if isinstance(value, (*WAITING, Operator, BlockValue)):
            return self._repeat(self._waiting(value, expr.first.span), expr, frame)
        for operator, operand in expr.rest:
            right = self.evaluate(operand, frame)
            value = self._operate(operator, value, right, expr.span, frame)
        return value

    def _logic(self, expr: tree.Chain, frame: Frame) -> Any:
        operator = expr.rest[0][0]
        value = self.test(expr.first, frame)
        for _, operand in expr.rest:
            if plain(value) == (operator == "or"):
                # What is not looked at may have no value here; it is said if it can be.
                return self._said(value, operator, operand, frame)
            right = self.test(operand, frame)
            value = written(plain(right), operator, value, right)
        return value

    def _said(self, value: Any, operator: str, operand: tree.Expr, frame: Frame) -> Any:
        try:
            right = self.evaluate(operand, frame)
        except (SpecError, Poisoned):
            return plain(value)
        if not isinstance(plain(right), bool):
            return plain(value)
        return written(plain(value), operator, value, right)

    def _binary(self, expr: tree.Binary, frame: Frame) -> Any:
        left = self.evaluate(expr.left, frame)
        right = self.evaluate(expr.right, frame)
        return self._operate(expr.operator, left, right, expr.span, frame)

    def _operate(self, operator: str, left: Any, right: Any, span: Span, frame: Frame) -> Any:
        a, b = plain(left), plain(right)
        if operator in ("==", "!="):
            if isinstance(left, Operator) and isinstance(right, Operator):
                a, b = left.op, right.op
            elif isinstance(left, BlockValue) and isinstance(right, BlockValue):
                a, b = left.definition, right.definition
            elif isinstance(a, bool) != isinstance(b, bool):
                a, b = (True, a), (False, b)
            return written(OPERATIONS[operator](a, b), operator, left, right)
        if operator == "+" and isinstance(left, tuple) and isinstance(right, tuple):
            self.session.spend(len(left) + len(right), span)
            return left + right
        if not (is_number(a) and is_number(b)):
            wrong = left if not is_number(a) else right
            if isinstance(wrong, Port) and operator in ("+", "*", "-"):
                word = {"+": "add", "*": "mul", "-": "sub"}[operator]
                raise error(
                    "wrong-type",
                    f"nodes are not put together with `{operator}`",
                    span,
                    help=f"write `{word}(a, b)`",
                )
            raise error("wrong-type", f"`{operator}` of {describe(wrong)}", span)
        whole = isinstance(a, int) and isinstance(b, int) and operator == "**"
        if whole and abs(a) > 1 and b * a.bit_length() > 4 * self.session.limits.integer:
            raise limits.exceeded(
                "integer", self.session.limits.integer, "computes a huge number", span
            )
        try:
            result = OPERATIONS[operator](a, b)
        except ZeroDivisionError:
            raise error("bad-arithmetic", "division by zero", span, "the divisor is 0") from None
        except (ArithmeticError, ValueError):
            raise error("bad-arithmetic", f"`{operator}` has no result here", span) from None
        if not isinstance(result, bool | int | float):
            raise error("bad-arithmetic", f"`{operator}` has no real result here", span)
        carried = written(result, operator, left, right)
        if not isinstance(carried, Written):
            frame.consume(left, right)
        return self._bounded(carried, span)

    def _bounded(self, value: Any, span: Span) -> Any:
        bare = plain(value)
        bits = self.session.limits.integer
        if isinstance(bare, int) and bare.bit_length() > bits:
            raise limits.exceeded("integer", bits, "computes a huge number", span)
        if isinstance(bare, float) and not abs(bare) < float("inf"):
            raise error("bad-arithmetic", "the result is not a finite number", span)
        return value
