"""How far apart two arrays are, and whether that is far enough to be a disagreement.

In float64 every known mistake of a lowering is at least 4.7e-4 away and frameworks that agree are
within 4e-8; so 1e-6 * max(1, largest value) tells them apart. In float32: 1e-5 + 1e-5 * largest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnspec.witness import Dtype

if TYPE_CHECKING:
    from cnnspec.witness import Array


@dataclass(frozen=True, slots=True)
class Distance:
    """The largest difference of two arrays, the bound it must not pass, and where it is.

    `place` counts from the batch on; `worst` is the difference in units of the bound.
    """

    difference: float
    bound: float
    place: tuple[int, ...] = ()
    left: float = 0.0
    right: float = 0.0
    #: What is wrong other than a number: shapes, or values that are no numbers.
    remark: str = ""

    @property
    def agrees(self) -> bool:
        """Whether it is within the bound."""
        return not self.remark and self.difference <= self.bound

    @property
    def relative(self) -> float:
        """The difference over max(1, largest value), or over its kin in float32."""
        return self.difference / self.bound


def bound(largest: float, dtype: Dtype) -> float:
    """Give the difference that is allowed where the largest value is `largest`."""
    if dtype == "float64":
        return 1e-6 * max(1.0, largest)
    return 1e-5 + 1e-5 * largest


def distance(left: Array, right: Array, dtype: Dtype) -> Distance:
    """Hold two arrays against each other; `right` gives the scale."""
    import numpy as np

    if left.shape != right.shape:
        return Distance(
            float("inf"), 1.0, remark=f"shapes differ: {_shape(left)} and {_shape(right)}"
        )
    if not left.size:
        return Distance(0.0, bound(0.0, dtype))
    apart = np.abs(np.subtract(left, right, dtype=np.float64))
    if not np.isfinite(apart).all():
        place = _where(int(np.argmin(np.isfinite(apart))), apart.shape)
        return Distance(
            float("inf"),
            1.0,
            place,
            float(left[place]),
            float(right[place]),
            "a value is no number, or infinite",
        )
    place = _where(int(apart.argmax()), apart.shape)
    allowed = bound(float(np.abs(right).max()), dtype)
    return Distance(float(apart[place]), allowed, place, float(left[place]), float(right[place]))


def _where(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    import numpy as np

    return tuple(int(each) for each in np.unravel_index(flat, shape))


def _shape(array: Array) -> str:
    return " x ".join(map(str, array.shape))
