"""Pictures of networks side by side: accuracy against operations, and where operations are.

Matplotlib draws them (extra `plot`); same networks, same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

from cnnspec.analysis.figures import Meter
from cnnspec.analysis.quantity import number
from cnnspec.analysis.shares import VECTOR, shares
from cnnspec.errors import CnnspecError
from cnnspec.meta import stated, title
from cnnspec.report.comparison import FACTS
from cnnspec.report.labels import Box, Point, place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS: Final = ("svg", "png", "html")
#: Okabe and Ito's colours, told apart by all eyes, and darker ones after them.
COLOURS: Final = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A4EAB", "#8C6D31",
    "#5A5A5A", "#B22222", "#1B7837", "#2C3E7B",
)  # fmt: skip
#: Square points of a bubble for a million parameters.
BUBBLE: Final = 9.0
#: A name has at most so many characters.
LONGEST: Final = 40
_MARK: Final = "net-"
#: Square points of the largest bubble where areas are not of parameters.
LARGEST: Final = 700.0
#: From here on ticks have suffixes.
THOUSANDS: Final = 10_000
#: An axis is logarithmic where its largest value is so many times its smallest.
WIDE: Final = 8
#: What figures are called in the picture; others go by their columns' names.
WORDS: Final = {
    "macs": "multiply-adds of one inference",
    "top1": "ImageNet top-1, %",
    "params": "parameters",
    "weights": "bytes of weights",
    "activations": "bytes written",
    "peak": "bytes at a time",
    "training": "bytes of a step of training",
    "time": "seconds at least",
}


class NothingToPlot(CnnspecError):
    """None of the networks has what the picture shows; the message says what."""


@dataclass(frozen=True, slots=True)
class Plane:
    """What a picture of bubbles shows: figures to the right and up, and a bubble's area.

    Each is a column of `compare`, or a number that a network's `meta` states (`cifar10_top1`).
    """

    x: str = "macs"
    y: str = "top1"
    size: str = "params"

    def value(self, name: str, meter: Meter) -> float | None:
        """Give a figure of a network; None where it has none."""
        if name == "top1" and not of_imagenet(meter):
            return None
        found = FACTS[name].value(meter) if name in FACTS else stated(meter.graph, name)
        return found if isinstance(found, int | float) else None

    def at(self, meter: Meter) -> tuple[float, float, float] | None:
        """Give where a network stands, and what its area is of; None where one is not known."""
        x, y, size = (self.value(name, meter) for name in (self.x, self.y, self.size))
        return None if x is None or y is None or size is None else (x, y, size)

    def area(self, size: float, most: float) -> float:
        """Give a bubble's square points: parameters count alike in all pictures."""
        if self.size == "params":
            return BUBBLE * size / 1e6
        return LARGEST * max(size, 0.0) / most if most > 0 else LARGEST


def bubbles(
    meters: Sequence[Meter],
    families: Sequence[str],
    plane: Plane | None = None,
    lines: Sequence[Sequence[int]] = (),
) -> Figure:
    """Draw networks as bubbles, their colour the family: top-1 against MACs unless told else.

    `lines` are the places of networks that are joined, one after the other. Raises NothingToPlot.
    """
    plane = plane or Plane()
    every = [(m, f, plane.at(m)) for m, f in zip(meters, families, strict=True)]
    shown = [(meter, family, at) for meter, family, at in every if at is not None]
    if not shown:
        raise NothingToPlot(_why(meters, plane))
    most = max(at[2] for _, _, at in shown)
    figure, axes = _figure(12, 8)
    colour = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(dict.fromkeys(families))}
    for axis, name in enumerate((plane.x, plane.y)):
        values = [at[axis] for _, _, at in shown]
        if name == "macs" or (min(values) > 0 and max(values) > WIDE * min(values)):
            (axes.set_xscale if axis == 0 else axes.set_yscale)("log")
        if max(values) >= THOUSANDS:
            (axes.xaxis if axis == 0 else axes.yaxis).set_major_formatter(_tick)
    for line in lines:
        joined = [each for n in line if (each := every[n][2]) is not None]
        if len(joined) > 1:
            right, up, _ = zip(*joined, strict=True)
            axes.plot(right, up, color=colour[every[line[0]][1]], linewidth=1, alpha=0.6, zorder=1)
    for meter, family, (x, y, size) in shown:
        axes.scatter(
            x,
            y,
            s=plane.area(size, most),
            color=colour[family],
            alpha=0.45,
            linewidths=0.8,
            edgecolors=colour[family],
            gid=f"{_MARK}{meter.graph.name}",
        )
    axes.margins(0.08)
    figure.subplots_adjust(left=0.06, right=0.985, top=0.925, bottom=0.075)
    axes.set_xlabel(WORDS.get(plane.x, plane.x))
    axes.set_ylabel(WORDS.get(plane.y, plane.y))
    axes.grid(visible=True, which="major", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    for size, words in _sizes(plane, most):
        axes.scatter([], [], s=plane.area(size, most), color="#999999", alpha=0.5, label=words)
    above = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "ncols": 3}
    axes.legend(frameon=False, columnspacing=2.5, handletextpad=1.2, borderpad=1.0, **above)
    points = [(m, family, (x, y), plane.area(size, most)) for m, family, (x, y, size) in shown]
    _label(figure, axes, points, colour)
    return figure


