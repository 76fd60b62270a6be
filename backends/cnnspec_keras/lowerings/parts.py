"""What lowerings are made of: layers with their names, padding before them, keywords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cnnspec.emit.code import Call, Code, Input, Keyword, Leaf, Raw, Sequence, Subscript
from cnnspec.emit.lowering import Lowered, compact
from cnnspec.emit.site import UNKNOWN, Site
from cnnspec.ops.geometry import Sides, reach

#: What the writer found out about a place: dense layers alone read what is flattened there; what
#: flows in cannot be negative.
PLAIN: Final = "plain"
POSITIVE: Final = "positive"
#: The padding that is given there is one number or two, in every call that is known.
SIMPLE: Final = "simple"


@dataclass(frozen=True, slots=True)
class LayerName:
    """A place for the layer's name: the step's, or that and a word for a layer before it."""

    word: str = ""


@dataclass(frozen=True, slots=True)
class Padded:
    """A place for what `padded` leaves for a layer to pad, after zeros were put before it."""


def keyword(name: str, code: Code, default: Any) -> Keyword:
    """Write a keyword, left out where it is Keras's default."""
    return Keyword(name, code, default)


def argument(step: Site, name: str, default: Any, keras_name: str | None = None) -> Keyword:
    """Write an argument of the spec as a keyword of Keras's."""
    return Keyword(keras_name or name, step.code(name), default)


def named(word: str = "") -> Keyword:
    """Write the layer's name."""
    return Keyword("name", LayerName(word))  # type: ignore[arg-type]


def apply(
    name: str,
    *arguments: Code,
    keywords: tuple[Keyword, ...] = (),
    to: Code | None = None,
    word: str = "",
) -> Call:
    """Write a layer applied to the step's input, or to what another layer gives."""
    layer = Call(Raw(name), arguments, (*keywords, named(word)))
    return Call(layer, (Input() if to is None else to,))


def function(name: str, *arguments: Code, keywords: tuple[Keyword, ...] = ()) -> Lowered:
    """Write a step as a call of one of our own functions, which is copied into the file."""
    return Lowered(Call(Raw(name), (Input(), *arguments), (*keywords, named())))


def layer(
    name: str, *arguments: Code, keywords: tuple[Keyword, ...] = (), comment: str | None = None
) -> Lowered:
    """Write a step that is one layer."""
    return Lowered(apply(f"layers.{name}", *arguments, keywords=keywords), comment=comment)


def own(name: str, *arguments: Code, keywords: tuple[Keyword, ...] = ()) -> Lowered:
    """Write a step that is a layer of our own, which is copied into the file."""
    return Lowered(apply(name, *arguments, keywords=keywords))


#: What names of axes are in Keras, where channels are last.
PLACES: Final = {"channels": -1, "height": 1, "width": 2}


def places(step: Site) -> tuple[int, ...] | None:
    """Give the axes that a step names as Keras counts them; None if that differs."""
    words = step.known("axis")
    return None if words is UNKNOWN else tuple(PLACES[each] for each in words)


def axes(step: Site) -> Code:
    """Write the axes that a step names, one as a number."""
    known = places(step)
    if known is None:
        return Call(Raw("axes_of"), (step.code("axis"),))
    return Leaf(known[0] if len(known) == 1 else known)


def axis(step: Site) -> Code:
    """Write the one axis that a step names."""
    several = axes(step)
    return Subscript(several, Raw("0")) if isinstance(several, Call) else several


def around(step: Site, name: str) -> Code:
    """Write what is around an image as Keras does: a number, a pair, or two pairs."""
    value = step.known(name)
    if value is not UNKNOWN:
        top, bottom, left, right = value
        if (top, left) == (bottom, right):
            return Leaf(compact((top, left)))
        return Leaf(((top, bottom), (left, right)))
    written = step.sides(name)
    if written is not None and len(written) == 4:
        rows, columns = (Sequence(written[n : n + 2], "(") for n in (0, 2))
        return Sequence((rows, columns), "(")
    return step.code(name)


def zeros(step: Site, name: str = "pad", to: Code | None = None) -> Code:
    """Write zeros around the step's input, as a layer before the step's own."""
    return apply("layers.ZeroPadding2D", around(step, name), word="pad", to=to)


def is_even(pads: Sides, size: tuple[int, int], dilation: tuple[int, int]) -> bool:
    """Whether Keras's `same` puts these zeros around an image where nothing strides."""
    over = [reach(size[axis], dilation[axis]) - 1 for axis in (0, 1)]
    return pads == tuple(side for each in over for side in (each // 2, each - each // 2))
