"""How a network is run: examples at a time, bytes a number, whether activations write in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Bytes of one number by type. TF32 is how fp32 is multiplied; in memory it has all four bytes.
BYTES: Final = {"fp64": 8, "fp32": 4, "tf32": 4, "bf16": 2, "fp16": 2, "fp8": 1, "int8": 1}
#: Bytes of one index: PyTorch notes where a maximum stood in 64 bits.
INDEX: Final = 8


@dataclass(frozen=True, slots=True)
class Run:
    """The batch, the type of every number, and whether an activation may overwrite its input."""

    batch: int = 1
    dtype: str = "fp32"
    in_place: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a batch below 1 or an unknown type."""
        if self.batch < 1:
            raise ValueError(f"a batch holds at least one example, not {self.batch}")
        if self.dtype not in BYTES:
            raise ValueError(f"{self.dtype!r} is not one of {', '.join(BYTES)}")

    @property
    def bytes(self) -> int:
        """Bytes of one number."""
        return BYTES[self.dtype]
