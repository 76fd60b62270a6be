"""Numbers made of all along some axes, in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Call, Input, Keyword, Leaf, Member, Raw
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec_torch.lowerings.parts import dims


def _along(method: str, module: str) -> Lowering:
    def lower(step: Applied) -> Lowered:
        axes = dims(step)
        flow = Call(Member(Input(), method), (axes,), (Keyword("keepdim", Leaf(True)),))
        return Lowered(flow, None, Call(Raw(module), (axes,)))

    return lower


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "mean": _along("mean", "MeanOver"),
    "sum": _along("sum", "SumOver"),
    "max": _along("amax", "MaxOver"),
    "min": _along("amin", "MinOver"),
}
