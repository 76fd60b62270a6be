"""The command `compare`: networks side by side, as a table or a picture."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnspec import collector
from cnnspec.commands import complete
from cnnspec.commands.output import (
    Missing,
    Refused,
    as_json,
    deliver,
    report,
    room_of,
    say,
    takes_output,
)
from cnnspec.commands.rows import takes_rows
from cnnspec.commands.spec import load_arguments, takes_network, takes_run
from cnnspec.commands.variants import takes_ranges
from cnnspec.plugins import install

if TYPE_CHECKING:
    from cnnspec.analysis.figures import Meter
    from cnnspec.analysis.roofline import Device
    from cnnspec.graph import Graph


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC...]", shell_complete=complete.spec)
@click.option("--all", "every", is_flag=True, help="Every network that ships and has a title.")
@takes_ranges
@takes_network
@takes_run
@takes_rows("cnnspec.report.comparison:FACTS", "The largest in a column first.")
@click.option("--plot", metavar="FILE", help="Draw instead, into FILE.svg, .png or .html.")
@click.option(
    "--picture",
    type=click.Choice(["bubbles", "bars"]),
    default="bubbles",
    help="Top-1 against MACs, or bars of where MACs and parameters are.",
)
@click.option("--x", metavar="FIGURE", help="To the right in the bubbles (macs).")
@click.option("--y", metavar="FIGURE", help="Up: top1, a column, a number of `meta`.")
@click.option("--size", metavar="FIGURE", help="The bubbles' area (params).")
@click.option("--group", is_flag=True, help="Families together, each under its file or network.")
@takes_output
def compare(
    specs: tuple[str, ...],
    *,
    every: bool,
    batch: int,
    dtype: str,
    in_place: bool,
    device: Device | None,
    columns: tuple[str, ...] | None,
    sort: str | None,
    top: int | None,
    format_: str,
    plot: str | None,
    picture: str,
    x: str | None,
    y: str | None,
    size: str | None,
    group: bool,
    output: str | None,
    force: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Compare networks: SPECs are networks, files of several, or patterns like 'resnet*'.

    --set and --input hold for each of them; with a range or list, --set width=0.5..1/0.25 or
    --input 3x128..320/32, each network stands for its variants.
    """
    from cnnspec.analysis.run import Run
    from cnnspec.report import comparison

    run = Run(batch, dtype, in_place)
    if device is not None:
        try:
            device.operations(dtype)
        except ValueError as wrong:
            raise click.BadParameter(str(wrong), param_hint="--device") from None
    if not specs and not every:
        raise click.UsageError("name networks to compare, or --all")
    plane = {n: value for n, value in (("x", x), ("y", y), ("size", size)) if value is not None}
    if plane and (plot is None or picture == "bars"):
        message = "--x, --y and --size say what the bubbles of a plot show: add --plot FILE.svg"
        raise click.UsageError(message if plot is None else f"{message}, without --picture bars")
    meters, families = _meters(specs, run, device, how, every=every, quiet=quiet)
    if plot is not None:
        _draw(plot, picture, meters, families, plane, force=force, quiet=quiet)
        return
    if group:
        order = dict.fromkeys(families)
        places = sorted(range(len(meters)), key=lambda n: list(order).index(families[n]))
        meters, families = [meters[n] for n in places], [families[n] for n in places]
    shown = columns or (*comparison.USUAL, *(("time",) if device else ()))
    found = comparison.rows(meters, (*shown, *((sort,) if sort and sort not in shown else ())))
    found = [{**row, "family": family} for row, family in zip(found, families, strict=True)]
    found = (_sorted(found, sort, group=group) if sort else found)[:top]
    if format_ == "json":
        listed = comparison.rows(meters, tuple(comparison.FACTS))
        listed = [{**row, "family": family} for row, family in zip(listed, families, strict=True)]
        listed = (_sorted(listed, sort, group=group) if sort else listed)[:top]
        content = as_json(comparison.SCHEMA, batch=batch, dtype=dtype, networks=listed)
        deliver(content, output, format_, force=force)
        return
    if format_ == "table" and output in (None, "-") and (room := room_of(sys.stdout, 10_000)):
        shown = shown if columns else comparison.fitting(found, shown, room)
        text = comparison.as_table(found, shown, room=room)
        text = _under_families(text, found) if group else text
        deliver(text, output, format_, force=force)
        return
    write = {
        "table": comparison.as_table,
        "csv": comparison.as_csv,
        "md": comparison.as_markdown,
        "latex": comparison.as_latex,
    }[format_]
    text = write(found, shown)
    text = _under_families(text, found) if group and format_ == "table" else text
    deliver(text, output, format_, force=force)


def _sorted(found: list[dict[str, Any]], sort: str, *, group: bool) -> list[dict[str, Any]]:
    """Sort rows, or those of each family."""
    from cnnspec.report import comparison

    if not group:
        return comparison.ordered(found, sort)
    families = dict.fromkeys(row["family"] for row in found)
    each = ([row for row in found if row["family"] == family] for family in families)
    return [row for rows in each for row in comparison.ordered(rows, sort)]


