"""`cnnspec import`: a model that exists as the spec that a person would have written."""

from __future__ import annotations

import sys
from ast import literal_eval
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnspec.commands.checkpoints import needed
from cnnspec.commands.output import Bug, Refused, as_json, placed, replace, say, send
from cnnspec.commands.spec import settings_of, shape_of

if TYPE_CHECKING:
    from cnnspec.importing.imported import Imported


def _shapes(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> list[tuple[int, ...]]:
    return [shape_of(value) for value in values]


def _plain(value: str) -> Any:
    """Read a constructor's argument: a number, a list, a truth value, else a word."""
    words = {"true": True, "false": False, "none": None}
    if value.lower() in words:
        return words[value.lower()]
    try:
        return literal_eval(value)
    except (ValueError, SyntaxError):
        return value


def _arguments(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, Any]:
    return {name: _plain(text) for name, text in settings_of(ctx, param, values).items()}


def _heads(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for name, text in settings_of(ctx, param, values).items():
        number = _plain(text)
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise click.BadParameter(f"{text!r} is not a number")
        found[name] = float(number)
    return found


@click.command("import")
@click.argument("source")
@click.option("--output", "-o", metavar="FILE", help="Where to; `-` is standard output.")
@click.option(
    "--set",
    "settings",
    callback=_arguments,
    multiple=True,
    metavar="NAME=VALUE",
    help="Give the constructor an argument; may be repeated.",
)
@click.option(
    "--input",
    "shapes",
    callback=_shapes,
    multiple=True,
    metavar="CxHxW",
    help="The input's shape (3x224x224); once for each of several.",
)
@click.option("--name", metavar="NAME", help="What to call the network.")
@click.option(
    "--head",
    "heads",
    callback=_heads,
    multiple=True,
    metavar="NAME=WEIGHT",
    help="The weight of a training head's loss, which no model says (1.0).",
)
@click.option("--weights", metavar="FILE", help="Write the model's weights, for the spec, here.")
@click.option("--verify", "verify_", is_flag=True, help="Go on: prove all backends equal.")
@click.option("--no-proof", is_flag=True, help="Do not run the model; the spec says so.")
@click.option("--json", "json_", is_flag=True, help="What was proved, and the text, as JSON.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@click.option("-q", "--quiet", is_flag=True, help="No words but errors.")
def import_(
    source: str,
    output: str | None,
    settings: Mapping[str, Any],
    shapes: Sequence[tuple[int, ...]],
    name: str | None,
    heads: Mapping[str, float],
    weights: str | None,
    *,
    verify_: bool,
    no_proof: bool,
    json_: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Write the model SOURCE as the spec that a person would have written, and prove it.

    SOURCE is `package.module:constructor` or `file.py:Name` for PyTorch, `model.keras` or what
    `model.to_json()` wrote for Keras. A Python source is run, code and all; nothing else is. The
    spec has the model's blocks, and its weights' names. What a spec cannot say exactly is refused
    with the module's path and line. What was proved is told line by line: the same steps, equal
    outputs in float64, for PyTorch at two sizes and in training too.
    """
    from cnnspec.importing import importer
    from cnnspec.importing.imported import imported

    for file in (output, weights):
        if file not in (None, "-") and Path(str(file)).exists() and not force:
            raise Refused(f"{file} is there already; `--force` overwrites it")
    with needed():
        taker = importer.claiming(source)
        runs = taker.runs(source)
        if runs is not None:
            say(f"running {runs}: importing a Python model runs its code", quiet=quiet)
        found = imported(
            source,
            kind=taker.name,
            set=settings,
            inputs=shapes,
            name=name,
            heads=heads,
            prove=not no_proof,
        )
    if json_:
        lines = [each._asdict() for each in found.report.findings]
        send(as_json("cnnspec.import/1", text=found.text, findings=lines), None)
    if output not in (None, "-"):
        replace(Path(str(output)), found.text.encode())
    elif not json_:
        send(found.text, None)
    _tell(found, output, quiet=quiet)
    if weights is not None:
        _write_weights(found, Path(weights), quiet=quiet)
    if not found.report.proved:
        raise Bug(f"the spec of {found.network.name} is not proved: it says so on its first line")
    if verify_:
        _verify(found, quiet=quiet)


def _tell(found: Imported, output: str | None, *, quiet: bool) -> None:
    where = f"wrote {output}: " if output not in (None, "-") else ""
    lines = sum(1 for line in found.text.splitlines() if line.strip())
    say(
        f"{where}{found.network.name}, {found.network.params:,} parameters, {lines} lines",
        quiet=quiet,
    )
    for each in found.report.findings:
        say(f"  {each}", quiet=quiet)
    if not quiet and found.known is not None:
        say(f"  {found.known}", quiet=quiet)


def _write_weights(found: Imported, path: Path, *, quiet: bool) -> None:
    """Write the model's weights in the kind of file that the path's name says."""
    from cnnspec.convert import choose

    kind = choose.kind_for(path, None)
    with needed(), placed(path) as beside:
        count = found.write_weights(beside, kind)
    say(f"wrote {path}: {count:,} tensors, read back and compared", quiet=quiet)


def _verify(found: Imported, *, quiet: bool) -> None:
    """Prove all installed backends equal on the imported network."""
    from cnnspec.commands.output import colourful, report, room_of
    from cnnspec.commands.verify import WIDEST, WIDTH, progress_of, run_witnesses, witnesses
    from cnnspec.verify import table

    network = found.network
    chosen = witnesses(None)
    with progress_of(network, quiet=quiet or not colourful(sys.stderr)) as progress:
        certificate = run_witnesses(
            network,
            chosen,
            train=False,
            dtype="float64",
            batch=2,
            seed=0,
            weights=None,
            progress=progress,
        )
    wide = room_of(sys.stderr, WIDEST) or WIDTH
    say(table.table(certificate, color=colourful(sys.stderr), width=wide), quiet=quiet)
    if not certificate.agrees:
        report(table.diagnostics(certificate))
        raise Bug(f"the backends do not agree on {network.name}")