def _sizes(plane: Plane, most: float) -> list[tuple[float, str]]:
    """Give the bubbles that the legend explains."""
    if plane.size == "params":
        return [(1e6 * millions, f"{millions} M parameters") for millions in (5, 25, 100)]
    name = WORDS.get(plane.size, plane.size)
    return [(share * most, f"{_plain(share * most)} {name}") for share in (0.1, 0.4, 1)]


def _plain(value: float) -> str:
    return number(round(value)) if value >= THOUSANDS else f"{value:.3g}"


def _why(meters: Sequence[Meter], plane: Plane) -> str:
    """Say what the networks lack: a figure, a top-1, or the 1000 classes that it would be of."""
    names = dict.fromkeys((plane.x, plane.y, plane.size))
    lacking = [n for n in names if n != "top1" and all(plane.value(n, m) is None for m in meters)]
    if lacking:
        name = lacking[0]
        return f"none of these networks has {name}: no column of that name, and no meta states it"
    told = [meter.graph for meter in meters if stated(meter.graph, "top1") is not None]
    if not told:
        return "none of these networks states a top1 in its meta"
    classes = told[0].inference_outputs[0].port.shape.channels
    return (
        "the bubbles stand at top-1 on ImageNet, which has 1000 classes, "
        f"and {told[0].name}, whose meta states a top1, has {classes:,}"
    )


def of_imagenet(meter: Meter) -> bool:
    """Whether a top-1 is stated, and of ImageNet: its 1000 classes come out."""
    classes = meter.graph.inference_outputs[0].port.shape.channels
    return classes == 1000 and stated(meter.graph, "top1") is not None


def _label(
    figure: Figure,
    axes: Any,
    shown: Sequence[tuple[Meter, str, tuple[float, float], float]],
    colour: Any,
) -> None:
    """Write names where they cover nothing; a line leads to those that had to go far."""
    small = 7 if len(shown) > 30 else 9
    with _whatever_letters():
        figure.draw_without_rendering()
    unit = figure.dpi / 72
    texts, points = [], []
    for meter, family, at, area in shown:
        text = axes.text(*at, _name(meter), fontsize=small, color=_dark(colour[family]))
        extent = text.get_window_extent()
        radius = sqrt(area) / 2 * unit
        x, y = axes.transData.transform(at)
        points.append(Point(x, y, radius, extent.width + 2 * unit, extent.height + unit))
        texts.append(text)
    frame = axes.get_window_extent()
    boxes = place(points, Box(frame.x0, frame.y0, frame.x1, frame.y1))
    back = axes.transData.inverted()
    for text, point, box in zip(texts, points, boxes, strict=True):
        middle = (box.left + box.right) / 2, (box.bottom + box.top) / 2
        text.set_position(back.transform(middle))
        text.set(ha="center", va="center")
        near = min(max(point.x, box.left), box.right), min(max(point.y, box.bottom), box.top)
        far = sqrt((near[0] - point.x) ** 2 + (near[1] - point.y) ** 2)
        if far > point.radius + point.height:
            ends = back.transform([(point.x, point.y), near])
            axes.plot(*zip(*ends, strict=True), color="#888888", linewidth=0.5, zorder=1)


