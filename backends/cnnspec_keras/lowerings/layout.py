"""What moves values, in Keras, where channels are last and the spec has them first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.code import Call, Code, Infix, Input, Keyword, Leaf, Raw, Sequence
from cnnspec.emit.lowering import Lowered
from cnnspec.emit.program import FLOWING, Measure
from cnnspec.emit.site import UNKNOWN, Site
from cnnspec_keras.lowerings.parts import PLAIN, apply, around, axis, layer, named, own, zeros

FIRST: Final = Leaf((3, 1, 2))
LAST: Final = Leaf((2, 3, 1))
ORDER: Final = "channels first, then rows, columns"


def _first(step: Site) -> Code:
    """Put an image's channels first; what is a vector at times is left then."""
    if step.images[0] is None:
        return Call(Raw("channels_first"), (Input(),), (named("chw"),))
    return apply("layers.Permute", FIRST, word="chw") if step.images[0] else Input()


def flatten(step: Site) -> Lowered:
    """Values in a row: in the spec's order unless dense layers alone read them."""
    if PLAIN in step.facts or step.images[0] is False:
        return layer("Flatten")
    return Lowered(apply("layers.Flatten", to=_first(step)), comment=ORDER)


def reshape(step: Site) -> Lowered:
    """The same values as another shape, in the spec's order."""
    sizes = step.sides("to")
    known = step.known("to")
    if known is not UNKNOWN:
        sizes = tuple(map(Leaf, known))
    if sizes is None:
        return own("ChannelsFirstReshape", step.code("to"))
    if len(sizes) == 1:
        comment = ORDER if step.images[0] is not False else None
        shape: Code = Leaf(known) if known is not UNKNOWN else Sequence(sizes, "(")
        return Lowered(apply("layers.Reshape", shape, to=_first(step)), comment=comment)
    shape = Leaf(known) if known is not UNKNOWN else Sequence(sizes, "(")
    shaped = apply("layers.Reshape", shape, to=_first(step), word="shape")
    return Lowered(apply("layers.Permute", LAST, to=shaped), comment=ORDER)


def permute(step: Site) -> Lowered:
    """The axes in another order, both orders written channels last."""
    axes = step.known("axes")
    if axes is UNKNOWN:
        return own("ChannelsFirstPermute", step.code("axes"))
    place = {0: 3, 1: 1, 2: 2}
    _, rows, columns = axes
    order = tuple(place[axis] for axis in (rows, columns, axes[0]))
    return layer("Permute", Leaf(order))


def pad(step: Site) -> Lowered:
    """Zeros around an image; channels of zeros are a layer of our own."""
    channels, sides = step.known("channels"), step.known("sides")
    if channels is not UNKNOWN and not any(channels):
        return layer("ZeroPadding2D", around(step, "sides"))
    bare = sides is not UNKNOWN and not any(sides)
    before = Input() if bare else zeros(step, "sides")
    amounts: Code = Leaf(channels) if channels is not UNKNOWN else _pair(step, "channels")
    return Lowered(apply("ChannelPadding", amounts, to=before))


def _pair(step: Site, name: str) -> Code:
    parts = step.sides(name)
    if parts is not None:
        return Sequence(parts, "(")
    return step.code(name)


def crop(step: Site) -> Lowered:
    """Rows and columns cut off."""
    return layer("Cropping2D", around(step, "sides"))


def upsample(step: Site) -> Lowered:
    """A larger image; a factor that is no whole number is written as the size that it gives.

    Keras's own bilinear layers compute in float32 on TensorFlow whatever their input is.
    """
    mode, factor = step.known("mode"), step.known("factor")
    if mode != "nearest":
        return own("BilinearUpSampling2D", step.code("factor"))
    if factor is not UNKNOWN and factor == int(factor):
        return layer("UpSampling2D", Leaf(int(factor)))
    height, width = (
        Call(Raw("int"), (Infix("*", (step.say(Measure(FLOWING, side)), step.code("factor"))),))
        for side in ("height", "width")
    )
    return layer("Resizing", height, width, keywords=(Keyword("interpolation", Leaf("nearest")),))


def split(step: Site) -> Lowered:
    """Parts of an axis."""
    n = step.known("n")
    if n == 1 or (isinstance(n, tuple) and len(n) == 1):
        return layer("Identity")
    parts = Sequence(tuple(map(Leaf, n))) if isinstance(n, tuple) else step.code("n")
    return own("Split", parts, keywords=(Keyword("axis", axis(step), -1),))


LOWERINGS: Final[Mapping[str, Any]] = {
    "identity": lambda _: layer("Identity"),
    "flatten": flatten,
    "reshape": reshape,
    "permute": permute,
    "pad": pad,
    "crop": crop,
    "upsample": upsample,
    "channel_shuffle": lambda step: own("ChannelShuffle", step.code("groups")),
    "pixel_shuffle": lambda step: own("PixelShuffle", step.code("factor")),
    "split": split,
}
