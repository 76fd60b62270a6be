"""What moves values, in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Call, Code, Input, Keyword, Leaf, Member, Raw, Sequence, call
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec.expression import Expression
from cnnspec.ops.layout import Crop, PadImage, Permute, Reshape, Split, Upsample
from cnnspec_torch.lowerings.parts import dim, layer


def identity(_: Applied) -> Lowered:
    """The input, unchanged."""
    return Lowered(Input(), None, call("nn.Identity"))


def flatten(_: Applied) -> Lowered:
    """Channels, rows, columns in a row."""
    return Lowered(Call(Member(Input(), "flatten"), (Leaf(1),)), None, call("nn.Flatten"))


def reshape(step: Applied) -> Lowered:
    """The same values as another shape; the batch stays, so that another image is refused."""
    op = step.op
    assert isinstance(op, Reshape)
    sizes = step.leaves("to")
    flow = Call(Raw("reshaped"), (Input(), Sequence(tuple(sizes))))
    return Lowered(flow, None, Call(Raw("Reshape"), sizes))


def permute(step: Applied) -> Lowered:
    """The axes in another order; the batch stays first."""
    op = step.op
    assert isinstance(op, Permute)
    axes = [Leaf(axis + 1) for axis in op.axes]
    flow = Call(Member(Input(), "permute"), (Leaf(0), *axes))
    return Lowered(flow, None, Call(Raw("Permute"), (Leaf(0), *axes)))


def pad(step: Applied) -> Lowered:
    """Zeros around an image; `F.pad` wants left, right, top, bottom, then channels."""
    op = step.op
    assert isinstance(op, PadImage)
    top, bottom, left, right = step.leaves("sides")
    amounts = [left, right, top, bottom]
    if any(op.channels) or any(each.expression for each in step.leaves("channels")):
        amounts += step.leaves("channels")
    code = _amounts(step, amounts, "pads")
    return Lowered(call("F.pad", Input(), code), None, call("Pad", code))


def crop(step: Applied) -> Lowered:
    """A negative pad takes away."""
    op = step.op
    assert isinstance(op, Crop)
    top, bottom, left, right = (_negative(each) for each in step.leaves("sides"))
    code = _amounts(step, [left, right, top, bottom], "crops")
    return Lowered(call("F.pad", Input(), code), None, call("Pad", code))


def _negative(leaf: Leaf) -> Leaf:
    said = None if leaf.expression is None else Expression("negate", (leaf.expression,))
    return Leaf(-leaf.value, said, leaf.hint)


def _amounts(step: Applied, amounts: list[Leaf], hint: str) -> Code:
    """Write numbers in the block's words, or as one value where it has none."""
    if any(each.expression is not None for each in amounts):
        return Sequence(tuple(amounts), "(")
    return step.value(tuple(each.value for each in amounts), hint)


def upsample(step: Applied) -> Lowered:
    """A larger image; a factor that is no whole number is that of the rounded sizes."""
    op = step.op
    assert isinstance(op, Upsample)
    whole = op.factor == int(op.factor)
    nearest = "nearest" if whole else "nearest-exact"
    mode = Leaf(nearest if op.mode == "nearest" else "bilinear")
    named: tuple[Keyword, ...] = (Keyword("mode", mode),)
    if whole:
        named = (Keyword("scale_factor", step.leaf("factor")), *named)
    else:
        exact = Keyword("recompute_scale_factor", Leaf(True))
        named = (Keyword("scale_factor", step.leaf("factor")), *named, exact)
    flow = Call(Raw("F.interpolate"), (Input(),), named)
    return Lowered(flow, None, Call(Raw("nn.Upsample"), (), named))


def channel_shuffle(step: Applied) -> Lowered:
    """Channels of all groups in turn: a layer of torch's own."""
    return layer("nn.ChannelShuffle", step.leaf("groups"))


def split(step: Applied) -> Lowered:
    """Parts of an axis; one part is the value itself, not a tuple of it."""
    op = step.op
    assert isinstance(op, Split)
    if len(step.outputs) == 1:
        return identity(step)
    along = (Keyword("dim", dim(step)),)
    if isinstance(op.n, int):
        return Lowered(Call(Member(Input(), "chunk"), (step.leaf("n"),), along))
    lengths = Sequence(step.leaves("n"))
    return Lowered(Call(Member(Input(), "split"), (lengths,), along))


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "identity": identity,
    "flatten": flatten,
    "reshape": reshape,
    "permute": permute,
    "pad": pad,
    "crop": crop,
    "upsample": upsample,
    "channel_shuffle": channel_shuffle,
    "pixel_shuffle": lambda step: layer("nn.PixelShuffle", step.leaf("factor")),
    "split": split,
}
