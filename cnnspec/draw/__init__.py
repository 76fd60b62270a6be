"""Pictures of a network: one page, blocks and repeats folded."""

from __future__ import annotations

from cnnspec.draw.compose import Drawing, Undrawn, Unsupported, draw, drawing
from cnnspec.draw.engine import EngineFailed, EngineMissing
from cnnspec.draw.options import FORMATS, Look, View
from cnnspec.draw.plan import UnknownPath
from cnnspec.draw.subject import Pair

__all__ = [
    "FORMATS",
    "Drawing",
    "EngineFailed",
    "EngineMissing",
    "Look",
    "Pair",
    "Undrawn",
    "UnknownPath",
    "Unsupported",
    "View",
    "draw",
    "drawing",
]
