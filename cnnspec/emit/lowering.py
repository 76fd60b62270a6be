"""What a backend says of one operator, and what it is told of the step that is lowered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cnnspec.emit.code import Code, Leaf
from cnnspec.expression import Expression, Written, evaluate, plain
from cnnspec.kinds import Refusal
from cnnspec.op import Op
from cnnspec.shapes import Shape


def compact(value: Any) -> Any:
    """Print `(3, 3)` as 3 and `(1, 1, 1, 1)` as 1; anything else as it is."""
    return value[0] if equal(value) else value


def equal(value: Any) -> bool:
    """Whether a value is a row of equal ones, as one number for all axes or sides is read."""
    return isinstance(value, tuple) and len(value) > 1 and all(each == value[0] for each in value)


@dataclass(frozen=True, slots=True)
class Applied:
    """One step in one block instance, as a lowering sees it."""

    op: Op
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    written: Mapping[str, Any]
    #: How the block's text says each input's channels, where it does.
    channel_expressions: tuple[Expression | None, ...] = ()
    #: What the backend found out about the step before it is lowered, from what is around it.
    hints: frozenset[str] = frozenset()

    def every(self, argument: str) -> tuple[Any, ...]:
        """Give the values that an argument has at all calls."""
        return (getattr(self.op, argument),)

    def is_one_number(self, argument: str) -> bool:
        """Whether an argument that is for axes or sides is said as one number at all calls."""
        return equal(getattr(self.op, argument))

    def leaf(self, argument: str) -> Leaf:
        """Give an argument as it is to be printed; equal numbers of a pair become one."""
        value = compact(getattr(self.op, argument))
        raw = self.written.get(argument)
        if isinstance(raw, Written):
            return Leaf(value, raw.expression, argument)
        return Leaf(value, None, argument)

    def leaves(self, argument: str) -> tuple[Leaf, ...]:
        """Give the numbers of a pair or of four sides, each as it is to be printed."""
        values = getattr(self.op, argument)
        raw = self.written.get(argument)
        parts = raw if isinstance(raw, tuple) else (raw,)
        repeats = len(values) // len(parts)
        said = [part for part in parts for _ in range(repeats)]
        return tuple(
            Leaf(value, each.expression if isinstance(each, Written) else None, argument)
            for value, each in zip(values, said, strict=True)
        )

    def channels(self, position: int = 0) -> Leaf:
        """Give the channels of an input (a vector's features), as it is to be printed."""
        expressions = self.channel_expressions
        expression = expressions[position] if position < len(expressions) else None
        return Leaf(self.inputs[position].channels, expression, "in_channels")

    def value(self, value: Any, hint: str) -> Leaf:
        """Give a value that depends on more than arguments and channels (on height, say)."""
        return Leaf(value, None, hint)


@dataclass(frozen=True, slots=True)
class Lowered:
    """How a backend writes one step.

    `flow` is the expression in the forward function, with places for inputs and module; `module`
    the layer's constructor, absent for a step that is a function. `standalone` constructs a module
    that does the whole step from one input alone, for a place in a sequence; None: there is none
    other than `module` (right only where `flow` is `Module(Input)`). `comment` says in a few words
    why the code is not the plain layer, where it is not.
    """

    flow: Code
    module: Code | None = None
    standalone: Code | None = None
    comment: str | None = None


Lowering = Callable[[Applied], Lowered]

__all__ = ["Applied", "Lowered", "Lowering", "Refusal", "compact", "equal", "evaluate", "plain"]
