"""Where windows fall on an image: `same` padding, `ceil`, adaptive windows; exact integers."""

from __future__ import annotations

from collections.abc import Mapping

from cnnspec.kinds import AXES, Pads, Refusal
from cnnspec.shapes import Shape, windows

Sides = tuple[int, int, int, int]


def reach(size: int, dilation: int = 1) -> int:
    """Give the length that a dilated window covers.

    >>> reach(3, dilation=2)
    5
    """
    return (size - 1) * dilation + 1


def same(length: int, size: int, stride: int, dilation: int = 1) -> int:
    """Give the zeros that make an axis's output ceil(length / stride): TensorFlow's rule.

    >>> same(8, size=3, stride=2), same(7, size=3, stride=2)
    (1, 2)
    """
    steps = -(-length // stride) - 1
    return max(steps * stride + reach(size, dilation) - length, 0)


def sides(
    pad: Pads,
    size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    image: tuple[int, int],
) -> Sides:
    """Work padding out as (top, bottom, left, right).

    `same` puts the odd pixel after the image, `same_lower` before it.
    """
    if isinstance(pad, tuple):
        return pad
    result: list[int] = []
    for axis in (0, 1):
        total = same(image[axis], size[axis], stride[axis], dilation[axis])
        less, more = total // 2, total - total // 2
        result += [less, more] if pad == "same" else [more, less]
    return (result[0], result[1], result[2], result[3])


def steps(
    length: int, size: int, stride: int, before: int, after: int, *, ceil: bool = False
) -> int:
    """Count a pool's places along one axis.

    With `ceil` a last window may hang over the end, if it starts on the image or on the padding
    before it: o = ceil((n + p - k) / s) + 1, one less if (o - 1) * s >= n + before.
    """
    count = windows(length, size, stride, before + after, ceil=ceil)
    return count - 1 if ceil and count > 1 and (count - 1) * stride >= length + before else count


def overhang(length: int, size: int, stride: int, before: int, after: int, count: int) -> int:
    """Give how far the last of `count` windows hangs over the padded end."""
    return max((count - 1) * stride + size - (length + before + after), 0)


def slide(
    name: str,
    x: Shape,
    size: tuple[int, int],
    stride: tuple[int, int],
    pads: Sides,
    dilation: tuple[int, int] = (1, 1),
    *,
    ceil: bool = False,
) -> tuple[int, int]:
    """Give the output's height and width; raises Refusal for a window larger than its image."""
    result = []
    for axis, before, after in ((0, pads[0], pads[1]), (1, pads[2], pads[3])):
        length, cover = x[axis + 1], reach(size[axis], dilation[axis])
        if cover > length + before + after:
            padded = f"{x.height + pads[0] + pads[1]} x {x.width + pads[2] + pads[3]}"
            covers = f"{reach(size[0], dilation[0])} x {reach(size[1], dilation[1])}"
            raise Refusal(
                f"a window of {covers} does not fit into an image of {padded}",
                argument="size",
                code="window-too-large",
                help=f"make it smaller, or pad the image: `{name}(…, pad = same)`"
                if name != "gap"
                else None,
            )
        result.append(steps(length, cover, stride[axis], before, after, ceil=ceil))
    return result[0], result[1]


def axes_of(words: tuple[str, ...], x: Shape) -> tuple[int, ...]:
    """Give the places of named axes in a shape; raises Refusal for one that it lacks.

    >>> axes_of(("height", "width"), Shape((8, 5, 5)))
    (1, 2)
    """
    places = tuple(AXES.index(each) for each in words)
    for word, place in zip(words, places, strict=True):
        if place >= len(x):
            raise Refusal(f"a vector of {x} features has no {word}", argument="axis")
    return places


def along(arguments: Mapping[str, object]) -> tuple[str, ...] | None:
    """Give the axis of a step, the channels if none is given; None where it is not known."""
    axis = arguments.get("axis", ("channels",))
    words = (axis,) if isinstance(axis, str) else axis
    known = isinstance(words, tuple | list) and all(each in AXES for each in words)
    return tuple(words) if known and isinstance(words, tuple | list) else None


def need_image(name: str, x: Shape) -> None:
    """Refuse a vector."""
    if not x.is_image:
        raise Refusal(
            f"{name} needs an image, and this is a vector of {x} features",
            input=0,
            help=f"put {name} before `gap` or `flatten`",
        )
