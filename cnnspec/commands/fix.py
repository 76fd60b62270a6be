"""`check --fix`: mistakes mended as diagnostics say, or what the version before read otherwise.

`--fix=expect`: stated figures rewritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cnnspec.commands.output import Refused, difference, replace, say, send
from cnnspec.commands.spec import all_loaded
from cnnspec.sinks import line as in_line

if TYPE_CHECKING:
    from cnnspec.source import Source, Span

#: The mark of byte order, which a text may begin with and a spec's text is read without.
MARK: Final = b"\xef\xbb\xbf"


def fix_mistakes(spec: str, *, quiet: bool, version: bool = False, **how: Any) -> None:
    """Write into a file what its diagnostics say to write, and show what changed.

    With `version` what meant something else in the version before, as it was meant.

    Raises Refused for what is no file of the user's; nothing is written that mends nothing.
    """
    from cnnspec.editing.fixes import has_changed, mended, says
    from cnnspec.editing.sheet import sheet_of
    from cnnspec.library import LARGEST, read

    if how["settings"] or how["sizes"] is not None:
        raise click.UsageError("--fix is for a spec as it stands: leave --set and --input out")
    file = _own_file(spec, "--fix")
    wanted = has_changed if version else says
    source = read(str(file))
    text, count = mended(source, lambda each: sheet_of(each, file.parent).diagnostics, wanted)
    if text == source.text:
        say(f"{file}: nothing to write", quiet=quiet)
        return
    content = file.read_bytes()
    new = (MARK if content.startswith(MARK) else b"") + text.encode()
    if len(new) > LARGEST:
        raise Refused(f"{file} would be too large to be read again")
    send(difference(source.text, text, str(file)), None)
    replace(file, new)
    what = "place" if version else "mistake"
    mistakes = f"1 {what}" if count == 1 else f"{count} {what}s"
    say(f"wrote {file}: {mistakes} mended", quiet=quiet)


def fix_facts(spec: str, *, quiet: bool, **how: Any) -> None:
    """Rewrite the facts of a file that its networks miss, and show what changed.

    Everything else in the file stays as it is, byte for byte. Raises Refused for what is no file of
    the user's, or where two networks would have other figures in one place.
    """
    if how["settings"] or how["sizes"] is not None:
        raise click.UsageError(
            "--fix=expect is for a network as it stands: facts do not hold with --set or --input"
        )
    file = _own_file(spec, "--fix=expect")
    networks = all_loaded(spec, quiet=True, **{**how, "expect": False})
    found: dict[int, tuple[Span, str]] = {}
    elsewhere: set[str] = set()
    for network in networks:
        for fact in network.missed:
            span = fact.entry.value.span
            if span.source.name != str(file):
                elsewhere.add(span.source.name)
                continue
            if found.setdefault(span.start, (span, fact.typed))[1] != fact.typed:
                raise Refused(
                    f"{span.where}: networks of this file differ in {fact.entry.key}: give each "
                    "an `expect` of its own"
                )
    for name in sorted(elsewhere):
        say(f"{name} states facts that do not hold; only {file} is rewritten", quiet=quiet)
    if not found:
        say("nothing to rewrite: every fact holds", quiet=quiet or bool(elsewhere))
        return
    first, _ = next(iter(found.values()))
    changes = {start: (span.stop, text) for start, (span, text) in sorted(found.items())}
    content = file.read_bytes()
    mark = MARK if content.startswith(MARK) else b""
    new = _changed(first.source.text, changes)
    send("".join(_difference(first.source, changes, str(file))), None)
    replace(file, mark + new.encode())
    count = "1 fact" if len(changes) == 1 else f"{len(changes)} facts"
    say(f"wrote {file}: {count}", quiet=quiet)


def _own_file(spec: str, option: str) -> Path:
    """Give the local file that a spec is; raises Refused for what ships and for a pipe."""
    from cnnspec import library
    from cnnspec.source import ZOO

    if spec.partition(":")[0] == "-":
        raise Refused(f"{option} rewrites a file, and standard input is none")
    source, _, _ = library.find(spec)
    if source.name.startswith(ZOO):
        name = source.name.removeprefix(ZOO)
        raise Refused(f"{name} ships with cnnspec and is not rewritten: copy it, and fix the copy")
    path = Path(source.name)
    if not path.is_file():
        raise Refused(f"{option} rewrites a file, and {path} is none")
    return path


def _changed(text: str, changes: Mapping[int, tuple[int, str]]) -> str:
    parts, at = [], 0
    for start, (stop, new) in changes.items():
        parts += [text[at:start], new]
        at = stop
    return "".join([*parts, text[at:]])


def _difference(source: Source, changes: Mapping[int, tuple[int, str]], name: str) -> Iterator[str]:
    """Write the changed lines as a unified difference; it takes no longer than they are."""
    text = source.text
    yield f"--- {name}\n+++ {name}\n"
    groups: list[tuple[int, int, dict[int, tuple[int, str]]]] = []
    for start, (stop, new) in changes.items():
        begin = text.rfind("\n", 0, start) + 1
        end = text.find("\n", stop)
        end = len(text) if end < 0 else end + 1
        if groups and begin < groups[-1][1]:
            first, last, inner = groups.pop()
            groups.append((first, max(last, end), inner))
        else:
            groups.append((begin, end, {}))
        groups[-1][2][start] = (stop, new)
    shift = 0
    for begin, end, inner in groups:
        old = text[begin:end]
        now = _changed(old, {at - begin: (stop - begin, new) for at, (stop, new) in inner.items()})
        line, _ = source.position(begin)
        gone, come = old.splitlines(), now.splitlines()
        yield f"@@ -{line},{len(gone)} +{line + shift},{len(come)} @@\n"
        yield from (f"-{in_line(each)}\n" for each in gone)
        yield from (f"+{in_line(each)}\n" for each in come)
        shift += len(come) - len(gone)
