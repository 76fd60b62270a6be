"""What each operator means, one family a file.

A meaning is a function of the operator's arguments, its weights by key, and its inputs, which are
arrays of batch x C x H x W or batch x features. It is written from the operator's definition: a
reader who doubts what a network computes finds the answer here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec_numpy.meanings import (
    activation,
    convolution,
    layout,
    merge,
    noise,
    normalization,
    pooling,
    reduction,
)
from cnnspec_numpy.meanings.arrays import Meaning

#: Every operator of ours by name; `input` is given.
MEANINGS: Final[Mapping[str, Meaning]] = {
    **convolution.MEANINGS,
    **pooling.MEANINGS,
    **normalization.MEANINGS,
    **activation.MEANINGS,
    **merge.MEANINGS,
    **layout.MEANINGS,
    **noise.MEANINGS,
    **reduction.MEANINGS,
}
