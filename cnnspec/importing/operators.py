"""Steps read by the registry: arguments as a spec would hold them, shapes as its rules give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cnnspec.importing.refusal import refused
from cnnspec.importing.tree import Argument, Shape, Step
from cnnspec.kinds import Refusal
from cnnspec.op import Op
from cnnspec.ops import OPERATORS
from cnnspec.shapes import Shape as Size

#: Operators whose inputs may stand in any order.
UNORDERED: Final = ("add", "mul")


def settle(step: Step) -> None:
    """Write a step's arguments as its operator reads them; raises SpecError if it takes them not.

    A shape that differs from the operator's rule means that the model does something else.
    """
    where = f"in {step.path}" if step.path else ""
    if step.operator not in OPERATORS:
        raise refused(f"there is no operator for `{step.operator}`", where)
    try:
        op = OPERATORS[step.operator](**step.arguments)
        found = op.shape(*(Size(each.shape) for each in step.inputs))
    except Refusal as no:
        raise refused(f"{step.operator}: {no.message}", where, help=no.help) from None
    shapes: Sequence[Size] = [found] if isinstance(found, Size) else found
    if [tuple(each) for each in shapes] != [each.shape for each in step.outputs]:
        raise refused(
            f"{step.operator} would give {_sizes([tuple(each) for each in shapes])}, "
            f"and the model gives {_sizes([each.shape for each in step.outputs])}",
            where,
        )
    step.arguments = plain(op)


def _sizes(shapes: Sequence[Shape]) -> str:
    return " and ".join(" x ".join(map(str, each)) for each in shapes)


def plain(op: Op) -> dict[str, Argument]:
    """Give an operator's arguments, each as shortly as a spec may write it."""
    return {name: _short(value) for name, value in op.values.items() if value is not None}


def _short(value: Argument) -> Argument:
    """Write a pair, or the sides of an image, in as few numbers as say it.

    >>> _short((3, 3)), _short((1, 1, 2, 2)), _short((0, 1, 0, 1)), _short(2.0)
    (3, (1, 2), (0, 1, 0, 1), 2)
    """
    if isinstance(value, float) and value >= 1 and value == int(value):
        return int(value)
    if not isinstance(value, tuple):
        return value
    if len(value) == 4 and value[0] == value[1] and value[2] == value[3]:
        value = (value[0], value[2])
    if len(value) == 2 and value[0] == value[1]:
        return value[0]
    return value
