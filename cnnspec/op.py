"""How an operator is declared: arguments with bounds, a shape rule, weights, multiply-adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import takewhile
from math import prod, sqrt
from typing import Any, ClassVar, Literal, NamedTuple

from cnnspec import channels
from cnnspec.channels import ByArguments, Formula
from cnnspec.kinds import MISSING, Arg, Called, Refusal
from cnnspec.shapes import Shape

Role = Literal["weight", "bias", "state"]
Flow = Literal["inputs", "outputs"]
#: What one number that comes out is made of: the number of its channel and place alone; all
#: channels of its place; places around it, as `Op.window` says; the whole image.
Sight = Literal["value", "place", "window", "image"]
#: What comes out: an image for an image and a vector for a vector; always a vector; what the
#: arguments say.
Rank = Literal["kept", "vector", "argued"]
Axis = Literal["channels", "height", "width"]
Steps = int | Fraction
#: How large sums of products are, with weights that are drawn by how many they sum.
PRODUCTS = 1.05


class Weight(NamedTuple):
    """One tensor that an operator owns: its key below the node's path, and its shape.

    `state` is kept by the layer and not trained (running statistics); the rest is trainable.
    """

    key: str
    shape: tuple[int, ...]
    role: Role = "weight"
    #: What a state is a running estimate of, at a rate that the argument `momentum` gives.
    statistic: Literal["mean", "variance"] | None = None

    @property
    def trainable(self) -> bool:
        """Whether an optimiser changes it."""
        return self.role != "state"


class Window(NamedTuple):
    """How an operator looks at its image, `(vertical, horizontal)`, for receptive fields.

    `size` is how many input places one output place sees, `dilation` how far apart they are, and
    `stride` how many input places further the next output place looks: a fraction where the image
    becomes larger.
    """

    size: tuple[int, int]
    stride: tuple[Steps, Steps] = (1, 1)
    dilation: tuple[int, int] = (1, 1)


def count(value: int | Sequence[object]) -> int:
    """Say how many a number, or a list, stands for."""
    return value if isinstance(value, int) else len(value)


class Noise(NamedTuple):
    """What an operator drops in training, at a rate that an argument gives.

    Values are dropped together along the axes in `together`, and each example by itself.
    """

    rate: str
    together: tuple[Axis, ...] = ()

    def mask(self, x: Shape) -> tuple[int, ...]:
        """Give the shape of one example's mask, which spreads over x.

        >>> Noise("rate", ("height", "width")).mask(Shape((8, 5, 5)))
        (8, 1, 1)
        """
        axes = ("channels", "height", "width")[: len(x)]
        return tuple(
            1 if axis in self.together else length for axis, length in zip(axes, x, strict=True)
        )


class Noted(NamedTuple):
    """What a layer's gradient needs and does not flow, for one example: numbers, and indices."""

    numbers: int = 0
    indices: int = 0


