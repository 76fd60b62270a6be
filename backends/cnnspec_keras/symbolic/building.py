"""What layers are made of: their arguments, what windows do to an image, activations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from cnnspec_keras.symbolic.tensors import KerasTensor, Layer

Size = int | Sequence[int]
Sides = tuple[tuple[int, int], tuple[int, int]]
Numbers = list[int]
#: What a layer does: the layer, what it is called with, its arguments.
Does = Callable[..., Any]


class Built(Layer):
    """A layer of Keras's own: what it does, and with which arguments."""

    does: Does
    takes_several = False

    def __init__(self, *arguments: Any, name: str | None = None, **keywords: Any) -> None:
        super().__init__(name)
        self.arguments = arguments
        self.keywords = keywords
        #: Values on the way, that a step of their own may be.
        self.on_the_way: Numbers = []

    @property
    def padding(self) -> Sides:
        """What a layer that pads puts around an image."""
        value = self.arguments[0] if self.arguments else self.keywords["padding"]
        return around(value)

    def done(self, given: Any, numbers: list[int]) -> Any:
        self.on_the_way = numbers
        if self.takes_several:
            given = list(given)
        return type(self).does(self, given, *self.arguments, **self.keywords)


def pair(value: Size) -> tuple[int, int]:
    """Give a number for rows and one for columns."""
    if isinstance(value, int):
        return (value, value)
    rows, columns = value
    return (int(rows), int(columns))


def around(value: Any) -> Sides:
    """Give what is around an image: rows before and after, columns before and after."""
    if isinstance(value, int):
        return ((value, value), (value, value))
    rows, columns = value
    if isinstance(rows, int):
        return ((rows, rows), (columns, columns))
    return ((int(rows[0]), int(rows[1])), (int(columns[0]), int(columns[1])))


NONE: Final[Sides] = ((0, 0), (0, 0))


def image(x: KerasTensor) -> tuple[int, int, int]:
    """Give an image's height, width and channels; raises ValueError for a vector."""
    lengths = x.lengths
    if len(lengths) != 3:
        raise ValueError(f"expected an image, not {len(lengths) + 1} axes")
    return (lengths[0], lengths[1], lengths[2])


def window(
    x: KerasTensor,
    size: tuple[int, int],
    moves: tuple[int, int],
    dilations: tuple[int, int],
    padding: str,
) -> tuple[Sides, tuple[int, int]]:
    """Give the padding of a window, and the rows and columns that come out."""
    sides, lengths = [], []
    rows = zip(image(x)[:2], size, moves, dilations, strict=True)
    for length, width, move, dilation in rows:
        cover = (width - 1) * dilation + 1
        if padding == "same":
            count = -(-length // move)
            total = max((count - 1) * move + cover - length, 0)
            sides.append((total // 2, total - total // 2))
        elif padding == "valid":
            count = (length - cover) // move + 1
            sides.append((0, 0))
        else:
            raise ValueError(f"padding is {padding!r}")
        if count < 1:
            raise ValueError("a window is larger than the image")
        lengths.append(count)
    return (sides[0], sides[1]), (lengths[0], lengths[1])


#: The names of activations that have several.
_ALIKE: Final = {
    "swish": "silu",
    "hard_swish": "hard_silu",
    "linear": "",
}


def activated(own: Built, x: KerasTensor, activation: str | None) -> KerasTensor:
    """Do a layer's activation."""
    word = _ALIKE.get(activation or "", activation or "")
    if not word:
        return x
    if not isinstance(word, str):
        raise TypeError("an activation is a word")
    own.on_the_way.append(x.number)
    return x.made(word, (), x.lengths)