def bars(meters: Sequence[Meter]) -> Figure:
    """Draw, a bar a network, MACs and parameters by how many times smaller the image is."""
    from matplotlib import colormaps

    found = [shares(meter, "scale", inference=True) for meter in meters]
    scales = sorted({name for each in found for name in each}, key=_order)
    figure, both = _figure(12, 1.6 + 0.34 * len(meters), columns=2)
    names = list(map(_name, meters))
    places = range(len(meters))
    colours = colormaps["viridis"].resampled(max(len(scales), 2))
    for axes, what, words in zip(
        both, ("macs", "params"), ("multiply-adds", "parameters"), strict=True
    ):
        left = [0] * len(meters)
        for n, scale in enumerate(scales):
            values = [getattr(each[scale], what) if scale in each else 0 for each in found]
            axes.barh(places, values, left=left, color=colours(n), label=scale, height=0.72)
            left = [a + b for a, b in zip(left, values, strict=True)]
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.set_xlabel(words)
        axes.xaxis.set_major_formatter(_tick)
        axes.grid(visible=True, axis="x", color="#DDDDDD", linewidth=0.6)
        axes.set_axisbelow(True)
    both[1].set_yticklabels([])
    with _whatever_letters():
        figure.tight_layout(rect=(0, 0, 1, 1 - 0.45 / figure.get_figheight()))
    handles, names = both[0].get_legend_handles_labels()
    named = [f"image {name} of the input" if n == 0 else name for n, name in enumerate(names)]
    figure.legend(handles, named, loc="upper center", ncols=len(named), frameon=False)
    return figure


def written(figure: Figure, format: str, meters: Sequence[Meter]) -> bytes:
    """Give the picture as svg, png or html; in svg and html a bubble says its figures."""
    import matplotlib as mpl

    out = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "cnnspec"}), _whatever_letters():
        if format == "png":
            figure.savefig(out, format="png", dpi=144)
            return out.getvalue()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "cnnspec"})
    svg = out.getvalue().decode()
    for meter in meters:
        mark = f'<g id="{_MARK}{meter.graph.name}">'
        svg = svg.replace(mark, f"{mark}<title>{escape(_said(meter))}</title>", 1)
    return svg.encode() if format == "svg" else _page(svg).encode()


@contextmanager
def _whatever_letters() -> Iterator[None]:
    """Say nothing of letters that Matplotlib's font lacks: it draws a box for each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _name(meter: Meter) -> str:
    """Give the name in print, cut where it is very long."""
    name = title(meter.graph)
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 3].rstrip()}..."


def _said(meter: Meter) -> str:
    graph, read = meter.graph, meter.inference
    top = f", top-1 {graph.meta['top1']}" if stated(graph, "top1") is not None else ""
    return f"{title(graph)}: {read.params:,} parameters, {read.macs:,} MACs{top}"


def _page(svg: str) -> str:
    start = svg.index("<svg")
    picture = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', "", svg[start:], count=1)
    style = f"svg{{width:100%;height:96vh}} [id^={_MARK}]:hover{{opacity:.6;cursor:help}}"
    head = f'<meta charset="utf-8"><title>Networks compared</title><style>{style}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{picture}</body></html>\n'


def _figure(width: float, height: float, columns: int = 1) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=100)
    axes = figure.subplots(1, columns)
    for each in axes if columns > 1 else [axes]:
        each.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _tick(value: float, _place: int) -> str:
    return number(round(value)) if value else "0"


def _order(scale: str) -> tuple[bool, int]:
    return (True, 0) if scale == VECTOR else (False, int(scale[1:]))


def _dark(colour: str) -> str:
    """Darken a colour for text on white."""
    parts = (int(colour[n : n + 2], 16) * 3 // 5 for n in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)
