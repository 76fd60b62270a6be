"""The colours of a picture: one palette a theme, by the family of an operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours, all as `#rrggbb`.

    `families` are the headers' by family, `other` for families that strangers declare; `inks` the
    headers' texts where they are not `header_ink`. `heat` are five steps from little to much.
    """

    background: str
    ink: str
    muted: str
    line: str
    skip: str
    cell: str
    frames: tuple[str, str]
    border: str
    pill: str
    run: str
    header_ink: str
    families: Mapping[str, str]
    other: str
    heat: tuple[str, str, str, str, str]
    heat_ink: str

    def family(self, name: str) -> str:
        """Give the colour of a family's headers."""
        return self.families.get(name, self.other)


def _families(**colors: str) -> Mapping[str, str]:
    """Spell out what shares a colour: the small families go with the ones that they serve."""
    return {**colors, "normalization": colors["activation"], "noise": colors["activation"]}


_LIGHT: Final = Theme(
    background="#ffffff",
    ink="#111827",
    muted="#4b5563",
    line="#4b5563",
    skip="#6d28d9",
    cell="#ffffff",
    frames=("#f6f7f9", "#ffffff"),
    border="#9ca3af",
    pill="#e5e7eb",
    run="#faf8ff",
    header_ink="#ffffff",
    families=_families(
        basic="#111827",
        block="#1e4e8c",
        convolution="#2563a8",
        dense="#9d174d",
        pooling="#1d7a4a",
        activation="#a34a00",
        merge="#6d28d9",
        layout="#4b5563",
        scale="#6d28d9",
        added="#1a7f37",
        removed="#b42318",
        edited="#8a5a00",
        kept="#6b7280",
    ),
    other="#4b5563",
    heat=("#ffffff", "#fff3d6", "#ffdf8f", "#fdae61", "#f4735e"),
    heat_ink="#111827",
)

_DARK: Final = Theme(
    background="#11151c",
    ink="#e5e7eb",
    muted="#a3adba",
    line="#8b95a5",
    skip="#c4a7ff",
    cell="#1b212b",
    frames=("#171c25", "#11151c"),
    border="#566072",
    pill="#2b3340",
    run="#1a1726",
    header_ink="#0b0e13",
    families=_families(
        basic="#d7dce3",
        block="#8ab8f0",
        convolution="#6fa8ea",
        dense="#f08cb4",
        pooling="#6fcf97",
        activation="#f2b36b",
        merge="#c4a7ff",
        layout="#a3adba",
        scale="#c4a7ff",
        added="#6fcf97",
        removed="#f28b82",
        edited="#f2c86b",
        kept="#8b95a5",
    ),
    other="#a3adba",
    heat=("#1b212b", "#3a2f1c", "#5e4314", "#8a4b14", "#a8321f"),
    heat_ink="#f3f4f6",
)

_PRINT: Final = Theme(
    background="#ffffff",
    ink="#000000",
    muted="#333333",
    line="#000000",
    skip="#000000",
    cell="#ffffff",
    frames=("#ffffff", "#ffffff"),
    border="#666666",
    pill="#eeeeee",
    run="#ffffff",
    header_ink="#000000",
    families=_families(
        basic="#ffffff",
        block="#c4c4c4",
        convolution="#d6d6d6",
        dense="#b4b4b4",
        pooling="#f0f0f0",
        activation="#fafafa",
        merge="#ffffff",
        layout="#ffffff",
        scale="#ffffff",
        added="#dddddd",
        removed="#9a9a9a",
        edited="#bcbcbc",
        kept="#ffffff",
    ),
    other="#ffffff",
    heat=("#ffffff", "#f0f0f0", "#dcdcdc", "#c2c2c2", "#a3a3a3"),
    heat_ink="#000000",
)

#: Okabe and Ito's colours (2008), which the colour-blind tell apart, under black or white text;
#: the steps of heat differ in lightness alone.
_COLORBLIND: Final = Theme(
    background="#ffffff",
    ink="#000000",
    muted="#404040",
    line="#404040",
    skip="#000000",
    cell="#ffffff",
    frames=("#f5f5f5", "#ffffff"),
    border="#8c8c8c",
    pill="#e6e6e6",
    run="#fdf3f9",
    header_ink="#000000",
    families=_families(
        basic="#d9d9d9",
        block="#56b4e9",
        convolution="#7cc4ee",
        dense="#e69f00",
        pooling="#35b58f",
        activation="#f0e442",
        merge="#cc79a7",
        layout="#bfbfbf",
        scale="#cc79a7",
        added="#56b4e9",
        removed="#e69f00",
        edited="#f0e442",
        kept="#d9d9d9",
    ),
    other="#bfbfbf",
    heat=("#ffffff", "#e3eef9", "#b9d5ec", "#86b6de", "#5393cd"),
    heat_ink="#000000",
)

THEMES: Final[Mapping[str, Theme]] = {
    "light": _LIGHT,
    "dark": _DARK,
    "print": _PRINT,
    "colorblind": _COLORBLIND,
}
