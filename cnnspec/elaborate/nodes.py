"""Operators applied: arguments read, shapes worked out, a node made, its channels' words kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, Final

from cnnspec.channels import SAME, WIDEST, Argument, Sign, express
from cnnspec.diagnostics import Diagnostic, Label, SpecError, error, placed, write
from cnnspec.elaborate import habits, limits
from cnnspec.elaborate.arithmetic import is_number
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.values import (
    POISON,
    STEPS,
    Bound,
    CallStep,
    Given,
    Operator,
    describe,
    is_data,
    is_nodes,
    ports,
)
from cnnspec.elsewhere import argument_help
from cnnspec.expression import OPERATIONS, Written, plain, written
from cnnspec.graph import Node, Port
from cnnspec.kinds import AXES, Axes, Float, Refusal
from cnnspec.op import Op, Weight
from cnnspec.shapes import Shape
from cnnspec.source import Span
from cnnspec.syntax.alone import flows_by
from cnnspec.trace import Step

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session

#: A help writes out so many branches.
MOST_SHOWN: Final = 8
NOTHING: Final[Mapping[str, Any]] = {}


class Nodes:
    """Makes nodes; an operator bound to the same arguments twice is bound once."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._bound: dict[Any, Op] = {}
        self._shapes: dict[Any, tuple[tuple[Shape, ...], tuple[Weight, ...]]] = {}

    def make(
        self,
        step: CallStep,
        operator: Operator,
        value: Any,
        frame: Frame,
        segments: tuple[str, ...] | None,
    ) -> Any:
        inputs: tuple[Port, ...]
        if step.bound is not None and value.__class__ is Port:
            inputs, bound = (value,), step.bound
        else:
            inputs, bound, segments = self._prepared(step, operator, value, frame, segments)
        op = bound.op
        shapes, weights = self._infer(op, inputs, bound.spans, step)
        place, segment = self.session.paths.leaf(op.name, step.span, frame, segments)
        node = self.session.new_node(
            place.path(segment), op, inputs, shapes, weights, place.scope, step.span
        )
        if not place.attached:
            place.attach()
        place.scope.members.append(node)
        sources = tuple(map(frame.channels_of, inputs))
        frame.items.append(Step(node, bound.written, frame.target, sources))
        self._carry(node, bound.arguments, sources, frame)
        return node.ports[0] if len(node.ports) == 1 else node.ports

    def _prepared(
        self,
        step: CallStep,
        operator: Operator,
        value: Any,
        frame: Frame,
        segments: tuple[str, ...] | None,
    ) -> tuple[tuple[Port, ...], Bound, tuple[str, ...] | None]:
        """Read what flows in and the arguments; what does not depend on the former is kept."""
        op_class = operator.op
        inputs, rest = self._inputs(op_class, value, step)
        if op_class.is_input:
            segments = self._as_input(step, frame) if segments is None else segments
            if self.session.input_override is not None:
                given = self._override(frame)
                rest = tuple([Given(None, size, step.span) for size in given])
        self._check_arity(op_class, inputs, value, step)
        if op_class.is_input:
            habits.check_input(rest)
        incoming = inputs[0].shape.channels if inputs else None
        arguments, spans = self._arguments(op_class, operator, rest, step, incoming)
        op = self._bind(op_class, arguments, spans, step)
        carried = NOTHING
        if arguments:
            carried = {key: each for key, each in arguments.items() if _is_written(each)}
        bound = Bound(op, arguments, spans, carried)
        if op_class.arity == (1, 1) and len(rest) == len(step.given):
            step.bound = bound
        return inputs, bound, segments

    def bound(self, step: CallStep, operator: Operator) -> Op:
        """Bind a step's arguments, whatever flows into it; raises SpecError for wrong ones."""
        _, rest = self._inputs(operator.op, None, step)
        arguments, spans = self._arguments(operator.op, operator, rest, step, None)
        return self._bind(operator.op, arguments, spans, step)

    def alone(self, step: CallStep, frame: Frame) -> CallStep:
        """Give a step that stands alone what tells it of the examples: the body's first value."""
        assert frame.definition is not None
        for word in flows_by(frame.definition):
            value = frame.names.get(word)
            if isinstance(value, Port):
                return CallStep(
                    step.callee, (Given(None, value, step.span), *step.given), step.span
                )
        raise error(
            "misplaced",
            "a learned tensor stands behind what comes in",
            step.span,
            help="give the network's input a name first: `image = input(3, 224, 224)`",
        )

    def known(self, step: CallStep, operator: Operator) -> None:
        """Check arguments of a step of which others are not known; raises SpecError."""
        op = operator.op
        values, spans = self._arguments(op, operator, step.given, step, None, partly=True)
        for key in spans:
            if values[key] is not POISON:
                try:
                    op.arguments[key].kind.read(plain(values[key]))
                except Refusal as refusal:
                    refusal.argument = refusal.argument or key
                    raise self._refused(refusal, op, (), spans, step) from None

    def _inputs(
        self, op: type[Op], value: Any, step: CallStep
    ) -> tuple[tuple[Port, ...], tuple[Given, ...]]:
        """Tell what flows in, from before the step and first among its arguments, from the rest."""
        if op.stands_alone and value is not None:
            raise error(
                "wrong-arity",
                f"nothing flows into {op.name}",
                step.span,
                help=f"it stands alone: `w = {step.span.text}`",
            )
        inputs = [] if value is None else list(ports(value))
        if op.takes_number:
            return _with_number(op, inputs, step)
        variadic = op.arity[1] is None
        for position, each in enumerate(step.given):
            nodes = is_nodes(each.value) or (variadic and each.value == ())
            if each.keyword is not None or not nodes:
                return tuple(inputs), step.given[position:]
            inputs += ports(each.value)
        return tuple(inputs), ()

    def _as_input(self, step: CallStep, frame: Frame) -> tuple[str, ...] | None:
        if frame.place is None or frame.place.scope.kind != "network":
            raise error(
                "misplaced",
                "`input` belongs in a network, outside any group",
                step.span,
                help="pass the image to the block as a parameter",
            )
        return (frame.target,) if frame.target else None

    def _override(self, frame: Frame) -> tuple[int, ...]:
        """Give the shape that was set for the one input; raises SpecError if there are several."""
        given = self.session.input_override
        assert given is not None
        if any(node.op.is_input for node in self.session.nodes):
            assert frame.definition is not None
            raise error(
                "bad-argument",
                f"--input is for networks with one input; {frame.definition.name.id} has several",
                help="give its inputs' sizes parameters, and `--set` those",
            )
        return given

    def _check_arity(
        self, op: type[Op], inputs: tuple[Port, ...], value: Any, step: CallStep
    ) -> None:
        least, most = op.arity
        joins = op.arity[1] is None or op.takes_number
        waits = [each for each in step.given if joins and isinstance(each.value, STEPS)]
        if waits:
            few = step.given[:MOST_SHOWN]
            branches = ", ".join(
                f"x -> {each.span.text}" if each in waits[:MOST_SHOWN] else each.span.text
                for each in few
            )
            branches += ", …" if len(step.given) > len(few) else ""
            raise error(
                "wrong-arity",
                f"{op.name} takes values, and this step waits for its input",
                waits[0].span,
                help=f"write `{op.name}({branches})`, where `x` is what flows in",
            )
        listed = any(isinstance(each, tuple) for each in (value, *(g.value for g in step.given)))
        if op.takes_number:
            listed = listed or len(step.given) > (value is None)
        if most is None and len(inputs) == 1 and not listed:
            name = op.name
            raise error(
                "wrong-arity",
                f"{name} puts values together, and here is one",
                step.span,
                help=f"branches are `{name}(x -> a, x -> b)`",
            )
        late = [each for each in step.given if is_nodes(each.value)]
        if late and len(inputs) < least:
            others = ", ".join(each.span.text for each in step.given if not is_nodes(each.value))
            raise error(
                "wrong-arity",
                f"what flows into {op.name} stands before it, or first among its arguments",
                late[0].span,
                help=_flowing(late[0].span.text, f"{op.name}({others})", value, step),
            )
        many = most is not None and len(inputs) > most and not op.takes_number
        if len(inputs) < least or many:
            count = str(least) if least == most else f"at least {least}"
            plural = "" if count == "1" else "s"
            help_ = f"`x -> {op.name}` gives it one" if least == 1 else None
            if op.instead and len(inputs) > 1:
                help_ = f"several values are put together by `{op.instead}(a, b)`"
            raise error(
                "wrong-arity",
                f"{op.name} takes {count} input{plural}, not {len(inputs)}",
                step.span,
                help=help_,
            )

    def _arguments(
        self,
        op: type[Op],
        operator: Operator,
        rest: tuple[Given, ...],
        step: CallStep,
        incoming: int | None,
        *,
        partly: bool = False,
    ) -> tuple[dict[str, Any], dict[str, Span]]:
        names = op.ordered
        values: dict[str, Any] = dict(operator.defaults)
        spans: dict[str, Span] = {}
        unknown: list[Diagnostic] = []
        for position, each in enumerate(rest):
            if each.keyword is None:
                if position >= len(names):
                    raise habits.too_many(op, rest, incoming)
                key = names[position]
            else:
                key = each.keyword
            if key not in op.arguments:
                unknown += unknown_argument(key, op, each.span).diagnostics
                continue
            if key in spans:
                raise error(
                    "wrong-arity",
                    f"`{key}` is given twice",
                    each.span,
                    "given again here",
                    Label(spans[key], "given here first"),
                    help=habits.twice(op, rest, incoming),
                )
            if is_nodes(each.value):
                raise error(
                    "wrong-type",
                    f"`{key}` of {op.name} cannot be {describe(each.value)}",
                    each.span,
                    help="inputs come first, by position",
                )
            values[key] = each.value
            spans[key] = each.span
        if unknown:
            raise SpecError(unknown)
        for key in op.required:
            if key not in values and not partly:
                doc = op.arguments[key].doc
                typed = ", ".join(_typed(op, each) for each in op.required)
                raise error(
                    "missing-argument",
                    f"{op.name} needs `{key}`: {doc[:1].lower()}{doc[1:].rstrip('.')}",
                    step.span,
                    help=f"write `{op.name}({typed})`",
                )
        return values, spans

    def _bind(
        self, op: type[Op], values: dict[str, Any], spans: dict[str, Span], step: CallStep
    ) -> Op:
        bare = {key: plain(value) for key, value in values.items()} if values else values
        try:
            key: Any = (op, *bare, *bare.values(), *map(_type, bare.values()))
            known = self._bound.get(key)
        except TypeError:
            known, key = None, None
        if known is not None:
            return known
        for name, each in values.items():
            if not is_data(plain(each)):
                raise error(
                    "wrong-type",
                    f"`{name}` of {op.name} cannot be {describe(each)}",
                    spans.get(name, step.span),
                )
        try:
            result = op(**bare)
        except Refusal as refusal:
            raise self._refused(refusal, op, (), spans, step) from None
        if key is not None:
            self._bound[key] = result
        return result

    def _infer(
        self,
        op: Op,
        inputs: tuple[Port, ...],
        spans: dict[str, Span],
        step: CallStep,
    ) -> tuple[tuple[Shape, ...], tuple[Weight, ...]]:
        shapes_in = tuple([port.node.shapes[port.index] for port in inputs])
        key = (id(op), shapes_in)
        known = self._shapes.get(key)
        if known is not None:
            return known
        try:
            shape = op.shape(*shapes_in)
            shapes = (shape,) if isinstance(shape, Shape) else tuple(shape)
            weights = op.weights(*shapes_in)
        except Refusal as refusal:
            raise self._refused(refusal, type(op), inputs, spans, step) from None
        limit = self.session.limits.integer
        if any(each.size.bit_length() > limit for each in shapes):
            raise limits.exceeded("integer", limit, "makes a huge image", step.span)
        self._shapes[key] = shapes, weights
        return shapes, weights

    def _refused(
        self,
        refusal: Refusal,
        op: type[Op],
        inputs: tuple[Port, ...],
        spans: dict[str, Span],
        step: CallStep,
    ) -> SpecError:
        # One input is at odds with the first; if none is named, all may be.
        among = inputs[:4]
        if refusal.input:
            among = (inputs[0], inputs[refusal.input])
        elif refusal.argument is not None:
            among = inputs[:1]
        labels = [
            Label(port.node.span, f"{port.shape} comes from here ({port.node.path})")
            for port in among
        ]
        argument = refusal.argument
        span = spans.get(argument, step.span) if argument else step.span
        message = refusal.message
        if refusal.code is None and argument is not None and argument not in message:
            message = f"`{argument}` of {op.name}: {message}"
        said = " meets ".join(str(port.shape) for port in among) if len(among) > 1 else "here"
        code = refusal.code or ("bad-argument" if argument else "shape-mismatch")
        labels = [each for each in labels if each.span != span]
        value = Span(span.source, _value(span, argument), span.stop)
        help_ = placed(refusal.help, value) if argument in spans else refusal.help
        return error(code, message, span, said, *labels, help=help_)

    # --- how channels are written

    def _carry(
        self, node: Node, arguments: dict[str, Any], sources: tuple[Any, ...], frame: Frame
    ) -> None:
        op, rule = node.op, node.op.rule(node.op.values)
        for key, given in arguments.items():
            free = rule == Argument(key) or isinstance(op.arguments[key].kind, Float)
            if isinstance(given, Written) and not free:
                frame.consume(given)

        def argument(each: Argument) -> Any:
            given = arguments.get(each.name, op.values[each.name])
            listed = each.index is not None and isinstance(given, tuple)
            return given[each.index] if listed else given

        value: Any = None
        if rule is SAME:
            value = sources[0]
        elif rule is WIDEST:
            value = max(sources, key=plain)
        elif rule is not None:
            places = node.input_shapes[0][1:] if node.inputs else ()
            value = express(
                rule,
                inputs=sources,
                argument=argument,
                places=prod(places) if places else None,
                join=_joined,
                one=1,
            )
        for port in node.ports:
            if isinstance(value, Written) and value.value == port.shape.channels:
                frame.channels[id(port)] = value
            else:
                frame.consume(*sources)


