"""The command `lsp`: the language server, over standard input and output."""

from __future__ import annotations

import os

import click

from cnnspec.commands.output import Missing
from cnnspec.plugins import install


@click.command()
@click.option(
    "--stdio", is_flag=True, expose_value=False, help="As it always does; editors say it."
)
def lsp() -> None:
    """Answer an editor over the Language Server Protocol, on standard input and output.

    docs/editors.md says how editors start it.
    """
    try:
        from cnnspec.editing.answers import make
    except ModuleNotFoundError as missing:
        if missing.name not in ("pygls", "lsprotocol"):
            raise
        raise Missing(f"the language server needs pygls: {install('lsp', 'pygls')}") from None
    # The server closes what it speaks over, and the program's own streams stay open.
    make().start_io(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
