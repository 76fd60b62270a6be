"""Normalisation in PyTorch; eps and momentum are written where they are not torch's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import THROUGH, Call, Input, Leaf, Module, Raw, call
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec_torch.lowerings.parts import argument, layer


def bn(step: Applied) -> Lowered:
    """Batch normalisation; torch's momentum is the spec's: the weight of the new batch."""
    name = "nn.BatchNorm2d" if step.inputs[0].is_image else "nn.BatchNorm1d"
    keywords = (
        argument(step, "eps", 1e-5),
        argument(step, "momentum", 0.1),
        argument(step, "affine", True),
    )
    return layer(name, step.channels(), keywords=keywords)


def ln(step: Applied) -> Lowered:
    """Layer normalisation over the channels at each place."""
    keywords = (
        argument(step, "eps", 1e-5),
        argument(step, "affine", True, "elementwise_affine"),
    )
    module = Call(Raw("nn.LayerNorm"), (step.channels(),), keywords)
    if not step.inputs[0].is_image:
        return Lowered(THROUGH, module)
    last = call("torch.movedim", Input(), Leaf(1), Leaf(-1))
    flow = call("torch.movedim", Call(Module(), (last,)), Leaf(-1), Leaf(1))
    whole = Call(Raw("ChannelLayerNorm"), (step.channels(),), keywords)
    return Lowered(flow, module, whole)


def gn(step: Applied) -> Lowered:
    """Group normalisation."""
    keywords = (argument(step, "eps", 1e-5), argument(step, "affine", True))
    return layer("nn.GroupNorm", step.leaf("groups"), step.channels(), keywords=keywords)


def lrn(step: Applied) -> Lowered:
    """Local response normalisation; torch divides alpha by size, as the spec does."""
    keywords = (
        argument(step, "alpha", 1e-4),
        argument(step, "beta", 0.75),
        argument(step, "k", 1.0),
    )
    return layer("nn.LocalResponseNorm", step.leaf("size"), keywords=keywords)


LOWERINGS: Final[Mapping[str, Lowering]] = {"bn": bn, "ln": ln, "gn": gn, "lrn": lrn}
