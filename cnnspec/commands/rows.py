"""The options that say which columns and rows of a table are shown, and in which form."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from importlib import import_module
from typing import Any, Final

import click

from cnnspec.commands import complete

FORMATS: Final = ("table", "json", "csv", "md", "latex")


def takes_rows(columns: str, sort: str) -> Callable[[Any], Any]:
    """Give a command --columns, --sort, --top and --format.

    `columns` is where the columns' names are kept, `module:NAME`, looked up when one is asked for;
    `sort` is the help of --sort.
    """

    def read(_ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
        if value is None:
            return None
        known = names()
        asked = tuple(each.strip() for each in value.split(","))
        for each in asked:
            if each not in known:
                listed = ", ".join(known)
                raise click.BadParameter(f"there is no column {each!r}; there are {listed}")
        return asked if param.name == "columns" else asked[0]

    def names() -> Collection[str]:
        module, _, name = columns.partition(":")
        known: Collection[str] = getattr(import_module(module), name)
        return known

    options = (
        click.option(
            "--columns",
            callback=read,
            metavar="NAMES",
            shell_complete=complete.listed(names),
            help="Which columns: params,macs.",
        ),
        click.option(
            "--sort",
            callback=read,
            metavar="COLUMN",
            shell_complete=complete.one_of(names),
            help=sort,
        ),
        click.option("--top", type=click.IntRange(1), metavar="N", help="Only the first N rows."),
        click.option(
            "--format",
            "format_",
            type=click.Choice(FORMATS),
            default="table",
            help="How to write it.",
        ),
        click.option("--json", "json_", is_flag=True, help="Short for --format json."),
    )

    def give(command: Any) -> Any:
        @wraps(command)
        def asked(*args: Any, format_: str, json_: bool, **more: Any) -> Any:
            return command(*args, format_="json" if json_ else format_, **more)

        found = asked
        for option in reversed(options):
            found = option(found)
        return found

    return give
