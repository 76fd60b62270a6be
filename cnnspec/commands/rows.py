"""The options that say which columns and rows of a table are shown, and in which form."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from typing import Any, Final

import click

FORMATS: Final = ("table", "json", "csv", "md", "latex")


def takes_rows(columns: str, sort: str) -> Callable[[Any], Any]:
    """Give a command --columns, --sort, --top and --format.

    `columns` is where the columns' names are kept, `module:NAME`, looked up when one is asked for;
    `sort` is the help of --sort.
    """

    def read(_ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
        if value is None:
            return None
        module, _, name = columns.partition(":")
        known: Collection[str] = getattr(import_module(module), name)
        names = tuple(each.strip() for each in value.split(","))
        for each in names:
            if each not in known:
                listed = ", ".join(known)
                raise click.BadParameter(f"there is no column {each!r}; there are {listed}")
        return names if param.name == "columns" else names[0]

    options = (
        click.option(
            "--columns", callback=read, metavar="NAMES", help="Which columns: params,macs."
        ),
        click.option("--sort", callback=read, metavar="COLUMN", help=sort),
        click.option("--top", type=click.IntRange(1), metavar="N", help="Only the first N rows."),
        click.option(
            "--format",
            "format_",
            type=click.Choice(FORMATS),
            default="table",
            help="How to write it.",
        ),
    )

    def give(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return give
