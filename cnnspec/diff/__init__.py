"""Two networks held against each other: what was changed, where, and what comes of it."""

from cnnspec.diff.compare import compare
from cnnspec.diff.data import Diff, Hunk, Place
from cnnspec.diff.marks import marks

__all__ = ["Diff", "Hunk", "Place", "compare", "marks"]
