"""How each operator is written in PyTorch, one family a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.lowering import Lowering
from cnnspec_torch.lowerings import (
    activation,
    convolution,
    layout,
    merge,
    noise,
    normalization,
    pooling,
    reduction,
)

#: Every operator of ours by name; `input` is a parameter of `forward`.
LOWERINGS: Final[Mapping[str, Lowering]] = {
    **convolution.LOWERINGS,
    **pooling.LOWERINGS,
    **normalization.LOWERINGS,
    **activation.LOWERINGS,
    **merge.LOWERINGS,
    **layout.LOWERINGS,
    **noise.LOWERINGS,
    **reduction.LOWERINGS,
}
