"""What each figure means, in one place: for `--explain`, and for docs/cost.md."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Final

DEFINITIONS: Final[Mapping[str, str]] = {
    "params": (
        "Numbers that an optimiser changes: weights and biases, training heads included. Running"
        " statistics of batch norm are state, counted apart."
    ),
    "MACs": (
        "Multiply-adds of convolutions and dense products, at inference, of the whole batch. A"
        " convolution has one a weight of its filter and place of its output, a transposed one a"
        " weight and place of its input, a dense layer one a weight and place it acts at. Biases,"
        " batch norm, activations, pooling and sums have none."
    ),
    "FLOPs": "Floating-point operations by the usual convention: 2 x MACs, nothing else.",
    "all FLOPs": (
        "2 x MACs and, at inference, one for each addition, multiplication, division, comparison,"
        " exponential or root in everything else: a bias 1 an output value, batch norm 2 (it is a"
        " scale and a shift), relu 1, sigmoid 4, silu and hardswish 5, an addition 1 a value added,"
        " a max pool k x k - 1 a window, a mean pool k x k, bilinear resizing 7."
    ),
    "weights": "Bytes of parameters and state that inference needs.",
    "activations": (
        "Bytes of everything that one inference writes, the input left out. flatten, reshape, crop,"
        " split, permute and dropout write nothing. In place, an activation writes over its input"
        " where nobody else reads that."
    ),
    "at a time": (
        "The most bytes of values that are there at once, in the order as written: a value lives"
        " from the step that writes it to the last that reads it, the input from the start, outputs"
        " to the end. Weights and a library's workspace are not in it. The best order is searched"
        " exactly up to 50,000 sets of steps (4 branches of 14 steps side by side), fewer where"
        " more could be next; beyond, the figure is an upper bound and says so."
    ),
    "training": (
        "Weights, their gradients, the optimiser's state (SGD none, momentum one number a"
        " parameter, Adam and AdamW two), and what is saved on the way forward: a convolution's,"
        " dense layer's, batch norm's and most activations' inputs, relu's, sigmoid's and tanh's"
        " outputs, each value once; a max pool's places, 8 bytes each; dropout's mask. All in the"
        " type of --dtype. At a time: the fullest moment of the way back, all of these in it."
        " Recomputed, each outermost block saves its inputs only and runs a second time."
    ),
    "moved": (
        "Bytes that a step reads and writes: inputs, weights and state, outputs, each once, nothing"
        " cached between steps or fused."
    ),
    "time": (
        "The roofline: a step takes its operations over the device's peak or its bytes over the"
        " device's bandwidth, whichever is longer; steps run one after the other. No run in these"
        " numbers is faster, unless steps are fused or find their input in a cache. PyTorch lets"
        " convolutions in float32 multiply in TF32 where a device has it: --dtype tf32 is their"
        " bound."
    ),
    "field": (
        "Receptive field: rows and columns of the input that one place sees; stride: how far apart"
        " in the input neighbouring places look (Araujo et al., 2019). A gate that is"
        " spread over an image brings its field alone. Borders are not cut off."
    ),
    "depth": (
        "Layers with MACs on the longest way from an input to an output: what ResNet-50 is named"
        " after. Paths: the different ways; a residual block doubles them."
    ),
    "image": (
        "The smallest and largest height and width that every operator takes with the same"
        " weights, and the operator that refuses the next one."
    ),
}


def explained(width: int) -> str:
    """Write the definitions for people."""
    return "\n".join(
        f"{name}\n{fill(text, width, initial_indent='  ', subsequent_indent='  ')}\n"
        for name, text in DEFINITIONS.items()
    )
