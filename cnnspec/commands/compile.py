"""`cnnspec compile`: from a spec to a file of source that runs without cnnspec."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnspec.commands import complete
from cnnspec.commands.output import (
    Bug,
    Missing,
    Refused,
    as_json,
    difference,
    not_ours,
    say,
    send,
    takes_output,
)
from cnnspec.commands.spec import all_loaded, check_size, loaded, takes_spec
from cnnspec.diagnostics import SpecError
from cnnspec.plugins import install
from cnnspec.sinks import line

if TYPE_CHECKING:
    from cnnspec.network import Network
    from cnnspec.witness import Emitted


@click.command("compile")
@takes_spec
@click.option(
    "--backend",
    "-b",
    metavar="NAME",
    shell_complete=complete.backends,
    help="What to write: `cnnspec backends` lists.",
)
@click.option("--inference", is_flag=True, help="Leave out training heads and what feeds them.")
@click.option("--json", "json_", is_flag=True, help="What was written, as JSON.")
@click.option("--check", is_flag=True, help="Build it, and hold it against the graph.")
@click.option(
    "--diff",
    "existing",
    metavar="FILE",
    help="Write nothing, and show what would change in FILE; exit status 1 if anything would.",
)
@takes_output
def compile_(
    spec: str,
    backend: str | None,
    output: str | None,
    existing: str | None,
    *,
    inference: bool,
    check: bool,
    json_: bool,
    force: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Write the source of the network SPEC for a framework.

    SPEC is a path, `-`, `path.cnn:network`, or the name of a network that ships. Without -o the
    source goes to NETWORK_BACKEND.py in this folder. A path of several networks gives one file of
    them all, with a function each.
    """
    if backend is None:
        raise _which(spec)
    if existing is not None and (output is not None or json_):
        raise Refused("--diff shows what would change and writes nothing: leave out -o and --json")
    if json_ and output == "-":
        raise Refused("--json needs standard output, and `-o -` puts the source there")
    try:
        network = loaded(spec, quiet=quiet, told=True, **how)
    except SpecError as mistake:
        if spec == "-" or not _is_family(mistake, backend, how):
            raise
        options = {"inference": inference, "check": check, "force": force, "quiet": quiet}
        _compile_family(spec, backend, output, existing, how, **options)
        return
    if check:
        check_size(network, "--check builds a layer for each", how["limits"])
    written = _proved(network, backend, inference=inference)
    text = written.text
    if check:
        _check(text, written.class_name, network, backend, inference=inference)
    elif written.unproved is not None:
        told = (text, written.class_name, network, backend, written.unproved)
        _check_if_possible(*told, inference=inference, quiet=quiet)
    if existing is not None:
        _show_changes(existing, text)
        return
    target = output or _default_name(network, backend)
    if target != "-" and not force:
        _guard(Path(target))
    send(text, target)
    params = network.inference_params if inference else network.params
    lines = text.count("\n")
    if json_:
        facts = {"network": network.name, "backend": backend, "file": target}
        send(as_json("cnnspec.compile/1", **facts, params=params, lines=lines), None)
    elif target != "-":
        say(f"wrote {target}: {network.title}, {params:,} parameters, {lines} lines", quiet=quiet)


def _is_family(mistake: SpecError, backend: str, how: Mapping[str, Any]) -> bool:
    """Whether several networks were meant, as they stand, and the backend writes such files."""
    from cnnspec.family import writer_of

    several = mistake.diagnostics[0].code == "several-networks"
    as_they_stand = not how["settings"] and not how["sizes"]
    return several and as_they_stand and writer_of(backend) is not None


