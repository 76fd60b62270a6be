"""What moves values, in Keras, where channels are last and the spec has them first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.emit.code import Code, Input, Keyword, Leaf, Sequence
from cnnspec.emit.lowering import Applied, Lowered, Lowering
from cnnspec.ops.layout import Crop, PadImage, Permute, Reshape, Upsample
from cnnspec.shapes import Shape
from cnnspec_keras.lowerings.parts import PLAIN, apply, around, layer, own, zeros

FIRST: Final = Leaf((3, 1, 2))
LAST: Final = Leaf((2, 3, 1))


def _ordered(x: Shape) -> bool:
    """Whether an image's values stand in the same order wherever its channels are."""
    return not x.is_image or x.channels == 1 or x.height * x.width == 1


def flatten(step: Applied) -> Lowered:
    """Values in a row: in the spec's order unless dense layers alone read them."""
    if PLAIN in step.hints or _ordered(step.inputs[0]):
        return layer("Flatten")
    first = apply("layers.Permute", FIRST, word="chw")
    return Lowered(apply("layers.Flatten", to=first), comment="channels first, then rows, columns")


def reshape(step: Applied) -> Lowered:
    """The same values as another shape, in the spec's order."""
    op = step.op
    assert isinstance(op, Reshape)
    (x,), (y,) = step.inputs, step.outputs
    comment = "channels first, then rows, columns"
    code: Code = Input()
    if not _ordered(x):
        code = apply("layers.Permute", FIRST, word="chw")
    if not _ordered(y):
        shaped = apply("layers.Reshape", step.value(tuple(y), "shape"), to=code, word="shape")
        return Lowered(apply("layers.Permute", LAST, to=shaped), comment=comment)
    last = (*y[1:], y.channels)
    shaped = apply("layers.Reshape", step.value(last, "shape"), to=code)
    return Lowered(shaped, comment=None if isinstance(code, Input) else comment)


def permute(step: Applied) -> Lowered:
    """The axes in another order, both orders written channels last."""
    op = step.op
    assert isinstance(op, Permute)
    place = {0: 3, 1: 1, 2: 2}
    _, rows, columns = op.axes
    order = tuple(place[axis] for axis in (rows, columns, op.axes[0]))
    return layer("Permute", Leaf(order))


def pad(step: Applied) -> Lowered:
    """Zeros around an image; channels of zeros are a layer of our own."""
    op = step.op
    assert isinstance(op, PadImage)
    if not any(op.channels):
        return layer("ZeroPadding2D", around(step, op.sides, "sides"))
    before = zeros(step, op.sides, "sides") if any(op.sides) else Input()
    channels = step.leaves("channels")
    amounts: Code = Leaf(op.channels, None, "channels")
    if any(each.expression is not None for each in channels):
        amounts = Sequence(channels, "(")
    return Lowered(apply("ChannelPadding", amounts, to=before))


def crop(step: Applied) -> Lowered:
    """Rows and columns cut off."""
    op = step.op
    assert isinstance(op, Crop)
    return layer("Cropping2D", around(step, op.sides, "sides"))


def upsample(step: Applied) -> Lowered:
    """A larger image; a factor that is no whole number is written as the size that it gives.

    Keras's own bilinear layers compute in float32 on TensorFlow whatever their input is.
    """
    op = step.op
    assert isinstance(op, Upsample)
    if op.mode == "bilinear":
        return own("BilinearUpSampling2D", step.leaf("factor"))
    if op.factor == int(op.factor):
        return layer("UpSampling2D", step.value(int(op.factor), "size"))
    height, width = step.outputs[0][1:]
    sizes = (step.value(height, "height"), step.value(width, "width"))
    return layer("Resizing", *sizes, keywords=(Keyword("interpolation", Leaf("nearest")),))


def split(step: Applied) -> Lowered:
    """Equal parts of the channels."""
    if len(step.outputs) == 1:
        return layer("Identity")
    return own("Split", step.leaf("n"))


LOWERINGS: Final[Mapping[str, Lowering]] = {
    "identity": lambda _: layer("Identity"),
    "flatten": flatten,
    "reshape": reshape,
    "permute": permute,
    "pad": pad,
    "crop": crop,
    "upsample": upsample,
    "channel_shuffle": lambda step: own("ChannelShuffle", step.leaf("groups")),
    "pixel_shuffle": lambda step: own("PixelShuffle", step.leaf("factor")),
    "split": split,
}
