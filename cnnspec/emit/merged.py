"""What merging the instances of a block makes: values, steps, calls, rows, decisions, loops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from cnnspec.emit.code import Leaf
from cnnspec.emit.lowering import Lowered
from cnnspec.emit.units import Instance, Path
from cnnspec.expression import Expression
from cnnspec.graph import Scope
from cnnspec.shapes import Shape
from cnnspec.syntax.files import Definition


@dataclass(frozen=True, slots=True)
class Ref:
    """A value: an input of the block (`unit` None), or an output of a merged step."""

    unit: int | None
    index: int


@dataclass(frozen=True, slots=True)
class Phi:
    """A value that a decision chooses: by arm."""

    decision: int
    arms: tuple[tuple[int, Value], ...]


@dataclass(frozen=True, slots=True)
class Carry:
    """A value that a loop hands on from turn to turn, as its body reads it."""

    loop: int
    index: int


Value = Ref | Phi | Carry


@dataclass(frozen=True, slots=True)
class Numbered:
    """A segment of a path that counts: `layer{i + 1}` is `layer`, `i + 1` and nothing."""

    prefix: str
    number: Leaf
    suffix: str

    def counts_from(self, loop: MergedLoop) -> bool:
        """Whether the segments of a loop's turns are their positions: 0, 1, 2 and so on."""
        bare = not (self.prefix or self.suffix or loop.start)
        said = self.number.expression
        return bare and said is not None and said.value == loop.index


MergedPath = tuple[str | Numbered, ...]


@dataclass(slots=True, eq=False)
class MergedOp:
    """One operator in every instance that has it."""

    number: int
    path: MergedPath
    kind: str
    lowered: Lowered
    inputs: tuple[Value, ...]
    outputs: int
    target: str | None
    names: tuple[str | None, ...]
    shape: Shape | None
    #: The path in each instance, by its number: digits may differ where a member may be absent.
    paths: Mapping[int, Path]
    #: The graph's nodes that it stands for, by their indices.
    nodes: tuple[int, ...]


@dataclass(slots=True, eq=False)
class MergedCall:
    """One block call: the plan of its class, and its arguments by parameter."""

    number: int
    path: MergedPath
    plan: Plan
    arguments: Mapping[str, Leaf]
    inputs: tuple[Value, ...]
    outputs: int
    target: str | None
    names: tuple[str | None, ...]
    shape: Shape | None
    paths: Mapping[int, Path]


@dataclass(slots=True, eq=False)
class MergedRow:
    """A chain of members in a container of its own."""

    number: int
    path: MergedPath
    members: list[Merged]
    inputs: tuple[Value, ...]
    target: str | None
    names: tuple[str | None, ...]
    shape: Shape | None
    #: Whether its members are called by their positions, 0, 1, 2 and so on.
    numbered: bool
    outputs: int = 1


@dataclass(slots=True, eq=False)
class MergedDecision:
    """A decision that instances take differently: what is done in arm 0 and in arm 1."""

    number: int
    test: Leaf
    arms: tuple[list[Merged], list[Merged]]
    #: Which arm each instance takes.
    taken: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Carried:
    """A value handed on from turn to turn: where it begins, and what the next turn reads.

    `name` is what the spec calls it, if it does.
    """

    initial: Value
    following: Value
    name: str | None


@dataclass(slots=True, eq=False)
class MergedLoop:
    """Turns that are alike, up to numbers that can be counted.

    Expressions in the body speak of `index`, which goes from `start` to below `stop`, and of
    `column`, which goes over `values`. The values after the last turn are the loop's outputs,
    in the order of `carried`.
    """

    number: int
    index: str
    start: int
    stop: Leaf
    body: list[Merged]
    carried: tuple[Carried, ...]
    column: str | None = None
    values: tuple[Any, ...] = ()

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The values that the carried ones begin with."""
        return tuple(each.initial for each in self.carried)


Merged = MergedOp | MergedCall | MergedRow | MergedDecision | MergedLoop


def leaves(part: Any) -> Iterator[Leaf]:
    """What units, or code trees, print: leaves in paths, modules, arguments and flow, in order."""
    match part:
        case Leaf():
            yield part
        case list() | tuple():
            for each in part:
                yield from leaves(each)
        case MergedDecision():
            yield from leaves((part.test, *part.arms))
        case MergedLoop():
            yield from leaves((part.stop, part.body))
        case MergedRow():
            yield from leaves((part.path, part.members))
        case MergedCall():
            yield from leaves((part.path, tuple(part.arguments.values())))
        case MergedOp():
            yield from leaves((part.path, part.lowered))
        case _ if is_dataclass(part) and not isinstance(part, type):
            for each in fields(part):
                if each.name != "default":  # there to be compared with, not printed
                    yield from leaves(getattr(part, each.name))


def expressions_of(part: Any) -> Iterator[Expression]:
    """The expressions that units, or code trees, print."""
    for leaf in leaves(part):
        if leaf.expression is not None:
            yield leaf.expression


def names_in(part: Any) -> frozenset[str]:
    """The parameters and loop variables that units, or code trees, speak of."""
    return frozenset().union(*(each.names for each in expressions_of(part)))


def reads_of(unit: Merged) -> Iterator[Value]:
    """The values that a unit reads, what is inside of it too."""
    if isinstance(unit, MergedDecision):
        for arm in unit.arms:
            for each in arm:
                yield from reads_of(each)
        return
    yield from unit.inputs
    if isinstance(unit, MergedLoop):
        for each in unit.body:
            yield from reads_of(each)
        yield from (carried.following for carried in unit.carried)


def operators(units: Iterable[Merged]) -> Iterator[MergedOp]:
    """The operators among units, in rows, decisions and loops too."""
    for unit in units:
        match unit:
            case MergedOp():
                yield unit
            case MergedRow():
                yield from operators(unit.members)
            case MergedLoop():
                yield from operators(unit.body)
            case MergedDecision():
                for arm in unit.arms:
                    yield from operators(arm)


@dataclass(slots=True, eq=False)
class Plan:
    """One class to write: what it does, and the parameters that its constructor needs."""

    name: str
    definition: Definition
    instances: list[Instance]
    units: list[Merged] = field(default_factory=list)
    results: tuple[Value, ...] = ()
    inputs: tuple[str, ...] = ()
    #: The positions of these among what a call hands over; None: all of them.
    kept: tuple[int, ...] | None = None
    is_row: bool = False
    #: Whether tensors say their channels, so that these are no parameters.
    functional: bool = False
    #: Parameter name (as in expressions, or an extra one) to its value in each instance.
    parameters: dict[str, list[Any]] = field(default_factory=dict)
    #: Parameters that are not the block's own: a value that depends on height or width, a flag.
    extra: dict[str, list[Any]] = field(default_factory=dict)
    _positions: dict[int, int] = field(default_factory=dict)

    def value(self, parameter: str, scope: Scope) -> Any:
        """The value of a parameter in the instance that a scope is."""
        if not self._positions:
            self._positions = {id(each.scope): n for n, each in enumerate(self.instances)}
        return self.parameters[parameter][self._positions[id(scope)]]
