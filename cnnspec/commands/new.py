"""The command `new`: a first spec, or a copy of a shipped family, ready to be changed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import click

from cnnspec.commands import complete
from cnnspec.commands.output import Refused, replace, say

_FIRST: Final = """\
# A network for images of {classes} classes; `cnnspec check {file}` holds it, `cnnspec draw {file}`
# draws it, and `cnnspec ops` lists what it may be made of.

block unit(x, filters, stride = 1) {{
    y = x -> conv(filters, 3, stride = stride, pad = 1, bias = false) -> bn -> relu
        -> conv(filters, 3, pad = 1, bias = false) -> bn
    shortcut = if stride == 1 and x.channels == filters
        then x
        else (x -> conv(filters, 1, stride = stride, bias = false) -> bn)
    return add(y, shortcut) -> relu
}}

network {name}(classes = {classes}, width = 16) {{
    image = input(3, 32, 32)
    x = image -> conv(width, 3, pad = 1, bias = false) -> bn -> relu
    output logits = x
        -> stage1: unit(width)
        -> stage2: unit(2 * width, stride = 2)
        -> stage3: unit(4 * width, stride = 2)
        -> gap -> dense(classes)
}}
"""
CLASSES: Final = 10


@click.command()
@click.argument("name")
@click.option(
    "--from",
    "origin",
    metavar="NETWORK",
    shell_complete=complete.networks,
    help="Copy the file in which this one ships, and the files that it uses.",
)
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.option("-q", "--quiet", is_flag=True, help="No words but errors.")
def new(name: str, *, origin: str | None, force: bool, quiet: bool) -> None:
    """Write a first spec into NAME.cnn, or a copy of one that ships, ready to be changed.

    What is there is not overwritten, and if one file is there none is written.
    """
    file = Path(name if name.endswith(".cnn") else f"{name}.cnn")
    files = {file: _first(file)} if origin is None else _copy(file, origin)
    there = [each for each in files if each.exists() or each.is_symlink()]
    same = [each for each in there if each.is_file() and each.read_bytes() == files[each]]
    if not force and len(same) < len(there):
        shown = next(each for each in there if each not in same)
        raise Refused(f"{shown} is there already; `--force` overwrites it")
    for path, content in files.items():
        replace(path, content)
        say(f"wrote {path}", quiet=quiet)
    typed = shlex.quote(str(file))
    say(f"`cnnspec check {typed}` holds it, `cnnspec draw {typed}` draws it", quiet=quiet)


def _first(file: Path) -> bytes:
    """Write a first spec, its network called as its file is."""
    from cnnspec.editing.names import may_be_a_name

    name = re.sub(r"\W+", "_", file.stem, flags=re.ASCII).strip("_").lower()
    name = name if may_be_a_name(name) and name != "unit" else f"net_{name}".rstrip("_")
    return _FIRST.format(name=name, file=shlex.quote(file.name), classes=CLASSES).encode()


def _copy(file: Path, origin: str) -> dict[Path, bytes]:
    """Give the file of a network that ships, under another name, and those that it uses."""
    from cnnspec import library

    first = library.zoo_text(origin)
    files: dict[Path, bytes] = {file: first.encode()}
    pending = [first]
    while pending:
        for used in re.findall(r'^use\s+"([^"\n]+)"', pending.pop(), re.MULTILINE):
            path = file.parent / used
            if path in files:
                if path == file:
                    raise Refused(f"{origin} uses {used}: give the copy another name")
                continue
            text = library.zoo_text(used.removesuffix(".cnn"))
            files[path] = text.encode()
            pending.append(text)
    return files
