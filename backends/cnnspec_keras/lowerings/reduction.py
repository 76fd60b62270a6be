"""Numbers made of all along some axes, in Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cnnspec.emit.code import Leaf
from cnnspec.emit.lowering import Lowered
from cnnspec.emit.site import Site
from cnnspec_keras.lowerings.parts import axes, own


def _along(operation: str) -> Any:
    def lower(step: Site) -> Lowered:
        return own("Reduction", Leaf(operation), axes(step))

    return lower


LOWERINGS: Final[Mapping[str, Any]] = {name: _along(name) for name in ("mean", "sum", "max", "min")}
