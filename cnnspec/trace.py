"""What happened in one instance of a block or network, in the order in which it was written.

The trace keeps the control structure of the text: a step that was applied, a block that was called,
which way an `if` went, the turns of a `for`. Emitters hold the traces of all instances of a block
side by side to write one class for them. Values are plain, or `Written` with how the block's text
says them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cnnspec.expression import Holder, Written

if TYPE_CHECKING:
    from cnnspec.graph import Node, Port, Scope
    from cnnspec.source import Span


@dataclass(slots=True, eq=False)
class Step:
    """One operator was applied. `written` holds its arguments as they were written."""

    node: Node
    written: Mapping[str, Any]
    #: The name that the statement around it binds, which is what a reader calls the result.
    target: str | None
    #: The inputs' channels as the block's text says them, or plain.
    channels: tuple[Any, ...] = ()


@dataclass(slots=True, eq=False)
class BlockCall:
    """One block was called: `arguments` in the caller's words, node-valued ones left out.

    The channels of a node-valued one stand among them as `name.channels`.
    `results` holds what it returned, lists flattened; `inputs` the nodes that went in, likewise.
    """

    scope: Scope
    arguments: Mapping[str, Any]
    inputs: tuple[Port, ...]
    results: tuple[Port, ...]
    target: str | None


@dataclass(slots=True, eq=False)
class Choice:
    """A condition was decided: an `if` statement or expression, or a `when`.

    `taken` is the number of the arm that was elaborated; the one after the last test is `else`.
    `tests` holds the conditions that were looked at, in order; `place` is the path of the scope
    into which what was elaborated went, or would have gone.
    """

    site: Span
    place: str
    tests: tuple[Any, ...]
    taken: int
    body: list[Item] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Loop:
    """A `for` ran, or a step was repeated: one list of items a turn.

    `count` is the number of turns as the block's text says it, or plain; `place` the path of the
    scope into which the turns put things, or would have.
    """

    site: Span
    place: str
    count: Any
    turns: list[Sequence[Item]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Binding:
    """A name was given to a node."""

    name: str
    port: Port


Item = Step | BlockCall | Choice | Loop | Binding


def steps(items: Sequence[Item]) -> Iterator[Step | BlockCall]:
    """Walk the applications in a trace in order, whatever control structure they stand in."""
    pending: list[Iterator[Item]] = [iter(items)]
    while pending:
        item = next(pending[-1], None)
        if item is None:
            pending.pop()
        elif isinstance(item, Step | BlockCall):
            yield item
        elif isinstance(item, Choice):
            pending.append(iter(item.body))
        elif isinstance(item, Loop):
            pending.extend(iter(turn) for turn in reversed(item.turns))


def rates(scope: Scope) -> frozenset[str]:
    """Give a block instance's parameters that are fractions and reach nothing but noise."""
    used = scope.consumed.union(names_in(_uses(scope.trace)))
    return frozenset(
        name for name, value in scope.values.items() if type(value) is float and name not in used
    )


def _uses(trace: Sequence[Item]) -> Iterator[Any]:
    """Give the values that a body used for anything but noise."""
    for item in trace:
        if isinstance(item, Step):
            noise = item.node.op.noise
            own = noise.rate if noise else None
            yield from (value for name, value in item.written.items() if name != own)
        elif isinstance(item, Choice):
            yield from item.tests
            yield from _uses(item.body)
        elif isinstance(item, Loop):
            yield item.count
            for turn in item.turns:
                yield from _uses(turn)
        elif isinstance(item, BlockCall):
            quiet = rates(item.scope)
            yield from (value for name, value in item.arguments.items() if name not in quiet)


def names_in(values: Iterable[Any]) -> frozenset[str]:
    """Give the names that values speak of, in lists and in steps that wait, too."""
    found: set[str] = set()
    for value in values:
        if isinstance(value, Written):
            found |= value.expression.names
        elif isinstance(value, tuple):
            found |= names_in(value)
        elif isinstance(value, Holder):
            found |= names_in(value.held)
    return frozenset(found)
