"""Functions that emitted files use: each one here is copied whole into the files that need it."""

from typing import Any

import numpy as np
from keras import KerasTensor, layers


def padded(
    x: KerasTensor,
    padding: Any,
    size: Any,
    strides: Any = 1,
    dilation: Any = 1,
    *,
    name: str,
) -> tuple[KerasTensor, str]:
    """Put zeros around an image; say what is left to pad: "same", where that is as even."""
    if padding == "same":
        return x, "same"
    over = np.broadcast_to(np.multiply(np.subtract(size, 1), dilation), 2)
    if padding == "same_lower":
        padding = same_sides(x, over + 1, strides, padding)
    elif not isinstance(padding, int) and len(padding) == 4:
        padding = (padding[:2], padding[2:])
    zeros = layers.ZeroPadding2D(padding, name=name)
    even = tuple((n // 2, n - n // 2) for n in over)
    if np.max(strides) == 1 and zeros.padding == even:
        return x, "same"
    return zeros(x) if np.any(zeros.padding) else x, "valid"


def conv2d(
    x: KerasTensor, filters: int, size: Any, *, padding: Any, groups: int = 1, **kw: Any
) -> KerasTensor:
    """A convolution of a padded image; depthwise if each channel is a group of its own."""
    if not isinstance(padding, str):  # with a stride "same" pads unevenly
        fits = np.all(np.multiply(padding, 2) == np.subtract(size, 1))
        word = "same" if fits and np.max(kw.get("strides", 1)) == 1 else "valid"
        if word == "valid" and np.any(padding):
            x = layers.ZeroPadding2D(padding, name=f"{kw['name']}_pad")(x)
        padding = word
    if groups == x.shape[-1] > 1:
        kw["depth_multiplier"] = filters // groups
        return layers.DepthwiseConv2D(size, padding=padding, **kw)(x)
    return layers.Conv2D(filters, size, padding=padding, groups=groups, **kw)(x)


def overhang(x: KerasTensor, size: Any, strides: Any, padding: Any = 0) -> Any:
    """Give the rows and columns by which a pool's last window hangs over an image's end."""
    over = []
    pads = np.broadcast_to(padding, (2, 2))
    for axis, (before, after) in enumerate(pads.tolist()):
        n = x.shape[axis + 1] + before + after
        k, s = (np.broadcast_to(each, 2)[axis] for each in (size, strides))
        last = -(-(n - k) // s)
        last -= last > 0 and last * s >= n - after
        over.append(int(max(last * s + k - n, 0)))
    return tuple(over)


def same_sides(x: KerasTensor, size: Any, strides: Any, word: str) -> list[Any]:
    """Give the zeros around an image of which a window makes length / stride places."""
    sides = []
    for axis in (0, 1):
        n, k = x.shape[axis + 1], np.broadcast_to(size, 2)[axis]
        s = np.broadcast_to(strides, 2)[axis]
        more = int(max((-(-n // s) - 1) * s + k - n, 0))
        less = (more // 2, more - more // 2)
        sides.append(less if word == "same" else less[::-1])
    return sides


def channels_first(x: KerasTensor, *, name: str) -> KerasTensor:
    """Put an image's channels first; a vector stays."""
    return layers.Permute((3, 1, 2), name=name)(x) if len(x.shape) == 4 else x


def axes_of(axis: Any) -> tuple[int, ...]:
    """Give the axes of an image by their names, channels last."""
    named = {axis} if isinstance(axis, str) else set(axis)
    if "places" in named:
        named |= {"height", "width"}
    places = {"channels": -1, "height": 1, "width": 2}
    return tuple(place for name, place in places.items() if name in named)


def round_to(value: float, divisor: int = 8) -> int:
    """Give the nearest multiple of divisor, never below 90 % of value."""
    result = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return result + divisor if result < 0.9 * value else result


def kind(step: Any) -> str:
    """Say what a step without a name of its own is called after."""
    return str(getattr(step, "func", step).__name__).replace("_", "__")
