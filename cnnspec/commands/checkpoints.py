"""What commands that read a checkpoint share: how its names are changed, and packages it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final

import click

from cnnspec.commands.output import Missing
from cnnspec.plugins import install

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


def takes_changes(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `changes` of tensors' names, and the `entry` of a file of several."""

    @wraps(command)
    def run(
        *args: Any, changes_in: list[tuple[str, str]], changes: list[tuple[str, str]], **how: Any
    ) -> Any:
        return command(*args, changes=[*changes_in, *changes], **how)

    for option in (
        click.option("--entry", metavar="NAME", help="Which of several state dicts: model_ema."),
        click.option(
            "--rename-file",
            "changes_in",
            callback=_file_of_changes,
            metavar="FILE",
            help="Such changes, OLD=NEW a line, `#` before a comment.",
        ),
        click.option(
            "--rename",
            "changes",
            callback=_changes,
            multiple=True,
            metavar="OLD=NEW",
            help="Change that text in the names of the checkpoint's tensors; may be repeated.",
        ),
    ):
        run = option(run)
    return run


@contextmanager
def needed() -> Iterator[None]:
    """Say how to install a package that a kind of checkpoint needs and that is not there."""
    try:
        yield
    except ModuleNotFoundError as failure:
        extra = {"torch": "torch", "keras": "keras", "tensorflow": "keras"}.get(
            str(failure.name), "convert"
        )
        raise Missing(
            f"this needs {failure.name}, which is not installed: "
            f"{install(extra, str(failure.name))}"
        ) from None
