"""How a network is run: examples at a time, bytes a number, whether activations write in place."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import Final

from cnnspec.dtypes import BYTES, dtype_name

#: Bytes of one index: PyTorch notes where a maximum stood in 64 bits.
INDEX: Final = 8


@dataclass(frozen=True, slots=True)
class Run:
    """The batch, the type of every number, and whether an activation may overwrite its input."""

    batch: int = 1
    dtype: str = "float32"
    in_place: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a batch below 1 or an unknown type."""
        object.__setattr__(self, "batch", index(self.batch))
        if self.batch < 1:
            raise ValueError(f"a batch holds at least one example, not {self.batch}")
        object.__setattr__(self, "dtype", dtype_name(self.dtype))

    @property
    def bytes(self) -> int:
        """Bytes of one number."""
        return BYTES[self.dtype]
