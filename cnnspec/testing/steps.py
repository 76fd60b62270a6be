"""Random steps drawn from the operators' declarations.

A test of a backend draws a step, lowers it, reads the code as text, runs that in its framework, and
holds weights, shapes and values against the declaration. It needs Hypothesis, which comes with
`cnnspec[test]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from cnnspec.emit.code import Code, Raw
from cnnspec.emit.lowering import Applied, Lowered
from cnnspec.emit.printer import expression, fill
from cnnspec.kinds import (
    AXES,
    AXIS_WORDS,
    Arg,
    Axes,
    Bool,
    Choice,
    Float,
    Int,
    Ints,
    Pad,
    Pair,
    Parts,
    Refusal,
)
from cnnspec.op import Op
from cnnspec.shapes import Shape

CHANNELS = (1, 2, 3, 4, 6, 8, 12)
#: Numbers that meet in bounds: of rates, slopes, exponents, factors.
NUMBERS = (-1.0, 0.0, 1e-6, 1e-5, 1e-3, 0.01, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An operator's arguments as a user might write them, and the shapes that come in."""

    op: type[Op]
    arguments: tuple[tuple[str, Any], ...]
    inputs: tuple[Shape, ...]

    def bind(self) -> Applied:
        """Bind it as the compiler would; raises Refusal where the declaration refuses it."""
        op = self.op(**dict(self.arguments))
        shape = op.shape(*self.inputs)
        outputs = (shape,) if isinstance(shape, Shape) else tuple(shape)
        return Applied(op, self.inputs, outputs, {})


@dataclass(frozen=True, slots=True)
class Text:
    """A lowered step as text: `flow` of `inputs` and of `self.step`, the two constructors."""

    flow: str
    module: str | None
    standalone: str | None


def text(lowered: Lowered, inputs: Sequence[str], module: str = "self.step") -> Text:
    """Write a lowered step, its places filled with the inputs' names and the module's."""
    places: list[Code] = [Raw(each) for each in inputs]

    def write(code: Code | None) -> str | None:
        return None if code is None else expression(fill(code, places, Raw(module)))

    flow = write(lowered.flow)
    assert flow is not None
    return Text(flow, write(lowered.module), write(lowered.standalone))


def refused(attempt: Attempt) -> Refusal | None:
    """Give the declaration's no, if that is its answer."""
    try:
        attempt.bind()
    except Refusal as refusal:
        return refusal
    return None


@st.composite
def attempts(draw: st.DrawFn, op: type[Op]) -> Attempt:
    """Draw arguments and inputs for an operator: within each one's bounds, not always fitting."""
    inputs = draw(input_shapes(op))
    chosen = []
    for name, arg in op.arguments.items():
        if arg.required or draw(st.booleans()):
            chosen.append((name, draw(arguments(arg, inputs))))
    return Attempt(op, tuple(chosen), inputs)


@st.composite
def bound_ops(draw: st.DrawFn, op: type[Op]) -> Applied:
    """Draw a step that the declaration accepts."""
    attempt = draw(attempts(op).filter(lambda each: refused(each) is None))
    return attempt.bind()


@st.composite
def input_shapes(draw: st.DrawFn, op: type[Op]) -> tuple[Shape, ...]:
    """Draw as many shapes as the operator takes, often such that they go together."""
    low, high = op.arity
    count = draw(st.integers(low, low + 2 if high is None else high))
    if count == 0:
        return ()
    first = draw(shapes())
    alike = [first]
    if first.is_image:
        channels, height, width = first
        alike += [Shape((channels,)), Shape((channels, 1, 1)), Shape((channels + 1, height, width))]
        if op.spreads:
            alike += [Shape((1, height, width)), Shape((channels, height, 1)), Shape((1, 1, width))]
    others = st.one_of(st.just(first), st.sampled_from(alike), shapes())
    rest = [draw(others) for _ in range(count - 1)]
    return tuple(draw(st.permutations([first, *rest])))


def shapes() -> st.SearchStrategy[Shape]:
    """Draw a small image, or now and then a vector."""
    channels, length = st.sampled_from(CHANNELS), st.integers(1, 11)
    images = st.tuples(channels, length, length).map(Shape)
    vectors = st.tuples(channels).map(Shape)
    return st.one_of(images, images, images, vectors)


def arguments(arg: Arg, inputs: Sequence[Shape] = ()) -> st.SearchStrategy[Any]:
    """Draw an argument within its bounds, small; shapes of the inputs come in as lists."""
    kind = arg.kind
    match kind:
        case Bool():
            return st.booleans()
        case Choice():
            return st.sampled_from(kind.choices)
        case Int():
            return _small(kind.low, kind.high)
        case Float():
            return st.sampled_from(NUMBERS).filter(lambda each: _admits(arg, each))
        case Pair():
            one = _small(kind.low, kind.high, span=3)
            return st.one_of(one, st.lists(one, min_size=2, max_size=2))
        case Pad():
            words = [st.sampled_from(kind.automatic)] if kind.automatic else []
            one = st.integers(0, 2)
            lists = [st.lists(one, min_size=size, max_size=size) for size in (2, 4)]
            return st.one_of(one, *lists, *words)
        case Ints():
            return _lists(kind, inputs)
        case Axes():
            named = st.sampled_from(AXES if kind.single else AXIS_WORDS)
            several = st.lists(st.sampled_from(AXES), min_size=1, max_size=3, unique=True)
            return named if kind.single else st.one_of(named, several)
        case Parts():
            cuts = [[1, n - 1] for x in inputs for n in x if n > 1]
            numbers = st.integers(1, 4)
            return st.one_of(numbers, st.sampled_from(cuts)) if cuts else numbers


def _small(low: int | None, high: int | None, *, span: int = 7) -> st.SearchStrategy[int]:
    least = 0 if low is None else low
    return st.integers(least, least + span if high is None else min(high, least + span))


def _lists(kind: Ints, inputs: Sequence[Shape]) -> st.SearchStrategy[Any]:
    low, high = kind.low or 0, kind.high
    if kind.length is not None and high is not None and high - low + 1 == kind.length:
        return st.permutations(range(low, high + 1))
    sizes = (1, 4) if kind.length is None else (kind.length, kind.length)
    free = st.lists(_small(low, high), min_size=sizes[0], max_size=sizes[1])
    known = [list(order) for x in inputs for order in (x, x[::-1], (x.size,))]
    return st.one_of(st.sampled_from(known), st.sampled_from(known), free) if known else free


def _admits(arg: Arg, value: float) -> bool:
    try:
        arg.kind.read(value)
    except Refusal:
        return False
    return True
