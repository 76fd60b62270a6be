"""The operators that only name something: the input, and a step that does nothing."""

from __future__ import annotations

from cnnspec.channels import Argument
from cnnspec.kinds import Arg, Called, Int, Refusal
from cnnspec.op import Op
from cnnspec.shapes import Shape


class Input(Op):
    """What comes into the network: an image, channels first, or a vector of features.

    `input(3, 224, 224)` is an image of 3 channels, 224 rows, 224 columns; `input(100)` a vector.
    """

    name = "input"
    elsewhere = tuple(
        Called(word, "input(channels, height, width)") for word in ("Input", "InputLayer")
    )
    positional = 3
    family = "basic"
    arity = (0, 0)
    is_input = True
    channel_rule = Argument("channels")
    rank = "argued"
    channels = Arg(Int(1), "Channels of the image, or features of the vector.")
    height = Arg(Int(1), "Rows of the image; left out for a vector.", None)
    width = Arg(Int(1), "Columns of the image; left out for a vector.", None)

    def check(self) -> None:
        if (self.height is None) != (self.width is None):
            raise Refusal(
                "an image has a height and a width",
                argument="height",
                help="write `input(channels, height, width)`",
            )

    def shape(self, *inputs: Shape) -> Shape:
        if self.height is None:
            return Shape((self.channels,))
        return Shape((self.channels, self.height, self.width))


class Identity(Op):
    """The input, unchanged."""

    name = "identity"
    elsewhere = ("noop", "pass_through")
    family = "basic"
    sees = "value"
    only_moves = True
    is_view = True

    def shape(self, *inputs: Shape) -> Shape:
        return inputs[0]
