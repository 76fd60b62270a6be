"""The command `compare`: networks side by side, as a table or a picture."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

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
from cnnspec.plugins import install

if TYPE_CHECKING:
    from cnnspec.analysis.figures import Meter
    from cnnspec.analysis.roofline import Device


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC...]", shell_complete=complete.spec)
@click.option("--all", "every", is_flag=True, help="Every network that ships and has a title.")
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
    output: str | None,
    force: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Compare networks: SPECs are networks, files of several, or patterns like 'resnet*'.

    --set and --input hold for each of them.
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
    meters, families = _meters(specs, run, device, how, every=every, quiet=quiet)
    if plot is not None:
        _draw(plot, picture, meters, families, force=force, quiet=quiet)
        return
    shown = columns or (*comparison.USUAL, *(("time",) if device else ()))
    found = comparison.rows(meters, (*shown, *((sort,) if sort and sort not in shown else ())))
    found = (comparison.ordered(found, sort) if sort else found)[:top]
    if format_ == "json":
        listed = comparison.rows(meters, tuple(comparison.FACTS))
        listed = (comparison.ordered(listed, sort) if sort else listed)[:top]
        content = as_json(comparison.SCHEMA, batch=batch, dtype=dtype, networks=listed)
        deliver(content, output, format_, force=force)
        return
    if format_ == "table" and output in (None, "-") and (room := room_of(sys.stdout, 10_000)):
        shown = shown if columns else comparison.fitting(found, shown, room)
        deliver(comparison.as_table(found, shown, room=room), output, format_, force=force)
        return
    write = {
        "table": comparison.as_table,
        "csv": comparison.as_csv,
        "md": comparison.as_markdown,
        "latex": comparison.as_latex,
    }[format_]
    deliver(write(found, shown), output, format_, force=force)


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

    names = _named(specs, every=every)
    meters, families = [], []
    with click.progressbar(
        names,
        label="reading",
        file=sys.stderr,
        hidden=quiet or len(names) < 8 or not sys.stderr.isatty(),
    ) as progress:
        for name in progress:
            network = load(name, **load_arguments(**how))
            if network.missed and not quiet:
                report(each for each in network.warnings if each.code == "expectation-missed")
            if every and network.title == network.name and name not in specs:
                continue
            meters.append(Meter(network.elaborated, run, device))
            families.append(network.origin.partition(":")[0])
    return meters, families


def _named(specs: tuple[str, ...], *, every: bool) -> list[str]:
    """Give the networks that names, files and patterns stand for, in order, each once."""
    from cnnspec import library

    shipped = library.shipped()
    names: list[str] = list(shipped) if every else []
    for spec in specs:
        files = _matching(spec) if any(c in spec for c in "*?[") else [spec]
        ours = [name for name in shipped if fnmatchcase(name, spec)] if spec not in files else []
        if not files and not ours:
            raise Refused(f"no file and no shipped network is called {spec}")
        names += ours
        for file in files:
            held = library.declared(file) if Path(file).is_file() else []
            names += [f"{file}:{name}" for name in held] if len(held) > 1 else [file]
    return list(dict.fromkeys(names))


def _matching(pattern: str) -> list[str]:
    """Give the local specs that a pattern means, sorted: what cnnspec wrote beside is none."""
    path = Path(pattern)
    found = sorted(map(str, Path(path.anchor).glob(str(path.relative_to(path.anchor)))))
    if path.suffix and not any(c in path.suffix for c in "*?["):
        return found  # who says another ending means it
    return [each for each in found if each.endswith(".cnn")]


def _draw(
    target: str, picture: str, meters: list[Meter], families: list[str], *, force: bool, quiet: bool
) -> None:
    form = Path(target).suffix.removeprefix(".").lower()
    if form not in ("svg", "png", "html"):
        raise click.BadParameter(f"{target} ends in none of .svg, .png, .html", param_hint="--plot")
    if find_spec("matplotlib") is None:
        raise Missing(f"a plot needs Matplotlib: {install('plot', 'matplotlib')}")
    from cnnspec.report import plot

    try:
        drawn = plot.bars(meters) if picture == "bars" else plot.bubbles(meters, families)
    except plot.NothingToPlot as nothing:
        raise Refused(
            f"nothing to plot: {nothing}\n  = help: `--picture bars` needs none"
        ) from None
    deliver(plot.written(drawn, form, meters), target, form, force=force)
    shown = len(meters) if picture == "bars" else sum(map(plot.of_imagenet, meters))
    of = "" if shown == len(meters) else f" of {len(meters)}"
    why = "; the others state no top1 on ImageNet" if of else ""
    say(f"drew {shown}{of} networks in {target}{why}", quiet=quiet)
