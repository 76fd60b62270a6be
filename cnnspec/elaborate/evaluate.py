"""Expressions and flows: what each one means in a frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnnspec.diagnostics import Advice, Diagnostic, SpecError, error, meant, nearest
from cnnspec.elaborate import limits
from cnnspec.elaborate.arithmetic import is_number
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.functions import call_function
from cnnspec.elaborate.habits import IMAGE_WITH_BATCH, by_position_first
from cnnspec.elaborate.names import NOTHINGS
from cnnspec.elaborate.nodes import unknown_argument
from cnnspec.elaborate.values import (
    POISON,
    STEPS,
    BlockValue,
    CallStep,
    Function,
    Given,
    Operator,
    Poisoned,
    describe,
    is_nodes,
    stepped,
    with_more,
)
from cnnspec.elsewhere import of_module
from cnnspec.expression import Written, plain, worked_out, written
from cnnspec.graph import Port
from cnnspec.kinds import Axes, Pad, Refusal, brief
from cnnspec.syntax import tree
from cnnspec.syntax.axes import axis_words
from cnnspec.trace import Choice

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session


#: The name that a step is given, one segment a level.
Segments = tuple[str, ...] | None


class Evaluator:
    """Evaluates expressions. `evaluate` gives values; `step` reads a call as a step always."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.rules: dict[type[tree.Expr], Callable[[Any, Frame], Any]] = {
            tree.Number: self._plain,
            tree.Text: self._plain,
            tree.Truth: self._plain,
            tree.Name: session.names.look_up,
            tree.ListOf: self._list,
            tree.Binary: self._binary,
            tree.Chain: self._chain,
            tree.Unary: self._unary,
            tree.Cond: self._cond,
            tree.Index: self._index,
            tree.Attribute: self._attribute,
            tree.Call: self.call,
            tree.Paren: session.steps.paren,
            tree.Flow: session.steps.flow,
            tree.When: session.steps.optional,
            tree.Labelled: session.steps.labelled,
            tree.LostValue: self._lost,
        }

    def evaluate(self, expr: tree.Expr, frame: Frame) -> Any:
        """Give an expression's value; raises Poisoned or SpecError."""
        session = self.session
        session.spent += 1
        if session.spent > session.most:
            session.spend(0, expr.span)
        if expr.__class__ is tree.Name and expr.id in frame.names:
            value = frame.names[expr.id]
        else:
            value = self.rules[expr.__class__](expr, frame)
        if value is POISON:
            raise Poisoned
        return value

    def _lost(self, _expr: tree.LostValue, _frame: Frame) -> Any:
        return POISON

    def data(self, expr: tree.Expr, frame: Frame, what: str, kind: type) -> Any:
        """Evaluate what must be of a plain type; notes that something was decided by it."""
        return plain(self.spoken_data(expr, frame, what, kind))

    def spoken_data(self, expr: tree.Expr, frame: Frame, what: str, kind: type) -> Any:
        """Do as `data` does, keeping how the value was written."""
        value = self.evaluate(expr, frame)
        bare = plain(value)
        if not isinstance(bare, kind) or (kind is int and isinstance(bare, bool)):
            raise error("wrong-type", f"{what}, not {describe(value)}", expr.span, "this")
        frame.consume(value)
        return value

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
            bound = stepped(frame.names[expr.id])
            if bound is not POISON and not isinstance(bound, STEPS):
                bare = Frame(frame.file, frame.index, None, None)
                if expr.id in frame.file.entries or expr.id in self.session.operators:
                    return self.evaluate(expr, bare)
        return self.evaluate(expr, frame)

    def given(self, expr: tree.Call, frame: Frame, callee: Any = None) -> tuple[Given, ...]:
        result: list[Given] = []
        wrong: list[Diagnostic] = []
        poisoned = False
        for argument in expr.arguments:
            try:
                words = axis_words(argument)
                value = self.evaluate(argument.value, frame) if words is None else words
            except SpecError as mistake:
                told = _perhaps_size(_perhaps_keyword(mistake, argument, callee), expr, callee)
                wrong += _perhaps_named(told, argument)
                continue
            except Poisoned:
                poisoned, value = True, POISON
            if argument.keyword is None and result and result[-1].keyword is not None:
                raise error(
                    "wrong-arity",
                    "an argument by position stands after one by keyword",
                    argument.span,
                    help=by_position_first(expr),
                )
            if isinstance(value, tuple):
                self.session.weigh(value, argument.span)
            result.append(Given(argument.keyword, value, argument.span))
        if wrong:
            raise SpecError(wrong)
        if poisoned:
            self._by_name(tuple(result), expr, callee)
            raise Poisoned
        return tuple(result)

    def _by_name(self, given: tuple[Given, ...], expr: tree.Call, callee: Any) -> None:
        """Check what is given by name where not all that is given is known; raises SpecError."""
        named = tuple(each for each in given if each.keyword is not None)
        step = CallStep(callee, named, expr.span)
        if isinstance(callee, Operator):
            self.session.operations.known(step, callee)
        elif isinstance(callee, BlockValue):
            self.session.blocks.assign(callee.definition, named, step, partly=True)

    def call(self, expr: tree.Call, frame: Frame, segments: tuple[str, ...] | None = None) -> Any:
        callee = self.callee(expr.callee, frame)
        given = self.given(expr, frame, callee)
        if _is_of_nodes(given):
            callee = stepped(callee)
        if isinstance(callee, Function):
            return self._function(callee, given, expr, frame)
        if not isinstance(callee, Operator | BlockValue | CallStep):
            raise error("not-callable", f"{describe(callee)} cannot be called", expr.callee.span)
        step = with_more(callee, given, expr.span)
        op = step.callee.op if isinstance(step.callee, Operator) else None
        values = given if op is not None and op.takes_number else given[:1]
        flows = any(each.keyword is None and is_nodes(each.value) for each in values)
        if op is not None and op.stands_alone and not flows:
            step, name = self.session.operations.alone(step, frame), (frame.target or "",)
            segments = name if segments is None and expr is frame.head else segments
            flows = True
        if flows or (op is not None and op.arity == (0, 0)):
            return self.session.applier.apply(step, None, frame, segments)
        return step

    def _function(
        self, function: Function, given: tuple[Given, ...], expr: tree.Call, frame: Frame
    ) -> Any:
        for each in given:
            if each.keyword is not None:
                raise error("unknown-argument", f"{function.name} takes no keywords", each.span)
        try:
            result = call_function(function.name, [each.value for each in given])
        except Refusal as refusal:
            code = refusal.code or "wrong-type"
            raise error(code, refusal.message, expr.span, help=refusal.help) from None
        except (ArithmeticError, ValueError, TypeError):
            raise error(
                "bad-arithmetic", f"{function.name} has no result here", expr.span
            ) from None
        if isinstance(result, tuple):
            self.session.weigh(result, expr.span)
        if not isinstance(result, Written):
            frame.consume(*[each.value for each in given])
        return self.session.arithmetic.bounded(result, expr.span)

    def _plain(self, expr: tree.Number | tree.Text | tree.Truth, frame: Frame) -> Any:
        return expr.value

    def _list(self, expr: tree.ListOf, frame: Frame) -> Any:
        value = tuple([self.evaluate(each, frame) for each in expr.items])
        self.session.weigh(value, expr.span)
        return value

    def _cond(self, expr: tree.Cond, frame: Frame) -> Any:
        return self.choose(expr, frame, lambda arm: self.evaluate(arm, frame))

    def choose(self, expr: tree.Cond, frame: Frame, value_of: Callable[[tree.Expr], Any]) -> Any:
        """Give the value of the arm that its test takes, and note which way it went."""
        test = self.test(expr.test, frame)
        arm = 0 if plain(test) else 1
        choice = Choice(expr.span, frame.here, (test,), arm)
        outer, frame.items = frame.items, choice.body
        try:
            value = value_of(expr.yes if arm == 0 else expr.no)
        finally:
            frame.items = outer
        if choice.body or is_nodes(value):
            self.session.spend(limits.DECISION, expr.span)
            frame.items.append(choice)
        return value

    def _index(self, expr: tree.Index, frame: Frame) -> Any:
        value = self.evaluate(expr.value, frame)
        if isinstance(expr.index, tree.Labelled):
            raise error(
                "wrong-type",
                "a list is not cut by `:`",
                expr.index.span,
                help="write `take(v, n)` for its first n, `drop(v, n)` for the rest",
            )
        index = self.data(expr.index, frame, "an index must be a whole number", int)
        if not isinstance(value, tuple):
            raise error("wrong-type", f"{describe(value)} cannot be indexed", expr.value.span)
        if not 0 <= index < len(value):
            has = f"it has {len(value)}, counted from 0" if value else "it is empty"
            raise error("bad-index", f"the list has no element {index}", expr.index.span, has)
        return value[index]

    def _attribute(self, expr: tree.Attribute, frame: Frame) -> Any:
        try:
            value = self.evaluate(expr.value, frame)
        except SpecError as mistake:
            raise of_module(mistake, expr.name, self.session.operators, expr.span) from None
        known = ("channels", "height", "width", "shape")
        if not isinstance(value, Port):
            step = isinstance(value, STEPS)
            flows = step and (
                expr.name in self.session.operators or expr.name in frame.file.entries
            )
            raise error(
                "wrong-type",
                f"{describe(value)} has no {expr.name}",
                expr.value.span,
                "only a node has " + ", ".join(known),
                help=_arrow(expr) if flows else None,
            )
        if expr.name == "channels":
            return frame.channels_of(value)
        self.session.sized = True
        if expr.name == "shape":
            return tuple(value.shape)
        if expr.name in known and value.shape.is_image:
            return value.shape.height if expr.name == "height" else value.shape.width
        guess = nearest(expr.name, known)
        help_ = meant(guess) if guess and guess != expr.name else None
        if expr.name in self.session.operators or expr.name in frame.file.entries:
            flow = f"{expr.value.span.text} -> {expr.name}"
            help_ = Advice(f"a value flows into a step: `{flow}`", flow, at=expr.span)
        title = f"{describe(value)} has no {expr.name}"
        raise error("unknown-name", title, expr.name_span, help=help_)

    # --- arithmetic

    def computed(
        self, expr: tree.Chain | tree.Binary | tree.Unary, frame: Frame, segments: Segments
    ) -> Any:
        """Work out signs between values; a node that comes out has the name."""
        self.session.spend(1, expr.span)
        if isinstance(expr, tree.Chain):
            return self._chain(expr, frame, segments)
        if isinstance(expr, tree.Binary):
            return self._binary(expr, frame, segments)
        return self._unary(expr, frame, segments)

    def _unary(self, expr: tree.Unary, frame: Frame, segments: Segments = None) -> Any:
        value = self.evaluate(expr.operand, frame)
        if isinstance(value, Port) and expr.operator == "-":
            return self.session.arithmetic.on_nodes("*", value, -1, expr.span, frame, segments)
        bare = plain(value)
        if expr.operator == "not":
            if not isinstance(bare, bool):
                raise error("wrong-type", f"`not` of {describe(value)}", expr.operand.span)
            return written(not bare, "not", value)
        if not is_number(bare):
            raise error("wrong-type", f"`-` of {describe(value)}", expr.operand.span)
        result = written(-bare, "negate", value)
        if not isinstance(result, Written):
            frame.consume(value)
        return result

    def _chain(self, expr: tree.Chain, frame: Frame, segments: Segments = None) -> Any:
        if expr.rest[0][0] in ("and", "or"):
            return self._logic(expr, frame)
        value = self.evaluate(expr.first, frame)
        if isinstance(value, STEPS) or expr.rest[0][0] == "*":
            value = stepped(value)
        if isinstance(value, STEPS):
            steps = self.session.steps
            return steps.repeat(steps.waiting(value, expr.first.span), expr, frame)
        for operator, operand in expr.rest:
            left, right = value, self.evaluate(operand, frame)
            if isinstance(left, Port) or isinstance(right, Port):
                span, name = (
                    tree.up_to(expr, operand),
                    segments if operand is expr.rest[-1][1] else None,
                )
                value = self.session.arithmetic.on_nodes(operator, left, right, span, frame, name)
            else:
                value = self.session.arithmetic.operate(operator, left, right, expr.span, frame)
        if len(expr.rest) == 1 and isinstance(expr.first, tree.Number) and is_number(right):
            return worked_out(value, operator, left, right)
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

    def _binary(self, expr: tree.Binary, frame: Frame, segments: Segments = None) -> Any:
        left = self.evaluate(expr.left, frame)
        right = self.evaluate(expr.right, frame)
        if isinstance(left, Port) or isinstance(right, Port):
            arithmetic = self.session.arithmetic
            return arithmetic.on_nodes(expr.operator, left, right, expr.span, frame, segments)
        return self.session.arithmetic.operate(expr.operator, left, right, expr.span, frame)


