"""`cnnspec verify`: proves that what the backends emit computes the same numbers, node by node."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cnnspec.commands import complete
from cnnspec.commands.checkpoints import needed, takes_changes
from cnnspec.commands.output import (
    Bug,
    Missing,
    Refused,
    as_json,
    colourful,
    deliver,
    report,
    room_of,
    say,
    takes_output,
)
from cnnspec.commands.spec import DtypeName, check_size, loaded, takes_spec
from cnnspec.dtypes import VERIFIED
from cnnspec.errors import NotInstalled, WrongArgument

if TYPE_CHECKING:
    from cnnspec.network import Network
    from cnnspec.verify.certificate import Weights
    from cnnspec.witness import Witness

#: How wide a table is that no terminal shows, and the most that one is given on a terminal.
WIDTH, WIDEST = 92, 140


@click.command()
@takes_spec
@click.option(
    "--backends",
    metavar="A,B,C",
    shell_complete=complete.witnesses,
    help="Which; all that are installed if left out.",
)
@click.option("--train", is_flag=True, help="A training step: statistics and gradients too.")
@click.option(
    "--dtype",
    type=DtypeName(VERIFIED),
    default="float64",
    help="Of numbers.",
)
@click.option("--batch", type=click.IntRange(1, 64), default=2, help="Examples at once (2).")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of weights and inputs (0).")
@click.option("--weights", metavar="FILE", help="A checkpoint's weights, not drawn ones.")
@takes_changes
@click.option("--json", "json_", is_flag=True, help="The certificate as JSON.")
@takes_output
def verify(
    spec: str,
    backends: str | None,
    *,
    train: bool,
    dtype: Any,
    batch: int,
    seed: int,
    weights: str | None,
    changes: Sequence[tuple[str, str]],
    entry: str | None,
    json_: bool,
    output: str | None,
    force: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Prove that all backends compute the same numbers for SPEC, node by node.

    One set of weights goes into every backend's emitted source, the same input runs through it, and
    every node is compared: in float64 within 1e-6 * max(1, largest value). `numpy` is the
    reference, which needs no framework. With --train, a training step with noise off: statistics of
    batch norm after it, and the gradient of every weight. With --weights, the weights are those of
    a checkpoint of any kind that `convert` reads. Disagreement is exit status 3. Over 5,000 nodes
    are minutes of work: they are refused unless --limit nodes=N allows them.
    """
    from cnnspec.verify import table
    from cnnspec.verify.certificate import SCHEMA
    from cnnspec.verify.spool import NoRoom

    network = loaded(spec, quiet=quiet, **how)
    check_size(network, "verify runs each of them in every backend", how["limits"])
    chosen = witnesses(backends)
    if weights is None and (changes or entry):
        raise click.UsageError("--rename, --rename-file and --entry are for --weights")
    given = None if weights is None else _weights(network, weights, changes, entry, train=train)
    if given is not None:
        for words in given.said:
            say(words, quiet=quiet)
    with progress_of(network, quiet=quiet or not colourful(sys.stderr)) as progress:
        try:
            certificate = run_witnesses(
                network,
                chosen,
                train=train,
                dtype=dtype,
                batch=batch,
                seed=seed,
                weights=given and given.weights,
                progress=progress,
            )
        except NoRoom as failure:
            raise Refused(f"{failure}; a smaller --batch or --input takes less") from None
    shown = output in (None, "-")
    wide = (room_of(sys.stdout, WIDEST) if shown else None) or WIDTH
    text = (
        as_json(SCHEMA, **certificate.facts())
        if json_
        else table.table(certificate, color=shown and colourful(sys.stdout), width=wide)
    )
    deliver(text, output, "json" if json_ else "table", force=force)
    if not certificate.agrees:
        report(table.diagnostics(certificate))
        raise Bug(f"the backends do not agree on {network.name}")


def run_witnesses(network: Network, chosen: Sequence[Witness], *, train: bool, **how: Any) -> Any:
    """Run each witness; gives the certificate."""
    from cnnspec.verify import verify as verified

    return verified(network, chosen, training=train, **how)


class Given(NamedTuple):
    """A checkpoint's weights, and what was made of its names."""

    weights: Weights
    said: Sequence[str]


def _weights(
    network: Network,
    file: str,
    changes: Sequence[tuple[str, str]],
    entry: str | None,
    *,
    train: bool,
) -> Given:
    """Read a checkpoint; for inference it may lack what training alone needs."""
    import numpy as np

    from cnnspec import convert
    from cnnspec.convert import choose
    from cnnspec.convert.words import shown
    from cnnspec.verify.certificate import Weights
    from cnnspec.witness import weight_key

    path = Path(file)
    kind = choose.kind_of(path)
    with needed():
        found = convert.read(network, path, kind, convert.How(not train, changes, entry=entry))
    own = {weight_key(node, each) for node in network.elaborated.nodes for each in node.weights}
    tensors = {key: np.asarray(found.tensors[key], np.float64) for key in own & {*found.tensors}}
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return Given(Weights(shown(path.name), digest, tensors), found.said)


def witnesses(asked: str | None) -> list[Witness]:
    """Load those asked for, or all that are installed."""
    from cnnspec import witness

    try:
        return witness.chosen(
            None if asked is None else [each.strip() for each in asked.split(",")]
        )
    except NotInstalled as failure:
        raise Missing(str(failure)) from None
    except WrongArgument as wrong:
        raise click.BadParameter(str(wrong), param_hint="--backends") from None


@contextmanager
def progress_of(network: Network, *, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show how far each witness is, on a terminal."""
    if quiet:
        yield lambda _name, _done, _all: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(file=sys.stderr)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(f"{network.name} {name}", total=total)
            bars.update(tasks[name], completed=done)

        yield show