def _compile_family(
    spec: str,
    backend: str,
    output: str | None,
    existing: str | None,
    how: Mapping[str, Any],
    *,
    inference: bool,
    check: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Write all networks of a file into one."""
    from cnnspec import family
    from cnnspec.backend import find
    from cnnspec.emit.prove import Unproved

    networks = all_loaded(spec, quiet=quiet, told=True, **how)
    try:
        text, unproved = family.written(networks, backend, inference=inference)
    except Unproved as wrong:
        raise _not_the_graph(wrong.wrong) from wrong
    for each in networks:
        if check:
            _check(text, each.name, each, backend, inference=inference)
        elif each.name in unproved:
            told = (text, each.name, each, backend, unproved[each.name])
            _check_if_possible(*told, inference=inference, quiet=quiet)
    if existing is not None:
        _show_changes(existing, text)
        return
    target = output or f"{Path(spec).stem}_{backend}{find(backend).suffix}"
    if target != "-" and not force:
        _guard(Path(target))
    send(text, target)
    if target != "-":
        lines = text.count("\n")
        say(f"wrote {target}: {len(networks)} networks, {lines} lines", quiet=quiet)


def _show_changes(existing: str, text: str) -> None:
    """Show what of a file would be written otherwise; the header is no line of the source."""
    from cnnspec.emit.header import body

    path = Path(existing)
    try:
        if not path.is_file():  # nor a pipe, nor a device
            raise Refused(f"there is no file {line(existing)} to show changes of")
        before = path.read_bytes().decode()
    except (OSError, ValueError) as failure:
        raise Refused(f"cannot read {line(existing)}: {failure}") from None
    found = difference(body(before), body(text), existing)
    send(found, None)
    if found:
        raise click.exceptions.Exit(1)


def _which(spec: str) -> click.UsageError:
    """Ask for a backend, and show what to type for each that is installed."""
    from cnnspec.backend import available

    lines = [
        f"  cnnspec compile {spec} -b {each.name}".ljust(44) + f"  {each.doc}"
        for each in available()
        if each.failure is None
    ]
    return click.UsageError("\n".join(["which backend? -b says what to write:", *lines]))


def _proved(network: Network, backend: str, *, inference: bool) -> Emitted:
    """Write the source; raises Bug if it is not what the graph says."""
    from cnnspec.emit.prove import Unproved

    try:
        return network.emitted(backend, inference=inference)
    except Unproved as unproved:
        raise _not_the_graph(unproved.wrong) from unproved


def _not_the_graph(wrong: list[str]) -> Bug:
    found = "\n  ".join(wrong[:10])
    return Bug(
        "the source is not what the graph says; this is a mistake of cnnspec, and nothing "
        f"was written:\n  {found}"
    )


def _default_name(network: Network, backend: str) -> str:
    from cnnspec.backend import find

    return f"{network.name}_{backend}{find(backend).suffix}"


def _check_if_possible(
    text: str,
    class_name: str,
    network: Network,
    backend: str,
    why: str,
    *,
    inference: bool,
    quiet: bool,
) -> None:
    """Hold what was written against the graph with the framework, or say that it was not."""
    from cnnspec.backend import checked

    try:
        wrong = checked(backend, text, class_name, network.elaborated, inference=inference)
    except ModuleNotFoundError as failure:
        say(
            f"note: {network.name} was not held against its graph: {why}; "
            f"where {failure.name} is installed, it is held against it with that",
            quiet=quiet,
        )
        return
    if wrong:
        raise _not_the_graph(wrong)


def _check(text: str, class_name: str, network: Network, backend: str, *, inference: bool) -> None:
    """Build what was written on no device; raises Bug if it is not the graph."""
    from cnnspec.backend import checked

    try:
        wrong = checked(backend, text, class_name, network.elaborated, inference=inference)
    except ModuleNotFoundError as failure:
        raise Missing(
            f"--check builds the network, and {failure.name} is not installed: "
            f"{install(backend, str(failure.name))}"
        ) from None
    if wrong:
        raise _not_the_graph(wrong)


def _guard(path: Path) -> None:
    """Refuse to overwrite what somebody else wrote, or edited."""
    from cnnspec.emit.header import intact

    try:
        text = path.read_bytes().decode() if path.is_file() else None
    except (OSError, RuntimeError, ValueError):
        text = ""
    if text is None:
        return
    if not intact(text):
        raise not_ours(path)
