"""Tensors that are numbers of values, and memory that several of them may share."""

from __future__ import annotations

from typing import Any, Final, Self

from cnnspec.emit.sandbox import NotInterpreted
from cnnspec.emit.values import NOTHING, Lengths, Made, Values
from cnnspec_torch.symbolic.keeping import (
    BOTH,
    INPUT,
    NO_GRADIENT,
    PARTS,
    RESULT,
    RESULT_IN_PLACE,
)

#: What stands for a tensor's type and device: nothing depends on them.
ANY_TYPE: Final = "type"
#: What modules may have, and is asked of what may be a weight.
ASKED: Final = frozenset(["out_channels", "out_features"])


class Tensor:
    """A value of a run: which one it holds now."""

    __slots__ = ("kept", "learns", "memory", "number", "values")

    def __init__(self, values: Values, number: int, learns: bool = False) -> None:
        self.values = values
        self.number = number
        #: Whether a gradient goes through it, and for whose gradient it is kept.
        self.learns = learns
        self.kept: str | None = None
        #: All tensors that share its memory, once there is another.
        self.memory: list[Tensor] | None = None

    # --- making others

    def made(self, what: str, arguments: object = (), *others: Tensor | None) -> Tensor:
        """Give a new tensor that is made of this one, and of others."""
        values = self.values
        taken = (self.number, *[NOTHING if x is None else x.number for x in others])
        number = values.make(what, arguments, taken)
        values.seen.add(number)
        learns = self.learns
        for each in others:
            learns = learns or (each is not None and each.learns)
        if not learns or what in NO_GRADIENT:
            return Tensor(values, number)
        result = Tensor(values, number, learns=True)
        if what in INPUT:
            self.kept = what
        if what in BOTH:
            for each in others:
                if each is not None and each.learns:
                    self.kept = what
                if each is not None and self.learns:
                    each.kept = what
        if what in RESULT:
            result.kept = what
        return result

    def view(self, what: str, arguments: object = ()) -> Tensor:
        """Give a tensor of the same memory, or of what may be."""
        result = self.made(what, arguments)
        if self.memory is None:
            self.memory = [self]
        self.memory.append(result)
        result.memory = self.memory
        return result

    def parts(self, what: str, arguments: object, count: int) -> tuple[Tensor, ...]:
        """Give the several tensors of an operation, which share this one's memory."""
        found = tuple([self.view(what, (arguments, each)) for each in range(count)])
        for each in found if self.learns else ():
            each.kept = what  # torch lets nobody write over one of several views
        return found

    def write(self, number: int, what: str) -> Self:
        """Hold another value from now on: what shares the memory holds nothing known."""
        for each in self.memory or (self,):
            if each.kept is not None and (each is self or each.kept not in PARTS):
                self.values.spoilt.append(f"{what} in place, on what {each.kept} needs")
        self.number = number
        for place, each in enumerate(self.memory or ()):
            if each is not self:
                lost = Made("overwritten", place, (each.number, number))
                each.number = self.values.number(lost)
        return self

    def onto(self, what: str, arguments: object = (), *others: Tensor | None) -> Self:
        """Do something in place."""
        kept = self.kept
        number = self.made(what, arguments, *others).number
        self.kept = kept  # what an operation in place needs of its own input, it copies
        self.write(number, what)
        self.kept = what if self.learns and what in RESULT_IN_PLACE else None
        return self

    # --- what is asked of it

    @property
    def shape(self) -> Lengths:
        """Its lengths."""
        return self.values.shape(self.number)

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def dtype(self) -> str:
        """Something: types are followed nowhere."""
        return ANY_TYPE

    @property
    def device(self) -> str:
        """Something: devices are followed nowhere."""
        return ANY_TYPE

    def dim(self) -> int:
        """Say how many axes it has."""
        return len(self.shape)

    def size(self, dim: int | None = None) -> Any:
        """Give its lengths, or one."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        """Say how many numbers it has."""
        product = 1
        for each in self.shape:
            product *= each
        return product

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        raise NotInterpreted("it decides by a value")

    def __iter__(self) -> Any:
        raise NotInterpreted("it goes through a tensor")

    def __getattr__(self, name: str) -> Any:
        if name == "values":
            raise NotInterpreted("it computes with weights where modules are made")
        if name.startswith("_") or name in ASKED:
            raise AttributeError(name)
        from cnnspec_torch.symbolic.unknown import UnknownFunction

        return UnknownFunction(f"Tensor.{name}", self)

    # --- views

    def __getitem__(self, index: Any) -> Tensor:
        return self.view("item", _index(index))

    def reshape(self, *shape: Any) -> Tensor:
        """Read the same numbers as another shape."""
        return self.view("reshape", _lengths(shape))

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """Make one axis of several."""
        return self.view("flatten", (start_dim, end_dim))

    def permute(self, *dims: Any) -> Tensor:
        """Put the axes in another order."""
        return self.view("permute", _lengths(dims))

    def movedim(self, source: int, destination: int) -> Tensor:
        """Put an axis elsewhere."""
        return self.view("movedim", (source, destination))

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Exchange two axes."""
        return self.view("transpose", (dim0, dim1))

    def expand(self, *sizes: int) -> Tensor:
        """Repeat along axes that it has not, or once."""
        return self.view("expand", _lengths(sizes))

    def unsqueeze(self, dim: int) -> Tensor:
        """Put in an axis of length one."""
        return self.view("unsqueeze", dim)

    def squeeze(self, dim: int | tuple[int, ...] | None = None) -> Tensor:
        """Leave out axes of length one."""
        return self.view("squeeze", dim)

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """Give equal parts."""
        length = self.shape[dim]
        each = -(-length // chunks)
        return self.parts("chunk", (chunks, dim), -(-length // each))

    def split(self, lengths: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """Give parts of given lengths, or of one, the last of what is left."""
        if isinstance(lengths, int):
            length = self.shape[dim]
            whole, left = divmod(length, lengths)
            lengths = [lengths] * whole + [left] * bool(left)
        return self.parts("split", (tuple(map(int, lengths)), dim), len(lengths))

    def contiguous(self) -> Tensor:
        """Give it with its numbers in a row."""
        return self

    # --- sums over axes

    def mean(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        """Take the mean over axes."""
        return self.made("mean", (_axes(dim), bool(keepdim)))

    def amax(self, dim: Any = (), keepdim: bool = False) -> Tensor:
        """Take the largest over axes."""
        return self.made("amax", (_axes(dim), bool(keepdim)))

    def amin(self, dim: Any = (), keepdim: bool = False) -> Tensor:
        """Take the smallest over axes."""
        return self.made("amin", (_axes(dim), bool(keepdim)))

    def sum(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        """Take the sum over axes."""
        return self.made("sum", (_axes(dim), bool(keepdim)))

    # --- arithmetic

    def __add__(self, other: Any) -> Tensor:
        return _binary("add", self, other)

    def __radd__(self, other: Any) -> Tensor:
        return _binary("add", self, other)

    def __iadd__(self, other: Any) -> Self:
        return self.onto("add", *_operand(other))

    def __mul__(self, other: Any) -> Tensor:
        return _binary("mul", self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return _binary("mul", self, other)

    def __imul__(self, other: Any) -> Self:
        return self.onto("mul", *_operand(other))

    def __sub__(self, other: Any) -> Tensor:
        return _binary("sub", self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return self.made("rsub", float(other))

    def __isub__(self, other: Any) -> Self:
        return self.onto("sub", *_operand(other))

    def __truediv__(self, other: Any) -> Tensor:
        return _binary("div", self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return self.made("rdiv", float(other))

    def __itruediv__(self, other: Any) -> Self:
        return self.onto("div", *_operand(other))

    def __neg__(self) -> Tensor:
        return self.made("neg")

    def __pow__(self, other: float) -> Tensor:
        return self.made("pow", float(other))

    def __ge__(self, other: Any) -> Tensor:
        return _binary("ge", self, other)

    def __gt__(self, other: Any) -> Tensor:
        return _binary("gt", self, other)

    def __lt__(self, other: Any) -> Tensor:
        return _binary("lt", self, other)

    def __le__(self, other: Any) -> Tensor:
        return _binary("le", self, other)


class Parameter(Tensor):
    """A weight; which one it is, its key in the model's state says."""

    __slots__ = ("lengths",)

    def __init__(self, data: Tensor | Lengths, requires_grad: bool = True) -> None:
        self.memory = None
        self.kept = None
        self.learns = requires_grad
        self.number = NOTHING
        self.lengths = data.shape if isinstance(data, Tensor) else data

    @property
    def shape(self) -> Lengths:
        return self.lengths

    def known(self, values: Values, key: str) -> None:
        """Be the weight of a key."""
        self.values = values
        self.number = values.weight(key, self.lengths)


class Learned(Parameter):
    """A weight as source makes it: of a tensor."""

    __slots__ = ()

    def __init__(self, data: Tensor, requires_grad: bool = True) -> None:
        if not isinstance(data, Tensor):
            raise TypeError(f"a parameter is made of a tensor, not of a {type(data).__name__}")
        super().__init__(data, requires_grad)


def _binary(what: str, one: Tensor, other: Any) -> Tensor:
    """Do arithmetic with a tensor or a number."""
    return one.made(what, *_operand(other))


def _operand(other: Any) -> Any:
    """Give what an operation with a tensor or a number is told."""
    return ((), other) if isinstance(other, Tensor) else (float(other),)


def _lengths(given: tuple[Any, ...]) -> Lengths:
    listed = given[0] if len(given) == 1 and not isinstance(given[0], int) else given
    return tuple(map(int, listed))


def _axes(dim: Any) -> object:
    return dim if dim is None or isinstance(dim, int) else tuple(dim)


def _index(index: Any) -> object:
    items = index if isinstance(index, tuple) else (index,)
    found: list[object] = []
    for each in items:
        if isinstance(each, slice):
            found.append(("slice", each.start, each.stop, each.step))
        elif each is None or each is Ellipsis or isinstance(each, int):
            found.append(each)
        else:
            raise NotInterpreted("it takes numbers of a tensor by other tensors")
    return tuple(found)
