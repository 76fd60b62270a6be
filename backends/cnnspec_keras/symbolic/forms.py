"""Ways of writing that come to the same value in Keras, brought to one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.values import NOTHING, Made, Rewrite, Values

#: What is never negative, whatever goes in; what is not if nothing that goes in is.
_POSITIVE: Final = frozenset(
    ["relu", "relu6", "sigmoid", "softmax", "hard_sigmoid", "absolute", "exp", "sqrt"]
)
_KEEPS: Final = frozenset(
    [
        *("max_pool", "average_pool", "global_average", "global_max", "adaptive_average", "pad"),
        *("crop", "add", "multiply", "concatenate", "dropout", "spatial_dropout", "reshape"),
        *("permute", "resize", "channel_shuffle", "pixel_shuffle", "part", "padded_average"),
        *("channel_pad", "local_response", "divide", "maximum", "minimum", "power"),
        *("mean", "sum", "max", "min"),
    ]
)


def positive(values: Values, number: int) -> bool:
    """Whether a value cannot be negative."""
    waiting, seen = [number], {number}
    while waiting:
        made = values.keys[waiting.pop()]
        if made.what in _POSITIVE:
            continue
        if made.what == "rescale":
            if not isinstance(made.arguments, float) or made.arguments < 0:
                return False
        elif made.what == "elementwise":
            arguments: Any = made.arguments
            operation, number, _ = arguments
            if operation not in _KEEPS or number < 0:
                return False
        elif made.what not in _KEEPS:
            return False
        if made.what == "pad" and made.arguments[1] < 0:  # type: ignore[index]
            return False
        more = [x for x in made.values if x not in seen and x != NOTHING]
        seen.update(more)
        waiting += more
    return True


def _pad(values: Values, made: Made) -> Made | int:
    """Nothing put around is nothing done."""
    arguments: Any = made.arguments
    return made if any(map(any, arguments[0])) else made.values[0]


def _crop(values: Values, made: Made) -> Made | int:
    arguments: Any = made.arguments
    return made if any(map(any, arguments)) else made.values[0]


def _sorted(values: Values, made: Made) -> Made:
    """Sums and products know no order."""
    if len(made.values) != 2:
        return made
    return Made(made.what, made.arguments, tuple(sorted(made.values)))


def _padded(values: Values, made: Made) -> Made:
    """What is put around an image before a window goes over it is the window's own padding."""
    before = values.keys[made.values[0]]
    if before.what != "pad":
        return made
    around: Any = before.arguments
    sides, filled = around
    wanted = float("-inf") if made.what == "max_pool" else 0.0
    zeros = filled == 0.0 and made.what == "max_pool" and positive(values, before.values[0])
    if filled != wanted and not zeros:
        return made
    arguments: Any = made.arguments
    place = 2 if made.what == "max_pool" else 1
    pads = tuple([(a + c, b + d) for (a, b), (c, d) in zip(arguments[place], sides, strict=True)])
    arguments = (*arguments[:place], pads, *arguments[place + 1 :])
    return _padded(values, Made(made.what, arguments, (before.values[0], *made.values[1:])))


def _padded_average(values: Values, made: Made) -> Made | int:
    """A mean over padding that counts, or of none, is a plain one of a padded image."""
    arguments: Any = made.arguments
    size, moves, sides, over, counted = arguments
    if any(over) or (any(map(any, sides)) and not counted):
        return made
    x = made.values[0]
    if any(map(any, sides)):
        padded = values.number(Made("pad", (sides, 0.0), (x,)))
        values.shapes.setdefault(padded, _around(values.shapes[x], sides))
        x = padded
    return Made("average_pool", (size, moves), (x,))


def _around(lengths: tuple[int, ...], sides: Any) -> tuple[int, ...]:
    height, width, channels = lengths
    return (height + sum(sides[0]), width + sum(sides[1]), channels)


def _permute(values: Values, made: Made) -> Made | int:
    """Axes of length one that move move nothing."""
    order: Any = made.arguments
    if list(order) == list(range(1, len(order) + 1)):
        return made.values[0]
    lengths = values.shapes[made.values[0]]
    moved = [each for each in order if lengths[each - 1] != 1]
    if moved == sorted(moved):
        to = tuple([lengths[each - 1] for each in order])
        return _reshape(values, Made("reshape", to, made.values))
    return made


def _reshape(values: Values, made: Made) -> Made | int:
    """What is reshaped twice is reshaped once, and to its own shape not at all."""
    x = made.values[0]
    before = values.keys[x]
    if before.what == "reshape":
        x = before.values[0]
    return x if values.shapes.get(x) == made.arguments else Made("reshape", made.arguments, (x,))


REWRITES: Final[Mapping[str, Rewrite]] = {
    "pad": _pad,
    "crop": _crop,
    "add": _sorted,
    "multiply": _sorted,
    "maximum": _sorted,
    "minimum": _sorted,
    "conv": _padded,
    "depthwise": _padded,
    "max_pool": _padded,
    "padded_average": _padded_average,
    "permute": _permute,
    "reshape": _reshape,
}
