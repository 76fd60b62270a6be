"""The command `cost`: what a network costs, in the form that was asked for, and within budgets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from cnnspec.commands.output import colourful, deliver, room_of, say, takes_output
from cnnspec.commands.rows import takes_rows
from cnnspec.commands.spec import ELABORATION, loaded, takes_run, takes_spec

if TYPE_CHECKING:
    from cnnspec.analysis.figures import Meter
    from cnnspec.analysis.roofline import Device
    from cnnspec.analysis.run import Run
    from cnnspec.graph import Graph

#: The most columns that a table is given on a terminal.
WIDEST: Final = 140
#: What may be bounded: the option's name, and the words for it.
BUDGETS: Final[Mapping[str, str]] = {
    "params": "parameters",
    "macs": "MACs",
    "weights": "bytes of weights",
    "peak": "bytes of values at a time at inference",
    "training": "bytes at a time in training",
}


def _count(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    """Read `30M`."""
    if value is None:
        return None
    from cnnspec.analysis.quantity import count

    try:
        return count(value)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


def _time(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    """Read `5ms`."""
    if value is None:
        return None
    from cnnspec.analysis.quantity import seconds

    try:
        return seconds(value)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


def _takes_budgets(command: Any) -> Any:
    command = click.option(
        "--max-time",
        callback=_time,
        metavar="TIME",
        help="Leave with status 1 above so long a batch on the --device: 5ms.",
    )(command)
    for name, words in reversed(list(BUDGETS.items())):
        command = click.option(
            f"--max-{name}",
            callback=_count,
            metavar="COUNT",
            help=f"Leave with status 1 above so many {words}: 30M, 5G.",
        )(command)
    return command


@click.command()
@takes_spec
@takes_run
@click.option(
    "--depth",
    type=click.IntRange(0),
    help="How deep to open scopes (0: the totals alone); else as deep as fits a screen.",
)
@click.option(
    "--by",
    type=click.Choice(["kind", "block", "stage", "scale"]),
    help="A row a kind, block, stage, or scale of the image.",
)
@takes_rows("cnnspec.report.columns:COLUMNS", "Single layers, the largest in a column first.")
@click.option(
    "--count",
    type=click.Choice(["macs", "all"]),
    default="macs",
    help="Count conv and dense only, or every operation besides.",
)
@click.option("--memory", is_flag=True, help="Where memory goes, at inference and in training.")
@click.option(
    "--optimiser",
    type=click.Choice(["sgd", "momentum", "adam", "adamw"]),
    default="adam",
    help="Whose state is counted in training (adam).",
)
@click.option("--facts", is_flag=True, help="Depth, paths, receptive field, sizes it accepts.")
@click.option("--explain", is_flag=True, help="What each figure means.")
@takes_output
@_takes_budgets
def cost(
    spec: str,
    *,
    batch: int,
    dtype: str,
    in_place: bool,
    device: Device | None,
    format_: str,
    output: str | None,
    force: bool,
    quiet: bool,
    max_time: float | None,
    **asked: Any,
) -> None:
    """Show what SPEC costs: shapes, parameters, multiply-adds, memory, layer by layer.

    The exit status is 1 if a budget (--max-...) is exceeded.
    """
    from cnnspec.analysis.figures import Meter
    from cnnspec.analysis.run import Run
    from cnnspec.report import data

    if max_time is not None and device is None:
        raise click.UsageError("--max-time is of a --device: say which")
    budgets = {name: asked.pop(f"max_{name}") for name in BUDGETS}
    how = {name: asked.pop(name) for name in ELABORATION}
    from cnnspec.report.view import CostView

    view = CostView(**asked)
    network = loaded(spec, quiet=quiet, **how)
    meter = _meter(Meter, network.elaborated, Run(batch, dtype, in_place), device)
    if format_ == "json":
        content = data.as_json(data.cost(meter, optimiser=view.optimiser))
    else:
        shown = output in (None, "-")
        room = room_of(sys.stdout, WIDEST) if shown else None
        color = shown and colourful(sys.stdout)
        content = view.text(meter, format_, room=room, color=color)
    deliver(content, output, format_, force=force)
    _within(meter, budgets, max_time, view.optimiser)


def _meter(make: type[Meter], graph: Graph, run: Run, device: Device | None) -> Meter:
    """Make a meter; a device that has no such numbers is wrong usage."""
    if device is not None:
        try:
            device.operations(run.dtype)
        except ValueError as wrong:
            raise click.BadParameter(str(wrong), param_hint="--device") from None
    return make(graph, run, device)


def _within(
    meter: Meter, budgets: Mapping[str, int | None], max_time: float | None, optimiser: str
) -> None:
    """Hold the network against the budgets that were given; leave with 1 beyond one."""
    from cnnspec.analysis.liveness import peak
    from cnnspec.analysis.memory import weight_bytes
    from cnnspec.analysis.training import training

    graph, run = meter.graph, meter.run
    figures: dict[str, Callable[[], int]] = {
        "params": lambda: meter.total.params,
        "macs": lambda: meter.inference.macs,
        "weights": lambda: weight_bytes(graph.inference_nodes, run),
        "peak": lambda: peak(graph, run).bytes,
        "training": lambda: training(graph, run, optimiser=optimiser).peak,
    }
    exceeded = False
    for name, bound in budgets.items():
        if bound is not None and (actual := figures[name]()) > bound:
            exceeded = True
            say(f"error: {actual:,} {BUDGETS[name]}, and --max-{name} is {bound:,}")
    if max_time is not None and meter.inference.seconds > max_time:
        from cnnspec.analysis.quantity import duration

        exceeded = True
        least = duration(meter.inference.seconds)
        say(f"error: at least {least} a batch, and --max-time is {duration(max_time)}")
    if exceeded:
        raise click.exceptions.Exit(1)