def _arrow(expr: tree.Attribute) -> str:
    """Say that `conv(8, 3).relu` is a flow."""
    text = expr.value.span.text
    words = f"steps follow each other by an arrow: `{brief(text)} -> {expr.name}`"
    return Advice(words, f"{text} -> {expr.name}", at=expr.span)


def _is_of_nodes(given: tuple[Given, ...]) -> bool:
    """Whether a call is an operator's where a function has its name: of nodes, or with keywords."""
    return not given or any(each.keyword is not None or is_nodes(each.value) for each in given)


def _perhaps_keyword(mistake: SpecError, argument: tree.Argument, callee: Any) -> list[Diagnostic]:
    """Explain a name that nothing has by the argument for which it is given.

    There may be no such argument, or one that takes words, which are proposed.
    """
    operator = stepped(callee.callee if isinstance(callee, CallStep) else callee)
    first, *rest = mistake.diagnostics
    key = argument.keyword
    if not isinstance(operator, Operator) or first.code != "unknown-name" or key is None:
        return [first, *rest]
    arg = operator.op.arguments.get(key)
    if arg is None:
        return list(unknown_argument(key, operator.op, argument.span).diagnostics)
    if isinstance(arg.kind, Axes):
        return [replace(first, help=f"`{key}` is {arg.kind.words}"), *rest]
    if not arg.choices or not isinstance(argument.value, tree.Name):
        return [first, *rest]
    if isinstance(arg.kind, Pad) and argument.value.id.lower() == "valid":
        help_ = Advice(f"no padding is `{key} = 0`, or nothing", "0", at=argument.value.span)
        return [replace(first, help=help_), *rest]
    words = " or ".join(f"`{each}`" for each in arg.choices)
    none = ", or a number" if isinstance(arg.kind, Pad) else ""
    return [replace(first, help=f"`{key}` is {words}{none}"), *rest]


