"""Ways of writing that come to the same value, brought to one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.values import Made, Rewrite, Values


def _pad(values: Values, made: Made) -> Made | int:
    """Nothing put around is nothing done."""
    arguments: Any = made.arguments
    return made if any(arguments[0]) else made.values[0]


def _number(values: Values, made: Made) -> Made | int:
    """A zero added, a one multiplied, is nothing done; sums and products know no order."""
    if len(made.values) == 1:
        nothing = {"add": 0.0, "sub": 0.0, "mul": 1.0, "div": 1.0}[made.what]
        return made.values[0] if made.arguments == nothing else made
    one, other = made.values
    if other < one and made.what in ("add", "mul"):
        return Made(made.what, made.arguments, (other, one))
    return made


def _cat(values: Values, made: Made) -> Made | int:
    """One value beside nothing is itself."""
    return made.values[0] if len(made.values) == 1 else made


def _padded(values: Values, made: Made, filled: float) -> Made:
    """What is put around an image before a window goes over it is the window's own padding."""
    before = values.keys[made.values[0]]
    if before.what != "pad":
        return made
    around: Any = before.arguments
    sides, mode, value = around
    if len(sides) != 4 or min(sides) < 0 or mode != "constant" or value != filled:
        return made
    arguments: Any = made.arguments
    place = 1 if made.what == "conv2d" else 2
    pads = tuple([a + b for a, b in zip(arguments[place], sides, strict=True)])
    arguments = (*arguments[:place], pads, *arguments[place + 1 :])
    return _padded(values, Made(made.what, arguments, (before.values[0], *made.values[1:])), filled)


def _conv(values: Values, made: Made) -> Made:
    return _padded(values, made, 0.0)


def _max_pool(values: Values, made: Made) -> Made:
    arguments: Any = made.arguments
    return made if arguments[-1] else _padded(values, made, float("-inf"))


REWRITES: Final[Mapping[str, Rewrite]] = {
    "pad": _pad,
    "cat": _cat,
    "conv2d": _conv,
    "max_pool2d": _max_pool,
    **dict.fromkeys(("add", "sub", "mul", "div"), _number),
}
