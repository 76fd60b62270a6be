"""What a name may stand for while a spec is elaborated: data, nodes, lists, steps, callables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cnnspec.expression import Holder, plain
from cnnspec.graph import Port
from cnnspec.kinds import brief, show
from cnnspec.op import Op
from cnnspec.source import Span
from cnnspec.syntax import tree
from cnnspec.syntax.files import FileNames


class Poison:
    """The value of what could not be elaborated: its mistake is reported, what follows is not."""


POISON: Final = Poison()


class Poisoned(Exception):
    """A value that is needed here has been reported as a mistake already."""


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """An operator as a value, with the keyword defaults in force where it was written."""

    op: type[Op]
    defaults: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class BlockValue:
    """A block as a value; `names` is what its body can see."""

    definition: tree.Block
    file: FileNames

    @property
    def name(self) -> str:
        return self.definition.name.id


@dataclass(frozen=True, slots=True)
class Function:
    """A pure function of the language; `operator` is the one of its name, where a step stands."""

    name: str
    operator: Operator | None = None


@dataclass(slots=True, eq=False)
class Given:
    """An argument as it was given to a call."""

    keyword: str | None
    value: Any
    span: Span

    @property
    def named(self) -> Span:
        """Where its keyword stands: where it begins."""
        return self.span._replace(stop=self.span.start + len(self.keyword or ""))


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """What an operator's step comes to, whatever flows into it: read when it is first applied."""

    op: Op
    arguments: dict[str, Any]
    #: Where the arguments stand, and those that carry how they were written.
    spans: dict[str, Span]
    written: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class CallStep(Holder):
    """An operator or block with its arguments, waiting for its input."""

    callee: Operator | BlockValue
    given: tuple[Given, ...]
    span: Span
    bound: Bound | None = field(default=None, init=False, repr=False)

    @property
    def held(self) -> Iterable[Any]:
        """Give what it was given."""
        return (each.value for each in self.given)


@dataclass(frozen=True, slots=True, eq=False)
class Group(Holder):
    """Steps in a row. `several` tells a chain from a single step in parentheses."""

    steps: tuple[Waiting, ...]
    several: bool
    span: Span

    @property
    def held(self) -> Iterable[Any]:
        """Give what it was given."""
        return self.steps


@dataclass(frozen=True, slots=True, eq=False)
class LabelledStep(Holder):
    """A step with the name it will have, one segment a level."""

    segments: tuple[str, ...]
    step: Waiting
    span: Span

    @property
    def held(self) -> Iterable[Any]:
        """Give what it was given."""
        return (self.step,)


@dataclass(frozen=True, slots=True, eq=False)
class Repeat(Holder):
    """A step `count` times in a row: a whole number, with how it was written if it was."""

    step: Waiting
    count: Any
    span: Span

    @property
    def held(self) -> Iterable[Any]:
        """Give what it was given."""
        return (self.step, self.count)


@dataclass(frozen=True, slots=True, eq=False)
class Optional(Holder):
    """A step that is there, or not (`step` is None), by `test`."""

    step: Waiting | None
    test: Any
    span: Span

    @property
    def held(self) -> Iterable[Any]:
        """Give what it was given."""
        return (self.step, self.test)


Waiting = CallStep | Group | LabelledStep | Repeat | Optional
WAITING: Final = (CallStep, Group, LabelledStep, Repeat, Optional)
#: What is applied to nodes, or waits for them.
STEPS: Final = (*WAITING, Operator, BlockValue)


def stepped(value: Any) -> Any:
    """Take a function for the operator of its name, if there is one: `abs` where a step stands."""
    named = isinstance(value, Function) and value.operator is not None
    return value.operator if named else value


def with_more(
    callee: Operator | BlockValue | CallStep, given: tuple[Given, ...], span: Span
) -> CallStep:
    """Make a step of a call; what is called may hold some arguments already."""
    if isinstance(callee, CallStep):
        held = (*callee.given, *given)
        given = tuple(sorted(held, key=lambda each: each.keyword is not None))
        callee = callee.callee
    return CallStep(callee, given, span)


def block_in(value: Any) -> BlockValue | None:
    """The block that a value is, with or without arguments."""
    inner = value.callee if isinstance(value, CallStep) else value
    return inner if isinstance(inner, BlockValue) else None


def is_nodes(value: Any) -> bool:
    """Whether a value is a node or a list of nodes, nested or not, that is not empty."""
    if isinstance(value, Port):
        return True
    return isinstance(value, tuple) and bool(value) and all(is_nodes(each) for each in value)


def ports(value: Any) -> tuple[Port, ...]:
    """Flatten a node or a list of nodes."""
    if isinstance(value, Port):
        return (value,)
    return tuple(port for each in value for port in ports(each))


def is_data(value: Any) -> bool:
    """Whether a plain value is a number, a truth value, a word, or a list of such."""
    if isinstance(value, tuple):
        return all(is_data(each) for each in value)
    return isinstance(value, bool | int | float | str)


def is_short(value: Any) -> bool:
    """Whether a value is a list of few elements, in all its lists: one line may show it."""
    if isinstance(value, tuple):
        return len(value) <= 20 and all(not isinstance(v, tuple) or is_short(v) for v in value)
    return False


def describe(value: Any) -> str:
    """Say what a value is, as a diagnostic would."""
    if not isinstance(value, tuple):
        value = plain(value)
    if isinstance(value, bool):
        return show(value)
    if isinstance(value, int | float):
        return f"the number {brief(value)}"
    if isinstance(value, str):
        return f"the word {brief(value)}"
    if isinstance(value, Port):
        kind = "an image" if value.shape.is_image else "a vector"
        return f"{kind} {value.shape}"
    if isinstance(value, tuple):
        if is_nodes(value):
            return f"a list of {len(value)} nodes"
        return f"a list of {len(value)}"
    if isinstance(value, Operator):
        return f"the operator {value.op.name}"
    if isinstance(value, BlockValue):
        return f"the block {value.name}"
    if isinstance(value, Function):
        return f"the function {value.name}"
    return "a step that waits for its input"
