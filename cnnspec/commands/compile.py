"""`cnnspec compile`: from a spec to a file of source that runs without cnnspec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnspec.commands import complete
from cnnspec.commands.output import Bug, Missing, not_ours, say, send, takes_output
from cnnspec.commands.spec import loaded, takes_spec

if TYPE_CHECKING:
    from cnnspec.network import Network


@click.command("compile")
@takes_spec
@click.option(
    "--backend",
    "-b",
    required=True,
    shell_complete=complete.backends,
    help="What to write: `cnnspec backends` lists.",
)
@click.option("--inference", is_flag=True, help="Leave out training heads and what feeds them.")
@click.option("--check", is_flag=True, help="Build it, and hold its weights against the graph.")
@takes_output
def compile_(
    spec: str,
    backend: str,
    output: str | None,
    *,
    inference: bool,
    check: bool,
    force: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Write the source of the network SPEC for a framework.

    SPEC is a path, `-`, `path.cnn:network`, or the name of a network that ships. Without -o the
    source goes to NETWORK_BACKEND.py in this folder.
    """
    network = loaded(spec, quiet=quiet, **how)
    text = network.source(backend, inference=inference)
    if check:
        _check(network, backend, inference=inference)
    target = output or _default_name(network, backend)
    if target != "-" and not force:
        _guard(Path(target))
    send(text, target)
    if target != "-":
        params = network.inference_params if inference else network.params
        lines = text.count("\n")
        say(f"wrote {target}: {network.title}, {params:,} parameters, {lines} lines", quiet=quiet)


def _default_name(network: Network, backend: str) -> str:
    from cnnspec.backend import find

    return f"{network.name}_{backend}{find(backend).suffix}"


def _check(network: Network, backend: str, *, inference: bool) -> None:
    """Build the emitted class on no device; raises Bug if its weights are not the graph's."""
    try:
        wrong = network.mismatch(backend, inference=inference)
    except ModuleNotFoundError as failure:
        raise Missing(
            f"--check builds the network, and {failure.name} is not installed: "
            f"`pip install 'cnnspec[{backend}]'`"
        ) from None
    if wrong:
        found = "\n  ".join(wrong[:10])
        raise Bug(
            "the source is not what the graph says; this is a mistake of cnnspec, and nothing "
            f"was written:\n  {found}"
        )


def _guard(path: Path) -> None:
    """Refuse to overwrite what somebody else wrote, or edited."""
    from cnnspec.emit.header import intact

    if not path.is_file():
        return
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not intact(text):
        raise not_ours(path)
