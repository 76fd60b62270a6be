"""Steps applied to what flows in: nodes made, blocks called, names and paths given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from cnnspec.diagnostics import Label, SpecError, error, nearest
from cnnspec.elaborate import limits
from cnnspec.elaborate.frame import Frame, Place
from cnnspec.elaborate.values import (
    POISON,
    BlockValue,
    CallStep,
    Given,
    Group,
    LabelledStep,
    Operator,
    Optional,
    Repeat,
    Waiting,
    describe,
    is_nodes,
    ports,
)
from cnnspec.expression import LONGEST, Expression, Written, plain, substitute, written
from cnnspec.graph import Node, Port, Scope
from cnnspec.kinds import Float, Refusal
from cnnspec.op import Op, Weight
from cnnspec.shapes import Shape
from cnnspec.source import Span
from cnnspec.trace import Choice, Loop, Step

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session

NOTHING: Final[Mapping[str, Any]] = {}


class Applier:
    """Applies steps in a frame's place; everything that it makes has a path and a span."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._bound: dict[Any, Op] = {}
        self._shapes: dict[Any, tuple[tuple[Shape, ...], tuple[Weight, ...]]] = {}

    def apply(
        self, step: Waiting, value: Any, frame: Frame, segments: tuple[str, ...] | None = None
    ) -> Any:
        """Apply a step to a value (None: the call's own arguments hold it); give its result."""
        self.session.spend(1, step.span)
        place = frame.place
        if place is None:
            raise error(
                "outside-network",
                "nodes are made inside a block or a network only",
                step.span,
                help="put this into `network name { … }`",
            )
        if isinstance(step, LabelledStep):
            return self.apply(step.step, value, frame, (*(segments or ()), *step.segments))
        if isinstance(step, Optional):
            return self._optional(step, value, frame, segments)
        if isinstance(step, CallStep):
            return self._call(step, value, frame, segments)
        if segments is None and isinstance(step, Group) and step.several and place.numbered:
            segments = self._numbered(place)
        if segments is None:
            return self._members(step, value, frame)
        with self.entered(segments, step.span, frame):
            return self._members(step, value, frame)

    def _numbered(self, place: Place) -> tuple[str, ...]:
        return (str(place.position),)

    def _members(self, step: Group | Repeat, value: Any, frame: Frame) -> Any:
        if isinstance(step, Group):
            for each in step.steps:
                value = self.apply(each, value, frame)
                if value is POISON:
                    return value
            return value
        if isinstance(step.step, Optional) and step.step.step is None:
            return value
        loop = Loop(step.span)
        frame.items.append(loop)
        outer = frame.items
        try:
            for _ in range(step.count):
                self.session.spend(1, step.span)
                frame.items = []
                loop.turns.append(frame.items)
                value = self.apply(step.step, value, frame)
                if value is POISON:
                    return value
        finally:
            frame.items = outer
        return value

    def _optional(
        self, step: Optional, value: Any, frame: Frame, segments: tuple[str, ...] | None
    ) -> Any:
        choice = Choice(step.span, (step.test,), 1 if step.step is None else 0)
        frame.items.append(choice)
        if step.step is None:
            return value
        outer, frame.items = frame.items, choice.body
        try:
            return self.apply(step.step, value, frame, segments)
        finally:
            frame.items = outer

    # --- names

    @contextmanager
    def entered(self, segments: tuple[str, ...], span: Span, frame: Frame) -> Iterator[Place]:
        """Put what follows into a numbered scope of this name, new or entered again."""
        outer = frame.place
        assert outer is not None
        position = outer.position
        place = self._descend(outer, segments, span)
        place.numbered = True
        frame.place = place
        try:
            yield place
        finally:
            frame.place = outer
            if not place.attached:
                _forget(place, outer)
            if outer.numbered and place.attached and outer.position == position:
                outer.position += 1

    def _descend(self, place: Place, segments: tuple[str, ...], span: Span) -> Place:
        for segment in segments:
            child = place.groups.get(segment)
            if child is None:
                if segment in place.made:
                    raise self._twice(place.path(segment), span, place.made[segment])
                scope = Scope(place.path(segment), "group", place.scope, span)
                child = place.groups[segment] = Place(scope, place)
                place.made[segment] = span
            place = child
        return place

    def leaf(
        self, kind: str, span: Span, frame: Frame, segments: tuple[str, ...] | None
    ) -> tuple[Place, str]:
        """Take the next name for a step or block; gives its place and segment."""
        place = frame.place
        assert place is not None
        if place.numbered:
            segment = str(place.position)
            place.position += 1
        elif segments is None:
            number = place.ordinals[kind] = place.ordinals.get(kind, 0) + 1
            segment = f"{kind}{number}"
        if segments is not None:
            place = self._descend(place, segments[:-1], span)
            segment = segments[-1]
        if segment in place.made:
            raise self._twice(place.path(segment), span, place.made[segment])
        place.made[segment] = span
        if len(place.scope.path) + len(segment) > self.session.limits.text:
            raise limits.exceeded("text", self.session.limits.text, "makes a long path", span)
        place.attach()
        return place, segment

    def _twice(self, path: str, span: Span, first: Span) -> SpecError:
        more = () if first == span else (Label(first, "made here first"),)
        return error(
            "path-twice",
            f"the name {path} is used twice",
            span,
            "made again here",
            *more,
            help="give one of them another label: `name: step`; in a loop, `name{i}: step`",
        )

    # --- calls

    def _call(
        self, step: CallStep, value: Any, frame: Frame, segments: tuple[str, ...] | None
    ) -> Any:
        if isinstance(step.callee, BlockValue):
            given = step.given
            if value is not None:
                given = (Given(None, value, step.span), *given)
            return self.session.bodies.call_block(step, given, frame, segments)
        return self._node(step, step.callee, value, frame, segments)

    def _node(
        self,
        step: CallStep,
        operator: Operator,
        value: Any,
        frame: Frame,
        segments: tuple[str, ...] | None,
    ) -> Any:
        op_class = operator.op
        variadic = op_class.arity[1] is None
        inputs: list[Port] = [] if value is None else list(ports(value))
        where: list[Span] = [step.span] * len(inputs)
        rest: list[Given] = []
        for each in step.given:
            nodes = is_nodes(each.value) or (variadic and each.value == ())
            if each.keyword is None and nodes and not rest:
                flat = ports(each.value)
                inputs += flat
                where += [each.span] * len(flat)
            else:
                rest.append(each)
        if op_class.name == "input":
            segments = self._as_input(step, frame) if segments is None else segments
            if self.session.input_override is not None:
                given = self.session.input_override
                rest = [Given(None, size, step.span) for size in given]
        self._check_arity(op_class, inputs, step)
        arguments, spans = self._arguments(op_class, operator, rest, step)
        op = self._bind(op_class, arguments, spans, step)
        shapes, weights = self._infer(op, tuple(inputs), where, spans, step, frame)
        place, segment = self.leaf(op_class.name, step.span, frame, segments)
        carried = {key: each for key, each in arguments.items() if isinstance(each, Written)}
        node = self.session.new_node(
            place.path(segment), op, tuple(inputs), shapes, weights, place.scope, step.span
        )
        place.scope.members.append(node)
        sources = tuple([frame.channels_of(port) for port in node.inputs])
        frame.items.append(Step(node, carried or NOTHING, frame.target, sources))
        self._carry(node, arguments, sources, frame)
        return node.ports[0] if len(node.ports) == 1 else node.ports

    def _as_input(self, step: CallStep, frame: Frame) -> tuple[str, ...] | None:
        if frame.place is None or frame.place.scope.kind != "network":
            raise error(
                "misplaced",
                "`input` belongs in a network, outside any group",
                step.span,
                help="pass the image to the block as a parameter",
            )
        return (frame.target,) if frame.target else None

    def _check_arity(self, op: type[Op], inputs: list[Port], step: CallStep) -> None:
        least, most = op.arity
        if len(inputs) < least or (most is not None and len(inputs) > most):
            count = str(least) if least == most else f"at least {least}"
            plural = "" if count == "1" else "s"
            raise error(
                "wrong-arity",
                f"{op.name} takes {count} input{plural}, not {len(inputs)}",
                step.span,
                help=f"`x -> {op.name}` gives it one" if least == 1 else None,
            )

    def _arguments(
        self, op: type[Op], operator: Operator, rest: list[Given], step: CallStep
    ) -> tuple[dict[str, Any], dict[str, Span]]:
        names = list(op.arguments)
        values: dict[str, Any] = dict(operator.defaults)
        spans: dict[str, Span] = {}
        for position, each in enumerate(rest):
            if each.keyword is None:
                if position >= len(names):
                    count = f"{len(names)} argument" + ("" if len(names) == 1 else "s")
                    raise error(
                        "wrong-arity",
                        f"{op.name} takes {count if names else 'no arguments'}",
                        each.span,
                        "one too many",
                    )
                key = names[position]
            else:
                key = each.keyword
            if key not in op.arguments:
                guess = nearest(key, names)
                listed = ", ".join(names) or "none"
                raise error(
                    "unknown-argument",
                    f"{op.name} has no argument `{key}`",
                    each.span,
                    help=f"did you mean `{guess}`?" if guess else f"its arguments: {listed}",
                )
            if key in spans:
                raise error(
                    "wrong-arity",
                    f"`{key}` is given twice",
                    each.span,
                    "given again here",
                    Label(spans[key], "given here first"),
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
        for key, arg in op.arguments.items():
            if arg.required and key not in values:
                raise error(
                    "missing-argument",
                    f"{op.name} needs `{key}`: {arg.doc[:1].lower()}{arg.doc[1:].rstrip('.')}",
                    step.span,
                    help=f"write `{op.name}({', '.join(self._required(op))})`",
                )
        return values, spans

    def _required(self, op: type[Op]) -> list[str]:
        return [key for key, arg in op.arguments.items() if arg.required]

    def _bind(
        self, op: type[Op], values: dict[str, Any], spans: dict[str, Span], step: CallStep
    ) -> Op:
        bare = {key: plain(value) for key, value in values.items()}
        try:
            key = (op, tuple((name, type(each), each) for name, each in bare.items()))
            known = self._bound.get(key)
        except TypeError:
            known, key = None, None
        if known is not None:
            return known
        for name, each in values.items():
            if not _is_data(plain(each)):
                raise error(
                    "wrong-type",
                    f"`{name}` of {op.name} cannot be {describe(each)}",
                    spans.get(name, step.span),
                )
        try:
            result = op(**bare)
        except Refusal as refusal:
            raise self._refused(refusal, op, [], spans, step) from None
        if key is not None:
            self._bound[key] = result
        return result

    def _infer(
        self,
        op: Op,
        inputs: tuple[Port, ...],
        where: list[Span],
        spans: dict[str, Span],
        step: CallStep,
        frame: Frame,
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
            raise self._refused(refusal, type(op), list(inputs), spans, step) from None
        limit = self.session.limits.integer
        if any(each.size.bit_length() > limit for each in shapes):
            raise limits.exceeded("integer", limit, "makes a huge image", step.span)
        self._shapes[key] = shapes, weights
        return shapes, weights

    def _refused(
        self,
        refusal: Refusal,
        op: type[Op],
        inputs: list[Port],
        spans: dict[str, Span],
        step: CallStep,
    ) -> SpecError:
        labels = []
        for position, port in enumerate(inputs[:4]):
            if refusal.argument is None or position == 0:
                made = port.node
                labels.append(Label(made.span, f"{port.shape} comes from here ({made.path})"))
        argument = refusal.argument
        span = spans.get(argument, step.span) if argument else step.span
        message = refusal.message
        if refusal.code is None and argument is not None and argument not in message:
            message = f"`{argument}` of {op.name}: {message}"
        said = " meets ".join(str(port.shape) for port in inputs) if len(inputs) > 1 else "here"
        code = refusal.code or ("bad-argument" if argument else "shape-mismatch")
        labels = [each for each in labels if each.span != span]
        return error(code, message, span, said, *labels, help=refusal.help)

    # --- how channels are written

    def _carry(
        self, node: Node, arguments: dict[str, Any], sources: tuple[Any, ...], frame: Frame
    ) -> None:
        op = node.op
        for key, given in arguments.items():
            free = key == op.channels_from or isinstance(op.arguments[key].kind, Float)
            if isinstance(given, Written) and not free:
                frame.consume(given)
        value: Any = None
        if op.channels_from is not None:
            value = arguments.get(op.channels_from)
        elif op.sums_channels:
            value = sources[0]
            for each in sources[1:]:
                value = written(plain(value) + plain(each), "+", value, each)
        elif sources and op.name == "flatten" and node.input_shapes[0].is_image:
            spatial = node.input_shapes[0].height * node.input_shapes[0].width
            value = written(node.shape.channels, "*", sources[0], spatial)
        elif sources:
            value = sources[0]
        for port in node.ports:
            if isinstance(value, Written) and value.value == port.shape.channels:
                frame.channels[id(port)] = value
            else:
                frame.consume(*sources)


def _forget(place: Place, outer: Place) -> None:
    """Give back the names of groups that turned out empty."""
    while place is not outer and not place.attached and place.parent is not None:
        place.parent.groups.pop(place.scope.segment, None)
        place.parent.made.pop(place.scope.segment, None)
        place = place.parent


def _is_data(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_is_data(each) for each in value)
    return isinstance(value, bool | int | float | str)


def translate(value: Any, words: Mapping[str, Expression]) -> Any:
    """Say a callee's value in its caller's words; a plain value where that cannot be."""
    if not isinstance(value, Written) or not value.expression.names <= words.keys():
        return plain(value)
    expression = substitute(value.expression, words)
    if not expression.names or expression.size > LONGEST:
        return value.value
    return Written(value.value, expression)
