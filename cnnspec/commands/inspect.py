"""Commands that look at a network without writing source: `check`, `paths`, `draw`."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import click

from cnnspec.commands import complete
from cnnspec.commands.output import as_json, report, say, send
from cnnspec.commands.spec import (
    all_loaded,
    all_mistakes,
    loaded,
    takes_network,
    takes_spec,
)
from cnnspec.commands.status import status

if TYPE_CHECKING:
    from cnnspec.diagnostics import Diagnostic
    from cnnspec.network import Network


#: What `check --fix` mends: what diagnostics say to write, what meant something else in the version
#: before, or facts that do not hold.
FIXES: Final = ("mistakes", "version", "expect")
#: A column of words is not narrower than this, however little room there is.
NARROWEST: Final = 24


class _Fixing(click.Command):
    """A command whose `--fix` may stand alone, before a spec too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read `--fix` alone as what it is by itself."""
        after = [*args[1:], ""]
        read = [
            "--fix=mistakes" if each == "--fix" and value not in FIXES else each
            for each, value in zip(args, after, strict=False)
        ]
        return super().parse_args(ctx, read)


@click.command(cls=_Fixing)
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...", shell_complete=complete.spec)
@takes_network
@click.option("--json", "json_", is_flag=True, help="The result as JSON, mistakes among it.")
@click.option(
    "--fix",
    type=click.Choice(FIXES),
    metavar="[=version|=expect]",
    help="Write into the file what diagnostics say to write, and show it; with =version, what "
    "meant something else in the version before as it was meant; with =expect, the network's "
    "figures into `expect` where those do not hold.",
)
def check(specs: Sequence[str], *, json_: bool, fix: str | None, quiet: bool, **how: Any) -> None:
    """Check networks: names, shapes, and the facts that they state.

    SPEC is a path, `-`, `path.cnn:network`, or the name of a network that ships; there may be
    several. Of a file with several networks, all that it declares. With --input, which layer would
    have other weights at that size; with --keep-weights as well, that is a mistake.

    The exit status is 0 if all holds and 1 if something does not.
    """
    from cnnspec.diagnostics import SpecError

    how["told"] = True
    if fix is not None and json_:
        raise click.UsageError("--fix shows what changed as text: leave --json out")
    networks: list[Network] = []
    wrong: dict[object, Diagnostic] = {}
    for spec in dict.fromkeys(specs):
        try:
            if fix is not None:
                _fix(fix, spec, quiet=quiet, **how)
            found = all_loaded(spec, quiet=quiet, **how)
        except SpecError as mistakes:
            told = all_mistakes(spec, mistakes.diagnostics, **how)
            wrong.update((each.key, each) for each in told)
        else:
            networks += found
            if not json_:
                _say_fine(found, quiet=quiet)
    if json_:
        _send_found(networks, (*wrong.values(), *_warnings(networks)), ok=not wrong)
    elif wrong:
        report(wrong.values())
    if wrong:
        raise click.exceptions.Exit(status(wrong.values()))


def _fix(fix: str, spec: str, *, quiet: bool, **how: Any) -> None:
    from cnnspec.commands.fix import fix_facts, fix_mistakes

    if fix == "expect":
        fix_facts(spec, quiet=quiet, **how)
    else:
        fix_mistakes(spec, quiet=quiet, version=fix == "version", **how)


def _say_fine(networks: Sequence[Network], *, quiet: bool) -> None:
    found = _warnings(networks)
    if found and not quiet:
        report(found)
    for each in networks:
        facts = f"{each.params:,} parameters, {each.macs:,} MACs, {len(each.nodes):,} nodes"
        say(f"{each.name} is fine: {facts}", quiet=quiet)


def _warnings(networks: Sequence[Network]) -> tuple[Diagnostic, ...]:
    """Give the warnings of all, each once."""
    return tuple({w.key: w for each in networks for w in each.warnings}.values())


def _send_found(networks: Sequence[Network], found: Sequence[Diagnostic], *, ok: bool) -> None:
    """Put what was found on standard output, as JSON."""
    from cnnspec.render import as_data

    facts: list[dict[str, Any]] = [
        {
            "network": each.name,
            "params": each.params,
            "macs": each.macs,
            "nodes": len(each.nodes),
        }
        for each in networks
    ]
    only = facts[0] if len(facts) == 1 else {}
    diagnostics = [as_data(each) for each in found]
    send(
        as_json("cnnspec.check/1", ok=ok, **only, networks=facts, diagnostics=diagnostics),
        None,
    )


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


def columns(rows: Sequence[tuple[str, ...]], *, room: int | None = None) -> str:
    """Set rows in columns, two spaces apart, without space at the ends of lines.

    Where there is only so much room, the words of the last column go on below it.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    before = sum(widths[:-1]) + 2 * (len(widths) - 1)
    left = None if room is None else max(room - before, NARROWEST)
    lines = []
    for row in rows:
        *first, last = row
        start = "".join(f"{cell:{width}}  " for cell, width in zip(first, widths, strict=False))
        words = [last] if left is None else wrap(last, left) or [""]
        lines += [f"{start}{words[0]}", *(f"{' ' * before}{more}" for more in words[1:])]
    return "".join(f"{line.rstrip()}\n" for line in lines)
