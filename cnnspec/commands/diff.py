"""The command `diff`: what changed between two networks, for people, programs and git."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnspec import collector
from cnnspec.commands import complete
from cnnspec.commands.output import (
    Refused,
    as_json,
    colourful,
    deliver,
    difference,
    report,
    say,
    send,
    takes_output,
)
from cnnspec.commands.spec import takes_network

if TYPE_CHECKING:
    from cnnspec.diff import Diff
    from cnnspec.diff.sides import Pairs


@click.command()
@click.argument("specs", nargs=-1, metavar="A B", shell_complete=complete.spec)
@takes_network
@click.option(
    "--format", "format_", type=click.Choice(["text", "md", "json"]), default="text",
    help="How to write it: md is for a pull request.",
)  # fmt: skip
@click.option("--json", "json_", is_flag=True, help="Short for --format json.")
@click.option(
    "--rename-file", metavar="FILE",
    help="Write the tensors that have another name in B, for `convert --rename-file`.",
)  # fmt: skip
@click.option("--git", is_flag=True, help="Take what git gives a diff driver, and leave with 0.")
@takes_output
def diff(
    specs: tuple[str, ...],
    *,
    format_: str,
    json_: bool,
    rename_file: str | None,
    git: bool,
    output: str | None,
    force: bool,
    quiet: bool,
    **how: Any,
) -> int:
    """Say what changed from network A to network B.

    A and B are specs, files of several networks, or REVISION:FILE.cnn of git. Leaves with 0 if they
    are the same, 1 if they differ, 2 if a spec is wrong.
    """
    if git:
        _for_git(specs, how)
        return 0
    if len(specs) != 2:
        raise click.UsageError(f"diff takes two specs, A and B, not {len(specs)}")
    from cnnspec.diagnostics import SpecError
    from cnnspec.diff import sides

    try:
        setup = sides.settings(**how)
        with collector.keeping():
            found = sides.pairs(*(sides.side(each, **setup) for each in specs))
    except SpecError as mistakes:
        report(mistakes.diagnostics)
        return 2
    if not found.both and not (found.only_a and found.only_b):
        raise Refused(f"no network of {specs[0]} is in {specs[1]}")
    compared = _compared(found)
    form = "json" if json_ else format_
    deliver(_written(compared, found, specs, form, output), output, form, force=force)
    if rename_file is not None:
        _rename(compared, rename_file, force=force, quiet=quiet)
    same = all(each.same for each in compared) and not (found.only_a or found.only_b)
    return 0 if same else 1


def _compared(found: Pairs) -> list[Diff]:
    from cnnspec.diff import compare

    return [compare(a.elaborated, b.elaborated) for a, b in found.both]


def _written(
    compared: list[Diff], found: Pairs, specs: tuple[str, ...], form: str, output: str | None
) -> str:
    from cnnspec.diff import plain, text

    if form == "json":
        return as_json(
            plain.SCHEMA,
            same=all(each.same for each in compared) and not (found.only_a or found.only_b),
            networks=list(map(plain.as_data, compared)),
            only_a=list(found.only_a),
            only_b=list(found.only_b),
        )
    paint = text.COLOURS if output is None and colourful(sys.stdout) else text.BARE
    parts = []
    for each, (a, b) in zip(compared, found.both, strict=True):
        names = (a.title, b.title)
        if names[0] == names[1]:
            names = f"{a.title} ({specs[0]})", f"{b.title} ({specs[1]})"
        said = text.as_markdown(each, *names) if form == "md" else text.as_text(each, *names, paint)
        parts.append(said)
    parts += [f"- {name}: only in {specs[0]}\n" for name in found.only_a]
    parts += [f"+ {name}: only in {specs[1]}\n" for name in found.only_b]
    return "\n".join(parts)


def _rename(compared: list[Diff], target: str, *, force: bool, quiet: bool) -> None:
    from cnnspec.diff import plain

    if len(compared) != 1:
        raise Refused(f"--rename-file is for one network, and here are {len(compared)}")
    content = plain.renames(compared[0])
    deliver(content, target, "renames", force=force)
    say(f"wrote {target}: {len(compared[0].keys.renamed):,} names", quiet=quiet)


def _for_git(arguments: tuple[str, ...], how: dict[str, Any]) -> None:
    """Compare what git gives an external diff: path, old file, its hash and mode, the new one's.

    One argument is a path that is not merged; two more follow a file that was renamed. What is no
    spec is shown as text: git takes any status but 0 for a crash.
    """
    if len(arguments) == 1:
        click.echo(f"{arguments[0]} is not merged")
        return
    if len(arguments) not in (7, 9):
        raise click.UsageError(f"git gives a diff driver 1, 7 or 9 arguments, not {len(arguments)}")
    path, old, _, _, new = arguments[:5]
    here = arguments[7] if len(arguments) == 9 else path
    from cnnspec.diagnostics import SpecError
    from cnnspec.diff import sides

    before, after = _text(old), _text(new)
    click.echo(f"cnnspec diff {path}" + (f" -> {here}" if here != path else ""))
    setup = sides.settings(**how)
    try:
        sides_ = [
            sides.texts(text, name, None, **setup) if text is not None else ()
            for text, name in ((before, path), (after, here))
        ]
    except SpecError as mistakes:
        # a file of blocks alone is no mistake
        report(each for each in mistakes.diagnostics if each.code != "no-network")
        send(difference(before or "", after or "", path, here), None)
        return
    found = sides.pairs(*sides_)
    click.echo(_written(_compared(found), found, ("before", "after"), "text", None), nl=False)


def _text(path: str) -> str | None:
    return None if path == "/dev/null" else Path(path).read_text("utf-8-sig", "replace")
