"""The command `solve`: the value of a parameter that meets a target."""

from __future__ import annotations

from typing import Any

import click

from cnnspec.commands import complete
from cnnspec.commands.output import as_json, report, say, send
from cnnspec.commands.spec import settings_of, shape_of, takes_run
from cnnspec.commands.status import status


@click.command()
@click.argument("spec", shell_complete=complete.spec)
@click.option(
    "--set", "settings", callback=settings_of, multiple=True, metavar="NAME=VALUE",
    help="width=?, or where to look for it: width=0.5..3/0.05. Others as ever.",
)  # fmt: skip
@click.option("--input", "sizes", metavar="CxHxW", help="The input's shape, 3x320x320.")
@click.option("--where", required=True, metavar="TARGET", help="'macs ~ 600M', or <=, or >=.")
@takes_run
@click.option("--json", "json_", is_flag=True, help="As JSON, the schema cnnspec.solve/1.")
@click.option("-q", "--quiet", is_flag=True, help="No words but errors.")
def solve(
    spec: str,
    *,
    settings: dict[str, str],
    sizes: str | None,
    where: str,
    json_: bool,
    quiet: bool,
    **how: Any,
) -> int:
    """Find the value of one parameter of SPEC at which a figure meets a target.

    The figure must rise, or fall, all over the range; where it does not, that is said.
    """
    from cnnspec.diagnostics import SpecError
    from cnnspec.sweeps import results
    from cnnspec.sweeps import solve as solving
    from cnnspec.sweeps.refused import RefusedSweep

    shape = None if sizes is None else shape_of(sizes)
    try:
        found = solving.solve(spec, set=settings, where=where, input=shape, **how)
    except RefusedSweep as refusal:
        raise click.BadParameter(str(refusal), param_hint=refusal.option) from None
    except SpecError as mistakes:
        report(mistakes.diagnostics)
        return status(mistakes.diagnostics)
    if json_:
        facts = {
            "parameter": found.parameter,
            "value": found.value,
            "figure": found.figure,
            "target": found.target,
            "row": dict(found.row),
            "other": None if found.other is None else dict(found.other),
        }
        send(as_json("cnnspec.solve/1", spec=spec, where=where, **facts), None)
        return 0
    rows = [found.row, *([found.other] if found.other is not None else [])]
    columns = [name for name in found.row if name != "point"]
    send(results.table(map(dict, rows), columns), None)
    by = f" ({found.figure / found.target - 1:+.2%})" if found.target else ""
    say(f"{found.parameter} = {found.value}{by}; looked at {found.looked_at} values", quiet=quiet)
    return 0
