"""A picture of many points, two figures each; with a line through those that nothing beats."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cnnspec.analysis.quantity import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What goes over more than so many times its smallest value is drawn on a logarithmic axis.
WIDE: Final = 20
#: With more points than this each is small and faint.
MANY: Final = 2_000

Point = Sequence[float]


def cloud(
    points: Sequence[Point], front: Sequence[Point], axes: Sequence[str], name: str
) -> Figure:
    """Draw points, and a line through the front, if there is one."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5.6), dpi=100)
    plane = figure.subplots()
    plane.spines[["top", "right"]].set_visible(False)
    many = len(points) > MANY
    colour = "#0072B2" if not front else "#9DB7C9"
    right, up = zip(*points, strict=True)
    plane.scatter(
        right, up, s=4 if many else 16, color=colour, alpha=0.5 if many else 0.8,
        linewidths=0, rasterized=many, label=f"{len(points):,} points",
    )  # fmt: skip
    if front:
        right, up = zip(*front, strict=True)
        plane.plot(
            right, up, color="#D55E00", marker="o", markersize=4, linewidth=1.2,
            label=f"{len(front)} that nothing beats",
        )  # fmt: skip
        plane.legend(frameon=False)
    for place, (axis, word) in enumerate(zip((plane.xaxis, plane.yaxis), axes, strict=True)):
        values = [point[place] for point in points]
        if min(values) > 0 and max(values) > WIDE * min(values):
            (plane.set_xscale if place == 0 else plane.set_yscale)("log")
        if max(values) >= 10_000:
            axis.set_major_formatter(lambda value, _place: number(round(value)) if value else "0")
        axis.set_label_text(word)
    plane.set_title(name, loc="left", fontsize=11)
    plane.grid(visible=True, which="major", color="#DDDDDD", linewidth=0.6)
    plane.set_axisbelow(True)
    figure.tight_layout()
    return figure


def written(figure: Figure, format: str) -> bytes:
    """Give the picture as svg, png or html; same points, same bytes."""
    import matplotlib as mpl

    out = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "cnnspec"}):
        if format == "png":
            figure.savefig(out, format="png", dpi=144)
            return out.getvalue()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "cnnspec"})
    svg = out.getvalue()
    if format == "svg":
        return svg
    head = (
        b'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Sweep</title></head>'
    )
    return head + b"<body>\n" + svg[svg.index(b"<svg") :] + b"</body></html>\n"
