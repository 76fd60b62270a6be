"""Where output goes: data to standard output or whole into a file, words to standard error."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from cnnspec.diagnostics import Diagnostic


#: The arguments that name specs, and the commands whose work is to write some.
SPECS: Final = ("spec", "specs", "a", "b", "paths")
WRITE_SPECS: Final = ("fmt", "check", "import", "new")


class Refused(click.ClickException):
    """A request that is not carried out: the arguments ask for what cannot or must not be."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Say why."""
        click.echo(f"error: {self.message}", file=file or sys.stderr)


class Missing(Refused):
    """An optional tool is not installed; the message holds the line that installs it."""

    exit_code = 4


class Bug(Refused):
    """Our own mistake."""

    exit_code = 3


def colourful(stream: Any) -> bool:
    """Whether a stream is a terminal that takes colour (NO_COLOR and a dumb terminal do not)."""
    dumb = os.environ.get("TERM") == "dumb"
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and not dumb


def room_of(stream: Any, most: int) -> int | None:
    """Give a terminal's columns, 60 or more and at most so many; None where there is none."""
    if not stream.isatty():
        return None
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return None
    return min(max(columns, 60), most) if columns else None


def say(text: str, *, quiet: bool = False) -> None:
    """Put a line of words on standard error."""
    if not quiet:
        click.echo(text, err=True)


def report(diagnostics: Iterable[Diagnostic]) -> None:
    """Put diagnostics on standard error, as people read them."""
    from cnnspec.library import pages
    from cnnspec.render import render

    if not colourful(sys.stderr):
        click.echo(render(tuple(diagnostics), pages=pages()), err=True, nl=False)
        return
    from cnnspec.highlight import coloured

    click.echo(
        render(tuple(diagnostics), color=True, pages=pages(), code=coloured), err=True, nl=False
    )


def as_json(schema: str, **facts: Any) -> str:
    """Write facts as JSON under the name and version of their schema."""
    from cnnspec.sinks import data

    return data({"schema": schema, **facts}) + "\n"


def send(content: str | bytes, target: str | None) -> None:
    """Put data on standard output (None or `-`), or whole into a file; raises Refused."""
    encoded = content.encode() if isinstance(content, str) else content
    if target in (None, "-"):
        try:
            sys.stdout.buffer.write(encoded)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as failure:
            raise Refused(f"cannot write to standard output: {_reason(failure)}") from None
    else:
        replace(Path(str(target)), encoded)


def difference(before: str, after: str, name: str, other: str | None = None) -> str:
    """Write the lines in which two texts differ, as a unified difference, safe for a terminal."""
    from difflib import unified_diff

    from cnnspec.sinks import line

    old, new = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (before, after))
    lines = unified_diff(old, new, name, name if other is None else other)
    return "".join(line(each.removesuffix("\n")) + "\n" for each in lines)


def takes_output(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where its output goes."""
    output = click.option(
        "--output", "-o", metavar="FILE", help="Where to; `-` is standard output."
    )
    force = click.option(
        "--force", is_flag=True, help="Overwrite a file that cnnspec did not leave so."
    )
    return output(force(command))


def deliver(content: str | bytes, target: str | None, kind: str, *, force: bool) -> None:
    """Send data; a file is marked as its kind is, and replaces only what cnnspec left.

    Raises Refused for what somebody else wrote, or edited.
    """
    from cnnspec.commands.mark import is_ours, marked

    if target in (None, "-"):
        send(content, target)
        return
    path = Path(str(target))
    new = marked(content.encode() if isinstance(content, str) else content, kind)
    try:
        _spare(path)
        ours = force or not path.is_file() or is_ours(path.read_bytes(), new)
    except (OSError, RuntimeError, ValueError) as failure:
        raise _cannot(path, failure) from None
    if not ours:
        raise not_ours(path)
    replace(path, new)


def not_ours(path: Path) -> Refused:
    """Say that a file is somebody's."""
    return Refused(
        f"{_shown(path)} is not as cnnspec wrote it; `--force` overwrites it, "
        "`-o FILE` goes elsewhere"
    )


def replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: beside it first, then into its place; raises Refused.

    A symbolic link stays one, and a file keeps its mode. What is no plain file (a pipe, a device)
    is written into.
    """
    try:
        _spare(path)
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        real = path.resolve()
        beside = real.with_name(f".{real.name[:200]}.{os.getpid()}.tmp")
        try:
            with beside.open("xb") as file:
                file.write(content)
                if real.exists():
                    beside.chmod(stat.S_IMODE(real.stat().st_mode))
            beside.replace(real)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, RuntimeError, ValueError) as failure:
        raise _cannot(path, failure) from None


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Give a path beside, under which a file is written, and put it into its place at the end.

    Its name ends as the path's does. Where anything is raised, nothing is left. Raises Refused.
    """
    try:
        _spare(path)
        real = path.resolve()
    except (OSError, RuntimeError, ValueError) as failure:
        raise _cannot(path, failure) from None
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{real.name[:200]}.", dir=real.parent))
        try:
            beside = folder / real.name
            beside.touch()
            mode = (real if real.exists() else beside).stat().st_mode
            yield beside
            beside.chmod(stat.S_IMODE(mode))
            beside.replace(real)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as failure:
        raise _cannot(path, failure) from None


def _spare(path: Path) -> None:
    """Refuse what is never written over: a folder, and a spec, by whatever name it is reached."""
    if path.is_dir():
        raise Refused(f"cannot write {_shown(path)}: it is a folder")
    if not path.is_file():
        return
    asked = click.get_current_context(silent=True)
    words = asked.params if asked is not None else {}
    if asked is not None and asked.command.name in WRITE_SPECS:
        return
    named = [each for word in SPECS for each in _listed(words.get(word))]
    read = [file for each in named for file in _files(each)]
    if path.resolve().suffix == ".cnn" or any(map(path.samefile, read)):
        raise Refused(f"{_shown(path)} is a spec, and nothing is written over one; say another -o")


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _files(spec: str) -> list[Path]:
    """Give the files that a spec's name may mean."""
    names = (spec, f"{spec}.cnn", spec.rpartition(":")[0], f"{spec.rpartition(':')[0]}.cnn")
    return [Path(name) for name in names if name and Path(name).is_file()]


def _shown(path: Path) -> str:
    """Write a path as a terminal may have it."""
    from cnnspec.render import visible

    text = visible(str(path))
    return text if len(text) <= 200 else f"{text[:99]}…{text[-100:]}"


def _cannot(path: Path, failure: Exception) -> Refused:
    return Refused(f"cannot write {_shown(path)}: {_reason(failure)}")


def _reason(failure: Exception) -> str:
    return (getattr(failure, "strerror", None) or str(failure)).lower()
