"""How text is set off: escape codes and lines on a terminal, plain signs elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Ink:
    """What a place that shows text can do; without arguments, ASCII."""

    bold: str = ""
    dim: str = ""
    plain: str = ""
    bars: tuple[str, ...] = ()
    rule: str = "-"
    times: str = "x"
    #: Before a row in a scope: not the last there, the last, and below one that goes on.
    branches: tuple[str, str, str] = ("  ", "  ", "  ")

    def strong(self, text: str) -> str:
        """Set text in bold."""
        return f"{self.bold}{text}{self.plain}" if text else ""

    def faint(self, text: str) -> str:
        """Set text back."""
        return f"{self.dim}{text}{self.plain}" if text else ""

    def bar(self, share: float, width: int) -> str:
        """Draw a share of 1 so many characters wide: in colour on a terminal, else of `#`."""
        length = round(share * width)
        if not self.bars or not length:
            return "#" * length + " " * (width - length)
        heat = self.bars[0 if share < 0.1 else 1 if share < 0.3 else 2]
        return f"{heat}{' ' * length}{self.plain}{' ' * (width - length)}"

    def indents(self, depths: Sequence[int]) -> list[str]:
        """Give what stands before each row of a tree, given how deep each is."""
        between, last, on = self.branches
        result = []
        for place, depth in enumerate(depths):
            text = ""
            for level in range(1, depth + 1):
                after = next((each for each in depths[place + 1 :] if each <= level), 0)
                if level == depth:
                    text += between if after == level else last
                else:
                    text += on if after == level else " " * len(on)
            result.append(text)
        return result


PLAIN: Final = Ink()
TERMINAL: Final = Ink(
    bold="\x1b[1m",
    dim="\x1b[2m",
    plain="\x1b[0m",
    bars=("\x1b[42m", "\x1b[43m", "\x1b[41m"),
    rule="\N{BOX DRAWINGS LIGHT HORIZONTAL}",
    times="\N{MULTIPLICATION SIGN}",
    branches=(
        "\N{BOX DRAWINGS LIGHT VERTICAL AND RIGHT}\N{BOX DRAWINGS LIGHT HORIZONTAL} ",
        "\N{BOX DRAWINGS LIGHT UP AND RIGHT}\N{BOX DRAWINGS LIGHT HORIZONTAL} ",
        "\N{BOX DRAWINGS LIGHT VERTICAL}  ",
    ),
)
