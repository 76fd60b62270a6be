"""`cnnspec convert`: a checkpoint of one framework as the other's, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnspec.commands import complete
from cnnspec.commands.checkpoints import needed, takes_changes
from cnnspec.commands.output import Refused, as_json, placed, say, send
from cnnspec.commands.spec import check_size, loaded, takes_network

if TYPE_CHECKING:
    from cnnspec.convert import Converted


@click.command()
@click.argument("checkpoint", type=click.Path())
@click.option(
    "--spec",
    required=True,
    shell_complete=complete.spec,
    help="The network: a path, or the name of one that ships.",
)
@takes_network
@click.option(
    "--to",
    metavar="KIND",
    shell_complete=complete.kinds,
    help="torch, keras, safetensors; else what FILE's name says.",
)
@click.option("--output", "-o", metavar="FILE", required=True, help="Where to.")
@takes_changes
@click.option("--partial", is_flag=True, help="Take the weights that fit, and list the rest.")
@click.option("--inference", is_flag=True, help="Leave out the weights of training heads.")
@click.option("--json", "json_", is_flag=True, help="What was written and what not, as JSON.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def convert(
    checkpoint: str,
    spec: str,
    to: str | None,
    output: str,
    changes: Sequence[tuple[str, str]],
    entry: str | None,
    *,
    partial: bool,
    inference: bool,
    json_: bool,
    force: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Write the weights in CHECKPOINT for another framework.

    What CHECKPOINT is, its bytes say: what torch.save wrote (a state dict, whatever lies beside
    it), safetensors, Keras weights. Every tensor that SPEC needs must be there, of its shape, and
    no other, or nothing is written; --partial takes what fits. Nothing in CHECKPOINT is run. Values
    keep every bit; what was written is read back and compared.
    """
    from cnnspec import convert as conversion
    from cnnspec.convert import choose

    source, target = Path(checkpoint), Path(output)
    network = loaded(spec, quiet=quiet, **how)
    reads, writes = choose.kind_of(source), choose.kind_for(target, to)
    if target.exists() and not force and not target.is_dir():
        raise Refused(f"{target} is there already; `--force` overwrites it")
    why = f"{writes.name} builds a layer for each to write such a file"

    def building() -> None:
        check_size(network, why, how["limits"])

    asked = conversion.How(inference, changes, partial, entry, building)
    with needed(), placed(target) as beside:
        done = conversion.convert(network, source, reads, beside, writes, asked)
    if json_:
        facts = {"network": network.name, "file": output, "kind": writes.name}
        send(as_json("cnnspec.convert/1", **facts, **done.facts()), None)
        return
    _tell(done, target, network.title, inference=inference, quiet=quiet)


def _tell(done: Converted, target: Path, title: str, *, inference: bool, quiet: bool) -> None:
    """Say what went over, and what did not."""
    from cnnspec.convert.words import shown

    types = " and ".join(f"{count:,} of {name}" for name, count in done.types.items())
    say(f"wrote {target}: {title}, {sum(done.types.values()):,} tensors, {types}", quiet=quiet)
    for words in done.read.said:
        say(f"  {words}", quiet=quiet)
    for words in done.read.rest:
        say(f"  not taken; {words}", quiet=quiet)
    for words, keys in (
        ("set to 0, for the checkpoint has none", done.started),
        (
            f"left out, for {'inference' if inference else 'this kind of file'} has no place",
            done.dropped,
        ),
        ("set aside, for it is no part of a network", done.read.aside),
    ):
        if keys:
            more = f" and {len(keys) - 1:,} more like it" if len(keys) > 1 else ""
            say(f"  {words}: {shown(keys[0])}{more}", quiet=quiet)
