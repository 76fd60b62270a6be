"""What a tensor that is met while a module runs stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch

from cnnspec.diagnostics import SpecError
from cnnspec.importing.tree import Shape, Value


class Layout(NamedTuple):
    """How a value's numbers lie in the tensor that holds them, behind the batch.

    `first`: channels, height, width, or a vector's features. `last`: height, width, channels.
    `grouped`: groups, channels of each, height, width; `dealt`: the first two of them exchanged.
    `column`: a vector with one axis of length 1 behind it.
    """

    kind: Literal["first", "last", "grouped", "dealt", "column"] = "first"
    groups: int = 0


FIRST = Layout()
LAST = Layout("last")


class Flow(NamedTuple):
    """A tensor that holds a value of the network."""

    value: Value
    layout: Layout = FIRST

    def shape(self, tensor: torch.Tensor) -> Shape:
        """Give the shape, channels first, that a result laid out so has."""
        return shape_of(tensor, self.layout)


@dataclass(frozen=True, slots=True)
class Held:
    """A parameter or buffer, by its name; `made` says what was computed of it, if anything."""

    name: str
    made: str = ""
    #: Whether only its shape was changed.
    view: bool = True


@dataclass(frozen=True, slots=True)
class Noise:
    """Ones with probability `keep`, else zeros, drawn anew; `divided`: by `keep`."""

    keep: float
    divided: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A tensor that `forward` makes: by which function; of `rand`, what was added."""

    function: str
    added: float = 0.0


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What no operator gives: refused if anything comes of it."""

    refusal: SpecError


Meaning = Flow | Held | Noise | Made | Unsaid


def shape_of(tensor: torch.Tensor, layout: Layout = FIRST) -> Shape:
    """Give a tensor's shape without its batch, channels first."""
    shape = tuple(tensor.shape[1:])
    if layout.kind == "last":
        return (shape[-1], *shape[:-1])
    return shape


def tensors(value: object) -> Sequence[torch.Tensor]:
    """Give the tensors among arguments or results, in lists too."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [each for part in value for each in tensors(part)]
    return []
