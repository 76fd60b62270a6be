"""The command `fmt`: format the text of specs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnspec.commands.output import Refused, difference, replace, report, say, send
from cnnspec.commands.status import status

if TYPE_CHECKING:
    from cnnspec.diagnostics import Diagnostic


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing, and show what would change.")
@click.option("-q", "--quiet", is_flag=True, help="No words but errors.")
def fmt(paths: Sequence[str], *, check: bool, diff: bool, quiet: bool) -> None:
    """Format the text of specs in the one style; what they mean stays.

    PATH is a file, a folder (all .cnn files in it, hidden folders left out), or `-`: from standard
    input to standard output. A file that does not parse is told and left as it is.

    The exit status is 1 if a file does not parse, or with --check or --diff if one would change.
    """
    from cnnspec.diagnostics import SpecError
    from cnnspec.formatter import format_text
    from cnnspec.library import read

    changed = same = 0
    wrong: list[Diagnostic] = []
    for path in _files(paths):
        try:
            source = read(path)
            text = format_text(source)
        except SpecError as mistakes:
            report(mistakes.diagnostics)
            wrong += mistakes.diagnostics
            continue
        if text == source.text:
            same += 1
        else:
            changed += 1
        if diff:
            send(difference(source.text, text, source.name), None)
        elif path == "-" and not check:
            send(text, None)
        elif text != source.text:
            if not check:
                replace(Path(path), text.encode())
            verb = "would reformat" if check else "formatted"
            say(f"{verb} {source.name}", quiet=quiet)
    if changed + same > 1:
        done = "to format" if check or diff else "formatted now"
        say(f"{_count(changed)} {done}, {_count(same)} unchanged", quiet=quiet)
    if wrong:
        raise click.exceptions.Exit(status(wrong))
    if changed and (check or diff):
        raise click.exceptions.Exit(1)


def _files(paths: Sequence[str]) -> Iterator[str]:
    """Give the files that are meant, each once; raises Refused before the first if one is not."""
    if "-" in paths and len(paths) > 1:
        raise click.UsageError("`-` stands alone: standard input is one text")
    missing = [path for path in paths if path != "-" and not Path(path).exists()]
    if missing:
        raise Refused(f"there is no file or folder {missing[0]}")
    found: dict[str, None] = {}
    for path in paths:
        if Path(path).is_dir():
            inside = [str(each) for each in sorted(Path(path).rglob("*.cnn")) if _shown(each, path)]
            if not inside:
                raise Refused(f"there is no .cnn file to be seen in {path}")
            found |= dict.fromkeys(inside)
        else:
            found[path] = None
    return iter(found)


def _shown(file: Path, folder: str) -> bool:
    parts = file.relative_to(folder).parts
    return file.is_file() and not any(part.startswith(".") for part in parts)


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"