class Op:
    """An operator, bound to one set of arguments.

    A subclass declares `name`, `family`, its `Arg`s as class attributes, and `shape`; its docstring
    is its manual page. An instance is immutable, holds the arguments' values as attributes of the
    same names, and may be shared by many nodes. Methods take the inputs' shapes, never a batch, a
    place in a text, or anything of a backend. They raise `Refusal` with an argument's name.
    """

    name: ClassVar[str]
    family: ClassVar[str]
    #: What frameworks and papers call it: a word alone means the same with the same arguments.
    elsewhere: ClassVar[tuple[str | Called, ...]] = ()
    arguments: ClassVar[Mapping[str, Arg]] = {}
    #: The arguments' names, in order, and those of them that have no default.
    names: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[tuple[str, ...]] = ()
    #: How many of them, the first ones, may be given by position; None: those without a default.
    positional: ClassVar[int | None] = None
    #: The names of those that may, in order.
    ordered: ClassVar[tuple[str, ...]] = ()
    #: The names of those that may follow another convention.
    doubted: ClassVar[tuple[str, ...]] = ()
    #: How many inputs it takes: at least, and at most (None: any number).
    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    #: What puts several values together so, where it takes one.
    instead: ClassVar[str | None] = None
    #: Whether it is what comes into the network.
    is_input: ClassVar[bool] = False
    #: Whether nothing flows in: the one input that it has tells it how many examples there are, no
    #: more, and it is called after what it is given to.
    stands_alone: ClassVar[bool] = False
    #: The sign that stands for it between values, if one does.
    sign: ClassVar[str | None] = None
    #: The argument that says how many outputs it has, as a number or by a list of one for each;
    #: None: one.
    outputs_from: ClassVar[str | None] = None
    #: The channels of each output; None: no formula says them.
    channel_rule: ClassVar[Formula | ByArguments | None] = channels.SAME
    #: Whether what comes out is an image or a vector.
    rank: ClassVar[Rank] = "kept"
    #: What one number that comes out is made of.
    sees: ClassVar[Sight] = "place"
    #: Whether an input whose length along an axis is 1, or that lacks it, is spread over another's.
    spreads: ClassVar[bool] = False
    #: Whether a number may stand among its values: its argument `number` takes it, and `first`, if
    #: it has that, whether it stands before them.
    takes_number: ClassVar[bool] = False
    #: Whether it only moves values, or adds zeros, and computes none.
    only_moves: ClassVar[bool] = False
    #: What it drops in training.
    noise: ClassVar[Noise | None] = None
    #: Floating-point operations for a value that comes out, beside multiply-adds.
    per_value: ClassVar[int] = 0
    #: What flows and the gradient needs again: its inputs, its outputs.
    gradient_needs: ClassVar[tuple[Flow, ...]] = ()
    #: Whether the inputs' gradients are the output's, or parts of it: nothing new is written.
    passes_gradient: ClassVar[bool] = False
    #: Whether what comes out is the memory that went in, read as another shape.
    is_view: ClassVar[bool] = False
    #: Whether its output may be written over its input, each number where it was read.
    in_place: ClassVar[bool] = False
    #: How much larger values become, as root mean squares, if that is known.
    gain: ClassVar[float] = 1.0

    def __init_subclass__(cls) -> None:
        own = {key: value for key, value in vars(cls).items() if isinstance(value, Arg)}
        for key in own:
            if hasattr(Op, key):
                raise TypeError(f"{cls.__name__}: an argument cannot be called {key}, as Op is")
        cls.arguments = {**cls.arguments, **own}
        cls.names = tuple(cls.arguments)
        cls.required = tuple(key for key, arg in cls.arguments.items() if arg.required)
        cls.doubted = tuple(key for key, arg in cls.arguments.items() if arg.doubt is not None)
        first = takewhile(lambda key: cls.arguments[key].required, cls.names)
        cls.ordered = tuple(first) if cls.positional is None else cls.names[: cls.positional]

    def __init__(self, **values: Any) -> None:
        """Bind arguments; raises Refusal for one that is missing, unknown, or out of bounds."""
        for key in values:
            if key not in self.arguments:
                raise Refusal(f"{self.name} has no argument {key}", argument=key)
        for key, arg in self.arguments.items():
            value = values.get(key, arg.default)
            if value is MISSING:
                raise Refusal(f"{self.name} needs {key}", argument=key)
            try:
                absent = value is None and arg.default is None
                self.__dict__[key] = None if absent else arg.kind.read(value)
            except Refusal as refusal:
                raise Refusal(refusal.message, argument=key, help=refusal.help) from None
        self.check()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("an operator's arguments do not change")

    def __repr__(self) -> str:
        words = ", ".join(f"{key}={value!r}" for key, value in self.values.items())
        return f"{self.name}({words})"

    @property
    def elementwise(self) -> bool:
        """Whether each number that comes out is made of the one of its channel and place alone."""
        return self.sees == "value"

    @property
    def joins(self) -> bool:
        """Whether it puts its inputs' channels side by side."""
        return self.rule(self.values) == channels.SUM

    @property
    def outputs(self) -> int:
        """How many outputs it has."""
        return 1 if self.outputs_from is None else count(self.values[self.outputs_from])

    @property
    def values(self) -> dict[str, Any]:
        """The arguments' values by name, as they were read."""
        return {key: getattr(self, key) for key in self.arguments}

    @classmethod
    def rule(cls, arguments: Mapping[str, Any]) -> Formula | None:
        """Give the channels of each output where these arguments are known; None: no formula."""
        rule = cls.channel_rule
        return rule.formula(arguments) if isinstance(rule, ByArguments) else rule

    def check(self) -> None:
        """Refuse arguments that do not go together. The default refuses none."""

    def shape(self, *inputs: Shape) -> Shape | Sequence[Shape]:
        """Give the output's shape; a sequence of shapes if it has several outputs."""
        raise NotImplementedError(f"{type(self).__name__} declares no shape rule")

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        """Give the tensors that it owns, in the order in which a state dict lists them."""
        return ()

    def macs(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        """Count multiply-adds of convolutions and dense products for one example; else none."""
        return 0

    def operations(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
        """Count floating-point operations beside multiply-adds, at inference, for one example.

        One each: an addition, a multiplication, a division, a comparison, an exponential, a root.
        """
        return self.per_value * sum(shape.size for shape in outputs)

    def noted(self, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> Noted:
        """Give what the gradient needs besides what flows: where a maximum stood, a mask."""
        return Noted() if self.noise is None else Noted(prod(self.noise.mask(outputs[0])))

    def window(self, *inputs: Shape) -> Window | None:
        """Give the window through which an output place sees the input; None: the same place.

        The window of what sees the whole image is of its size.
        """
        if self.sees != "image" or not inputs or not inputs[0].is_image:
            return None
        return Window((inputs[0].height, inputs[0].width))

    def bend(self) -> float:
        """Give how far from zero its function still changes course; 0: at zero, or nowhere.

        Inputs are drawn such that they get there: what cuts off at six is not seen below it.
        """
        return 0.0

    def above_zero(self) -> tuple[int, ...]:
        """Give the inputs, by position, of which all numbers must be above zero.

        At others it has no value or no gradient; that is the network's matter, not a mistake.
        """
        return ()

    def magnitude(self, sizes: Sequence[float], outputs: Sequence[Shape]) -> float:
        """Estimate how large its values are, as a root mean square, from how large the inputs' are.

        On the large side: what is drawn by it must not explode in a deep network.
        """
        return self.gain * sqrt(sum(size**2 for size in sizes) / len(sizes)) if sizes else 1.0
