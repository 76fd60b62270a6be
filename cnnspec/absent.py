"""Words of frameworks and papers for which there is no operator: made of several, or not here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cnnspec.kinds import Called

_GLU: Final = "where `a, b = x -> split(2)`"
_INSTANCE: Final = "`x` is what flows in"
#: What is said of a framework's modules.
MODULE: Final = "operators stand alone, with no module before them; `cnnspec ops` lists them"
_ROW: Final = "steps in a row are a flow, `a -> b`, and a list of them `[a, b]`"
_RANK: Final = "not here: images have two axes, height and width"
_SIZE: Final = "not here: `upsample(factor)` takes a factor, and no size"
_PADS: Final = "not here: `pad` puts zeros around an image"
_REDUCES: Final = "not here: `mean`, `sum`, `max` and `min` are: `x -> mean(axis = places)`"
_NOISE: Final = "not here: `dropout`, `spatial_dropout` and `drop_path` are"
_SEQUENCE: Final = "not here: networks are of images, without recurrence or attention"
_PRODUCT: Final = "not here: `dense` and `conv` multiply by learned matrices, `mul` place by place"
_CENTRE: Final = (
    "not here: it says what is left, `crop` what is cut off: "
    "`crop([(x.height - h) // 2, (x.width - w) // 2])` where both are even"
)

#: What several steps compute, by word.
MADE: Final[tuple[Called, ...]] = (
    *(
        Called(word, "dwconv(3, bias = false) -> conv(filters, 1)")
        for word in ("SeparableConv2D", "SeparableConvolution2D", "separable_conv", "sepconv")
    ),
    Called("InstanceNorm2d", "gn(groups = x.channels, affine = false)", _INSTANCE),
    Called("instance_norm", "gn(groups = x.channels, affine = false)", _INSTANCE),
    Called("InstanceNormalization", "gn(groups = x.channels, eps = 1e-3)", _INSTANCE),
    Called("selu", "elu(1.6732632423543772) -> scale(1.0507009873554805)"),
    Called("GLU", "mul(a, b -> sigmoid)", _GLU),
    Called("Softmin", "scale(-1.0) -> softmax"),
)

#: What is not here, by words without case and underscores: why, or what is.
ABSENT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("nn", "f", "torch", "tf", "keras", "layers", "activations"), MODULE),
    **dict.fromkeys(("sequential", "modulelist"), _ROW),
    **dict.fromkeys(("activation",), "an activation is a step of its own: `-> relu`"),
    **dict.fromkeys(
        ("depthtospace", "spacetodepth", "pixelunshuffle"),
        "not here: `pixel_shuffle` takes channels in another order, and none goes back",
    ),
    **dict.fromkeys(
        ("adaptivemaxpool2d", "adaptivemaxpooling2d", "adaptivemaxpool"),
        "not here, save for a size of 1: `gmp(keep = true)`",
    ),
    **dict.fromkeys(
        ("maxunpool2d", "maxunpool", "fractionalmaxpool2d", "lppool2d", "maxpool2dwithindices"),
        "not here: `maxpool` and `avgpool` are",
    ),
    **dict.fromkeys(
        (
            "grn",
            "globalresponsenorm",
            "rmsnorm",
            "rmsnormalization",
            "unitnormalization",
            "spectralnormalization",
            "weightnorm",
        ),
        "not here: `bn`, `ln`, `gn` and `lrn` normalise",
    ),
    **dict.fromkeys(("matmul", "bmm", "einsum", "dot", "tensordot", "bilinear"), _PRODUCT),
    **dict.fromkeys(
        (
            "hardtanh",
            "hardshrink",
            "softshrink",
            "tanhshrink",
            "logsigmoid",
            "logsoftmax",
            "rrelu",
            "threshold",
            "softplus",
            "softsign",
            "sparsemax",
            "squareplus",
            "crelu",
        ),
        "not here: `cnnspec ops` lists the activations that are",
    ),
    **dict.fromkeys(("centercrop", "randomcrop"), _CENTRE),
    **dict.fromkeys(("resize", "resizing", "adaptiveresize"), _SIZE),
    **dict.fromkeys(
        ("upsamplingbilinear2d", "upsamplebilinear"),
        "not here: it keeps the corners; `upsample(factor, bilinear)` interpolates between centres",
    ),
    **dict.fromkeys(
        ("constantpad2d", "reflectionpad2d", "replicationpad2d", "circularpad2d", "reflectpad"),
        _PADS,
    ),
    **dict.fromkeys(
        ("alphadropout", "featurealphadropout", "gaussiandropout", "gaussiannoise"), _NOISE
    ),
    **dict.fromkeys(
        ("reducemean", "reducemax", "reducemin", "reducesum", "amax", "amin", "logsumexp"), _REDUCES
    ),
    "average": "not here: it is a sum over a number, `(a + b) / 2`",
    **dict.fromkeys(
        (
            "lstm",
            "gru",
            "rnn",
            "simplernn",
            "embedding",
            "multiheadattention",
            "attention",
            "transformer",
        ),
        _SEQUENCE,
    ),
    **dict.fromkeys(("fold", "unfold", "unflatten", "repeatvector"), "not here: `reshape` is"),
    "crossentropyloss": "not here: a spec has no loss; an output gives what goes into it",
    "normalize": "not here: `bn`, `ln`, `gn` and `lrn` normalise",
    "lambda": "not here: declare `block name(x) { … }`",
}

#: Which of them are of images of another rank, by how a word ends.
OTHER_RANK: Final = (r"[13]d(transpose)?(withindices)?$", _RANK)
