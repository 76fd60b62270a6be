"""Types of numbers: one name each, that of NumPy and PyTorch, wherever a type is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

#: Bytes of one number by type. TF32 is how float32 is multiplied; in memory it has all four bytes.
BYTES: Final = {
    "float64": 8,
    "float32": 4,
    "tf32": 4,
    "bfloat16": 2,
    "float16": 2,
    "float8": 1,
    "int8": 1,
}
#: The types in which `verify` runs networks.
VERIFIED: Final = ("float64", "float32")
#: Short names that people write for them.
SHORT: Final = {
    "fp64": "float64",
    "fp32": "float32",
    "bf16": "bfloat16",
    "fp16": "float16",
    "half": "float16",
    "fp8": "float8",
}


def dtype_name(value: Any, known: Iterable[str] = BYTES) -> str:
    """Give the name of a type of numbers: from its name, a short one, or a framework's own object.

    Raises ValueError for what is not among those known.

    >>> dtype_name("bf16")
    'bfloat16'
    """
    if not isinstance(value, str):
        value = getattr(value, "__name__", None) or getattr(value, "name", None) or str(value)
    name = str(value).removeprefix("torch.").lower()
    name = SHORT.get(name, name)
    names = tuple(known)
    if name not in names:
        raise ValueError(f"{value!r} is not one of {', '.join(names)}")
    return name