def _with_number(
    op: type[Op], inputs: list[Port], step: CallStep
) -> tuple[tuple[Port, ...], tuple[Given, ...]]:
    """Tell values from a number that stands among them, and from what is given by name."""
    rest: list[Given] = []
    number: Given | None = None
    for each in step.given:
        if each.keyword is None and (is_nodes(each.value) or each.value == ()):
            inputs += ports(each.value)
        elif each.keyword is None and is_number(plain(each.value)):
            if number is not None:
                raise error(
                    "wrong-arity",
                    f"{op.name} takes one number among its values",
                    each.span,
                    "a second one",
                    Label(number.span, "given here first"),
                    help="work out one number of the two",
                )
            number = each
            if "first" in op.arguments and not inputs:
                rest.append(Given("first", True, each.span))
        else:
            rest.append(each)
    if number is not None:
        rest.insert(0, Given("number", number.value, number.span))
    return tuple(inputs), tuple(rest)


def _typed(op: type[Op], key: str) -> str:
    """Say how an argument is typed: by position, or by name with something that it may be."""
    if key in op.ordered:
        return key
    kind = op.arguments[key].kind
    return f"{key} = {AXES[0] if isinstance(kind, Axes) else '…'}"


def _value(span: Span, argument: str | None) -> int:
    """Give where an argument's value begins, behind its keyword if it has one."""
    named = re.match(rf"{argument}\s*=\s*", span.text)
    return span.start + (named.end() if named else 0)


def _flowing(first: str, call: str, value: Any, step: CallStep) -> str:
    """Say that what flows in stands first; `value` is what flows in besides."""
    flow = f"{first} -> {call}"
    return write(flow, at=step.span) if value is None else f"write `{flow}`"


def unknown_argument(key: str, op: type[Op], span: Span) -> SpecError:
    """Say that an operator has no such argument."""
    title = f"{op.name} has no argument `{key}`"
    named = span._replace(stop=span.start + len(key))
    return error("unknown-argument", title, span, help=placed(argument_help(key, op), named))


def _joined(sign: Sign, left: Any, right: Any) -> Any:
    return written(OPERATIONS[sign](plain(left), plain(right)), sign, left, right)


def _is_written(value: Any) -> bool:
    """Whether a value, or a part of a list, carries how it was written."""
    if isinstance(value, tuple):
        return any(isinstance(each, Written) for each in value)
    return isinstance(value, Written)


def _type(value: Any) -> Any:
    """Tell apart values that are equal and not the same: 1 and true, in lists too."""
    return tuple(map(_type, value)) if isinstance(value, tuple) else type(value)
