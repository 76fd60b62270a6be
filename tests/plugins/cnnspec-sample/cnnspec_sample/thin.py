"""An operator that resamples, is a view, and makes noise, all of which it says of itself."""

from __future__ import annotations

from cnnspec.kinds import Arg, Float, Int, Refusal
from cnnspec.op import Noise, Op, Window
from cnnspec.shapes import Shape, image


class Thin(Op):
    """Keep every `step`-th row and column, and drop whole channels in training."""

    name = "thin"
    family = "layout"
    sees = "window"
    only_moves = True
    is_view = True
    noise = Noise("rate", together=("height", "width"))
    step = Arg(Int(1, 64), "How many rows and columns there are for each that is kept.")
    rate = Arg(Float(0, below=1), "The probability of dropping.", 0.1)

    def shape(self, *inputs: Shape) -> Shape:
        """Give ceil(n / step) along each axis."""
        (x,) = inputs
        if not x.is_image:
            raise Refusal("thin needs an image", input=0)
        return image(x.channels, -(-x.height // self.step), -(-x.width // self.step))

    def window(self, *inputs: Shape) -> Window:
        """Look at one place in each `step`."""
        return Window((1, 1), (self.step, self.step))
