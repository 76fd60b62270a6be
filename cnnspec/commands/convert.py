"""`cnnspec convert`: a checkpoint of one framework as the other's, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cnnspec.commands import complete
from cnnspec.commands.output import Missing, Refused, as_json, placed, say, send
from cnnspec.commands.spec import loaded, takes_network
from cnnspec.plugins import install

if TYPE_CHECKING:
    from cnnspec.convert import Converted

#: How many characters of a file of changes are read.
LONGEST: Final = 16 * 2**20


def _changes(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Read `old=new`, each time."""
    pairs = [each.partition("=") for each in values]
    for old, equals, new in pairs:
        if not (old and equals):
            raise click.BadParameter(f"{old + equals + new!r} is not of the form OLD=NEW")
    return [(old, new) for old, _, new in pairs]


def _file_of_changes(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> list[tuple[str, str]]:
    """Read `old=new` from a file, a line each."""
    from cnnspec.convert.rename import read_changes

    if value is None:
        return []
    try:
        with click.open_file(value, encoding="utf-8-sig") as file:
            return list(read_changes(file.read(LONGEST)))
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None)
        raise click.BadParameter(
            f"cannot read {value}: {reason.lower() if reason else failure}"
        ) from None


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
@click.option(
    "--rename",
    "changes",
    callback=_changes,
    multiple=True,
    metavar="OLD=NEW",
    help="Change that text in the names of CHECKPOINT's tensors first; may be repeated.",
)
@click.option(
    "--rename-file",
    "changes_in",
    callback=_file_of_changes,
    metavar="FILE",
    help="Such changes, OLD=NEW a line, `#` before a comment.",
)
@click.option("--entry", metavar="NAME", help="Which of several state dicts: model_ema.")
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
    changes_in: Sequence[tuple[str, str]],
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
    asked = conversion.How(inference, (*changes_in, *changes), partial, entry)
    try:
        with placed(target) as beside:
            done = conversion.convert(network, source, reads, beside, writes, asked)
    except ModuleNotFoundError as failure:
        extra = {"torch": "torch", "keras": "keras", "tensorflow": "keras"}.get(
            str(failure.name), "convert"
        )
        raise Missing(
            f"this needs {failure.name}, which is not installed: "
            f"{install(extra, str(failure.name))}"
        ) from None
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
