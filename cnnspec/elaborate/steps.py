"""Expressions read as steps: flows, groups, repeats, labels, and what is there only at times."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cnnspec.diagnostics import Diagnostic, SpecError, error, write
from cnnspec.elaborate import limits
from cnnspec.elaborate.constant import Constants
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.rest import and_the_rest
from cnnspec.elaborate.values import (
    POISON,
    STEPS,
    WAITING,
    BlockValue,
    CallStep,
    Function,
    Group,
    LabelledStep,
    Operator,
    Optional,
    Poisoned,
    Repeat,
    describe,
    is_nodes,
    stepped,
    with_more,
)
from cnnspec.elsewhere import operator_help
from cnnspec.expression import plain
from cnnspec.graph import Port
from cnnspec.source import Span
from cnnspec.syntax import tree

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session


_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]+").fullmatch
#: Steps of more characters than this are not written out in a help.
LONG: Final = 60


class Steps:
    """Reads expressions where a step stands or may stand."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._constants = Constants()

    def read(self, expr: tree.Expr, frame: Frame) -> Any:
        """Read an expression where a step must stand: a call waits whatever its arguments are."""
        session = self.session
        known = self._constants.find(expr, frame)
        if known is not None:
            step, spent = known
            session.spend(spent, expr.span)
            return step
        before = session.spent
        step = self._read(expr, frame)
        self._constants.keep(expr, step, session.spent - before, frame)
        return step

    def _read(self, expr: tree.Expr, frame: Frame) -> Any:
        if isinstance(expr, tree.Call):
            callee = stepped(self.session.evaluator.callee(expr.callee, frame))
            if isinstance(callee, Operator | BlockValue | CallStep):
                self.session.spend(1, expr.span)
                return with_more(
                    callee, self.session.evaluator.given(expr, frame, callee), expr.span
                )
        elif isinstance(expr, tree.Paren):
            inner = self.read(expr.inner, frame)
            return inner if tree.choice(expr) else self._grouped(inner, expr)
        elif isinstance(expr, tree.Flow):
            return Group(self._each(expr.steps, frame), True, expr.span)
        elif isinstance(expr, tree.Labelled):
            inner = self.read(expr.step, frame)
            return LabelledStep(self._segments(expr.label, frame), inner, expr.span)
        elif isinstance(expr, tree.When):
            return self.optional(expr, frame)
        elif isinstance(expr, tree.ListOf):
            raise self._branches(expr, frame)
        elif isinstance(expr, tree.Cond):
            test = self.session.evaluator.test(expr.test, frame)
            return self.read(expr.yes if plain(test) else expr.no, frame)
        elif isinstance(expr, tree.Chain) and expr.rest[0][0] == "*":
            if isinstance(expr.first, tree.Number):
                help_ = f"the step comes first: `step * {expr.first.span.text}`"
                self.waiting(expr.first.value, expr.first.span, help_)
            return self.repeat(self.read(expr.first, frame), expr, frame)
        return self.waiting(self.session.evaluator.callee(expr, frame), expr.span)

    def _each(self, exprs: Iterable[tree.Expr], frame: Frame) -> tuple[Any, ...]:
        """Read steps; the mistakes of all of them are raised."""
        result: list[Any] = []
        wrong: list[Diagnostic] = []
        poisoned = False
        for expr in exprs:
            try:
                result.append(self.read(expr, frame))
            except SpecError as mistake:
                wrong += mistake.diagnostics
            except Poisoned:
                poisoned = True
        if wrong:
            raise SpecError(wrong)
        if poisoned:
            raise Poisoned
        return tuple(result)

    def waiting(self, value: Any, span: Span, help: str | None = None) -> Any:
        """Read a value as a step: an operator or block is called, a list of steps is a group."""
        value = stepped(value)
        if isinstance(value, WAITING):
            return value
        if isinstance(value, Operator | BlockValue):
            return CallStep(value, (), span)
        if isinstance(value, tuple) and all(isinstance(stepped(each), STEPS) for each in value):
            self.session.spend(len(value), span)
            return Group(tuple([self.waiting(each, span) for each in value]), True, span)
        if isinstance(value, Function):
            help = operator_help(value.name, self.session.operators)
        if isinstance(value, str):
            quoted = span.text.startswith('"')
            known = write(value, " without quotes") if quoted else f"write `{value}` without quotes"
            help = known if value in self.session.operators else help
        raise error(
            "not-a-step",
            f"{describe(value)} is not a step",
            span,
            "an operator or a block must stand here",
            help=help or "a step is written `conv(64, 3)`, `relu` or the name of a block",
        )

    def _branches(self, expr: tree.ListOf, frame: Frame) -> SpecError:
        """Refuse a list that is written as a step: it could be branches, or one after another."""
        value = self.session.evaluator.evaluate(expr, frame)
        if not value:
            return error("not-a-step", "an empty list is not a step", expr.span, help="take it out")
        self.waiting(value, expr.span)
        texts = [each.span.text for each in expr.items]
        if len(texts) == 1 or sum(map(len, texts)) > LONG or "\n" in "".join(texts):
            texts = ["a", "b"]
        branches = ", ".join(f"x -> {each}" for each in texts)
        return error(
            "not-a-step",
            "a list of steps may mean branches, or one step after another",
            expr.span,
            help=f"branches are `concat({branches})` or `add(…)`; one after another is "
            f"`{' -> '.join(texts)}`",
        )

    def _grouped(self, inner: Any, expr: tree.Expr) -> Any:
        if isinstance(inner, Group):
            return Group(inner.steps, inner.several, expr.span)
        return Group((inner,), False, expr.span)

    def optional(self, expr: tree.When, frame: Frame) -> Optional:
        try:
            test = self.session.evaluator.test(expr.test, frame)
        except Poisoned:
            self.read(expr.step, frame)  # for its mistakes
            raise
        step = self.read(expr.step, frame) if plain(test) else None
        return Optional(step, test, expr.span)

    def repeat(self, step: Any, expr: tree.Chain, frame: Frame) -> Any:
        for operator, operand in expr.rest:
            if operator != "*":
                raise error(
                    "wrong-type",
                    f"a step cannot be used with {operator}",
                    operand.span,
                    help="a comment begins with `#`"
                    if operator == "//"
                    else "repeat a step with `step * 3`; go on with `->`",
                )
            count = self.session.evaluator.spoken_data(
                operand, frame, "a step is repeated a whole number of times", int
            )
            number = plain(count)
            if number < 0:
                raise error("wrong-type", f"a step cannot be repeated {number} times", operand.span)
            step = Repeat(step, count, expr.span)
        return step

    def flow(self, expr: tree.Flow, frame: Frame) -> Any:
        rest, step = iter(expr.steps[1:]), None
        try:
            value = self._head(expr.steps[0], frame)
            if isinstance(value, WAITING):
                return Group((value, *self._each(rest, frame)), True, expr.span)
            for each in rest:
                step = self.read(each, frame)
                value = self._flow_into(step, value, frame)
            return value
        except (SpecError, Poisoned) as stop:
            raise and_the_rest(stop, step, rest, frame, self.session) from None

    def _flow_into(self, step: Any, value: Any, frame: Frame) -> Any:
        result = self.session.applier.apply(step, value, frame)
        if result is POISON:
            raise Poisoned
        return result

    def _head(self, expr: tree.Expr, frame: Frame) -> Any:
        """Evaluate what flows: nodes, or a step that waits for them."""
        value = stepped(self.session.evaluator.evaluate(expr, frame))
        if isinstance(value, Operator | BlockValue) or is_nodes(value):
            return value if is_nodes(value) else self.waiting(value, expr.span)
        if isinstance(value, WAITING):
            return value
        raise error(
            "wrong-type",
            f"nothing flows out of {describe(value)}",
            expr.span,
            "a node must stand before `->`",
        )

    def paren(self, expr: tree.Paren, frame: Frame) -> Any:
        value = self.session.evaluator.evaluate(expr.inner, frame)
        if isinstance(value, WAITING) and not tree.choice(expr):
            return self._grouped(value, expr)
        return value

    def _segments(self, label: tree.LabelText, frame: Frame) -> tuple[str, ...]:
        self.session.spend(limits.SEGMENT * len(label.segments), label.span)
        result = []
        for pieces in label.segments:
            text = ""
            for piece in pieces:
                if isinstance(piece, str):
                    text += piece
                    continue
                value = plain(self.session.evaluator.evaluate(piece, frame))
                if isinstance(value, bool) or not isinstance(value, int | str):
                    raise error(
                        "bad-label",
                        f"{describe(value)} cannot be part of a label",
                        piece.span,
                        "a whole number or a word must stand here",
                    )
                text += str(value)
            if not _SEGMENT(text):
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

    def labelled(self, expr: tree.Labelled, frame: Frame) -> Any:
        segments = self._segments(expr.label, frame)
        return self._label(segments, expr.step, span=expr.span, frame=frame)

    def _label(
        self, segments: tuple[str, ...], expr: tree.Expr, *, span: Span, frame: Frame
    ) -> Any:
        choice = tree.choice(expr)
        if choice is not None:
            label = partial(self._label, segments, span=span, frame=frame)
            return self.session.evaluator.choose(choice, frame, label)
        if isinstance(expr, tree.Call):
            value = self.session.evaluator.call(expr, frame, segments)
            return LabelledStep(segments, value, span) if isinstance(value, WAITING) else value
        if isinstance(expr, tree.Chain | tree.Binary | tree.Unary):
            value = self.session.evaluator.computed(expr, frame, segments)
            if isinstance(value, Port):
                return value
            return self._labelling(segments, value, expr, span)
        if isinstance(expr, tree.Paren | tree.Flow) and frame.place is not None:
            inner = expr.inner if isinstance(expr, tree.Paren) else expr
            with self.session.paths.entered(segments, span, frame) as place:
                value = self.session.evaluator.evaluate(inner, frame)
            if isinstance(value, WAITING):
                return LabelledStep(segments, self._grouped(value, expr), span)
            if is_nodes(value) and place.attached:
                return value
        elif isinstance(expr, tree.ListOf):
            raise self._branches(expr, frame)
        else:
            value = self.session.evaluator.evaluate(expr, frame)
        return self._labelling(segments, value, expr, span)

    def _labelling(
        self, segments: tuple[str, ...], value: Any, expr: tree.Expr, span: Span
    ) -> LabelledStep:
        if isinstance(value, Port):
            raise error(
                "bad-label",
                "a label names a step, and this is a node that exists already",
                span,
                help="write the label before the step that makes the node",
            )
        help_ = None
        if isinstance(plain(value), bool | int | float | str | tuple):
            help_ = f"`:` labels a step; an argument is given as `{'.'.join(segments)} = …`"
        return LabelledStep(segments, self.waiting(value, expr.span, help_), span)
