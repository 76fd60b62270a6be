"""The variants that a command is asked for: each network with each value of what is varied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import click

from cnnspec.commands.spec import shape_of

#: So many variants of one network stand side by side at most.
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Variants:
    """What is set for all, and the points that are varied: words for each, and what it sets."""

    points: tuple[tuple[str, Mapping[str, str], tuple[int, ...] | None], ...]

    @property
    def varied(self) -> bool:
        """Whether a network stands for several."""
        return len(self.points) > 1


def ranged_size(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Any:
    """Read `3x320x320`, or square ones, `3x128..320/32`."""
    if value is None or ".." in value:
        return value
    return shape_of(value)


def takes_ranges(command: Any) -> Any:
    """Let the option --input of a command take a range."""
    for option in command.__click_params__:
        if option.name == "sizes":
            option.callback = ranged_size
            option.help = "The input's shape, 3x320x320; square ones, 3x128..320/32."
    return command


def variants(settings: Mapping[str, str], sizes: Any) -> Variants:
    """Read what is set and what is varied; raises BadParameter."""
    from cnnspec.sweeps.axes import INPUT, Axis, axis, grid_point, shapes, size
    from cnnspec.sweeps.refused import RefusedSweep

    try:
        axes = [axis(name, text, most=MOST) for name, text in settings.items()]
        sides: Axis | None = None
        if isinstance(sizes, str):
            sides = shapes(sizes, most=MOST)
            axes += [sides] if sides is not None else []
        count = size(axes)
    except RefusedSweep as refusal:
        raise click.BadParameter(str(refusal), param_hint=refusal.option) from None
    if isinstance(sizes, str) and sides is None:
        message = f"{sizes!r} is not a range of sizes: write it as 3x128..320/32"
        raise click.BadParameter(message, param_hint="--input")
    if count > MOST:
        message = f"these are {count:,} variants, over {MOST}: `cnnspec sweep` takes as many"
        raise click.BadParameter(message, param_hint="--set")
    varied = [each.name for each in axes if len(each.values) > 1]
    points = []
    for number in range(count):
        point = grid_point(axes, number)
        words = ", ".join(f"{name} = {point[name].text}" for name in varied)
        texts = {name: value.text for name, value in point.items() if name != INPUT}
        shape = shape_of(point[INPUT].text) if INPUT in point else sizes
        points.append((words, texts, shape))
    return Variants(tuple(points))
