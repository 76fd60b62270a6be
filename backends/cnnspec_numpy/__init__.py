"""The reference: what every operator means, in NumPy's float64. It may be slow, not opaque."""

from cnnspec_numpy.witness import WITNESS

__all__ = ["WITNESS"]
