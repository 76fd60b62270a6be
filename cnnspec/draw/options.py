"""What a picture can be asked for: what it opens, and how it looks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from cnnspec.draw.theme import THEMES

FORMATS: Final = ("svg", "png", "pdf", "dot", "mermaid", "html")
#: What a name of a file may end in, beside the formats' own names.
ENDINGS: Final = {"gv": "dot", "mmd": "mermaid", "htm": "html"}
STYLES: Final = ("graph", "volumes")
HEATS: Final = ("macs", "params", "activations", "memory")
SHOWN: Final = ("names", "shape", "params", "macs", "activations", "memory")
USUAL: Final = ("names", "shape", "params", "macs")


@dataclass(frozen=True, slots=True)
class View:
    """What is opened. `depth` levels of scopes; None: as much as one page holds.

    `expand` are paths of scopes to open besides, `focus` one to draw alone with its neighbours;
    `all` opens everything and folds no repeats.
    """

    depth: int | None = None
    expand: tuple[str, ...] = ()
    focus: str | None = None
    all: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How it looks; raises ValueError for a word that there is not."""

    theme: str = "light"
    heat: str | None = "macs"
    show: tuple[str, ...] = USUAL
    layout: str = "chw"
    direction: str = "tb"

    def __post_init__(self) -> None:
        for word, known in (
            (self.theme, tuple(THEMES)),
            (self.layout, ("chw", "hwc")),
            (self.direction, ("tb", "lr")),
            *((each, SHOWN) for each in self.show),
            *([(self.heat, HEATS)] if self.heat is not None else []),
        ):
            if word not in known:
                raise ValueError(f"{word!r} is not one of {', '.join(known)}")

    def without_heat(self) -> Look:
        """Give the same look without colours for cost."""
        return replace(self, heat=None)
