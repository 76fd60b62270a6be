"""Commands that list what there is: `zoo`, `backends`, `ops`, `explain`."""

from __future__ import annotations

import sys

import click

from cnnspec.commands import complete
from cnnspec.commands.inspect import columns
from cnnspec.commands.output import as_json, colourful, report, room_of, say, send


@click.command()
@click.argument("name", required=False, shell_complete=complete.networks)
@click.option("--json", "json_", is_flag=True, help="The list as JSON.")
def zoo(name: str | None, *, json_: bool) -> None:
    """List the networks that ship, with their figures; with NAME, print the spec of that one.

    Parameters are the trained ones, training heads included. MACs are those of convolutions and
    dense layers at batch 1; top-1 is the published accuracy in percent, from the source that the
    spec names.
    """
    from cnnspec import library

    if name is not None:
        text = library.zoo_text(name)
        if colourful(sys.stdout):
            from cnnspec.highlight import coloured

            text = coloured(text)
        send(text, None)
        return
    from cnnspec.zoo import entries

    listed = entries()
    if json_:
        send(as_json("cnnspec.zoo/1", networks=[each._asdict() for each in listed]), None)
        return
    rows = [
        (
            each.name,
            f"{each.params:,}".rjust(13),
            f"{each.macs:,}".rjust(15),
            each.input.rjust(13),
            ("" if each.top1 is None else f"{each.top1:.2f}").rjust(6),
        )
        for each in listed
    ]
    head = ("network", "parameters".rjust(13), "MACs".rjust(15), "input".rjust(13), " top-1")
    send(columns([head, *rows]), None)
    say(f"{len(listed)} networks")


@click.command()
@click.option("--json", "json_", is_flag=True, help="The list as JSON.")
def backends(*, json_: bool) -> None:
    """List the backends that are installed, and who brings each."""
    from cnnspec.backend import available, none_installed
    from cnnspec.diagnostics import Diagnostic

    found = available()
    if json_:
        listed = [
            {
                "name": each.name,
                "distribution": each.distribution,
                "doc": each.doc,
                "failure": each.failure,
            }
            for each in found
        ]
        send(as_json("cnnspec.backends/1", backends=listed), None)
        return
    rows = [(each.name, each.distribution, each.doc) for each in found if each.failure is None]
    room = room_of(sys.stdout, 200)
    send(columns(rows, room=room) if rows else "", None)
    broken = [
        Diagnostic(
            "broken-backend",
            f"the backend {each.name} does not load: {each.failure}",
            notes=(f"it comes with the distribution {each.distribution}",),
            severity="warning",
        )
        for each in found
        if each.failure is not None
    ]
    if broken:
        report(broken)
    if not found:
        raise none_installed()


@click.command()
@click.argument("name", required=False, shell_complete=complete.operators)
@click.option("--json", "json_", is_flag=True, help="The same as JSON.")
def ops(name: str | None, *, json_: bool) -> None:
    """List the operators; with NAME, show the manual page of that one."""
    from cnnspec import manual
    from cnnspec.diagnostics import Diagnostic, error
    from cnnspec.elsewhere import near_operator
    from cnnspec.ops import Operators

    known = Operators()
    if name is not None and name not in known:
        title, help_ = f"there is no operator `{name}`", near_operator(name, known)
        raise error("unknown-operator", title, help=help_)
    chosen = sorted(known) if name is None else [name]
    if json_:
        send(as_json("cnnspec.ops/1", operators=[manual.facts(known[e]) for e in chosen]), None)
    elif name is not None:
        send(manual.page(known[name]), None)
    else:
        rows = [(e, known[e].family, manual.summary(known[e])) for e in chosen]
        send(columns(rows, room=room_of(sys.stdout, 200)), None)
    if known.broken:
        report([Diagnostic("broken-operator", each, severity="warning") for each in known.broken])


@click.command()
@click.argument("code", required=False, shell_complete=complete.codes)
@click.option("--json", "json_", is_flag=True, help="The same as JSON.")
def explain(code: str | None, *, json_: bool) -> None:
    """Explain a diagnostic's CODE; without one, list those that have a page."""
    from cnnspec import library

    codes = library.pages() if code is None else [code]
    if json_:
        pages = {each: library.page(each) for each in codes}
        send(as_json("cnnspec.explain/1", pages=pages), None)
    elif code is None:
        send("".join(f"{each}\n" for each in codes), None)
    else:
        send(library.page(code), None)