def _under_families(text: str, found: list[dict[str, Any]]) -> str:
    """Put a line with the family's name above the rows of each."""
    head, rule, *lines = text.splitlines(keepends=True)
    result, before = [head, rule], None
    for line, row in zip(lines, found, strict=True):
        if row["family"] != before:
            before = row["family"]
            result.append(f"{before}\n")
        result.append(f"  {line}")
    return "".join([f"  {each}" for each in result[:2]] + result[2:])


def _meters(
    specs: tuple[str, ...],
    run: Any,
    device: Device | None,
    how: Mapping[str, Any],
    *,
    every: bool,
    quiet: bool,
) -> tuple[list[Meter], list[str]]:
    """Load every network that is meant, each once, with the file it stands in."""
    from cnnspec.analysis.figures import Meter
    from cnnspec.api import load
    from cnnspec.commands.variants import variants

    asked = variants(how["settings"], how["sizes"])
    names = _named(specs, every=every)
    wanted = [(name, *point) for name in names for point in asked.points]
    meters, families = [], []
    with click.progressbar(
        wanted,
        label="reading",
        file=sys.stderr,
        hidden=quiet or len(wanted) < 8 or not sys.stderr.isatty(),
    ) as progress:
        for name, words, settings, sizes in progress:
            given = {**how, "settings": settings, "sizes": sizes}
            with collector.keeping():
                network = load(name, **load_arguments(**given))
            if network.missed and not quiet:
                report(each for each in network.warnings if each.code == "expectation-missed")
            if every and network.title == network.name and name not in specs:
                continue
            graph = _called(network.elaborated, words) if words else network.elaborated
            meters.append(Meter(graph, run, device))
            families.append(network.title if words else network.origin.partition(":")[0])
    return meters, families


def _called(graph: Graph, words: str) -> Graph:
    """Give a variant's graph under a name that says which it is."""
    from dataclasses import replace

    from cnnspec.meta import title

    meta = {**graph.meta, "title": f"{title(graph)}, {words}"}
    return replace(graph, name=f"{graph.name} {words}", meta=meta)


def _named(specs: tuple[str, ...], *, every: bool) -> list[str]:
    """Give the networks that names, files and patterns stand for, in order, each once."""
    from cnnspec import library

    shipped = library.shipped()
    names: list[str] = list(shipped) if every else []
    for spec in specs:
        pattern = any(c in spec for c in "*?[") and not _is_there(spec)
        files = _matching(spec) if pattern else [spec]
        ours = [name for name in shipped if fnmatchcase(name, spec)] if spec not in files else []
        if not files and not ours:
            raise Refused(f"no file and no shipped network is called {spec}")
        names += ours
        for file in files:
            held = library.declared(file) if Path(file).is_file() else []
            names += [f"{file}:{name}" for name in held] if len(held) > 1 else [file]
    return list(dict.fromkeys(names))


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _matching(pattern: str) -> list[str]:
    """Give the local specs that a pattern means, sorted: what cnnspec wrote beside is none."""
    path = Path(pattern)
    found = sorted(map(str, Path(path.anchor).glob(str(path.relative_to(path.anchor)))))
    if path.suffix and not any(c in path.suffix for c in "*?["):
        return found  # who says another ending means it
    return [each for each in found if each.endswith(".cnn")]


def _draw(
    target: str,
    picture: str,
    meters: list[Meter],
    families: list[str],
    asked: dict[str, str],
    *,
    force: bool,
    quiet: bool,
) -> None:
    form = Path(target).suffix.removeprefix(".").lower()
    if form not in ("svg", "png", "html"):
        raise click.BadParameter(f"{target} ends in none of .svg, .png, .html", param_hint="--plot")
    if find_spec("matplotlib") is None:
        raise Missing(f"a plot needs Matplotlib: {install('plot', 'matplotlib')}")
    from cnnspec.report import plot

    plane = plot.Plane(**asked)
    lines = [[n for n, each in enumerate(families) if each == one] for one in set(families)]
    joined = sorted(line for line in lines if all("=" in meters[n].graph.name for n in line))
    try:
        if picture == "bars":
            drawn = plot.bars(meters)
        else:
            drawn = plot.bubbles(meters, families, plane, joined)
    except plot.NothingToPlot as nothing:
        fix = "numbers of `meta`, or columns, as --columns takes them"
        fix = f"--x, --y and --size are {fix}" if asked else "`--picture bars` needs none"
        raise Refused(f"nothing to plot: {nothing}\n  = help: {fix}") from None
    deliver(plot.written(drawn, form, meters), target, form, force=force)
    places = [plane.at(meter) for meter in meters]
    shown = len(meters) if picture == "bars" else sum(each is not None for each in places)
    of = "" if shown == len(meters) else f" of {len(meters)}"
    lack = (
        "state no top1 on ImageNet" if "top1" in (plane.x, plane.y) else "lack one of the figures"
    )
    why = f"; the others {lack}" if of else ""
    say(f"drew {shown}{of} networks in {target}{why}", quiet=quiet)
