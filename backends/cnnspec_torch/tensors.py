"""Tensors as a `.pt` file lists them: shape, type, and where their values stand among its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cnnspec.checkpoint import Unreadable
from cnnspec_torch.pickled import PERSISTENT, Global, Made

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array

#: The types of PyTorch's storages, and NumPy's name of each with the bytes of one value.
STORED: Final = {
    "Double": ("float64", 8),
    "Float": ("float32", 4),
    "Half": ("float16", 2),
    "BFloat16": ("bfloat16", 2),
    "Long": ("int64", 8),
    "Int": ("int32", 4),
    "Short": ("int16", 2),
    "Char": ("int8", 1),
    "Byte": ("uint8", 1),
    "Bool": ("bool", 1),
    "ComplexFloat": ("complex64", 8),
    "ComplexDouble": ("complex128", 16),
    "Untyped": ("uint8", 1),
    "_Untyped": ("uint8", 1),
    "QInt8": ("qint8", 1),
    "QUInt8": ("quint8", 1),
    "QInt32": ("qint32", 4),
}
#: What rebuilds a tensor whose values stand in one storage, as they are.
PLAIN: Final = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
#: What rebuilds one by another that is its first argument.
AROUND: Final = (
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch.nn.parameter.Parameter",
    "torch.nn.parameter.Buffer",
)
SUBCLASS: Final = "torch._tensor._rebuild_from_type_v2"
#: What others are rebuilt of, by what rebuilds them.
STRANGE: Final = {
    "qtensor": "quantized values",
    "sparse_tensor": "sparse values",
    "nested_tensor": "nested tensors",
    "meta_tensor_no_storage": "no values (a tensor on the meta device)",
    "wrapper_subclass": "a wrapper's values",
}
OTHERS: Final = ("torch._utils._rebuild_", "torch._tensor._rebuild_")
MOST_AXES: Final = 64


class Storage(NamedTuple):
    """A row of values in a file: its key there, the type of each, the bytes of all."""

    key: str
    dtype: str
    width: int
    size: int
    #: How many values of the row come before those that are meant, in files of long ago.
    before: int = 0


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor that was listed, and not read. Without a storage it cannot be."""

    shape: tuple[int, ...]
    dtype: str
    storage: Storage | None = None
    strides: tuple[int, ...] = ()
    offset: int = 0

    def read(self, path: Path, places: Mapping[str, tuple[int, int]], *, big: bool) -> Array:
        """Read its values, and no others; raises Unreadable where the file has fewer."""
        import numpy as np

        assert self.storage is not None
        kind = _numpy(self.dtype)
        empty: Array = np.empty(self.shape, kind)
        if not empty.size:
            return empty
        start, size = places.get(self.storage.key, (0, 0))
        first = self.offset + self.storage.before
        reach = 1 + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if (first + reach) * self.storage.width > min(size, self.storage.size):
            raise Unreadable("it is broken: a tensor reaches beyond its values")
        row = np.memmap(path, np.uint8, "r", start + first * kind.itemsize, reach * kind.itemsize)
        values = row.view(kind.newbyteorder(">") if big else kind)
        steps = tuple(step * kind.itemsize for step in self.strides)
        view = np.lib.stride_tricks.as_strided(values, self.shape, steps)
        return np.array(view, kind, order="C")


def tensor(value: Any) -> Tensor | None:
    """Give the tensor that a listed value is; None if it is none."""
    for _ in range(4):  # a parameter around a subclass around a tensor
        if not (isinstance(value, Made) and isinstance(value.args, tuple)):
            return None
        if value.name in AROUND and value.args:
            value = value.args[0]
        elif value.name == SUBCLASS and len(value.args) >= 3:
            value = Made(value.args[0], value.args[2])
        else:
            break
    if not isinstance(value, Made):
        return None
    if value.name in PLAIN and 4 <= len(value.args) <= 7:
        return _plain(*value.args[:4], metadata=value.args[6:])
    if not value.name.startswith(OTHERS):
        return None
    sizes = [each for each in map(_unwrapped, value.args) if _is_sizes(each)]
    kind = value.name.rpartition("_rebuild_")[2]
    dtypes = [each.name.removeprefix("torch.") for each in value.args if isinstance(each, Global)]
    # Types without a storage of their own, float8 among them, stand in a row of bytes.
    typed = kind == "tensor_v3" and dtypes
    dtype = dtypes[-1] if typed else STRANGE.get(kind, kind.replace("_", " "))
    return Tensor(tuple(sizes[0]) if sizes else (), dtype)


def _plain(held: Any, offset: Any, shape: Any, strides: Any, *, metadata: Any) -> Tensor | None:
    shape = _unwrapped(shape)
    found = storage(held.args) if isinstance(held, Made) and held.of == PERSISTENT else None
    fine = _is_sizes(shape) and _is_sizes(strides) and len(shape) == len(strides)
    if found is None or not fine or not _is_sizes((offset,)):
        return None
    # What is kept conjugated or negated has its values elsewhere than in the storage.
    dtype = "values that are negated as they are read" if any(metadata) else found.dtype
    return Tensor(tuple(shape), dtype, found, tuple(strides), offset)


def storage(said: Any) -> Storage | None:
    """Read what a pickle says of a storage that stands outside it; None if it is not that.

    That is: `('storage', type, key, device, number of values)`, and a part of it in old files.
    """
    if not (isinstance(said, tuple) and len(said) in (5, 6) and said[0] == "storage"):
        return None
    _, kind, key, _, count, *part = said
    name = kind.name if isinstance(kind, Global) else ""
    stored = STORED.get(name.rpartition(".")[2].removesuffix("Storage"))
    if stored is None or not isinstance(key, str) or not _is_sizes((count,)):
        return None
    before = 0
    if part and isinstance(part[0], tuple) and len(part[0]) == 3 and _is_sizes(part[0][1:2]):
        before = part[0][1]
    return Storage(key, *stored, stored[1] * count, before)


def _unwrapped(value: Any) -> Any:
    """Give the tuple that a torch.Size is made of, and anything else as it is."""
    sized = isinstance(value, Made) and value.name == "torch.Size" and len(value.args) == 1
    return value.args[0] if sized else value


def _is_sizes(value: Any) -> bool:
    """Whether something is a row of whole numbers as shapes are."""
    return (
        isinstance(value, tuple)
        and len(value) <= MOST_AXES
        and all(type(each) is int and 0 <= each < 2**62 for each in value)
    )


def _numpy(name: str) -> Any:
    import numpy as np

    if name != "bfloat16":
        return np.dtype(name)
    import ml_dtypes

    return np.dtype(ml_dtypes.bfloat16)
