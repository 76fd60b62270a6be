"""Commands that look at a network without writing source: `check`, `paths`, `draw`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from cnnspec.commands.output import as_json, say, send
from cnnspec.commands.spec import loaded, takes_spec

if TYPE_CHECKING:
    from cnnspec.diagnostics import Diagnostic


@click.command()
@takes_spec
@click.option("--json", "json_", is_flag=True, help="The result as JSON, mistakes among it.")
def check(spec: str, *, json_: bool, quiet: bool, **how: Any) -> None:
    """Check the network SPEC: names, shapes, and the facts that it states.

    With --input, whether it takes images of that size with the weights that it has.

    The exit status is 0 if it holds and 1 if it does not.
    """
    if json_:
        _check_json(spec, **how)
        return
    network = loaded(spec, quiet=quiet, keep_weights=True, **how)
    facts = f"{network.params:,} parameters, {network.macs:,} MACs, {len(network.nodes):,} nodes"
    say(f"{network.name} is fine: {facts}", quiet=quiet)


def _check_json(spec: str, **how: Any) -> None:
    from cnnspec.diagnostics import SpecError
    from cnnspec.render import as_data

    network = None
    found: tuple[Diagnostic, ...] = ()
    try:
        network = loaded(spec, quiet=True, keep_weights=True, **how)
        found = network.warnings
    except SpecError as mistakes:
        found = mistakes.diagnostics
    facts = {} if network is None else {"network": network.name, "params": network.params}
    if network is not None:
        facts |= {"macs": network.macs, "nodes": len(network.nodes)}
    diagnostics = [as_data(each) for each in found]
    ok = network is not None
    send(as_json("cnnspec.check/1", ok=ok, **facts, diagnostics=diagnostics), None)
    if not ok:
        raise click.exceptions.Exit(1)


@click.command()
@takes_spec
@click.option("--json", "json_", is_flag=True, help="The list as JSON.")
def paths(spec: str, *, json_: bool, quiet: bool, **how: Any) -> None:
    """List every node of SPEC: its path, its kind, the shape that it gives."""
    network = loaded(spec, quiet=quiet, **how)
    if json_:
        listed = [
            {
                "path": node.path,
                "kind": node.kind,
                "shapes": [list(shape) for shape in node.shapes],
                "line": node.span.line,
            }
            for node in network.nodes
        ]
        send(as_json("cnnspec.paths/1", network=network.name, nodes=listed), None)
        return
    rows = [
        (node.path, node.kind, ", ".join(str(shape) for shape in node.shapes))
        for node in network.nodes
    ]
    send(columns(rows), None)


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """Set rows in columns, two spaces apart, without space at the ends of lines."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)