def _perhaps_size(mistakes: list[Diagnostic], expr: tree.Call, callee: Any) -> list[Diagnostic]:
    """Explain `input(None, 3, 32, 32)` and `input(3, None, None)`: no batch, and one size."""
    first, *rest = mistakes
    if not (isinstance(callee, Operator) and callee.op.is_input) or first.code != "unknown-name":
        return mistakes
    if first.labels[0].span.text.lower() not in NOTHINGS:
        return mistakes
    texts = [each.span.text for each in expr.arguments]
    if len(texts) == IMAGE_WITH_BATCH and first.labels[0].span == expr.arguments[0].span:
        sizes = ", ".join(texts[1:])
        whole = expr.arguments[0].span._replace(stop=expr.arguments[-1].span.stop)
        help_: str = Advice(f"the batch is never written: `input({sizes})`", sizes, at=whole)
    else:
        help_ = (
            "write the size that is usual, `input(3, 224, 224)`; `--input 3x320x320` gives another"
        )
    return [replace(first, help=help_), *rest]


def _perhaps_named(mistakes: list[Diagnostic], argument: tree.Argument) -> list[Diagnostic]:
    """Propose one `=` where `stride == 2` compares with a name that nothing has."""
    test, (first, *rest) = argument.value, mistakes
    if not isinstance(test, tree.Binary) or not isinstance(test.left, tree.Name):
        return mistakes
    if first.code != "unknown-name" or first.labels[0].span != test.left.span:
        return mistakes
    words = f"an argument is given by one `=`: `{test.left.id} = …`"
    one = f"{test.left.id} = {test.right.span.text}"
    help_ = Advice(words, one, at=test.span)
    return [replace(first, help=help_), *rest]
