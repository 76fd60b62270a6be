"""What lowerings are made of: layers with their names, padding before them, keywords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cnnspec.emit.code import Call, Code, Input, Keyword, Leaf, Raw, Sequence
from cnnspec.emit.lowering import Applied, Lowered, compact
from cnnspec.ops.geometry import Sides

#: What the backend found out before lowering: Keras's "same" gives this padding; it does where
#: the stride is 1; dense layers alone read what is flattened.
SAME: Final = "same"
UNLESS_STRIDED: Final = "same unless strided"
PLAIN: Final = "plain"


@dataclass(frozen=True, slots=True)
class LayerName:
    """A place for the layer's name: the step's, or that and a word for a layer before it."""

    word: str = ""


def keyword(name: str, code: Code, default: Any) -> Keyword:
    """Write a keyword, left out where it is Keras's default."""
    return Keyword(name, code, default)


def argument(step: Applied, name: str, default: Any, keras_name: str | None = None) -> Keyword:
    """Write an argument of the spec as a keyword of Keras's."""
    return Keyword(keras_name or name, step.leaf(name), default)


def apply(
    name: str,
    *arguments: Code,
    keywords: tuple[Keyword, ...] = (),
    to: Code | None = None,
    word: str = "",
) -> Call:
    """Write a layer applied to the step's input, or to what another layer gives."""
    named = (*keywords, Keyword("name", LayerName(word)))  # type: ignore[arg-type]
    return Call(Call(Raw(name), arguments, named), (Input() if to is None else to,))


def layer(
    name: str, *arguments: Code, keywords: tuple[Keyword, ...] = (), comment: str | None = None
) -> Lowered:
    """Write a step that is one layer."""
    return Lowered(apply(f"layers.{name}", *arguments, keywords=keywords), comment=comment)


def own(name: str, *arguments: Code, keywords: tuple[Keyword, ...] = ()) -> Lowered:
    """Write a step that is a layer of our own, which is copied into the file."""
    return Lowered(apply(name, *arguments, keywords=keywords))


def merged(name: str, inputs: tuple[Code, ...]) -> Lowered:
    """Write a layer that takes a list."""
    return Lowered(apply(f"layers.{name}", to=Sequence(inputs)))


def around(step: Applied, sides: Sides, argument: str = "pad") -> Code:
    """Write what is around an image as Keras does: a number, a pair, or two pairs."""
    top, bottom, left, right = sides
    if (top, left) != (bottom, right):
        return step.value(((top, bottom), (left, right)), "padding")
    value = compact((top, left))
    written = step.leaf(argument)
    if value == written.value:
        return Leaf(value, written.expression, "padding")
    return Leaf(value, None, "padding")


def zeros(step: Applied, sides: Sides, argument: str = "pad") -> Code:
    """Write zeros around the step's input, as a layer before the step's own."""
    return apply("layers.ZeroPadding2D", around(step, sides, argument), word="pad")
