"""The program `cnnspec`: its commands, and what its exit status means.

0: fine. 1: the text of a spec, or what a checkpoint holds, is wrong. 2: something on the command
line is. 3: our bug, or that of a distribution that is loaded. 4: an optional tool is missing.
"""

from __future__ import annotations

import io
import os
import sys
from collections import UserDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from cnnspec import __version__

#: The commands, each with the module of `cnnspec.commands` that has it.
COMMANDS: Final[Mapping[str, str]] = {
    "backends": "catalogue",
    "check": "inspect",
    "compare": "compare",
    "compile": "compile",
    "convert": "convert",
    "cost": "cost",
    "diff": "diff",
    "draw": "draw",
    "explain": "catalogue",
    "fmt": "fmt",
    "import": "import_",
    "lsp": "lsp",
    "new": "new",
    "ops": "catalogue",
    "paths": "inspect",
    "solve": "solve",
    "sweep": "sweep",
    "verify": "verify",
    "zoo": "catalogue",
}


#: Blocks may be nested deeper than Python would call by itself.
DEEPEST: Final = 60_000


class Commands(UserDict[str, Any]):
    """Commands by their names, each imported when it is asked for."""

    def __getitem__(self, key: str) -> click.Command:
        module = import_module(f"cnnspec.commands.{self.data[key]}")
        found = (each for each in vars(module).values() if isinstance(each, click.Command))
        return next(each for each in found if each.name == key)


class Program(click.Group):
    """A group that says what was meant by a word that is none of its commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; raises UsageError."""
        if args[0] in self.commands or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        from cnnspec.commands.meant import meant

        raise click.UsageError(meant(args[0], args[1:], self.commands), ctx)


@click.group(
    cls=Program,
    commands=Commands(COMMANDS),
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="SPEC is a path, -, path.cnn:network, or the name of a network that ships.",
)
@click.version_option(__version__, prog_name="cnnspec", message="%(prog)s %(version)s")
def program() -> None:
    """Compile one small text for a convolutional network into source, costs and pictures."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and leave with its exit status; never with a traceback."""
    sys.setrecursionlimit(DEEPEST)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the shell closed it: `>&-`
            setattr(sys, name, io.TextIOWrapper(io.BytesIO()))
    try:
        status = run(arguments)
        status = _flushed(status)
    except BrokenPipeError:
        # Whoever read the output has left, as `head` does; what is buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    sys.exit(status)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program and give its exit status; raises BrokenPipeError."""
    try:
        return _command(None if arguments is None else list(arguments))
    except click.ClickException as refusal:
        refusal.show()
        return refusal.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        raise
    except RecursionError:
        click.echo(
            "error: the network is nested too deeply for this\n"
            "  = help: put fewer blocks into blocks: `for` repeats one beside the other",
            err=True,
        )
        return 1
    except (OSError, MemoryError) as failure:
        if os.environ.get("CNNSPEC_TRACEBACK"):
            raise
        _say(f"error: {_of_the_machine(failure)}")
        return 2
    except Exception as bug:
        if os.environ.get("CNNSPEC_TRACEBACK"):
            raise
        _own_up(bug)
        return 3


def _command(arguments: list[str] | None) -> int:
    try:
        result = program.main(arguments, prog_name="cnnspec", standalone_mode=False)
    except Exception as failure:
        from cnnspec.diagnostics import SpecError

        if not isinstance(failure, SpecError):
            raise
        from cnnspec.commands.output import report
        from cnnspec.commands.status import status

        report(failure.diagnostics)
        return status(failure.diagnostics)
    return result if isinstance(result, int) else 0


def _say(words: str) -> None:
    """Put words on standard error, as far as it takes them."""
    with suppress(OSError, ValueError):
        click.echo(words.encode(errors="replace").decode(), err=True)


def _flushed(status: int) -> int:
    """Write out what is buffered; a full disk is no mistake of ours. Raises BrokenPipeError."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as failure:
        _say(f"error: cannot write to standard output: {_of_the_machine(failure)}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return status or 2
    return status


def _of_the_machine(failure: OSError | MemoryError) -> str:
    """Say what the machine refused."""
    if isinstance(failure, MemoryError):
        return "there is not enough memory for this\n  = help: try it with a smaller network"
    from cnnspec.render import visible

    where = f"{failure.filename}: " if failure.filename else ""
    return visible(f"{where}{(failure.strerror or str(failure)).lower()}")


def _own_up(bug: Exception) -> None:
    """Say whose mistake it is, in a few words: that of a distribution that was loaded, or ours."""
    from cnnspec.plugins import culprit
    from cnnspec.render import visible

    words = visible(f"{type(bug).__name__}: {bug}".splitlines()[0][:200])
    whose = culprit(bug)
    if whose is not None:
        _say(
            f"error: the distribution {whose} failed: {words}\n"
            "  = nothing was written\n"
            f"  = help: `pip install --upgrade {whose}` may mend it; CNNSPEC_TRACEBACK=1 shows "
            "where it happened"
        )
        return
    _say(
        f"error: this is a mistake of cnnspec, not of your spec ({words})\n"
        "  = nothing was written\n"
        "  = help: please report it with the spec; CNNSPEC_TRACEBACK=1 shows where it happened"
    )
