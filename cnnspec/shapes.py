"""What flows along an edge: an image, C x H x W, or a vector of features; the batch is left out."""

from __future__ import annotations

from math import prod


class Shape(tuple[int, ...]):
    """The shape of one value without its batch: `(channels, height, width)` or `(features,)`.

    >>> Shape((64, 56, 56)).channels, str(Shape((64, 56, 56))), Shape((10,)).is_image
    (64, '64 x 56 x 56', False)
    """

    __slots__ = ()

    @property
    def is_image(self) -> bool:
        """Whether it has height and width."""
        return len(self) == 3

    @property
    def channels(self) -> int:
        """Channels of an image, features of a vector."""
        return self[0]

    @property
    def height(self) -> int:
        """Rows of an image; raises AttributeError on a vector."""
        return self._axis("height", 1)

    @property
    def width(self) -> int:
        """Columns of an image; raises AttributeError on a vector."""
        return self._axis("width", 2)

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self)

    def _axis(self, name: str, axis: int) -> int:
        if not self.is_image:
            raise AttributeError(f"a vector of {self} features has no {name}")
        return self[axis]

    def __str__(self) -> str:
        return " x ".join(map(str, self))

    def __repr__(self) -> str:
        return f"Shape({tuple(self)})"


def image(channels: int, height: int, width: int) -> Shape:
    """Make the shape of an image."""
    return Shape((channels, height, width))


def vector(features: int) -> Shape:
    """Make the shape of a vector."""
    return Shape((features,))


def windows(length: int, size: int, stride: int, pad: int, *, ceil: bool = False) -> int:
    """Count the places at which a window fits along one axis; `pad` is both sides together.

    With `ceil` a last window may hang over the end if it starts on the image or its left padding;
    what it counts then is given by `pooled`, which knows the two sides apart.

    >>> windows(224, size=7, stride=2, pad=6)
    112
    """
    span = length + pad - size
    return -(-span // stride) + 1 if ceil else span // stride + 1
